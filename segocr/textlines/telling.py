"""Telling matches: what a line holds can leave no doubt which field it is, whatever stands around it.

Hardly any text meets the constraint of a machine-readable line by chance. A head learned from pages like each
other; on one with a letter beside the passport its trees are in doubt where nobody else would be.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import Constraint
from segocr.templates import FieldSpec, Template
from segocr.textlines.evidence import Match, constrained_fields, find_matches
from segocr.textlines.features import PageEvidence
from segocr.textlines.lines import TextLine

Floats = NDArray[np.float32]
_CHARACTERS = 64
"""So many that any of them could stand anywhere: letters, digits and a few signs."""
_CHECK = math.log2(10)
"""What a check digit tells."""
_TELLING = 40.0
"""Bits from which a match leaves no doubt: 16 digits tell 43, a date 25 at most, a number plate 7."""
_WHOLE = 0.9
"""The match is so much of its line at least."""
_SURE = 0.9


def with_telling_matches(
    template: Template, evidence: PageEvidence, lines: Sequence[TextLine], probabilities: Floats
) -> Floats:
    """Return the probabilities of a page's lines, those raised that tell their class beyond doubt.

    Args:
        template: Its constraints.
        evidence: From ``look_at``.
        lines: The lines.
        probabilities: ``float32 (n, 1 + classes)``, none first.

    Returns:
        Of the same shape. A line that tells two classes is not raised; two lines that tell one are: there are
        two documents.
    """
    tells = np.zeros((len(lines), len(template.classes)), bool)
    for number, name in enumerate(template.classes):
        for spec in template.fields_of(name):
            for place, match in enumerate(evidence.matches.get(spec.name, ())):
                tells[place, number] |= match is not None and _is_telling(spec, lines[place], match)
    only = tells & (tells.sum(axis=1) == 1)[:, None]
    raised = probabilities.copy()
    raised[:, 1:] = np.where(only, np.maximum(raised[:, 1:], _SURE), raised[:, 1:])
    return raised


def is_right_way_up(template: Template, lines: Sequence[TextLine]) -> bool:
    """Say whether lines hold a telling match: upside down nothing would read so."""
    read = [line for line in lines if line.text]
    return any(
        match is not None and _is_telling(spec, line, match)
        for spec in constrained_fields(template)
        if spec.constraint is not None and told_by(spec.constraint) >= _TELLING
        for line, match in zip(read, find_matches([one.text for one in read], spec.constraint), strict=True)
    )


def _is_telling(spec: FieldSpec, line: TextLine, match: Match) -> bool:
    if spec.constraint is None or not match.whole:
        return False
    if match.end - match.start < _WHOLE * len(line.text.strip()):
        return False
    return told_by(spec.constraint) - match.cost / math.log(2) >= _TELLING


@lru_cache(maxsize=256)
def told_by(constraint: Constraint) -> float:
    """Return how much any text that a constraint accepts tells at least, in bits.

    It is met by chance by one text of as many characters in two to the power of so many.
    """
    edges, accepting = constraint.automaton.edges, constraint.automaton.accepting
    sizes = {
        klass: sum(high - low + 1 for low, high in ranges)
        for klass, ranges in constraint.automaton.class_ranges().items()
    }
    least = [math.inf] * len(edges)
    waiting = [(_CHECK * len(constraint.checks), 0)]
    while waiting:  # Dijkstra's algorithm
        told, state = heapq.heappop(waiting)
        if accepting[state]:
            return told
        if told >= least[state]:
            continue
        least[state] = told
        choices = sum(sizes[klass] for klass in {klass for klass, _ in edges[state]})
        after = told + math.log2(max(_CHARACTERS / max(choices, 1), 1.0))
        for target in edges[state].values():
            if after < least[target]:
                heapq.heappush(waiting, (after, target))
    return 0.0
