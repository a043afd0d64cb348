"""Comparing a value that was read with a labelled one: what counts as the same, by kind of field."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from segocr.validators.dates import date_from
from segocr.validators.failures import Refused


class Comparison(StrEnum):
    """What counts as the same value.

    exact: every character. words: without case and repeated white space. alphanumeric: letters and digits
    only, without case. number: the same number. date: the same day.
    """

    EXACT = "exact"
    WORDS = "words"
    ALPHANUMERIC = "alphanumeric"
    NUMBER = "number"
    DATE = "date"


_BY_TYPE: Mapping[str, Comparison] = {
    "date": Comparison.DATE,
    "integer": Comparison.NUMBER,
    "decimal": Comparison.NUMBER,
    "money": Comparison.NUMBER,
}
# Text fields of the shipped types whose labels ask for more, or for less, than words.
_BY_NAME: Mapping[str, Comparison] = {
    "mrz_line1": Comparison.EXACT,
    "mrz_line2": Comparison.EXACT,
    "plate": Comparison.ALPHANUMERIC,
}
# How people write days down, day before month: labels need not be in the format that is printed.
DATE_FORMATS = (
    "yyyy-MM-dd", "d/M/yyyy", "d-M-yyyy", "d.M.yyyy", "d M yyyy", "d/M/yy", "d-M-yy", "d.M.yy", "d M yy",
    "yyyy/M/d", "yyyy.M.d", "yyyyMMdd", "ddMMyyyy", "d/MMMM/yyyy", "d-MMMM-yyyy", "d MMMM yyyy", "dMMMMyyyy",
    "d/MMMM/yy", "d-MMMM-yy", "d MMMM yy", "dMMMMyy", "MMMM d, yyyy", "MMMM d yyyy", "MMMM d,yyyy",
    "d/MMM/yyyy", "d-MMM-yyyy", "d MMM yyyy", "d MMM yy", "MMM d, yyyy", "MMM d,yyyy", "M/d/yyyy",
)  # fmt: skip


def comparison_of(name: str, field_type: str, chosen: Mapping[str, Comparison] = {}) -> Comparison:
    """Return how a field's values are compared.

    Args:
        name: The field.
        field_type: Its type in the template.
        chosen: What the caller wants otherwise, by field.
    """
    return chosen.get(name) or _BY_NAME.get(name) or _BY_TYPE.get(field_type, Comparison.WORDS)


def normal_form(value: str, comparison: Comparison, formats: Sequence[str] = ()) -> str:
    """Return the text that equal values share; what is not of its kind is compared as words.

    Args:
        value: As labelled or as read.
        comparison: The kind.
        formats: Date formats to try before the usual ones.
    """
    return _FORMS[comparison](value, formats)


def _exact(value: str, _: Sequence[str]) -> str:
    return value


def _words(value: str, _: Sequence[str]) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()


def _alphanumeric(value: str, _: Sequence[str]) -> str:
    return "".join(character for character in value.upper() if character.isalnum())


def _number(value: str, formats: Sequence[str]) -> str:
    text = re.sub(r"[^\d.,+-]", "", value)
    # The last of two separators is the decimal one; a single comma before three digits groups thousands.
    if "," in text and ("." in text or re.search(r",\d{3}$", text)):
        text = text.replace(",", "") if text.rfind(".") > text.rfind(",") or "." not in text else (
            text.replace(".", "").replace(",", ".")
        )  # fmt: skip
    try:
        return str(Decimal(text.replace(",", ".")).normalize() + 0)
    except InvalidOperation:
        return _words(value, formats)


def _date(value: str, formats: Sequence[str]) -> str:
    # The day of evaluation must not decide a label's century: documents are from the years around 2018.
    try:
        return date_from(value.strip(" ()"), [*formats, *DATE_FORMATS], today=dt.date(2020, 1, 1)).isoformat()
    except Refused:
        return _words(value, formats)


_FORMS: Mapping[Comparison, Callable[[str, Sequence[str]], str]] = {
    Comparison.EXACT: _exact,
    Comparison.WORDS: _words,
    Comparison.ALPHANUMERIC: _alphanumeric,
    Comparison.NUMBER: _number,
    Comparison.DATE: _date,
}
