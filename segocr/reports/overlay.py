"""Overlay pictures: a page with its regions, coloured by what became of them, and the values beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.records import FieldStatus, FieldValue, Record
from segocr.reports.album import KeptPage, encoded
from segocr.reports.printable import one_line
from segocr.reports.room import Box, Room

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

# BGR; told apart without colour vision by their lightness, and never without the word beside them.
COLOURS: Mapping[FieldStatus, Colour] = {
    FieldStatus.OK: (70, 120, 20),
    FieldStatus.CORRECTED: (170, 90, 20),
    FieldStatus.DOUBTFUL: (0, 115, 215),
    FieldStatus.INVALID: (40, 30, 190),
    FieldStatus.MISSING: (110, 110, 110),
}
_WHITE: Colour = (255, 255, 255)
_LONGEST_VALUE = 60
_LONGEST_GAP = 6
"""How many pixels a label may stand from its region without a line between them."""
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    colour: Colour
    polygon: NDArray[np.float64]  # kept pixels


def write_overlays(record: Record, pages: Mapping[int, KeptPage], folder: Path) -> list[Path]:
    """Write one picture for each page of a record.

    Args:
        record: Its fields are drawn.
        pages: Its pages by number.
        folder: Exists; files of the same name are replaced.

    Returns:
        The paths, in page order.
    """
    written = []
    for number, page in sorted(pages.items()):
        path = folder / overlay_name(record, number if len(record.pages) > 1 or record.part else None)
        path.write_bytes(encoded(draw(record, page), _QUALITY))
        written.append(path)
    return written


def overlay_name(record: Record, page: int | None = None) -> str:
    """Return a file name that is safe anywhere and differs for different contents of the same name."""
    stem = re.sub(r"[^\w.-]+", "_", record.file.name).strip("._")[:80] or "document"
    number = "" if page is None else f"-p{page}"
    return f"{stem}-{(record.sha256 or 'unread')[:8]}{number}.jpg"


def draw(record: Record, page: KeptPage) -> Image:
    """Draw a record's regions and values on one of its pages, with a legend below.

    Returns:
        ``uint8 (h, w, 3)`` BGR; the page's own pixels keep their coordinates.
    """
    image = page.image()
    size = int(np.clip(max(image.shape[:2]) / 62, 13, 34))
    labels = list(_labels(record, page))
    room = Room(image, [label.polygon for label in labels])
    for label in labels:
        _draw_polygon(image, label, size)
    _draw_labels(image, [label for label in labels if label.text], room, size)
    return np.vstack([image, _legend(record, page.number, image.shape[1], size)])


def _labels(record: Record, page: KeptPage) -> Iterator[_Label]:
    """Yield each region once: a field that is a part of another one shares its region."""
    drawn: set[int] = set()
    for name, value in _values(record):
        here = [reading.region for reading in value.readings if reading.region.page == page.number]
        for place, region in enumerate(region for region in here if id(region) not in drawn):
            polygon = region.polygon.astype(np.float64) * page.scale
            yield _Label(caption(name, value) if place == 0 else "", COLOURS[value.status], polygon)
        drawn |= {id(region) for region in here}


def _values(record: Record) -> Iterator[tuple[str, FieldValue]]:
    return ((name, value) for name, values in record.fields.items() for value in values)


def caption(name: str, value: FieldValue) -> str:
    """Return the words beside a region: field, value, status where it is not ok, confidence."""
    shown = value.value if value.value is not None else value.text if value.text is not None else value.raw
    text = one_line((shown or "").replace("\n", " / "))
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 1] + "…"
    status = "" if value.status is FieldStatus.OK else f" · {value.status.value}"
    return f"{one_line(name)}: {text}{status} · {value.confidence:.0%}"


def _draw_polygon(image: Image, label: _Label, size: int) -> None:
    points = np.round(label.polygon).astype(np.int32)
    left, top = np.maximum(points.min(axis=0), 0)
    right, bottom = points.max(axis=0) + 1
    part = image[top:bottom, left:right]
    if part.size:
        filled = part.copy()
        cv2.fillPoly(filled, [points - [left, top]], label.colour)
        image[top:bottom, left:right] = cv2.addWeighted(filled, 0.16, part, 0.84, 0)
    cv2.polylines(image, [points], True, _WHITE, max(3, size // 4), cv2.LINE_AA)
    cv2.polylines(image, [points], True, label.colour, max(2, size // 7), cv2.LINE_AA)


def _draw_labels(image: Image, labels: list[_Label], room: Room, size: int) -> None:
    boxes = []
    for label in labels:
        width, height = text_size(label.text, size)
        boxes.append(room.place(label.polygon, width + size, height))
    for box, label in zip(boxes, labels, strict=True):  # all before the first box: lines do not cross words
        _draw_leader(image, box, label)
    for box, label in zip(boxes, labels, strict=True):
        cv2.rectangle(image, box[:2], box[2:], label.colour, cv2.FILLED)
        cv2.rectangle(image, box[:2], box[2:], _WHITE, 1)
        write(image, label.text, (box[0] + size // 2, box[1]), size, _WHITE)


def _draw_leader(image: Image, box: Box, label: _Label) -> None:
    """Tie a label to its region where it stands apart from it, by the shortest line."""
    sides = np.roll(label.polygon, -1, axis=0) - label.polygon
    outline = (label.polygon[:, None] + sides[:, None] * np.linspace(0, 1, 33)[:, None]).reshape(-1, 2)
    nearest = np.clip(outline, box[:2], box[2:])
    distances = np.linalg.norm(outline - nearest, axis=1)
    shortest = int(np.argmin(distances))
    if distances[shortest] > _LONGEST_GAP:
        start, end = np.round([nearest[shortest], outline[shortest]]).astype(int).tolist()
        cv2.line(image, start, end, label.colour, 2, cv2.LINE_AA)


def _legend(record: Record, page: int, width: int, size: int) -> Image:
    """Draw the strip below a page: file, verdict, colours, and what is missing or wrong."""
    remarks = list(_remarks(record))
    verdict = f"{record.status.value}, {'accepted' if record.accepted else 'needs review'}"
    title = f"{one_line(record.file.name)} · page {page} · {record.recipe.template} · {verdict}"
    x, y, step = size // 2, size // 2, int(size * 1.9)
    strip = np.full((step * (len(remarks) + 8), width, 3), 255, np.uint8)
    write(strip, _fitting(title, width - size, size), (x, y), size, (40, 40, 40))
    y += step
    for status in (FieldStatus.OK, FieldStatus.CORRECTED, FieldStatus.DOUBTFUL, FieldStatus.INVALID):
        word = status.value
        needed = text_size(word, size)[0] + 3 * size
        if x + needed > width:
            x, y = size // 2, y + step
        cv2.rectangle(
            strip, (x, y + size // 4), (x + size, y + size // 4 + size), COLOURS[status], cv2.FILLED
        )
        write(strip, word, (x + size + size // 2, y), size, (40, 40, 40))
        x += needed
    for line, colour in remarks:
        y += step
        write(strip, _fitting(line, width - size, size), (size // 2, y), size, colour)
    return strip[: y + step]


def _remarks(record: Record) -> Iterator[tuple[str, Colour]]:
    """Yield what has no region of its own: parts of other fields, what is missing, problems."""
    drawn: set[int] = set()
    for name, value in _values(record):
        regions = {id(reading.region) for reading in value.readings}
        if regions and regions <= drawn:
            yield caption(name, value), COLOURS[value.status]
        drawn |= regions
    missing = dict.fromkeys(name for name, value in _values(record) if value.status is FieldStatus.MISSING)
    if missing:
        yield "missing: " + ", ".join(missing), COLOURS[FieldStatus.MISSING]
    for problem in record.problems[:3]:
        yield one_line(f"{problem.code}: {problem.message}"), COLOURS[FieldStatus.INVALID]


def _fitting(text: str, width: int, size: int) -> str:
    """Return as much of a text as fits into a width in pixels."""
    full = text_size(text, size)[0]
    return text if full <= width else text[: max(1, int(len(text) * width / full) - 2)] + "…"


def text_size(text: str, size: int) -> tuple[int, int]:
    """Return (width, height) in pixels of the box that a text of a size needs."""
    box = cv2.getTextSize((1 << 16, 1 << 10), text, (0, 1 << 9), cv2.FontFace("uni"), size)
    return int(box[2]), int(size * 1.5)


def write(image: Image, text: str, corner: tuple[int, int], size: int, colour: Colour) -> None:
    """Write text, in any script that OpenCV's built-in font holds, with the box's top-left at ``corner``."""
    base = (corner[0], corner[1] + int(size * 1.12))
    cv2.putText(
        image, text, base, colour, cv2.FontFace("uni"), size, 500, cv2.PUT_TEXT_ALIGN_LEFT, (0, 1 << 16)
    )
