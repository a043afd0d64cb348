"""Pages to label next: those that a head is least sure of, unlike the labelled ones and each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segocr.datasets.likeness import byte_digest
from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument
from segocr.inputs import find_inputs
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template
from segocr.textlines.features import features_of
from segocr.textlines.head import Head
from segocr.textlines.patterns import guess
from segocr.training.heads.examples import Example

Floats = NDArray[np.float32]

COUNT = 5
"""Pages that are named: labelled, they change what the head is unsure of."""
_LEAST_DOUBT = 0.01
"""Of sure pages, too, the most different ones come first."""


def unlabelled_pages(folder: Path, labelled: Sequence[LabelledDocument]) -> list[LabelledDocument]:
    """Return the pictures of a folder that nobody has labelled, each of them once.

    Args:
        folder: Pictures, also in folders of it; what cannot be opened as a picture, such as PDF, is left out.
        labelled: Files with the same bytes as one of these are left out.

    Raises:
        UsageError: None is left.
    """
    known = {byte_digest(one.path) for one in labelled}
    pages = []
    for path in find_inputs(folder).files:
        try:
            digest = byte_digest(path)
            height, width = read_picture(path).shape[:2]
        except (UsageError, OSError):
            continue
        if digest not in known:
            known.add(digest)
            pages.append(LabelledDocument(str(path), path, (width, height), ()))
    if not pages:
        raise UsageError(f"{folder} holds no picture that is not labelled already")
    return pages


def sureness(shares: Floats) -> float:
    """Return how sure a head is of a page, 0–1: the mean of its classes' most probable lines.

    Args:
        shares: ``float32 (lines, 1 + classes)``, none first.
    """
    return float(np.mean(shares[:, 1:].max(axis=0))) if len(shares) else 0.0


def next_pages(
    template: Template,
    head: Head,
    labelled: Sequence[Example],
    others: Sequence[Example],
    count: int = COUNT,
) -> tuple[Path, ...]:
    """Choose pages to label next, one after the other: the doubt of a page times its distance from the known.

    Known are the labelled ones and those chosen before. The distance is that of the pages' mean line
    features, each in its standard deviation.

    Args:
        template: Its patterns tell lines apart where the head has no trees.
        head: Trained on the labelled pages.
        labelled: They.
        others: Pages to choose from; those without text are never chosen.
        count: How many at most.

    Returns:
        Their files, the one to label first in front.
    """
    seen, rest = ([one for one in pages if one.lines] for pages in (labelled, others))
    if not rest:
        return ()
    looks = np.array([features_of(one.evidence, head.table).mean(axis=0) for one in (*seen, *rest)])
    looks /= np.maximum(looks.std(axis=0), 1e-4)
    known, free = looks[: len(seen)], looks[len(seen) :]
    doubt = np.array([max(1 - sureness(_told(template, head, one)), _LEAST_DOUBT) for one in rest])
    # Where nothing is labelled, the first page is chosen by its doubt alone.
    distance = np.array([np.linalg.norm(known - one, axis=1).min(initial=np.inf) for one in free])
    distance = np.where(np.isfinite(distance), distance, 1.0)
    chosen: list[int] = []
    while len(chosen) < min(count, len(rest)):
        worth = doubt * distance
        worth[chosen] = -1.0
        chosen.append(int(worth.argmax()))
        nearer = np.linalg.norm(free - free[chosen[-1]], axis=1)
        distance = nearer if not seen and len(chosen) == 1 else np.minimum(distance, nearer)
    return tuple(rest[place].document.path for place in chosen)


def _told(template: Template, head: Head, example: Example) -> Floats:
    if head.forest is None:
        return guess(template, example.evidence)
    return head.forest.tell(features_of(example.evidence, head.table))
