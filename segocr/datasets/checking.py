"""What is wrong with a folder of labelled documents, all of it at once, with file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from segocr.datasets.likeness import Hash, byte_digest, difference_hash, near_pairs
from segocr.errors import UsageError
from segocr.evaluation.labels import LABELS, Label, LabelledDocument, document_of, label_lines, parse_row
from segocr.geometry import polygon_area
from segocr.spelling import known_words
from segocr.synthesis.backgrounds import read_picture

_SLACK = 1.0
"""Pixels that a polygon may reach over an edge: rounding."""


class Severity(StrEnum):
    """Whether labels can be used as they are."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``code`` is stable, ``place`` is file:line."""

    severity: Severity
    code: str
    place: str
    message: str


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


def check_labels(folder: Path, classes: Collection[str] | None = None) -> Checked:
    """Check every line and picture of a folder.

    Args:
        folder: Holds ``fields.jsonl`` and the pictures that it names.
        classes: Those of the template; None: any.

    Raises:
        UsageError: ``labels``, the file cannot be read.
    """
    documents: list[LabelledDocument] = []
    findings: list[Finding] = []
    for place, line in label_lines(folder):
        try:
            documents.append(document_of(parse_row(line, place), folder, place))
        except UsageError as error:
            findings.append(_error("malformed", place, error.message.removeprefix(f"{place}: ")))
    if not documents and not findings:
        findings.append(_error("empty", str(folder / LABELS), "holds no document"))
    hashes: list[Hash | None] = []
    for document in documents:
        findings += _labels(document)
        picture, told = _picture(document)
        hashes.append(picture)
        findings += told
    findings += _ids(documents)
    findings += _classes(folder, documents, classes)
    findings += _duplicates(documents, hashes)
    findings.sort(key=lambda finding: finding.severity)
    return Checked(
        tuple(documents),
        dict(Counter(label.class_name for document in documents for label in document.labels)),
        dict(Counter(document.split or "none" for document in documents)),
        tuple(findings),
    )


def _error(code: str, place: str, message: str) -> Finding:
    return Finding(Severity.ERROR, code, place, message)


def _warning(code: str, place: str, message: str) -> Finding:
    return Finding(Severity.WARNING, code, place, message)


def _labels(document: LabelledDocument) -> Iterator[Finding]:
    if not document.labels:
        yield _warning("no-labels", document.place, f"{document.id} has no labels")
    for label in document.labels:
        if not label.polygons:
            yield _error("no-outline", document.place, f"{label.class_name!r} has no polygon")
        if not label.value.strip():
            yield _warning(
                "no-value", document.place, f"{label.class_name!r} has no value: good for training only"
            )
        yield from _outlines(document, label)


def _outlines(document: LabelledDocument, label: Label) -> Iterator[Finding]:
    width, height = document.size
    for polygon in (*label.polygons, *label.alternatives):
        (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
        where = f"({left:g}, {top:g} to {right:g}, {bottom:g})"
        if abs(polygon_area(polygon)) < 1:
            yield _error("no-area", document.place, f"a polygon of {label.class_name!r} has no area {where}")
        elif right <= 0 or bottom <= 0 or left >= width or top >= height:
            yield _error("outside", document.place, f"a polygon of {label.class_name!r} lies outside {where}")
        elif min(left, top) < -_SLACK or right > width + _SLACK or bottom > height + _SLACK:
            message = f"a polygon of {label.class_name!r} reaches over the edge {where} of {width} × {height}"
            yield _warning("over-edge", document.place, message)


def _picture(document: LabelledDocument) -> tuple[Hash | None, list[Finding]]:
    try:
        picture = read_picture(document.path)
    except (UsageError, OSError):
        return None, [_error("broken-picture", document.place, f"{document.path.name} cannot be opened")]
    size = picture.shape[1], picture.shape[0]
    if size != document.size:
        message = (
            f"the labels are for {document.size[0]} × {document.size[1]} pixels, {document.path.name} has "
            f"{size[0]} × {size[1]}"
        )
        return difference_hash(picture), [_error("other-size", document.place, message)]
    return difference_hash(picture), []


def _ids(documents: Sequence[LabelledDocument]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for document in documents:
        if (before := first.setdefault(document.id, document.place)) != document.place:
            yield _error("same-id", document.place, f"the id {document.id!r} was given before, at {before}")


def _classes(
    folder: Path, documents: Sequence[LabelledDocument], classes: Collection[str] | None
) -> Iterator[Finding]:
    if classes is None:
        return
    seen: dict[str, str] = {}
    for document in documents:
        for label in document.labels:
            seen.setdefault(label.class_name, document.place)
    for name, place in seen.items():
        if name not in classes:
            nearest = known_words(name, sorted(classes))
            yield _error("unknown-class", place, f"the template lacks the class {name!r}; {nearest}")
    for name in classes:
        if name not in seen:
            yield _warning("never-labelled", str(folder / LABELS), f"no label has the class {name!r}")


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
