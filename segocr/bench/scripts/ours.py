"""segocr itself, warm, in a process of its own, so that its memory can be told from the benchmark's.

Runs in the orchestrating environment: ``python -m segocr.bench.scripts.ours``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from segocr import crops, geometry
from segocr.bench.scripts.rounds import serve
from segocr.constraints.lengths import known_length
from segocr.documents import Document
from segocr.extraction import extract
from segocr.pages import Page
from segocr.records import Record
from segocr.settings import Settings, load_settings
from segocr.steps.client import Steps
from segocr.steps.ocr import strips
from segocr.steps.ocr.models import NAMED
from segocr.steps.segment.letterbox import Letterbox
from segocr.templates import Template, load_template

Answer = dict[str, Any]
_FLOOR_MODEL = "PP-OCRv6_small"


def prepare(config: dict[str, Any]) -> Mapping[str, Callable[[], Answer]]:
    """Start the hosts, load the models, and return what can be ordered."""
    settings = load_settings()
    template = changed(
        load_template(
            config["template"], search=settings.template_folders, validators_folder=settings.validators_folder
        ),
        config,
    )
    images = [Path(path) for path in config["images"]]
    # A keeper that runs already would hide memory and have its hosts share the machine.
    steps = Steps(environments=settings.environment_pythons, shared=False)
    _run(images[:1], template, settings, steps)
    orders: dict[str, Callable[[], Answer]] = {
        "run": lambda: _run(images, template, settings, steps),
        "first": lambda: _run(images[:1], template, settings, steps),
    }
    if config.get("arrays"):
        orders["arrays"] = lambda: _write_arrays(config["arrays"], template, settings, steps)
    return orders


def changed(template: Template, config: Mapping[str, Any]) -> Template:
    """Return a template with the OCR model and the segmentation engine that a way takes, if any."""
    if config.get("ocr_model"):
        template = replace(template, ocr=replace(template.ocr, model=config["ocr_model"]))
    if config.get("segment_engine"):
        template = replace(template, segment=replace(template.segment, engines=(config["segment_engine"],)))
    return template


def _run(images: list[Path], template: Template, settings: Settings, steps: Steps) -> Answer:
    start = perf_counter()
    timings: dict[str, float] = {}
    accepted = failed = 0
    for record in extract(images, template=template, settings=settings, steps=steps):
        accepted += record.accepted
        failed += not record.fields
        for step, seconds in record.timings.items():
            timings[step] = timings.get(step, 0.0) + seconds
    return {"seconds": perf_counter() - start, "timings": timings, "accepted": accepted, "failed": failed}


def _write_arrays(wanted: Mapping[str, str], template: Template, settings: Settings, steps: Steps) -> Answer:
    """Write what the models get, page by page, for the floor."""
    pages: dict[Path, Page] = {}

    def keep(document: Document, page: Page) -> None:
        pages[document.path] = page

    images = [Path(path) for path in wanted]
    for record in extract(images, template=template, settings=settings, steps=steps, on_page=keep):
        _write_page(Path(wanted[str(record.file)]), record, pages.pop(record.file), template)
    return {"written": len(images)}


def _write_page(path: Path, record: Record, page: Page, template: Template) -> None:
    height, width = page.image.shape[:2]
    box = Letterbox.of(width, height, template.segment.image_size)
    quads = {
        reading.quad.tobytes(): (reading.quad, _characters(template, name))
        for name, values in record.fields.items()
        for value in values
        for reading in value.readings
    }
    narrowest = NAMED[template.ocr.model if template.ocr.model in NAMED else _FLOOR_MODEL]().character_width
    lines, turned = (
        [
            strips.prepare(strips.narrowed(_strip(page, turn(quad)), characters, narrowest))
            for quad, characters in quads.values()
        ]
        for turn in (_as_it_is, geometry.turned)
    )
    np.savez(path, page=box.apply(page.image)[0], strips=_batch(lines), turned=_batch(turned))


def _as_it_is(quad: geometry.Points) -> geometry.Points:
    return quad


def _characters(template: Template, name: str) -> int | None:
    """Return how many characters a field has if its constraint says it, as the OCR host finds out itself."""
    constraint = template.fields[name].constraint
    return known_length(constraint) if constraint is not None else None


def _strip(page: Page, quad: geometry.Points) -> np.ndarray[Any, np.dtype[np.uint8]]:
    width, height = geometry.quad_size(quad)
    scale = crops.STRIP_HEIGHT / max(height, 1.0)
    size = (max(round(width * scale), crops.STRIP_HEIGHT // 4), crops.STRIP_HEIGHT)
    matrix = geometry.homography(geometry.rectangle(*size), quad)
    return crops.warp(page.image, matrix, size, shrink=1 / scale)


def _batch(prepared: list[np.ndarray[Any, np.dtype[np.float32]]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Put strips ``(1, 3, 48, w)`` into one array, padded on the right to the widest."""
    widest = max((strip.shape[3] for strip in prepared), default=320)
    batch = np.zeros((len(prepared), 3, strips.HEIGHT, widest), np.float32)
    for row, strip in zip(batch, prepared, strict=True):
        row[:, :, : strip.shape[3]] = strip[0]
    return batch


if __name__ == "__main__":
    serve(prepare)
