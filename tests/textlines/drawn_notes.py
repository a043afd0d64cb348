"""Delivery notes drawn with OpenCV's own letters: a document type that exists nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

TEMPLATE = """
template: delivery_note
version: 1
title: Delivery note
segment: {engines: [textlines]}
fields:
  sender: {required: true}
  place: {lines: many, normalise: [collapse_spaces]}
  date: {type: date, formats: [dd/MM/yyyy], ignore_spaces: true, required: true}
  total: {type: money, ignore_spaces: true, required: true}
"""
_SENDERS = ("NORTH MILL LTD", "OAK AND SONS", "RED HARBOUR CO", "BLUE LANE SHOP", "HILL FARM", "SUN TRADING")
_PLACES = ("14 MILL STREET", "2 OAK ROAD", "77 HARBOUR SIDE", "5 LONG LANE", "31 HILL WAY", "8 SUN SQUARE")
_GOODS = (("FLOUR", 3), ("NAILS", 7), ("ROPE", 11), ("PAPER", 5))


def draw_notes(folder: Path, count: int, *, seed: int = 0) -> None:
    """Write ``images`` and ``fields.jsonl``."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        page = np.full((900, 700, 3), 250, np.uint8)
        fields = _fill(page, number, rng)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), page)
        rows.append(
            {"id": str(number), "split": "train", "image": f"images/{number}.png", "width": 700,
             "height": 900, "fields": fields}
        )  # fmt: skip
    (folder / "fields.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _fill(page: np.ndarray, number: int, rng: np.random.Generator) -> list[dict[str, object]]:
    prices = rng.integers(100, 900, 3)
    day, month, year = rng.integers([1, 1, 10], [28, 12, 29])
    date = f"{day:02d}/{month:02d}/20{year}"
    sender, street = _SENDERS[number % 6], _PLACES[(number + number // 6) % 6]
    town = f"{rng.integers(10000, 99999)} NEWTOWN"
    left = int(rng.integers(40, 90))
    fields = [
        {"class": "sender", "value": sender, "polygons": [_write(page, sender, left, 90, 1.3)]},
        {"class": "place", "value": f"{street} {town}",
         "polygons": [_write(page, street, left, 140, 0.9), _write(page, town, left, 180, 0.9)]},
    ]  # fmt: skip
    _write(page, f"NOTE NO {rng.integers(1000, 9999)}", left, 250, 0.9)
    _write(page, "DATE", left, 300, 0.9)
    printed = _write(page, date, left + 260, 300, 0.9)
    fields.append({"class": "date", "value": date, "polygons": [printed]})
    for place, price in enumerate(prices.tolist()):
        name = _GOODS[(number + place) % 4][0]
        _write(page, name, left, 400 + 50 * place, 0.9)
        _write(page, f"{price / 100:.2f}", left + 400, 400 + 50 * place, 0.9)
    total = f"{prices.sum() / 100:.2f}"
    _write(page, "TOTAL", left, 600, 1.0)
    amount = _write(page, total, left + 400, 600, 1.0)
    fields.append({"class": "total", "value": total, "polygons": [amount]})
    _write(page, "THANK YOU", left + 150, 700, 0.9)
    return fields


def _write(page: np.ndarray, text: str, left: int, foot: int, size: float) -> list[list[int]]:
    """Write a line and return its polygon."""
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
    cv2.putText(page, text, (left, foot), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 2, cv2.LINE_AA)
    top, bottom, right = foot - height, foot + below // 2, left + width
    return [[left, top], [right, top], [right, bottom], [left, bottom]]
