"""Normalisers: accepted text → the text that a value is made from. Each is total: any text in, a text out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_QUOTES = {
    ord(mark): plain for mark, plain in zip("\u2018\u2019\u201a\u201c\u201d\u201e", "'''\"\"\"", strict=True)
}

_LONGEST = 100_000


def collapse_spaces(text: str) -> str:
    """Turn every run of white space, line breaks included, into one space; none at the ends."""
    return " ".join(text.split())


def remove_spaces(text: str) -> str:
    """Remove all white space."""
    return "".join(text.split())


def digits_only(text: str) -> str:
    """Keep the decimal digits, as ASCII."""
    return "".join(str(unicodedata.decimal(c)) for c in text if unicodedata.decimal(c, None) is not None)


def letters_digits_only(text: str) -> str:
    """Keep letters and digits (for plates and serial numbers)."""
    return "".join(c for c in text if c.isalnum())


def fold_accents(text: str) -> str:
    """Replace accented letters by their plain ones: ``é`` → ``e``, ``ß`` stays."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def to_ascii(text: str) -> str:
    """Fold accents, make dashes and quotes plain, and drop what ASCII still lacks."""
    plain = fold_accents(text.translate(_DASHES).translate(_QUOTES))
    return plain.encode("ascii", "ignore").decode("ascii")


def half_width(text: str) -> str:
    """Compatibility forms to ordinary ones (NFKC): full-width digits and letters, ligatures."""
    return unicodedata.normalize("NFKC", text)


def strip_punctuation(text: str) -> str:
    """Remove punctuation and white space at both ends."""
    first, last = 0, len(text)
    while first < last and _edge(text[first]):
        first += 1
    while last > first and _edge(text[last - 1]):
        last -= 1
    return text[first:last]


def _edge(character: str) -> bool:
    return character.isspace() or unicodedata.category(character).startswith("P")


def replaced(text: str, table: Mapping[str, str]) -> str:
    """Replace each key of the table by its value, in the table's order.

    A text that this would make longer than any value is stays as it is: replacements that multiply what those
    before them have put there are not to fill the memory.
    """
    for old, new in table.items():
        if len(text) + text.count(old) * (len(new) - len(old)) <= _LONGEST:
            text = text.replace(old, new)
    return text


NORMALISERS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "collapse_spaces": collapse_spaces,
    "remove_spaces": remove_spaces,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "digits_only": digits_only,
    "letters_digits_only": letters_digits_only,
    "fold_accents": fold_accents,
    "ascii": to_ascii,
    "half_width": half_width,
    "strip_punctuation": strip_punctuation,
}


def normalised(text: str, steps: list[str | dict[str, dict[str, str]]]) -> str:
    """Apply a template's normalisers in order.

    Args:
        text: What was accepted.
        steps: Names of ``NORMALISERS``, or ``{"replace": {old: new}}``.
    """
    for step in steps:
        text = NORMALISERS[step](text) if isinstance(step, str) else replaced(text, step["replace"])
    return text
