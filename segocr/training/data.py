"""The labelled documents of one training: checked before hours are spent, split, known by digest.

Whoever labelled ``val`` wants to know how good the model is on pages that nothing was chosen on. So a
training is watched on a tenth of ``train``, which it does not see; ``val`` is looked at once, at the end.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segocr.datasets.unlabelled import left_out_said, with_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.synthesis.backgrounds import read_picture
from segocr.training.labels import LabelledPage, labelled_pages

_HELD_BACK = 10
"""One page or group of pages of so many is held back from training."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Labelled pages for one training.

    Attributes:
        classes: In the model's order.
        seen: Pages to train on.
        watched: Pages held back from ``train``; those of ``seen`` where there is one page only.
        val: Pages that the finished model is measured on; empty if the folder has none.
        digest: Of labels and pictures of ``train``, 64 hexadecimal digits.
        val_digest: Likewise of ``val``.
        left_out: Classes that are labelled and not trained, with the number of their outlines.
        unlabelled: What is said of pages without any label that were left out; empty if there are none.
    """

    classes: tuple[str, ...]
    seen: tuple[LabelledPage, ...]
    watched: tuple[LabelledPage, ...]
    val: tuple[LabelledPage, ...]
    digest: str
    val_digest: str
    left_out: dict[str, int]
    unlabelled: str = ""


def read_training_data(folder: Path, classes: Sequence[str], *, negatives: bool = False) -> TrainingData:
    """Read and check the labelled documents of a folder.

    Args:
        folder: Holds ``fields.jsonl`` and the pictures that it names.
        classes: Those of the template; other labels are left out.
        negatives: As ``with_labels``.

    Raises:
        UsageError: ``labels``, with file and line: labels that cannot be understood, a picture that is
            absent, broken or of another size than its labels say, a polygon outside its picture, a class of
            the template without any label.
    """
    every = read_labels(folder, "train")
    every += [document for document in read_labels(folder, None) if document.split == "val"]
    kept = with_labels(every, negatives=negatives)
    train, val = ([one for one in kept if one.split == split] for split in ("train", "val"))
    counts = Counter(one.name for page in labelled_pages(train) for one in page.outlines)
    require_labels(folder, classes, counts)
    pages = [[_only(page, classes) for page in labelled_pages(part)] for part in (train, val)]
    for page in (*pages[0], *pages[1]):
        check_page(page)
    held = _held_back(train)
    watched = [page for page, back in zip(pages[0], held, strict=True) if back]
    seen = [page for page, back in zip(pages[0], held, strict=True) if not back]
    return TrainingData(
        tuple(classes),
        (*seen, *_alone(watched, seen)),
        tuple(watched),
        tuple(pages[1]),
        digest_of(pages[0]),
        digest_of(pages[1]),
        {name: count for name, count in counts.items() if name not in classes},
        left_out_said(every, kept),
    )


def _held_back(documents: Sequence[LabelledDocument]) -> list[bool]:
    """Choose every tenth document, or group of documents that stay on one side, beginning with the first.

    Many pictures of one page are one group; where there is no other, every tenth of them is held back.
    """
    groups = [document.kin for document in documents]
    if len(set(groups)) == 1:
        groups = [document.place for document in documents]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return [numbers[group] % _HELD_BACK == 0 for group in groups]


def require_labels(folder: Path, classes: Sequence[str], counts: Mapping[str, int]) -> None:
    """Refuse a folder whose documents of ``train`` show no example of a class.

    Args:
        folder: Holds ``fields.jsonl``.
        classes: Those of the template.
        counts: How many labels there are, by class.

    Raises:
        UsageError: ``labels``, naming the classes.
    """
    lacking = [name for name in classes if not counts.get(name)]
    if lacking:
        labelled = ", ".join(map(repr, sorted(counts))) or "nothing at all"
        raise UsageError(
            f"{folder / 'fields.jsonl'}: no document of train has a label of class "
            f"{', '.join(map(repr, lacking))}; labelled is {labelled}",
            code="labels",
            hint="label some, correct the classes, or remove the field from the template",
        )


def _only(page: LabelledPage, classes: Sequence[str]) -> LabelledPage:
    return replace(page, outlines=tuple(one for one in page.outlines if one.name in classes))


def _alone(watched: Sequence[LabelledPage], seen: Sequence[LabelledPage]) -> Iterator[LabelledPage]:
    """Yield the watched pages that must be trained on as well: nothing else shows one of their classes."""
    known = {one.name for page in seen for one in page.outlines}
    for page in watched:
        names = {one.name for one in page.outlines}
        if not names <= known or not seen:
            known |= names
            yield page


def check_page(page: LabelledPage) -> None:
    """Compare a picture with its labels.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with file and line.
    """
    try:
        picture = read_picture(page.path)
    except UsageError as error:
        raise UsageError(f"{page.place}: {error.message}", code=error.code, hint=error.hint) from error
    size = picture.shape[1], picture.shape[0]
    if size != page.size:
        raise UsageError(
            f"{page.place}: the labels are for {page.size[0]} × {page.size[1]} pixels, {page.path.name} has "
            f"{size[0]} × {size[1]}",
            code="labels",
            hint="was it turned, cut or shrunk after it was labelled? Polygons are in its pixels",
        )
    for one in page.outlines:
        low, high = one.polygon.min(axis=0), one.polygon.max(axis=0)
        if (high <= 0).any() or (low >= size).any() or (low >= high).any():
            raise UsageError(
                f"{page.place}: a polygon of {one.name!r} lies outside the picture or has no area "
                f"({low[0]:g}, {low[1]:g} to {high[0]:g}, {high[1]:g})",
                code="labels",
                hint="see what the labels look like: segocr dataset check",
            )


def digest_of(pages: Iterable[LabelledPage]) -> str:
    """Return a digest of labels and pictures, whatever their folder and order, 64 hexadecimal digits."""
    lines = sorted(
        json.dumps(
            [
                hashlib.sha256(page.path.read_bytes()).hexdigest(),
                [(one.name, one.polygon.round(2).tolist()) for one in page.outlines],
            ]
        )
        for page in pages
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
