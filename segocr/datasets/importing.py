"""Labels of other programs become a folder of labelled documents."""

from __future__ import annotations

import difflib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from segocr.datasets.folder import added_to, label_row, new_folder, origin, require_outside, write_labels
from segocr.datasets.likeness import byte_digest
from segocr.datasets.readers.coco import is_coco, read_coco
from segocr.datasets.readers.label_studio import is_label_studio, read_label_studio
from segocr.datasets.readers.labelme import is_labelme, read_labelme
from segocr.datasets.readers.reading import SPLITS, Read
from segocr.datasets.readers.yolo import is_yolo, read_yolo_folder
from segocr.diskroom import require_room
from segocr.errors import UsageError
from segocr.evaluation.labels import LABELS, LabelledDocument, label_lines, parse_row, read_labels

_ALIKE = 0.7
"""Likeness (difflib's) from which a split's name is a misspelt one."""


class Kind(StrEnum):
    """Formats of labels."""

    LABELLED = "labelled"
    LABELME = "labelme"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "label-studio"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported.

    Attributes:
        kind: The format; several sources may be of several.
        documents: How many.
        labels: How many, by class.
        unlabelled: Documents without any label.
        without_value: Labels that say nothing about the text: good for training, not for evaluation.
        passed_over: What else was there, as sentences.
        there: Documents that the folder held before, and holds.
        known: Documents that were passed over because the folder held their pictures.
    """

    kind: str
    documents: int
    labels: dict[str, int]
    unlabelled: int
    without_value: int
    passed_over: tuple[str, ...] = ()
    there: int = 0
    known: int = 0


def kind_of(source: Path) -> Kind:
    """Tell the format of labels by what lies there.

    Raises:
        UsageError: ``labels``, nothing known does.
    """
    if not source.exists():
        raise UsageError(f"there is no {source}", code="labels")
    if source.is_dir() and (source / LABELS).is_file():
        return Kind.LABELLED
    tests = ((Kind.YOLO, is_yolo), (Kind.LABEL_STUDIO, is_label_studio), (Kind.COCO, is_coco),
             (Kind.LABELME, is_labelme))  # fmt: skip
    for kind, test in tests:
        if test(source):
            return kind
    known = ", ".join(Kind)
    raise UsageError(f"{source} holds no labels of a known format ({known})", code="labels",
                     hint="name it with --format to see what is wrong with it")  # fmt: skip


def read_foreign(source: Path, kind: Kind, pictures: Sequence[Path] = ()) -> Read:
    """Read labels of a format.

    Args:
        source: File or folder.
        kind: Its format.
        pictures: Folders in which pictures are looked for first.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with file and place; or there is no document.
    """
    if kind is Kind.LABELLED:
        return Read(read_labels(source, None))
    if kind is Kind.YOLO:
        read = read_yolo_folder(source)
        return replace(read, documents=_with_own_ids(read.documents))
    readers = {Kind.COCO: read_coco, Kind.LABELME: read_labelme, Kind.LABEL_STUDIO: read_label_studio}
    read = readers[kind](source, list(pictures))
    if not read.documents:
        raise UsageError(f"{source} holds no document", code="labels")
    _require_own_pictures(read.documents)
    return replace(read, documents=_with_own_ids(read.documents))


def _with_own_ids(documents: Sequence[LabelledDocument], there: Iterable[str] = ()) -> list[LabelledDocument]:
    """Number ids that are alike: ids are paths without suffixes, and pictures may lie in several folders.

    Args:
        documents: Those of several sources, too.
        there: Ids that are taken.
    """
    seen = set(there)
    unlike, taken = [], {document.id for document in documents} | seen
    for document in documents:
        name, number = document.id, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{document.id}-{number}"
        seen.add(name)
        unlike.append(replace(document, id=name))
    return unlike


def _require_own_pictures(documents: Sequence[LabelledDocument]) -> None:
    """Check that pictures were not taken for each other: they are found by paths of other machines."""
    taken: dict[Path, LabelledDocument] = {}
    for document in documents:
        other = taken.setdefault(document.path.resolve(), document)
        if other is not document:
            raise UsageError(
                f"{document.place}: its picture {document.path} is that of {other.place}, too",
                code="labels",
                hint="remove one of them, or name the folder of the missing picture with --pictures",
            )


def import_labels(
    source: Path,
    target: Path,
    *,
    more: Sequence[Path] = (),
    kind: Kind | None = None,
    pictures: Sequence[Path] = (),
    renamed: Mapping[str, str] | None = None,
    split: str | None = None,
    add: bool = False,
    force: bool = False,
) -> Imported:
    """Write a folder of labelled documents from labels of another program; pictures are copied.

    Args:
        source: File or folder.
        target: The new folder; see ``segocr.datasets.folder.new_folder``.
        more: Other sources, for the same folder.
        kind: Format; None: told by what lies there.
        pictures: Folders in which pictures are looked for first.
        renamed: New names of classes.
        split: Of all documents; None: as the labels say, else ``train``.
        add: Whether to put the documents beside those that ``target`` holds. These stay as they are, also
            where a source has the same picture.
        force: Whether to put it into a folder that is somebody else's.

    Raises:
        UsageError: ``labels`` or ``unreadable-picture``, with file and place; ``folder-taken``.
        ConfigurationError: ``disk-full``, or ``target`` cannot be written.
    """
    sources, renamed = [source, *more], renamed or {}
    _require_split(split)
    kinds = [kind or kind_of(one) for one in sources]
    reads = [read_foreign(one, of, pictures) for one, of in zip(sources, kinds, strict=True)]
    documents = [document for read in reads for document in read.documents]
    if more:
        _require_own_pictures(documents)
    _require_classes(documents, renamed)
    there = read_labels(target, None) if add and (target / LABELS).is_file() else []
    new = not_there(documents, there)
    documents = _with_own_ids(new, {one.id for one in there})
    images = image_names(documents, _names_in(target) if there else ())
    needed = sum(document.path.stat().st_size for document in documents)
    require_room(target, needed, hint="make room, or name another disk with --out")
    known = {
        place: row
        for one, of in zip(sources, kinds, strict=True)
        if of is Kind.LABELLED
        for place, row in _known_rows(one).items()
    }
    rows = [
        _row(document, image, renamed, split, known.get(document.place))
        for document, image in zip(documents, images, strict=True)
    ]
    read_from = [*sources, *(one.path for one in documents)]
    if there:
        require_outside(target, read_from)
        with added_to(target, rows) as folder:
            _copy(documents, images, folder)
    else:
        made = {"by": "segocr dataset import", "format": _listed(kinds), **origin(sources)}
        with new_folder(target, made, read_from, force=force) as folder:
            _copy(documents, images, folder)
            write_labels(folder, rows)
    return _imported(kinds, reads, documents, renamed, len(there))


def not_there(
    documents: Sequence[LabelledDocument], there: Sequence[LabelledDocument]
) -> list[LabelledDocument]:
    """Return the documents whose pictures, by their bytes, are not those of others."""
    known = {byte_digest(one.path) for one in there}
    return [one for one in documents if not known or byte_digest(one.path) not in known]


def _names_in(target: Path) -> list[str]:
    return [path.relative_to(target).as_posix() for path in (target / "images").glob("*")]


def _copy(documents: Sequence[LabelledDocument], images: Sequence[str], folder: Path) -> None:
    (folder / "images").mkdir(exist_ok=True)
    for document, image in zip(documents, images, strict=True):
        shutil.copyfile(document.path, folder / image)


def _listed(kinds: Sequence[Kind]) -> str:
    return ", ".join(dict.fromkeys(kinds))


def _imported(
    kinds: Sequence[Kind],
    reads: Sequence[Read],
    documents: Sequence[LabelledDocument],
    renamed: Mapping[str, str],
    there: int,
) -> Imported:
    labels = [label for document in documents for label in document.labels]
    return Imported(
        _listed(kinds),
        len(documents),
        dict(Counter(renamed.get(label.class_name, label.class_name) for label in labels)),
        sum(not document.labels for document in documents),
        sum(not label.value for label in labels),
        tuple(said for read in reads for said in read.passed_over),
        there,
        sum(len(read.documents) for read in reads) - len(documents),
    )


def _require_split(split: str | None) -> None:
    """Refuse a split whose name is nearly one that training knows: its documents would be passed over."""
    known = sorted(set(SPLITS.values()))
    near = next((name for name in known if split and split.startswith(name)), None)
    near = near or next(iter(difflib.get_close_matches(split or "", known, cutoff=_ALIKE)), None)
    if near is not None and split != near:
        raise UsageError(f"there is no split {split!r}: training takes train and val; did you mean {near!r}?")


def _require_classes(documents: Sequence[LabelledDocument], renamed: Mapping[str, str]) -> None:
    known = sorted({label.class_name for document in documents for label in document.labels})
    unknown = [name for name in renamed if name not in known]
    if unknown:
        raise UsageError(
            f"no label has the class {unknown[0]!r}; the classes are {', '.join(map(repr, known)) or 'none'}"
        )


def image_names(documents: Sequence[LabelledDocument], there: Iterable[str] = ()) -> list[str]:
    """Return a place in a folder for each picture, no two alike, even where case does not count.

    Args:
        documents: The pictures are theirs.
        there: Places that are taken, as ``images/a.jpg``.
    """
    names, taken = [], {Path(name).stem.casefold() for name in there}
    for document in documents:
        stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in document.id).strip("._") or "page"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(f"images/{name}{document.path.suffix.lower()}")
    return names


def _known_rows(source: Path) -> dict[str, dict[str, Any]]:
    return {place: parse_row(line, place) for place, line in label_lines(source)}


def _row(
    document: LabelledDocument,
    image: str,
    renamed: Mapping[str, str],
    split: str | None,
    known: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return a document's line; what else a line of the same format says is kept."""
    if known is None:
        named = [(label, renamed.get(label.class_name, label.class_name)) for label in document.labels]
        labels = tuple(replace(label, class_name=name) for label, name in named)
        return label_row(replace(document, labels=labels, split=split or document.split), image)
    row: dict[str, Any] = json.loads(json.dumps(known))
    row |= {"id": document.id, "image": image, "split": split or document.split or "train"}
    for field in row["fields"]:
        field["class"] = renamed.get(field["class"], field["class"])
    return row
