"""Tables: what outcomes add up to, field by field and over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segocr.evaluation.outcomes import COVERED, Outcome, Result
from segocr.evaluation.scores import Share, bootstrap_f1, f1_score


@dataclass(frozen=True, slots=True)
class Score:
    """What some outcomes add up to.

    Attributes:
        labelled: Labelled values.
        read: Values read.
        counts: How many of each result.
        exact: Right among labelled.
        precision: Right among read.
        f1: Of exact values, every value that nobody labelled counted as an error.
        f1_interval: 95 %, bootstrap over documents.
        f1_labelled: F1 without the values read elsewhere (see ``Result``).
        character_errors: Edits for each labelled character.
        accepted: Accepted among labelled.
        accepted_wrong: Wrong among accepted, those elsewhere left out.
        found: Labels of which the chosen region covers at least half.
        iou: Mean over labels, 0 where nothing was chosen; None without labels.
        covered: Mean covered share of the labels' area.
    """

    labelled: int
    read: int
    counts: dict[str, int]
    exact: Share
    precision: Share
    f1: float
    f1_interval: tuple[float, float]
    f1_labelled: float
    character_errors: float | None
    accepted: Share
    accepted_wrong: Share
    found: Share
    iou: float | None
    covered: float | None

    def as_json(self) -> dict[str, Any]:
        """Return numbers for ``--json``."""
        return {
            "labelled": self.labelled,
            "read": self.read,
            **self.counts,
            "exact": _share(self.exact),
            "precision": _share(self.precision),
            "recall": _share(self.exact),
            "f1": {"value": round(self.f1, 4), "interval": [round(bound, 4) for bound in self.f1_interval]},
            "f1_without_elsewhere": round(self.f1_labelled, 4),
            "character_error_rate": _rounded(self.character_errors),
            "accepted": _share(self.accepted),
            "wrong_among_accepted": _share(self.accepted_wrong),
            "regions": {
                "recall": _share(self.found), "iou": _rounded(self.iou), "covered": _rounded(self.covered)
            },
        }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _share(share: Share) -> dict[str, Any]:
    bounds = share.interval
    return {
        "count": share.count,
        "of": share.total,
        "value": _rounded(share.value),
        "interval": [round(bound, 4) for bound in bounds] if bounds else None,
    }


def score(outcomes: Sequence[Outcome]) -> Score:
    """Add up the outcomes of one field or of several, of whole documents."""
    counts = Counter(outcome.result for outcome in outcomes)
    labelled = [outcome for outcome in outcomes if outcome.label is not None]
    read = sum(outcome.read is not None for outcome in outcomes)
    characters = sum(outcome.length for outcome in labelled)
    right, elsewhere = counts[Result.RIGHT], counts[Result.ELSEWHERE]
    accepted = [o for o in outcomes if o.accepted and o.result is not Result.ELSEWHERE]
    overlaps = [outcome.overlap for outcome in labelled if outcome.overlap is not None]
    return Score(
        labelled=len(labelled),
        read=read,
        counts={result.value: counts[result] for result in Result},
        exact=Share(right, len(labelled)),
        precision=Share(right, read),
        f1=f1_score(right, read, len(labelled)),
        f1_interval=bootstrap_f1(_by_document(outcomes)),
        f1_labelled=f1_score(right, read - elsewhere, len(labelled)),
        character_errors=sum(o.distance for o in labelled) / characters if characters else None,
        accepted=Share(sum(o.accepted for o in labelled), len(labelled)),
        accepted_wrong=Share(sum(o.result is not Result.RIGHT for o in accepted), len(accepted)),
        found=Share(sum(one.covered >= COVERED for one in overlaps), len(overlaps)),
        iou=float(np.mean([one.iou for one in overlaps])) if overlaps else None,
        covered=float(np.mean([one.covered for one in overlaps])) if overlaps else None,
    )


def documents_right(outcomes: Iterable[Outcome]) -> Share:
    """Return the share of documents whose labelled values are all right."""
    verdicts: dict[str, bool] = {}
    for outcome in outcomes:
        if outcome.label is not None:
            right = outcome.result is Result.RIGHT
            verdicts[outcome.document] = verdicts.get(outcome.document, True) and right
    return Share(sum(verdicts.values()), len(verdicts))


def _by_document(outcomes: Sequence[Outcome]) -> np.ndarray[Any, np.dtype[np.int64]]:
    counts: dict[str, list[int]] = {}
    for outcome in outcomes:
        row = counts.setdefault(outcome.document, [0, 0, 0])
        row[0] += outcome.result is Result.RIGHT
        row[1] += outcome.read is not None
        row[2] += outcome.label is not None
    return np.array(list(counts.values()), dtype=np.int64).reshape(-1, 3)
