"""Patterns alone: which line is which field before any page is labelled.

A weak head: it takes lines that a field's constraint accepts, rather those that say the field's name, and of
numbers rather the great ones. It knows nothing of fields that any text would do for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segocr.templates import FieldSpec, Template
from segocr.textlines.evidence import Match
from segocr.textlines.features import PageEvidence, own_names

Floats = NDArray[np.float32]

_ANY, _WHOLE_LINE, _NAMED, _GREAT = 0.25, 0.3, 0.3, 0.1
"""What a match is worth, and what it gains by filling its line, by its field's name, by its value."""
_DEAR = 5.0


def guess(template: Template, page: PageEvidence) -> Floats:
    """Return ``float32 (n, 1 + classes)`` as a head does, from the template alone.

    Args:
        template: Its constraints and names.
        page: From ``look_at``.
    """
    told = np.zeros((len(page.own), 1 + len(template.classes)), np.float32)
    for number, name in enumerate(template.classes, start=1):
        for spec in template.fields_of(name):
            if spec.name in page.matches:
                worth = _worth(spec, page, own_names(template), page.matches[spec.name])
                told[:, number] = np.maximum(told[:, number], worth)
    told[:, 0] = np.maximum(1 - told[:, 1:].max(axis=1, initial=0.0), 0.05)
    return told


def _worth(
    spec: FieldSpec, page: PageEvidence, names: Sequence[str], matches: Sequence[Match | None]
) -> NDArray[np.float64]:
    columns = {name: page.own[:, place].astype(np.float64) for place, name in enumerate(names)}
    found = np.array([match is not None and match.whole for match in matches], bool)
    cost = np.array([match.cost if match is not None else 0.0 for match in matches], np.float64)
    worth = (
        _ANY
        + _WHOLE_LINE * columns[f"{spec.name} share"]
        + _NAMED * _named(page, columns[f"says {spec.name}"])
    )
    rank = columns.get(f"{spec.name} value rank")
    if rank is not None:
        worth = np.where(rank >= 0, worth + _GREAT / (1 + np.maximum(rank, 0)), worth - _GREAT)
    return np.where(found, np.clip(worth, 0.0, 0.95) * np.exp(-cost / _DEAR / math.e), 0.0)


def _named(page: PageEvidence, says: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whether the field's name stands on a line, left of it, or above it."""
    known = np.append(says, 0.0)
    layout = page.layout
    return np.asarray(np.maximum.reduce([says, known[layout.left], known[layout.above] / 2]))
