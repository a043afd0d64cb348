"""Records on pages drawn here: tilted lines of text with known quads, and every status of a field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.documents import Document
from segocr.pages import Page
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Problem, Recipe, Record, RecordStatus
from segocr.regions import Region

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\x07=cmd()"


@dataclass(frozen=True)
class Drawn:
    """A document, its page and the record that a reader of it would make."""

    document: Document
    page: Page
    record: Record


def draw_line(
    image: NDArray[np.uint8], text: str, centre: tuple[float, float], angle: float
) -> NDArray[np.float64]:
    """Write a line of text tilted by ``angle`` degrees; return its quad, ``(4, 2)`` TL, TR, BR, BL."""
    font = cv2.FontFace("uni")
    width = int(cv2.getTextSize((4000, 200), text, (0, 60), font, 40)[2]) + 8
    strip = np.full((60, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 43), (20, 20, 20), font, 40)
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[0, 0], [width, 0], [width, 60], [0, 60]], np.float64)
    quad = (corners - [width / 2, 30]) @ rotation.T + centre
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32))
    cv2.warpPerspective(
        strip, matrix, (image.shape[1], image.shape[0]), dst=image, borderMode=cv2.BORDER_TRANSPARENT
    )
    return quad


def read(
    quad: NDArray[np.float64], raw: str, text: str | None, status: ReadingStatus, **more: object
) -> Reading:
    region = Region(page=1, class_name="field", score=0.93, polygon=quad.astype(np.float32))
    return Reading(region, quad, 0, raw, text, status, 0.91, **more)  # type: ignore[arg-type]


def value(
    name: str, reading: Reading | None, status: FieldStatus, kind: str = "text", **more: object
) -> FieldValue:
    text = reading.text if reading else None
    shown = {"value": text, "accepted": status in (FieldStatus.OK, FieldStatus.CORRECTED)} | more
    return FieldValue(
        name=name,
        type=kind,
        text=text,
        raw=reading.raw if reading else None,
        status=status,
        confidence=reading.confidence if reading else 0.0,
        cost=reading.cost if reading else None,
        readings=(reading,) if reading else (),
        **shown,  # type: ignore[arg-type]
    )


def draw_document(name: str = "kassenbon Ä 日本.jpg", company: str = "Müller & Söhne 日本 Ω") -> Drawn:
    """Draw a receipt of five fields and return it with a record of every status."""
    paper = np.full((1500, 1100, 3), 236, np.uint8)
    noise = np.random.default_rng(3).normal(0, 4, paper.shape)
    image = np.clip(paper + noise, 0, 255).astype(np.uint8)
    date = draw_line(image, "11/O2/18", (300, 420), 12)
    firm = draw_line(image, company, (560, 180), -4)
    total = draw_line(image, "TOTAL 12.5O", (700, 1100), 38)
    tax = draw_line(image, "0.8B", (350, 900), 191)
    phone = draw_line(image, "+49 (0) 30 / 1234", (500, 1380), 0)
    corrected = read(
        date, "11/O2/18", "11/02/18", ReadingStatus.CORRECTED, cost=1.7, margin=4.2,
        rivals=(("11/08/18", -6.1), ("11/07/18", -8.0)), edits=((3, "O", "0"),),
    )  # fmt: skip
    called = read(phone, "+49 (0) 30 / 1234", "+49 (0) 30 / 1234", ReadingStatus.OK)
    doubtful = read(total, "12.5O", "12.50", ReadingStatus.DOUBTFUL, cost=7.9, edits=((4, "O", "0"),))
    fields = {
        "company": (value("company", read(firm, company, company, ReadingStatus.OK), FieldStatus.OK),),
        "date": (value("date", corrected, FieldStatus.CORRECTED, "date", value="2018-02-11"),),
        "total": (value("total", doubtful, FieldStatus.DOUBTFUL, "money", value="12.50"),),
        "tax": (
            value(
                "tax", read(tax, "0.8B", None, ReadingStatus.INVALID), FieldStatus.INVALID, "money",
                value=None, problems=(Problem("pattern", "the reading does not match the pattern", "tax"),),
            ),
        ),
        "cashier": (value("cashier", None, FieldStatus.MISSING),),
        "phones": (value("phones", called, FieldStatus.OK),),
    }  # fmt: skip
    page = Page(1, image, 200.0)
    document = Document(Path("in") / name, "ab" * 32, 1234)
    record = Record(
        file=document.path, sha256=document.sha256, media_type="image/jpeg", part=0,
        recipe=Recipe("receipt", 3, "cd" * 32, {"seg": "ef" * 32}, {"segment": "openvino 2026.4"}),
        status=RecordStatus.PARTIAL, accepted=False,
        problems=(Problem("rule-sum", "total differs from net + tax by more than 0.01", "total"),),
        pages=(page.info,), fields=fields, lists=frozenset({"phones"}),
        timings={"segment": 0.12, "read": 0.34}, day="2026-03-01",
    )  # fmt: skip
    return Drawn(document, page, record)


def failed_record(
    name: str = "broken.pdf", code: str = "unreadable", message: str = "not a picture"
) -> Record:
    return Record(
        file=Path(name), sha256=None, media_type=None, part=0, recipe=Recipe("receipt", 3, "cd" * 32),
        status=RecordStatus.FAILED, accepted=False, problems=(Problem(code, message),), pages=(), fields={},
        lists=frozenset(), timings={}, day="2026-03-01",
    )  # fmt: skip
