"""Records as the pipeline would make them, small but with every part filled."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from segocr.pages import PageInfo
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Problem, Recipe, Record, RecordStatus
from segocr.regions import Region


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def region(name: str = "total", page: int = 1, at: float = 10.0) -> Region:
    corners = [[at, at], [at + 100, at], [at + 100, at + 20], [at, at + 20]]
    return Region(page, name, 0.97, np.array(corners, dtype=np.float32))


def reading(text: str | None, *, raw: str | None = None, of: Region | None = None, **changes: Any) -> Reading:
    place = of or region()
    values: dict[str, Any] = {
        "region": place,
        "quad": place.polygon[:4].astype(np.float64),
        "direction": 0,
        "raw": raw if raw is not None else text or "",
        "text": text,
        "status": ReadingStatus.OK,
        "confidence": 0.98,
        "margin": 3.5,
        "rivals": (("x", -4.0),),
        "edits": ((0, "O", "0"),),
        "model": "PP-OCRv6_small:abc",
        "lattice": b"\x00\x01lattice",
    }
    return Reading(**{**values, **changes})


def value(name: str, type_: str, canonical: str | None, **changes: Any) -> FieldValue:
    missing = canonical is None
    values: dict[str, Any] = {
        "name": name,
        "type": type_,
        "value": canonical,
        "text": canonical,
        "raw": canonical,
        "status": FieldStatus.MISSING if missing else FieldStatus.OK,
        "accepted": not missing,
        "confidence": 0.0 if missing else 0.98,
        "cost": None if missing else 0.0,
        "readings": () if missing else (reading(canonical, of=region(name)),),
    }
    return FieldValue(**{**values, **changes})


def record(content: str = "a", *values: FieldValue, **changes: Any) -> Record:
    """Return a record of a document whose bytes are ``content``."""
    template = changes.pop("template", "receipt")
    recipe = Recipe(
        template, changes.pop("version", 1), digest(changes.pop("recipe", "r1")), {"m": "d"}, {"ocr": "x 1"}
    )
    fields: dict[str, tuple[FieldValue, ...]] = {}
    for one in values:
        fields[one.name] = (*fields.get(one.name, ()), one)
    given: dict[str, Any] = {
        "file": Path(f"{content}.jpg"),
        "sha256": digest(content),
        "media_type": "image/jpeg",
        "part": 0,
        "recipe": recipe,
        "status": RecordStatus.COMPLETE,
        "accepted": True,
        "problems": (),
        "pages": (PageInfo(1, 1200, 1800, None),),
        "fields": fields,
        "lists": frozenset(name for name, several in fields.items() if len(several) > 1),
        "timings": {"ocr": 0.25},
        "day": "2026-03-01",
    }
    return Record(**{**given, **changes})


def receipt(content: str = "a", total: str = "12.50", day: str = "2018-02-11", **changes: Any) -> Record:
    values = (
        value("company", "text", changes.pop("company", "Acme")),
        value("date", "date", day),
        value("total", "money", total),
    )
    return record(content, *values, **changes)


def failed(content: str = "a", code: str = "unreadable", **changes: Any) -> Record:
    given: dict[str, Any] = {
        "problems": (Problem(code, "it cannot be read"),),
        "accepted": False,
        "pages": (),
    }
    return record(content, status=RecordStatus.FAILED, **{**given, **changes})
