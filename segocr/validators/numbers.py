"""Integers, decimals and money as people print them → exact decimals."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from segocr.validators.currencies import is_currency
from segocr.validators.failures import Refused

MAX_DIGITS = 28
DASHES = "-\N{EN DASH}\N{MINUS SIGN}"
"""Any of these before or after a number makes it negative."""
_SPACES = " \u00a0\u202f\u2009"


@dataclass(frozen=True, slots=True)
class Locale:
    """How numbers are printed: decimal sign, signs between groups, and whether groups are of two (India)."""

    decimal: str
    groups: str
    pairs: bool = False


_POINT = Locale(".", ",")
_COMMA = Locale(",", ".")
_SPACED = Locale(",", _SPACES + ".")
# Unicode CLDR 45, numbers/symbols: languages, then the countries that differ from their language.
LOCALES: dict[str, Locale] = {
    **dict.fromkeys(("en", "ms", "zh", "ja", "ko", "th", "he", "mt", "ga", "cy"), _POINT),
    **dict.fromkeys(
        ("de", "es", "it", "nl", "pt", "tr", "id", "da", "el", "ro", "hr", "sl", "sr", "vi", "ca"), _COMMA
    ),
    **dict.fromkeys(
        ("fr", "sv", "nb", "no", "fi", "pl", "cs", "sk", "ru", "uk", "bg", "hu", "et", "lv", "lt"), _SPACED
    ),
    **dict.fromkeys(("de-CH", "de-LI", "it-CH", "fr-CH"), Locale(".", "'\u2019" + _SPACES)),
    **dict.fromkeys(("en-IN", "hi", "hi-IN"), Locale(".", ",", pairs=True)),
    **dict.fromkeys(("en-ZA",), _SPACED),
    **dict.fromkeys(("es-MX", "es-US", "es-PR", "es-GT", "es-PE"), _POINT),
}


def locale_named(tag: str) -> Locale:
    """Return the locale of a language tag: ``de-AT`` has its own entry or that of ``de``.

    Raises:
        KeyError: Neither is known.
    """
    return LOCALES[tag] if tag in LOCALES else LOCALES[tag.split("-")[0]]


def decimal_from(text: str, locale: Locale) -> Decimal:
    """Read a decimal number.

    Signs may stand before or after (``12,50-``), an en dash or parentheses mean minus, groups must be whole.

    Raises:
        Refused: ``not-a-number``.
    """
    body, negative = _without_sign(text.strip())
    whole, sign, fraction = body.partition(locale.decimal)
    digits = _ungrouped(whole, locale)
    if digits is None or (sign and not fraction.isdecimal()) or len(digits + fraction) > MAX_DIGITS:
        raise Refused("not-a-number", f"{text!r} is not a number with {locale.decimal!r} as decimal sign")
    plain = "".join(str(unicodedata.decimal(c)) for c in digits + fraction)
    value = Decimal(plain).scaleb(-len(fraction)) if fraction else Decimal(plain)
    return -value if negative else value


def integer_from(text: str, locale: Locale) -> Decimal:
    """Read an integer.

    Raises:
        Refused: ``not-a-number``; ``not-an-integer`` if it has a fraction.
    """
    value = decimal_from(text, locale)
    if value != value.to_integral_value():
        raise Refused("not-an-integer", f"{text!r} is not a whole number")
    return value.quantize(Decimal(1))


def money_from(text: str, locale: Locale) -> Decimal:
    """Read an amount; a currency's sign, code or short name may stand before or after it.

    Raises:
        Refused: ``not-a-number``, also where other letters stand there.
    """
    return decimal_from(_without_currency(text.strip()), locale)


def _without_sign(body: str) -> tuple[str, bool]:
    if len(body) > 2 and body[0] == "(" and body[-1] == ")":
        return body[1:-1].strip(), True
    for sign in (*DASHES, "+"):
        if body.startswith(sign):
            return body[1:].lstrip(), sign in DASHES
        if body.endswith(sign):
            return body[:-1].rstrip(), sign in DASHES
    return body, False


def _ungrouped(whole: str, locale: Locale) -> str | None:
    if whole.isdecimal():
        return whole
    marks = {c for c in whole if not c.isdecimal()}
    if len(marks) != 1 or not marks <= set(locale.groups):
        return None
    first, *rest = whole.split(marks.pop())
    middle = 2 if locale.pairs else 3
    sizes = [len(group) for group in rest]
    fits = 1 <= len(first) <= middle and sizes[-1] == 3 and all(size == middle for size in sizes[:-1])
    return first + "".join(rest) if fits else None


_SIGNS = "$\u00a2-\u00a5\u0e3f\u20a0-\u20cf"
_WORD = rf"([^\W\d_]{{1,3}}\.?|[^\W\d_]{{0,2}}[{_SIGNS}])"
_AMOUNT = re.compile(
    rf"([-+\u2013\u2212(]?)\s*{_WORD}?\s*([-+\u2013\u2212]?(?:(?![{_SIGNS}])[\W\d_])*?)\s*{_WORD}?\s*(\)?)"
)


def _without_currency(body: str) -> str:
    found = _AMOUNT.fullmatch(body[:60])
    if found is None or len(body) > 60:
        return body
    opening, before, amount, after, closing = found.groups()
    for word, is_before in ((before, True), (after, False)):
        if word and not is_currency(word, before=is_before):
            raise Refused("not-a-number", f"{body!r} is no amount: {word!r} is no currency")
    return f"{opening}{amount}{closing}"


def plain(value: Decimal) -> str:
    """Return a decimal without exponent: the canonical text of a number."""
    return format(value, "f")
