"""Rivals on a line: other texts of the line of a field that the field would accept as well.

``17 March and 18 March`` holds two dates. Which of them is meant nothing says, so both are candidates, and a
record says that there were several (``segocr.validators.together``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from segocr.templates import FieldSpec, Template
from segocr.textlines.assignment import Assigned
from segocr.textlines.evidence import constrained_fields, whole_matches
from segocr.textlines.lines import TextLine
from segocr.textlines.widening import Span, widened
from segocr.validators.numbers import locale_named
from segocr.validators.registry import NUMBERS


def with_rivals(
    template: Template, lines: Sequence[TextLine], assigned: Sequence[Assigned]
) -> list[Assigned]:
    """Return instances with those that other texts of their lines are, for fields that take one text.

    Args:
        template: Its constraints.
        lines: Of the page.
        assigned: To the classes.
    """
    return [one for own in assigned for one in (own, *_rivals(template, lines, own))]


def _rivals(template: Template, lines: Sequence[TextLine], own: Assigned) -> Iterator[Assigned]:
    fields = template.fields_of(own.class_name)
    if len(own.lines) != 1 or own.spans[0] is None or len(fields) != 1:
        return
    (spec,) = fields
    if spec not in constrained_fields(template):
        return
    if spec.instances not in ("best", "first") or spec.lines == "many":
        return
    for span in beside(spec, lines[own.lines[0]], own.spans[0]):
        yield replace(own, spans=(span,))


def beside(spec: FieldSpec, line: TextLine, span: Span) -> Iterator[Span]:
    """Yield what a field would take of a line before and behind the characters that it takes.

    Args:
        spec: With a constraint.
        line: Read.
        span: What is taken.
    """
    assert spec.constraint is not None
    start, end = span
    texts = (line.text[:start], line.text[end:])
    for match, offset in zip(whole_matches(texts, spec.constraint), (0, end), strict=True):
        if match is None or not _is_like(spec, line.text[start:end], match.text):
            continue
        low, high = widened(line, (match.start + offset, match.end + offset), spec)
        if high <= start or low >= end:
            yield low, high


def _is_like(spec: FieldSpec, taken: str, other: str) -> bool:
    """Whether a text may be meant as well as the one taken: no label, and no count beside an amount."""
    # Between digits: a dot may be the one of ``RS.``
    fraction = re.compile(rf"\d{re.escape(locale_named(spec.locale).decimal)}\d")
    if spec.type in NUMBERS and fraction.search(taken) and not fraction.search(other):
        return False
    return any(map(str.isdigit, other)) or not any(map(str.isdigit, taken))
