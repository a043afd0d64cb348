"""A folder of labelled documents is written beside its place and gets its name when it is whole.

It holds ``fields.jsonl``, the pictures, and ``made.json``, which says how it was made. By that file a folder
is known as one that may be made again: from the same source, as long as its labels are what was written then.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segocr.datasets.likeness import byte_digest
from segocr.errors import ConfigurationError, UsageError
from segocr.evaluation.labels import LABELS, Label, LabelledDocument, label_lines, parse_row

MADE = "made.json"
_FULL = {errno.ENOSPC, errno.EDQUOT}


def label_row(document: LabelledDocument, image: str) -> dict[str, Any]:
    """Return a document as a line of ``fields.jsonl``.

    Args:
        document: What is to be written.
        image: Its picture's path inside the folder.
    """
    width, height = document.size
    row: dict[str, Any] = {"id": document.id, "split": document.split or "train", "image": image}
    row |= {"width": width, "height": height, "fields": [_field(label) for label in document.labels]}
    return row if document.group is None else {**row, "group": document.group}


def _field(label: Label) -> dict[str, Any]:
    field: dict[str, Any] = {"class": label.class_name, "value": label.value}
    field["polygons"] = [polygon.round(2).tolist() for polygon in label.polygons]
    if label.alternatives:
        field["alt_polygons"] = [polygon.round(2).tolist() for polygon in label.alternatives]
    if not label.scored:
        field["match"] = "covered" if label.taught else "subset"
    return field


def origin(sources: Sequence[Path]) -> dict[str, Any]:
    """Return what ``made.json`` says of a folder's sources: names for people, and a digest of the paths."""
    paths = [source.resolve() for source in sources]
    digest = hashlib.sha256("\n".join(map(str, paths)).encode()).hexdigest()
    return {"from": ", ".join(path.name for path in paths), "source": digest[:16]}


@contextmanager
def new_folder(
    target: Path, made: Mapping[str, Any], sources: Sequence[Path], *, force: bool
) -> Iterator[Path]:
    """Give a folder to write into, which becomes ``target`` when the block is done, and leaves nothing else.

    Args:
        target: Absent, empty, or made in this way before, from the same source, and not changed since: then
            it is replaced.
        made: How it is made: ``made.json``; what ``origin`` says is in it.
        sources: What it is made from; none of it may lie in ``target``.
        force: Whether to put the new files into a folder that is somebody else's, its other files staying.

    Raises:
        UsageError: ``folder-taken``.
        ConfigurationError: ``disk-full``, or ``target`` cannot be written.
    """
    target = target.resolve()
    require_free(target, made, sources, force=force)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        scratch.mkdir(parents=True)
        yield scratch
        told = {**made, "labels": byte_digest(scratch / LABELS)}
        (scratch / MADE).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _put(scratch, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def require_free(target: Path, made: Mapping[str, Any], sources: Sequence[Path], *, force: bool) -> None:
    """Refuse a folder that is not to be replaced, before any time is spent.

    Arguments as ``new_folder``. Labels that are not what was written before, or are of another source, are
    somebody's work: not even ``force`` replaces them.

    Raises:
        UsageError: ``folder-taken``.
    """
    target = target.resolve()
    require_outside(target, sources)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", code="folder-taken", hint="name another one with --out")
    if not target.is_dir() or not any(target.iterdir()):
        return
    what = _kept(target, made)
    if what is not None:
        raise UsageError(
            f"{target} {what}",
            code="folder-taken",
            hint="name another folder with --out, or remove this one; segocr dataset import --add puts more "
            "documents beside those of a labelled folder",
        )
    if not (target / MADE).is_file() and not force:
        raise UsageError(
            f"{target} holds files and was not made by segocr",
            code="folder-taken",
            hint="name another folder with --out; --force adds to this one and replaces files of like names",
        )


def require_outside(target: Path, sources: Sequence[Path]) -> None:
    """Refuse to write where something lies that is read.

    Raises:
        UsageError: ``folder-taken``.
    """
    for source in sources:
        if source.resolve().is_relative_to(target.resolve()):
            raise UsageError(
                f"{target} holds {source}, which the new documents are made from",
                code="folder-taken",
                hint="name another folder with --out",
            )


def _kept(target: Path, made: Mapping[str, Any]) -> str | None:
    """Say which labels of a folder would be lost if it were made again; None for those that it would have."""
    if not (target / LABELS).is_file():
        return None
    try:
        before = json.loads((target / MADE).read_bytes())
        changed = before["labels"] != byte_digest(target / LABELS)
    except FileNotFoundError:
        return f"holds labels, {LABELS}, that segocr did not write"
    except (OSError, ValueError, TypeError, KeyError):
        return f"holds labels, {LABELS}, of which nothing says whether somebody has changed them"
    if changed:
        return f"holds labels, {LABELS}, that were changed since it was made"
    if any(before.get(key) != made.get(key) for key in ("by", "template", "source")):
        return f"holds other labels: {before.get('by')} made it from {before.get('from')}"
    return None


def _put(scratch: Path, target: Path) -> None:
    if not target.exists() or not any(target.iterdir()):
        scratch.replace(target)
    elif (target / MADE).is_file():
        old = scratch.with_suffix(".old")
        target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old)
    else:
        for path in sorted(scratch.rglob("*")):
            if path.is_file():
                place = target / path.relative_to(scratch)
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)


@contextmanager
def added_to(target: Path, rows: Sequence[Mapping[str, Any]]) -> Iterator[Path]:
    """Give a labelled folder to put pictures into; then rows are added to its labels, the others untouched.

    Args:
        target: Holds ``fields.jsonl``; after an error that is as it was.
        rows: The new lines.

    Raises:
        ConfigurationError: ``disk-full``, or ``target`` cannot be written.
    """
    try:
        yield target
        write_labels(target, [*(parse_row(line, place) for place, line in label_lines(target)), *rows])
    except OSError as error:
        raise cannot_write(target, error) from error


def cannot_write(target: Path, error: OSError) -> ConfigurationError:
    """Return what to tell of a folder that cannot be written: ``disk-full``, or why."""
    if error.errno in _FULL:
        message = f"there is no room left for {target}; nothing was changed"
        return ConfigurationError(
            message, code="disk-full", hint="make room, or name another disk with --out"
        )
    return ConfigurationError(f"{error.filename or target} cannot be written: {error.strerror}")


def write_labels(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``fields.jsonl``, whole or not at all."""
    path = folder / LABELS
    scratch = path.with_suffix(".new")
    scratch.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    scratch.replace(path)
