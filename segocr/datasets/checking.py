"""What is wrong with a folder of labelled documents, all of it at once, with file and line."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from segocr.datasets.findings import Finding, Severity, error, warning
from segocr.datasets.fitting import fitting
from segocr.datasets.likeness import Hash, byte_digest, difference_hash, near_pairs
from segocr.errors import UsageError
from segocr.evaluation.labels import LABELS, Label, LabelledDocument, document_of, label_lines, parse_row
from segocr.geometry import polygon_area
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template

_SLACK = 1.0
"""Pixels that a polygon may reach over an edge: rounding."""
_TWICE = 0.25
"""Share of a line's height by which two outlines of one line may differ on each side."""
_ROW = ("id", "split", "image", "width", "height", "fields", "group", "labelled_by")
_FIELD = ("class", "value", "polygons", "alt_polygons", "line_polygon", "match")
_MATCH = ("exact", "contained", "subset", "covered")
_ALIKE = 0.75
"""Likeness (difflib's) from which a word is a misspelt one."""
_SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a folder.

    Attributes:
        documents: Those that can be read.
        labels: Number of labels by class.
        splits: Number of documents by split.
        findings: Errors first, in the order of the file.
    """

    documents: tuple[LabelledDocument, ...]
    labels: dict[str, int]
    splits: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def check_labels(folder: Path, template: Template | None = None) -> Checked:
    """Check every line and picture of a folder.

    Args:
        folder: Holds ``fields.jsonl`` and the pictures that it names.
        template: What the labels are for; None: any.

    Raises:
        UsageError: ``labels``, the file cannot be read.
    """
    documents: list[LabelledDocument] = []
    findings: list[Finding] = []
    for place, line in label_lines(folder):
        try:
            row = parse_row(line, place)
            documents.append(document_of(row, folder, place))
        except UsageError as mistake:
            findings.append(error("malformed", place, mistake.message.removeprefix(f"{place}: ")))
        else:
            findings += _keys(row, place)
    if not documents and not findings:
        findings.append(error("empty", str(folder / LABELS), "holds no document"))
    hashes: list[Hash | None] = []
    for document in documents:
        findings += _labels(document)
        picture, told = _picture(document)
        hashes.append(picture)
        findings += told
    findings += _ids(documents)
    findings += _splits(documents)
    findings += _classes(documents)
    if template is not None:
        findings += fitting(folder, documents, template)
    findings += _duplicates(documents, hashes)
    findings.sort(key=lambda finding: finding.severity)
    return Checked(
        tuple(documents),
        dict(Counter(label.class_name for document in documents for label in document.labels)),
        dict(Counter(document.split or "none" for document in documents)),
        tuple(findings),
    )


def _keys(row: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield keys that look like misspelt ones; a line may carry others, which are its author's own."""
    words: list[tuple[str, tuple[str, ...]]] = [(key, _ROW) for key in row]
    for field in row["fields"]:
        words += [(key, _FIELD) for key in field]
        words += [(str(field["match"]), _MATCH)] if field.get("match") else []
    for word, known in dict.fromkeys(words):
        near = difflib.get_close_matches(word, known, n=1, cutoff=_ALIKE)
        if near and near[0] != word:
            yield warning("unknown-key", place, f"{word!r} is passed over: did you mean {near[0]!r}?")


def _splits(documents: Sequence[LabelledDocument]) -> Iterator[Finding]:
    counts = Counter(document.split for document in documents if document.split not in (*_SPLITS, None))
    first = {document.split: document.place for document in reversed(documents)}
    for name, count in counts.items():
        message = (
            f"{count} documents are of split {name!r}, which training passes over: it takes train and val"
        )
        yield warning("unknown-split", first[name], message)


def _classes(documents: Sequence[LabelledDocument]) -> Iterator[Finding]:
    """Yield classes that look alike: in another case, or with accents composed otherwise, as Macs do it."""
    first: dict[str, dict[str, str]] = {}
    for document in documents:
        for label in document.labels:
            folded = " ".join(unicodedata.normalize("NFKC", label.class_name).casefold().split())
            first.setdefault(folded, {}).setdefault(label.class_name, document.place)
    for names in first.values():
        one, *others = names
        for name in others:
            message = f"{name!r} is not the class {one!r}, and looks like it: is it the same? ({name!a})"
            yield warning("like-class", names[name], message)


def _labels(document: LabelledDocument) -> Iterator[Finding]:
    if not document.labels:
        yield warning("no-labels", document.place, f"{document.id} has no labels")
    for label in document.labels:
        if not label.polygons:
            yield error("no-outline", document.place, f"{label.class_name!r} has no polygon")
        if not label.value.strip():
            yield warning(
                "no-value", document.place, f"{label.class_name!r} has no value: good for training only"
            )
        yield from _outlines(document, label)
    for one, other in combinations(document.labels, 2):
        if one.class_name == other.class_name and _in_one_place(one, other):
            said = repr(one.value) if one.value == other.value else f"{one.value!r} and {other.value!r}"
            message = f"{one.class_name!r} is labelled twice in one place, as {said}"
            yield warning("same-label", document.place, message)


def _in_one_place(one: Label, other: Label) -> bool:
    """Whether the lines of two labels lie on each other, within what drawing twice explains."""
    if len(one.polygons) != len(other.polygons) or not one.polygons:
        return False
    for mine, others in zip(one.polygons, other.polygons, strict=True):
        edges = np.array([[p.min(axis=0), p.max(axis=0)] for p in (mine, others)])
        height = (edges[:, 1] - edges[:, 0]).min()
        if np.abs(edges[0] - edges[1]).max() > _TWICE * height:
            return False
    return True


def _outlines(document: LabelledDocument, label: Label) -> Iterator[Finding]:
    width, height = document.size
    for polygon in (*label.polygons, *label.alternatives):
        (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
        where = f"({left:g}, {top:g} to {right:g}, {bottom:g})"
        if abs(polygon_area(polygon)) < 1:
            yield error("no-area", document.place, f"a polygon of {label.class_name!r} has no area {where}")
        elif right <= 0 or bottom <= 0 or left >= width or top >= height:
            yield error("outside", document.place, f"a polygon of {label.class_name!r} lies outside {where}")
        elif min(left, top) < -_SLACK or right > width + _SLACK or bottom > height + _SLACK:
            message = f"a polygon of {label.class_name!r} reaches over the edge {where} of {width} × {height}"
            yield warning("over-edge", document.place, message)


def _picture(document: LabelledDocument) -> tuple[Hash | None, list[Finding]]:
    try:
        picture = read_picture(document.path)
    except (UsageError, OSError):
        return None, [error("broken-picture", document.place, f"{document.path.name} cannot be opened")]
    size = picture.shape[1], picture.shape[0]
    if size != document.size:
        message = (
            f"the labels are for {document.size[0]} × {document.size[1]} pixels, {document.path.name} has "
            f"{size[0]} × {size[1]}"
        )
        return difference_hash(picture), [error("other-size", document.place, message)]
    return difference_hash(picture), []


def _ids(documents: Sequence[LabelledDocument]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for document in documents:
        if (before := first.setdefault(document.id, document.place)) != document.place:
            yield error("same-id", document.place, f"the id {document.id!r} was given before, at {before}")


def _duplicates(documents: Sequence[LabelledDocument], hashes: Sequence[Hash | None]) -> Iterator[Finding]:
    first: dict[str, LabelledDocument] = {}
    same: set[tuple[str, str]] = set()
    for document in documents:
        other = first.setdefault(byte_digest(document.path), document)
        if other is not document:
            same.add((other.place, document.place))
            yield _duplicate(other, document, "the same picture", "duplicate")
    hashed = [(document, bits) for document, bits in zip(documents, hashes, strict=True) if bits is not None]
    for one, other_place, bits in near_pairs([bits for _, bits in hashed]):
        before, after = hashed[one][0], hashed[other_place][0]
        apart = before.split != after.split
        if apart and (before.place, after.place) not in same:
            yield _duplicate(
                before, after, f"nearly the same picture ({bits} of 256 bits differ)", "near-duplicate"
            )


def _duplicate(before: LabelledDocument, after: LabelledDocument, what: str, code: str) -> Finding:
    line = before.place.rpartition(":")[2]
    message = f"{after.id} ({after.split}) is {what} as {before.id} ({before.split}), line {line}"
    if before.split != after.split:
        severity = Severity.ERROR if code == "duplicate" else Severity.WARNING
        return Finding(severity, f"{code}-across-splits", after.place, message)
    return Finding(Severity.WARNING, code, after.place, message)
