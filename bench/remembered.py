"""Steps that remember on disk what models said: pictures seen before are not given to a model again.

What is kept are the recogniser's posteriors, not the readings, so patterns, decoder and thresholds can be
changed and tried again in seconds. Readings are decoded in this process by the code of the OCR hosts.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sqlite3
import threading
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from segocr.constraints import Constraint, Decoded
from segocr.steps.client import Steps
from segocr.steps.contract import (
    Image,
    LinePolygon,
    ModelInfo,
    OcrModel,
    SegmentedRegion,
    SegmentModel,
    StripReading,
)
from segocr.steps.ocr import decoding, lines, models
from segocr.steps.ocr.decoding import Decoder
from segocr.steps.ocr.strips import narrowed, prepare
from segocr.steps.protocol import Message

FOLDER = Path(__file__).parents[1] / ".cache" / "constraints"
NO_MODEL = SegmentModel("openvino", Path("absent.onnx"))
"""Stands for the model of a template that has none: it can be loaded, but finds nothing."""

_TOGETHER = 16


class PretendingSteps(Steps):
    """Steps that load ``NO_MODEL`` as well.

    Attributes:
        classes: What ``NO_MODEL`` says that it knows.
    """

    classes: tuple[str, ...] = ()

    def load(self, model: SegmentModel | OcrModel) -> ModelInfo:
        """As ``Steps.load``; ``NO_MODEL`` knows ``classes``."""
        return ModelInfo("", self.classes, 0) if model == NO_MODEL else super().load(model)


class RememberingSteps(PretendingSteps):
    """Steps whose segmentation, line detection and posteriors are kept on disk.

    Attributes:
        times: Of each strip read, the digests of its constraints (None: read freely), and the processor
            seconds of decoding it under all of them, its lattice included.
        asked: Pictures that a model was asked about.
    """

    def __init__(self, folder: Path = FOLDER, **options: Any) -> None:
        super().__init__(**options)
        folder.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(folder / "answers.db", check_same_thread=False)
        self._store.execute("create table if not exists answers (key blob primary key, answer blob)")
        self._one = threading.Lock()
        self.times: list[tuple[list[str | None], float]] = []
        self.asked = 0
        self._decoders: dict[OcrModel, tuple[Decoder, tuple[str, ...]]] = {}

    def segment(self, pages: Sequence[Image], model: SegmentModel) -> list[list[SegmentedRegion]]:
        """As ``Steps.segment``."""
        about = (model.engine, _digest_of(model.path), model.image_size, model.confidence, model.iou)
        keys = [_key("segment", about, page) for page in pages]
        return self._remembered(keys, lambda places: super(RememberingSteps, self).segment(
            [pages[place] for place in places], model))  # fmt: skip

    def detect(
        self, pages: Sequence[Image], model: OcrModel, *, side: int | None = None, areas: bool = False
    ) -> list[list[LinePolygon]]:
        """As ``Steps.detect``."""
        keys = [_key("detect", (model, side, areas, _source(lines)), page) for page in pages]
        return self._remembered(keys, lambda places: super(RememberingSteps, self).detect(
            [pages[place] for place in places], model, side=side, areas=areas))  # fmt: skip

    def read(
        self,
        strips: Sequence[Image],
        constraints: Sequence[Sequence[Constraint | None]],
        model: OcrModel,
        *,
        posteriors: bool = False,
    ) -> list[StripReading]:
        """As ``Steps.read``."""
        assert not posteriors
        decoder, alphabet = self._decoder(model)
        decoder.learn({one.digest: one.to_wire() for ones in constraints for one in ones if one})
        digests = [[one.digest if one else None for one in ones] for ones in constraints]
        width = models.NAMED[model.name]().character_width
        strips = [
            narrowed(strip, decoder.characters(own), width)
            for strip, own in zip(strips, digests, strict=True)
        ]
        keys = [_key("read", (model, _source(prepare)), strip) for strip in strips]
        found: list[Any] = []
        always = [place for place, text in enumerate(alphabet) if not place or " " <= text <= "~"]
        for start in range(0, len(strips), _TOGETHER):
            part = strips[start : start + _TOGETHER]
            found += self._remembered(keys[start : start + _TOGETHER], lambda places, part=part: [
                _sparse(one.posteriors, always) for one in super(RememberingSteps, self).read(
                    [part[place] for place in places], [[] for _ in places], model, posteriors=True)
            ])  # fmt: skip
        answers = []
        for (columns, values), own in zip(found, digests, strict=True):
            dense = np.zeros((len(values), len(alphabet)), dtype=np.float32)
            dense[:, columns] = values
            start = thread_time()
            wires, lattice = decoder.decode(dense, own)
            self.times.append((own, thread_time() - start))
            answers.append(StripReading(tuple(map(Decoded.from_wire, wires)), lattice))
        return answers

    def _decoder(self, model: OcrModel) -> tuple[Decoder, tuple[str, ...]]:
        if model not in self._decoders:
            (characters,) = self._remembered(
                [_key("alphabet", model, np.zeros(0, np.uint8))], lambda _: [self._characters(model)]
            )
            self._decoders[model] = Decoder(characters), tuple(characters)
        return self._decoders[model]

    def _characters(self, model: OcrModel) -> list[str]:
        body = {"operation": "load", "model": model.name, "characters": True}
        return list(self._call("ocr", model.engine, Message("call", body)).body["characters"])

    def _remembered(self, keys: Sequence[bytes], ask: Any) -> list[Any]:
        with self._one:
            rows = [self._store.execute("select answer from answers where key=?", [key]) for key in keys]
            known = [row[0] if (row := cursor.fetchone()) else None for cursor in rows]
        absent = [place for place, answer in enumerate(known) if answer is None]
        if absent:
            packed = [zlib.compress(pickle.dumps(answer), 1) for answer in ask(absent)]
            self.asked += len(absent)
            for place, answer in zip(absent, packed, strict=True):
                known[place] = answer
            with self._one, self._store:
                self._store.executemany(
                    "insert or replace into answers values (?, ?)",
                    [(keys[place], known[place]) for place in absent],
                )
        return [pickle.loads(zlib.decompress(answer)) for answer in known]


def _key(operation: str, about: object, picture: Image) -> bytes:
    digest = hashlib.sha256(f"{operation} {about!r} {picture.shape}".encode())
    digest.update(np.ascontiguousarray(picture).tobytes())
    return digest.digest()


@cache
def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _source(code: Any) -> str:
    """Digest what gives pictures to a model: answers are another's if it changes."""
    return hashlib.sha256(inspect.getsource(code).encode()).hexdigest()


def _sparse(posteriors: np.ndarray, always: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns that the decoder looks at, and what they hold."""
    columns = np.flatnonzero(posteriors.max(axis=0, initial=0.0) > decoding.NO_CHANCE)
    columns = np.union1d(columns, always).astype(np.int32)
    return columns, posteriors[:, columns].copy()
