"""Comparing a value that was read with a labelled one: what counts as the same, by field.

A value is canonical (``-6.40``, ``2018-02-11``, ``paid``); a label says what a person wrote down, mostly what
is printed (``(6,40)``, ``11.02.18``, ``BEZAHLT``). So a label is read as the field reads print, and taken for
a canonical value where that cannot be.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from segocr.fields import spec_as_json
from segocr.templates import FieldSpec
from segocr.validators.dates import date_from
from segocr.validators.failures import Refused
from segocr.validators.normalise import normalised
from segocr.validators.registry import NUMBERS
from segocr.validators.values import typed


class Comparison(StrEnum):
    """What counts as the same value.

    exact: every character. words: without case and repeated white space. alphanumeric: letters and digits
    only, without case. value: the same number, day, time, entry of a list or truth.
    """

    EXACT = "exact"
    WORDS = "words"
    ALPHANUMERIC = "alphanumeric"
    VALUE = "value"


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
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def comparison_of(spec: FieldSpec, chosen: Mapping[str, Comparison] = {}) -> Comparison:
    """Return how a field's values are compared.

    Args:
        spec: The field.
        chosen: What the caller wants otherwise, by field.
    """
    usual = _BY_NAME.get(spec.name, Comparison.WORDS) if spec.type == "text" else Comparison.VALUE
    return chosen.get(spec.name, usual)


def form_of_value(value: str, spec: FieldSpec, comparison: Comparison) -> str:
    """Return the text that equal values of a field share.

    Args:
        value: Canonical, as it stands in a record.
        spec: The field.
        comparison: The kind.
    """
    if comparison is Comparison.EXACT:
        return value
    if comparison is Comparison.ALPHANUMERIC:
        return "".join(character for character in value.upper() if character.isalnum())
    if comparison is Comparison.VALUE and spec.type in NUMBERS and _PLAIN_NUMBER.fullmatch(value):
        return f"{Decimal(value).normalize() + 0:f}"
    return _words(value, spec)


def form_of_label(label: str, spec: FieldSpec, comparison: Comparison, day: dt.date) -> str:
    """Return what ``form_of_value`` gives for the value that a label means; the label's words if it has none.

    Args:
        label: As a person wrote it down, printed or canonical.
        spec: The field.
        comparison: The kind.
        day: What ``today`` means for a year of two digits.
    """
    if comparison is Comparison.VALUE:
        value = value_of_label(label, spec, day)
        return _words(label, spec) if value is None else form_of_value(value, spec, comparison)
    if comparison is Comparison.WORDS:
        label = normalised(label, list(spec.normalise))
    return form_of_value(label, spec, comparison)


def value_of_label(label: str, spec: FieldSpec, day: dt.date) -> str | None:
    """Return the canonical value that a label means in a field; None if it means none.

    What is printed comes first: ``1.234`` is 1234 where the field's numbers are German. Only where the field
    says how many decimals there are, and the label has as many only as a plain number, it is one.

    Args:
        label: As a person wrote it down.
        spec: The field.
        day: What ``today`` means for a year of two digits.
    """
    meant = [*_as_printed(label, spec, day), *_as_canonical(label, spec, day)]
    if spec.type in NUMBERS and spec.decimals is not None:
        meant.sort(key=lambda value: len(value.partition(".")[2]) != spec.decimals)
    return meant[0] if meant else None


def _as_printed(label: str, spec: FieldSpec, day: dt.date) -> Iterator[str]:
    text = normalised(label, list(spec.normalise))
    if spec.ignore_spaces and spec.type != "text":
        text = "".join(text.split())
    try:
        yield typed(text, spec_as_json(spec), day)[1]
    except Refused:
        return


def _as_canonical(label: str, spec: FieldSpec, day: dt.date) -> Iterator[str]:
    text = label.strip()
    try:
        if spec.type in NUMBERS and _PLAIN_NUMBER.fullmatch(text):
            yield f"{Decimal(text):f}"
        elif spec.type == "date":
            text = text.strip("()")
            found = date_from(text, DATE_FORMATS, today=day, century=spec.century, bounds=spec.bounds)
            yield found.isoformat()
        elif spec.type == "time":
            yield dt.time.fromisoformat(text).isoformat()
        elif spec.type == "enum":
            folded = text.casefold()
            yield from (value for value in (spec.enum or {}).values() if value.casefold() == folded)
    except (Refused, ValueError):
        return


def _words(value: str, spec: FieldSpec) -> str:
    words = unicodedata.normalize("NFC", value).split()
    return ("" if spec.ignore_spaces else " ").join(words).casefold()
