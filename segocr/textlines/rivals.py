"""Rivals on a line: other texts of the line of a field that the field would accept as well.

``17 March and 18 March`` holds two dates. Which of them is meant nothing says, so both are candidates, and a
record says that there were several (``segocr.validators.together``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from segocr.templates import FieldSpec, Template
from segocr.textlines.assignment import Assigned
from segocr.textlines.evidence import Match, constrained_fields, whole_matches
from segocr.textlines.lines import TextLine
from segocr.textlines.widening import widened


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
    (spec,), line, (start, end) = fields, lines[own.lines[0]], own.spans[0]
    if spec not in constrained_fields(template):
        return
    if spec.instances not in ("best", "first") or spec.lines == "many":
        return
    for match in _beside(spec, line.text, start, end):
        yield replace(own, spans=(widened(line, (match.start, match.end), spec),))


def _beside(spec: FieldSpec, text: str, start: int, end: int) -> Iterator[Match]:
    """Yield the whole matches before and behind the characters that are taken."""
    assert spec.constraint is not None
    before, behind = whole_matches([text[:start], text[end:]], spec.constraint)
    if before is not None:
        yield before
    if behind is not None:
        yield replace(behind, start=behind.start + end, end=behind.end + end)
