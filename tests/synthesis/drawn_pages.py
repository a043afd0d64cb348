"""A form drawn with the built-in typeface, its labels, and a template for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.geometry import Points, homography, rectangle, transform
from segocr.synthesis.scenes import paste
from segocr.synthesis.typefaces import STROKES, Typeface, ink_box

TEMPLATE = """
template: form
version: 1
fields:
  container: {pattern: '[A-Z]{3}[UJZ]\\d{7}', checks: [iso6346], required: true}
  issued: {type: date, formats: [dd/MM/yyyy], validators: [{not_before: '2000-01-01'}, {not_after: today}]}
  amount: {type: money, locale: en, validators: [{min: 1}]}
  place: {lines: many}
  mrz: {checks: [mrz_td3_line2], ignore_spaces: true}
  expiry: {from: mrz, part: expiry_date, type: date, formats: [yyMMdd], century: future}
"""
VALUES = (
    ("container", "CSQU3054383", "sans"), ("issued", "27/02/2019", "sans"), ("amount", "1,204.50", "sans"),
    ("place", "NEW HARBOUR ROAD 12", "sans"),
    ("mrz", "L898902C36UTO7408122F1204159ZE184226B<<<<<10", STROKES),
)  # fmt: skip
INK = (90, 40, 30)
Picture = NDArray[np.uint8]


def write_template(folder: Path) -> Path:
    """Write the form's template and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    return folder / "template.yaml"


def draw_form() -> tuple[Picture, dict[str, Points]]:
    """Draw a form of 900 × 420 pixels: one line a field. Returns it and where the ink lies."""
    page = np.full((420, 900, 3), (225, 235, 240), np.uint8)
    places = {}
    for number, (name, value, source) in enumerate(VALUES):
        face = Typeface(source, 0 if source == STROKES else 400)
        ink, start = face.ink(value, 16 if source == STROKES else 34)
        x, y = 60 - start[0], 70 * (number + 1) - start[1]
        box = ink_box(ink)
        assert box is not None
        left, top = max(x, 0), max(y, 0)
        part = ink[top - y : 420 - y, left - x : 900 - x].astype(np.float32)[..., None] / 255
        room = page[top : top + part.shape[0], left : left + part.shape[1]]
        room[:] = (room * (1 - part) + np.array(INK) * part).astype(np.uint8)
        corners = rectangle(box[2] - box[0], box[3] - box[1]) + np.array([box[0] + x, box[1] + y])
        places[name] = corners
    return page, places


def tilted_form(degrees: float) -> tuple[Picture, dict[str, Points]]:
    """Draw the form turned in a larger picture."""
    page, places = draw_form()
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (rectangle(900, 420) - np.array([450, 210])) @ matrix.T + (600, 500)
    onto = homography(rectangle(900, 420), corners)
    drawn = paste(page, onto, np.full((1000, 1200, 3), 200, np.uint8))
    return drawn, {name: transform(onto, quad) for name, quad in places.items()}


def labelled_forms(folder: Path, count: int = 1, degrees: float = 0) -> Path:
    """Write a folder of labelled forms."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        page, places = tilted_form(degrees) if degrees else draw_form()
        cv2.imwrite(str(folder / f"{number}.png"), page)
        fields = [
            {"class": name, "value": value, "polygons": [places[name].tolist()]} for name, value, _ in VALUES
        ]
        size = {"width": page.shape[1], "height": page.shape[0]}
        rows.append(
            {"id": f"form/{number}", "split": "train", "image": f"{number}.png", **size, "fields": fields}
        )
    (folder / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder
