"""What a field's type says about its text: patterns for numbers and times, word lists for enumerations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from segocr.validators.currencies import BEFORE_ONLY, CHANGING_AFTER, CHANGING_BEFORE, NAMES, SPELT
from segocr.validators.numbers import DASHES, locale_named

_TIME = {
    "HH": "([01][0-9]|2[0-3])", "H": "([01]?[0-9]|2[0-3])", "hh": "(0[1-9]|1[0-2])", "h": "(0?[1-9]|1[0-2])",
    "mm": "[0-5][0-9]", "ss": "[0-5][0-9]", "a": r"[AaPp]\.?[Mm]\.?",
}  # fmt: skip
_TOKEN = re.compile(r"HH|H|hh|h|mm|ss|a|'[^']*'|.")
_SIGN = r"[A-Z]{0,2}[$€£¥₹₩₫₱฿₺₽₪]"


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern of words, those with one first letter together."""
    grouped = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(f"{first}({'|'.join(word[1:] for word in group)})" for first, group in grouped)


# A label is no currency, but CR is read with its amount, which is none then (``segocr.validators.numbers``).
# Beside the digits stands no O, I or Z: else every 0, 1 or 2 at an end could be a currency, too.
_NAME_BEFORE = _any_of(
    name for name in NAMES | SPELT | BEFORE_ONLY | CHANGING_BEFORE if name[-1] not in "OIZ"
)
_NAME_AFTER = _any_of(
    name for name in NAMES | SPELT | CHANGING_AFTER if len(name) > 2 or name[0] not in "OIZ"
)
_BEFORE = rf"({_NAME_BEFORE})\.?|{_SIGN}"
_AFTER = rf"({_NAME_AFTER})\.?|{_SIGN}"


def number_pattern(kind: str, locale: str, decimals: int | None = None) -> str:
    """Return the pattern of an integer, decimal or amount as printed in a locale; in brackets it is negative.

    Args:
        kind: integer, decimal or money.
        locale: Language tag.
        decimals: How many digits stand after the decimal sign; None where any number may, or none.
    """
    signs = locale_named(locale)
    group = f"[{''.join(_in_class(c) for c in signs.groups)}]"
    middle = 2 if signs.pairs else 3
    grouped = rf"[0-9]{{1,{middle}}}({group}[0-9]{{{middle}}})*{group}[0-9]{{3}}"
    whole = f"([0-9]{{1,15}}|{grouped})"
    point = re.escape(signs.decimal)
    if kind == "integer":
        return _signed(whole)
    most = 12 if kind == "decimal" else 3
    fraction = f"({point}[0-9]{{1,{most}}})?" if decimals is None else f"{point}[0-9]{{{decimals}}}"
    if decimals == 0:
        fraction = ""
    if kind == "decimal":
        return _signed(whole + fraction)
    before, amount, after = f"(({_BEFORE}) ?)?", f"{whole}{fraction}", f"( ?({_AFTER}))?"
    signed = f"[{DASHES}]?{before}[{DASHES}]?{amount}[{DASHES}]?{after}"
    return rf"{signed}|{before}\({amount}\){after}|\({before}{amount}{after}\)"


def _signed(number: str) -> str:
    return rf"[+{DASHES}]?{number}|{number}[{DASHES}]|\({number}\)"


def _in_class(character: str) -> str:
    return f"\\{character}" if character in r"\]^-" else character


def time_pattern(formats: Sequence[str]) -> str:
    """Return the pattern of times of day that exist, in any of the formats."""
    return "|".join("".join(_piece(token) for token in _TOKEN.findall(layout)) for layout in formats)


def _piece(token: str) -> str:
    return _TIME.get(token) or re.escape(token.strip("'") if len(token) > 1 else token)
