"""Doubts about a cut: what stands beside the characters that a field takes of a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segocr.deciding.doubts import AMONG_OTHERS, BEHIND_DASH
from segocr.templates import FieldSpec, Template
from segocr.textlines.assignment import Assigned
from segocr.textlines.evidence import constrained_fields
from segocr.textlines.lines import TextLine
from segocr.textlines.rivals import beside
from segocr.textlines.widening import Span, is_behind_dash


def with_doubts(
    template: Template, lines: Sequence[TextLine], assigned: Sequence[Assigned]
) -> list[Assigned]:
    """Return instances, each with the doubt that the rest of its lines leaves.

    Args:
        template: Its constraints.
        lines: Of the page.
        assigned: To the classes.
    """
    constrained = constrained_fields(template)
    return [
        replace(
            one, cut=_doubt(lines, one, [spec for spec in constrained if spec.class_name == one.class_name])
        )
        for one in assigned
    ]


def _doubt(lines: Sequence[TextLine], own: Assigned, specs: Sequence[FieldSpec]) -> str:
    taken = [
        (spec, lines[line], span)
        for line, span in zip(own.lines, own.spans, strict=True)
        for spec in specs
        if span is not None
    ]
    if any(is_behind_dash(line.text, span, spec) for spec, line, span in taken):
        return BEHIND_DASH
    return AMONG_OTHERS if any(_holds_more(*one) for one in taken) else ""


def _holds_more(spec: FieldSpec, line: TextLine, span: Span) -> bool:
    """Whether a list takes one of a line's texts: a price a piece is no entry, but two words may be two."""
    is_list = spec.instances in ("all", "join") and spec.lines == "one"
    return is_list and any(beside(spec, line, span))
