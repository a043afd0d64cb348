"""Segmentation with ultralytics on torch: ``.pt`` files.

They are pickles, and loading one runs what is in it: only those bytes are loaded whose digest the call names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.steps.guest import Engine, Settings
from segocr.steps.modelfiles import exactly, require_file
from segocr.steps.protocol import Refusal
from segocr.steps.segment.letterbox import Letterbox
from segocr.steps.segment.operations import Wanted, operations
from segocr.steps.segment.outlines import outline
from segocr.steps.segment.yolo import Found


def start(settings: Settings) -> Engine:
    """Start the engine; no telemetry, no downloads."""
    folder = settings.cache / "ultralytics"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(folder), "YOLO_VERBOSE": "False"}
    import torch
    import ultralytics

    if settings.threads:
        torch.set_num_threads(settings.threads)
    cuda = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    device = (cuda[0] if cuda else "cpu") if settings.device == "auto" else settings.device
    if device not in ("cpu", *cuda):
        raise Refusal(
            "environment", "no-device", f"torch has no device {device}; it has {', '.join(['cpu', *cuda])}"
        )
    version = f"{ultralytics.__version__}, torch {torch.__version__}"
    about = {"name": "ultralytics", "version": version, "devices": ["cpu", *cuda], "device": device}
    return Engine(about, operations(lambda path, wanted: UltralyticsSegmenter(path, wanted, device)))


class UltralyticsSegmenter:
    """A model run by ultralytics (see ``operations.Segmenter``)."""

    def __init__(self, path: Path, wanted: str | None, device: str) -> None:
        require_file(path, (".pt",), "ultralytics")
        if wanted is None:
            raise Refusal(
                "model", "model-untrusted", f"{path} is a pickle, and the call names no digest of it"
            )
        self.digest = wanted
        self._device = device
        self._model = _loaded(path, wanted)
        if self._model.task != "segment" or getattr(self._model.model, "task", "segment") != "segment":
            raise Refusal("model", "model-kind", f"{path} is no segmentation model")
        names = self._model.names
        self.classes = [str(names[number]) for number in range(len(names))]

    def segment(self, pages: Sequence[NDArray[np.uint8]], wanted: Wanted) -> list[list[Found]]:
        """Return the instances of each page.

        A page at a time, so that none is padded to its neighbours' shape.
        """
        return [self._one(page, wanted) for page in pages]

    def _one(self, page: NDArray[np.uint8], wanted: Wanted) -> list[Found]:
        result = self._model.predict(
            np.array(page), imgsz=wanted.image_size, conf=wanted.confidence, iou=wanted.iou, rect=True,
            device=self._device, verbose=False, retina_masks=False, save=False,
        )[0]  # fmt: skip
        if result.masks is None:
            return []
        letterbox = Letterbox.of(page.shape[1], page.shape[0], wanted.image_size)
        masks = result.masks.data.cpu().numpy().astype(np.uint8)
        boxes = result.boxes
        found = []
        for mask, kind, score in zip(masks, boxes.cls.tolist(), boxes.conf.tolist(), strict=True):
            points = outline(mask)
            if points is not None:
                found.append(Found(int(kind), float(score), letterbox.to_page(points)))
        return found


def _loaded(path: Path, wanted: str) -> Any:
    from ultralytics import YOLO

    with exactly(path, wanted) as copy:
        try:
            return YOLO(str(copy), task="segment")
        except Exception as error:  # an unpickler raises anything at a broken file
            text = str(error).replace(str(copy), str(path)) or type(error).__name__
            message = f"{path} cannot be loaded: {text.splitlines()[0][:200]}"
            raise Refusal("model", "model-broken", message) from error
