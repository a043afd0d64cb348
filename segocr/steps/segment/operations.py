"""The operations of a segmentation host, the same for every engine.

``load``: body ``model`` (path), ``digest`` (what ``digest_files`` says of it; null: whatever it is now),
``image_size``. Answer: ``digest``, ``classes``.
``segment``: body ``model``, ``digest``, ``image_size``, ``confidence``, ``iou``; arrays: pages,
``uint8 (H, W, 3)`` BGR. Answer: ``pages`` (for each page a list of ``[class, score, points]``); arrays: one
``float32 (all points, 2)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segocr.steps.guest import Operation
from segocr.steps.modelfiles import Loaded
from segocr.steps.protocol import Message, Refusal
from segocr.steps.segment.yolo import Found

_LOADED = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: long side of the input in pixels, least score, overlap for suppression."""

    image_size: int
    confidence: float
    iou: float


class Segmenter(Protocol):
    """A loaded model: its digest, its classes by number, and what it finds on pages."""

    @property
    def digest(self) -> str:
        """SHA-256 of its files."""
        ...

    @property
    def classes(self) -> Sequence[str]:
        """Class names, by number."""
        ...

    def segment(self, pages: Sequence[NDArray[np.uint8]], wanted: Wanted) -> list[list[Found]]:
        """Return the instances of each page."""
        ...


def operations(load: Callable[[Path, str | None], Segmenter]) -> dict[str, Operation]:
    """Return the host's operations for an engine that loads a model by path, and the digest it is to have."""
    loaded = Loaded(lambda name, wanted: load(Path(name), wanted), lambda model: model.digest, _LOADED)

    def model_of(message: Message) -> Segmenter:
        return loaded.get(str(message.body["model"]), message.body.get("digest"))

    def load_model(message: Message) -> Message:
        model = model_of(message)
        return Message("answer", {"digest": model.digest, "classes": list(model.classes), "alphabet": 0})

    def segment(message: Message) -> Message:
        model, body = model_of(message), message.body
        wanted = Wanted(int(body["image_size"]), float(body["confidence"]), float(body["iou"]))
        for item, page in enumerate(message.arrays):
            if page.ndim != 3 or page.shape[2] != 3 or page.dtype != np.uint8 or not page.size:
                raise Refusal(
                    "request", "not-a-page", f"a page is uint8 (H, W, 3), not {page.shape}", item=item
                )
        pages = model.segment(message.arrays, wanted)
        listing = [
            [[model.classes[found.kind], round(found.score, 6), len(found.polygon)] for found in page]
            for page in pages
        ]
        points = [found.polygon for page in pages for found in page]
        flat = np.concatenate(points) if points else np.zeros((0, 2), np.float32)
        return Message("answer", {"pages": listing, "digest": model.digest}, [flat])

    return {"load": load_model, "segment": segment}
