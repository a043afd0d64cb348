"""Doubts: why a reading is not certain although its constraint accepts what was read.

A constraint judges characters. It does not see that a number was taken out of its sign, that two numbers were
taken for one, or how the strip was cut out of its line.
"""

from __future__ import annotations

import re

from segocr.readings import Reading
from segocr.templates import FieldSpec
from segocr.validators.numbers import DASHES, locale_named
from segocr.validators.registry import NUMBERS

BEHIND_DASH = "behind a dash"
"""How a strip was cut: a minus, or what parts a label and its value, stands before it."""
AMONG_OTHERS = "among others"
"""How a strip was cut: of a list's line that holds more of what could be entries."""

_OF_CUTS = {
    BEHIND_DASH: "the dash before it may be a minus, or part it from its label",
    AMONG_OTHERS: "its line holds other texts that the field accepts; only this one was taken",
}
_PARTED_DIGITS = re.compile(r"\d\s+\d")


def doubt_of(reading: Reading, spec: FieldSpec) -> str:
    """Return what leaves a reading in doubt beyond what its constraint says; empty for nothing.

    Args:
        reading: With its text and edits.
        spec: The field that it was read for.
    """
    if reading.text is None:
        return ""
    if spec.type in NUMBERS and _lost_sign(reading):
        return "a minus sign or brackets around it were read, and its pattern has none"
    if spec.type in NUMBERS and _are_joined(reading, spec):
        return "a space stands between its digits: it may be two numbers"
    return next((said for cut, said in _OF_CUTS.items() if cut in reading.tries), "")


def _lost_sign(reading: Reading) -> bool:
    """Whether a dash at an end, or the brackets around it all, were read and left out."""
    length = len(reading.text or "")
    before = "".join(old for place, old, new in reading.edits if place == 0 and not new)
    after = "".join(old for place, old, new in reading.edits if place == length and not new)
    return bool({*DASHES} & {*before, *after}) or ("(" in before and ")" in after)


def _are_joined(reading: Reading, spec: FieldSpec) -> bool:
    """Whether a space between digits was ignored where the locale prints none: a count and an amount?"""
    prints_spaces = any(map(str.isspace, locale_named(spec.locale).groups))
    return spec.ignore_spaces and not prints_spaces and bool(_PARTED_DIGITS.search(reading.raw))
