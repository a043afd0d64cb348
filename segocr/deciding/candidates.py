"""Candidates: which of the regions read for a field count; the others stay as evidence.

A segmentation engine drops overlapping regions by its own score before anything is read. Here the readings
decide: of several regions on one place the best read one counts, and of any number of instances those that
were both found and read with some confidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from segocr.overlaps import shared_part
from segocr.readings import Candidate, Reading
from segocr.records import FieldValue, Problem, Severity

SAME_PLACE = 0.5
"""Two candidates stand on one place if the quads read share this part of the smaller one."""

LEAST_WORTH = 0.25
"""Region score times reading confidence from which a region is an instance of a list. On every fourth train
photo of plates this leaves 4 of 28 texts that are no plates, and loses no plate that was read right."""


def chosen(
    found: Mapping[str, Sequence[Candidate]], lists: Collection[str]
) -> tuple[dict[str, Sequence[Candidate]], list[Reading]]:
    """Choose the candidates that count.

    Args:
        found: By field, the candidates in the order in which their regions were found.
        lists: The fields that take any number of regions.

    Returns:
        By field, the candidates kept; the readings of all others.
    """
    kept: dict[str, Sequence[Candidate]] = {}
    unchosen: list[Reading] = []
    for name, candidates in found.items():
        kept[name], dropped = without_overlaps(candidates)
        unchosen += dropped
        if name in lists:
            kept[name], dropped = instances(kept[name])
            unchosen += dropped
    return kept, unchosen


def without_overlaps(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Reading]]:
    """Keep one candidate a place.

    Args:
        candidates: Of one field.

    Returns:
        The candidates kept, in the order given; the readings of the others.
    """
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=_worth, reverse=True):
        if not any(_on_one_place(candidate, other) for other in kept):
            kept.append(candidate)
    left = {id(candidate) for candidate in kept}
    dropped = [reading for candidate in candidates if id(candidate) not in left for reading in candidate]
    return [candidate for candidate in candidates if id(candidate) in left], dropped


def instances(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Reading]]:
    """Keep what was found and read with some confidence; for fields that take any number of regions.

    Returns:
        The candidates kept, in the order given; the readings of the others.
    """
    kept = [candidate for candidate in candidates if _worth(candidate)[1] >= LEAST_WORTH]
    left = set(map(id, kept))
    return kept, [reading for candidate in candidates if id(candidate) not in left for reading in candidate]


def left_out(
    lists: Collection[str], fields: Mapping[str, Sequence[FieldValue]], unchosen: Sequence[Reading]
) -> list[Problem]:
    """Return a warning for each list that lacks what was found for it: a list would look whole without it.

    Args:
        lists: The fields that take any number of regions.
        fields: The values of a record.
        unchosen: Readings that no value was made from. Those of regions of little score are other text, and
            those on the place of a value are in the list.
    """
    problems = []
    for name in sorted(lists):
        taken = [reading for value in fields.get(name, ()) for reading in value.readings]
        lost: dict[int, Candidate] = {}
        for one in unchosen:
            if one.field == name and one.region.score >= LEAST_WORTH:
                lost[id(one.region)] = (*lost.get(id(one.region), ()), one)
        free = [one for one in lost.values() if not any(_on_one_place(one, (other,)) for other in taken)]
        if places := without_overlaps(free)[0]:
            message = f"{len(places)} more found, but read with too little confidence to be in the list"
            problems.append(Problem("entry-left-out", message, name, Severity.WARNING))
    return problems


def _worth(candidate: Candidate) -> tuple[int, float]:
    worst = min(reading.status.worth for reading in candidate)
    sure = float(np.mean([reading.confidence for reading in candidate]))
    return worst, sure * candidate[0].region.score


def _on_one_place(a: Candidate, b: Candidate) -> bool:
    if a[0].region.page != b[0].region.page:
        return False
    return any(shared_part(x.quad, y.quad) >= SAME_PLACE for x in a for y in b)
