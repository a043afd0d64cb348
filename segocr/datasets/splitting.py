"""Labelled documents are divided for training and measuring; what belongs together stays on one side."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segocr.datasets.folder import write_labels
from segocr.datasets.likeness import NEAR, byte_digest, difference_hash, groups, near_pairs
from segocr.errors import UsageError
from segocr.evaluation.labels import LABELS, REVIEW, LabelledDocument, label_lines, parse_row, read_labels
from segocr.synthesis.backgrounds import read_picture


@dataclass(frozen=True, slots=True)
class Division:
    """How documents were divided.

    Attributes:
        splits: Number of documents by split, of those that were divided.
        groups: How many groups of documents there are; a document alone is one.
        largest: Documents of the largest group.
        lacking: Classes that no document of ``train`` shows.
    """

    splits: dict[str, int]
    groups: int
    largest: int
    lacking: tuple[str, ...]


def split_labels(
    folder: Path,
    *,
    share: float = 0.2,
    seed: int = 0,
    by: Sequence[str] = (),
    near: int | None = NEAR,
    force: bool = False,
) -> Division:
    """Write ``train`` or ``val`` beside every document of a folder.

    Documents of one group stay together: those whose labels name the same ``group``, near duplicates, and
    those with the same value of a class in ``by``. Those of split ``review`` stay as they are.

    Args:
        folder: Holds ``fields.jsonl``.
        share: Of the documents that go to ``val``, between 0 and 1; reached as nearly as groups allow.
        seed: Another one gives another division.
        by: Classes that tell the sender.
        near: Pictures whose hashes differ in at most so many of 256 bits are near duplicates; None: none are.
            Blank forms are so alike that they hang together, one by another.
        force: Whether to divide documents that are divided already.

    Raises:
        UsageError: ``labels``: a mistake in the labels, already divided, an unknown class in ``by``, or all
            documents are one group; ``unreadable-picture``.
    """
    documents = [document for document in read_labels(folder, None) if document.split != REVIEW]
    if not documents:
        raise UsageError(
            f"every document of {folder} is of split {REVIEW}: a person corrects them first",
            code="labels",
            hint=f"segocr dataset export {folder} --split {REVIEW} --out DIR writes them for that",
        )
    known = {document.split for document in documents}
    if len(known) > 1 and not force:
        raise UsageError(
            f"{folder / LABELS} is divided already: {', '.join(sorted(map(str, known)))}",
            code="labels",
            hint="--force divides it again; what was chosen or measured before is then no longer comparable",
        )
    roots = _grouped(documents, by, near)
    val = _chosen(roots, round(share * len(documents)), random.Random(seed))
    if not val or len(val) == len(set(roots)):
        raise UsageError(
            f"the {len(documents)} documents of {folder} form {len(set(roots))} groups, too few to divide",
            code="labels",
            hint="label more documents of other senders, or group by less; --near off lets pages of one form "
            "part, which look alike",
        )
    sides = ["val" if root in val else "train" for root in roots]
    side_of = {document.place: side for document, side in zip(documents, sides, strict=True)}
    rows = [(side_of.get(place, REVIEW), parse_row(line, place)) for place, line in label_lines(folder)]
    write_labels(folder, [{**row, "split": side} for side, row in rows])
    return Division(
        dict(Counter(sides)), len(set(roots)), max(Counter(roots).values()), _lacking(documents, sides)
    )


def _grouped(documents: Sequence[LabelledDocument], by: Sequence[str], near: int | None) -> list[int]:
    classes = {label.class_name for document in documents for label in document.labels}
    for name in by:
        if name not in classes:
            known = ", ".join(map(repr, sorted(classes)))
            raise UsageError(f"no label has the class {name!r}; the classes are {known}", code="labels")
    alike: list[tuple[int, int]] = []
    if near is not None:
        hashes = [difference_hash(read_picture(document.path)) for document in documents]
        alike = [(one, other) for one, other, _ in near_pairs(hashes, near)]
    return groups(len(documents), alike, _keys(documents, by))


def _keys(documents: Sequence[LabelledDocument], by: Sequence[str]) -> Iterator[tuple[int, Hashable]]:
    for place, document in enumerate(documents):
        yield place, ("bytes", byte_digest(document.path))
        yield place, ("kin", document.kin)
        for label in document.labels:
            value = "".join(filter(str.isalnum, label.value.casefold()))
            if label.class_name in by and value:
                yield place, (label.class_name, value)


def _chosen(roots: Sequence[int], wanted: int, source: random.Random) -> set[int]:
    """Return the groups that go to ``val``: at random, as long as they make it no more than wanted."""
    sizes = Counter(roots)
    order = sorted(sizes)
    source.shuffle(order)
    chosen: set[int] = set()
    left = wanted
    for root in order:
        if sizes[root] <= left:
            chosen.add(root)
            left -= sizes[root]
    # Where every group is larger than what is wanted, the smallest comes nearest.
    return chosen or {min(order, key=lambda root: sizes[root])}


def _lacking(documents: Sequence[LabelledDocument], sides: Sequence[str]) -> tuple[str, ...]:
    classes: dict[str, set[str]] = {"train": set(), "val": set()}
    for document, side in zip(documents, sides, strict=True):
        classes[side] |= {label.class_name for label in document.labels}
    return tuple(sorted(classes["val"] - classes["train"]))
