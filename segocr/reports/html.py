"""The HTML report: one file, no script, nothing remote; crops beside what was read and what was accepted.

Sections are rendered as records come and wait in a temporary file, so that memory does not grow with the
number of documents; the file itself appears when the report is finished, whole.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader
from numpy.typing import NDArray

from segocr import geometry
from segocr.crops import warp
from segocr.readings import Reading
from segocr.records import FieldStatus, FieldValue, Record
from segocr.reports.album import KeptPage, encoded, resized
from segocr.reports.edits import pieces
from segocr.reports.overlay import draw
from segocr.reports.printable import one_line, printable
from segocr.reports.rows import values_with_source

_PAGE_SIDE = 1100
_CROP_HEIGHT = 44
_CROP_LONGEST = 900
_PAGE_QUALITY = 72
_CROP_QUALITY = 80
_BLOCK = 1 << 20
_MARKS = (
    b'<meta name="generator" content="segocr">',
    b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-""",
)
"""What reports begin with, the second one those that had no mark yet."""
_HEAD = 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the table of contents."""

    anchor: str
    file: str
    template: str
    status: str
    accepted: bool
    problem: str


class Report:
    """Writes the report; a context manager that finishes the file even where the run was interrupted.

    Args:
        path: Where the report goes; its folder exists.
        title: Said at its top.
    """

    def __init__(self, path: Path, title: str) -> None:
        # What a link leads to is replaced, not the link.
        self._path = path.resolve() if path.exists() else path
        self._title = title
        self._templates = _templates()
        self._entries: list[_Entry] = []
        self._sections = tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115

    def __enter__(self) -> Report:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the file with what came so far."""
        try:
            self._finish(interrupted=error is not None)
        finally:
            self._sections.close()

    def add(self, record: Record, pages: Mapping[int, KeptPage]) -> None:
        """Add a record.

        Args:
            record: Its values and problems.
            pages: Those that it was read from, by number; the pictures and crops of others are left out.
        """
        anchor = f"record-{len(self._entries) + 1}"
        worst = record.problems[0] if record.problems else None
        self._entries.append(
            _Entry(
                anchor,
                one_line(str(record.file)),
                record.recipe.template,
                record.status.value,
                record.accepted,
                worst.code if worst else "",
            )
        )
        section = self._templates.get_template("record.html.j2").render(
            anchor=anchor,
            record=record,
            pictures=[_picture(record, page) for _, page in sorted(pages.items())],
            fields=_field_rows(record, pages),
            missing=[name for name, values in record.fields.items() if any(map(_is_bare, values))],
        )
        self._sections.write(section)

    def _finish(self, *, interrupted: bool) -> None:
        style = self._templates.get_template("report.css.j2").render()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        head = self._templates.get_template("head.html.j2").render(
            title=self._title,
            style=style,
            style_digest=digest,
            entries=self._entries,
            counts=_counts(self._entries),
            interrupted=interrupted,
        )
        part = self._path.with_name(self._path.name + ".part")
        with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(head)
            self._sections.seek(0)
            while block := self._sections.read(_BLOCK):
                file.write(block)
            file.write("</main>\n</body>\n</html>\n")
        part.replace(self._path)


def is_report(path: Path) -> bool:
    """Say whether a file is a report, by the mark at its top; one that cannot be read is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return any(mark in head for mark in _MARKS)


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["printable"] = lambda text: printable(str(text))
    environment.filters["one_line"] = lambda text: one_line(str(text))
    return environment


def _counts(entries: list[_Entry]) -> Mapping[str, int]:
    counted: Counter[str] = Counter()
    for entry in entries:
        counted["accepted" if entry.accepted else "failed" if entry.status == "failed" else "to review"] += 1
    return {name: counted[name] for name in ("accepted", "to review", "failed")}


def _field_rows(record: Record, pages: Mapping[int, KeptPage]) -> Iterator[dict[str, Any]]:
    """Yield what is shown of each value; a part of another field does not show that field's reading again."""
    for name, value, source in values_with_source(record):
        if not _is_bare(value):
            evidence = [] if source else [_evidence(reading, pages) for reading in value.readings]
            yield {"name": name, "value": value, "source": source, "readings": evidence}


def _is_bare(value: FieldValue) -> bool:
    """Whether there is nothing to show of a value but that it is missing."""
    return value.status is FieldStatus.MISSING and not value.readings and not value.problems


def _evidence(reading: Reading, pages: Mapping[int, KeptPage]) -> dict[str, Any]:
    page = pages.get(reading.region.page)
    crop = None if page is None else _data_url(_crop(page, reading), _CROP_QUALITY)
    return {"reading": reading, "crop": crop, "pieces": pieces(reading)}


def _crop(page: KeptPage, reading: Reading) -> NDArray[np.uint8]:
    """Cut a reading's strip out of the kept page, upright, with a small margin."""
    quad = reading.quad * page.scale
    margin = 0.25 * geometry.quad_size(quad)[1]
    wide = geometry.grown(quad, margin, margin, margin, margin)
    width, height = geometry.quad_size(wide)
    scale = min(_CROP_HEIGHT / max(height, 1.0), _CROP_LONGEST / max(width, 1.0))
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    return warp(page.image(), geometry.homography(geometry.rectangle(*size), wide), size, shrink=1 / scale)


def _picture(record: Record, page: KeptPage) -> dict[str, Any]:
    image = draw(record, page)
    scale = min(1.0, _PAGE_SIDE / max(image.shape[:2]))
    small = resized(image, scale) if scale < 1 else image
    return {
        "number": page.number,
        "url": _data_url(small, _PAGE_QUALITY),
        "width": small.shape[1],
        "height": small.shape[0],
    }


def _data_url(image: NDArray[np.uint8], quality: int) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(encoded(image, quality)).decode()
