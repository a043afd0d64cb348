"""OCR with OpenVINO: PP-OCR models as ONNX or in Paddle's own format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import openvino
from numpy.typing import NDArray

from segocr.steps.guest import Engine, Settings
from segocr.steps.modelfiles import digest_files
from segocr.steps.ocr import strips
from segocr.steps.ocr.areas import find_lines
from segocr.steps.ocr.models import find, read_alphabet
from segocr.steps.ocr.operations import operations
from segocr.steps.openvino_models import OpenvinoModel, metadata, read_network
from segocr.steps.protocol import Refusal

Floats = NDArray[np.float32]


def start(settings: Settings) -> Engine:
    """Start the engine."""
    about = {
        "name": "openvino",
        "version": openvino.__version__,
        "devices": openvino.Core().available_devices,
    }
    return Engine(about, operations(lambda name: OpenvinoRecogniser(name, settings)))


class OpenvinoRecogniser:
    """A PP-OCR model run by OpenVINO (see ``operations.Recogniser``).

    Its detector is loaded at its first use.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._files = find(name)
        self._settings = settings
        if self._files.recogniser.suffix == ".json":
            raise Refusal(
                "model",
                "model-kind",
                f"{self._files.name}: OpenVINO reads no inference.json; use the engine paddleocr, or ONNX",
            )
        weights = self._files.recogniser.with_suffix(".pdiparams")
        extra = [path for path in (weights, self._files.alphabet) if path is not None and path.is_file()]
        self.digest = digest_files([self._files.recogniser, *extra])
        network = read_network(self._files.recogniser)
        self._recogniser = OpenvinoModel(
            network, settings, str(self._files.recogniser), exact=self._files.exact
        )
        self._detector: OpenvinoModel | None = None
        self.character_width, self.blur = self._files.character_width, self._files.blur
        characters = read_alphabet(self._files, metadata(network, "character"))
        self.alphabet = ["", *characters, " "]
        shape = network.outputs[0].partial_shape
        if shape.rank.get_length() != 3 or shape[2].is_dynamic or shape[2].get_length() != len(self.alphabet):
            raise Refusal(
                "model",
                "model-kind",
                f"{self._files.name}: outputs {shape}, alphabet of {len(self.alphabet)}",
            )

    def posteriors(self, pictures: Sequence[NDArray[np.uint8]]) -> Iterator[Floats]:
        """Yield each strip's posteriors, in order; they are overwritten when the next are asked for."""
        for output in self._recogniser.run(strips.batched(map(strips.prepare, pictures))):
            yield from np.asarray(output[0], np.float32)

    def lines(
        self, pages: Sequence[NDArray[np.uint8]], side: int | None = None, *, areas: bool = False
    ) -> list[list[tuple[float, Floats]]]:
        """Return each page's lines."""
        if self._files.detector is None:
            raise Refusal("model", "no-detector", f"the OCR model {self._files.name} has no text detector")
        if self._detector is None:
            path = self._files.detector
            self._detector = OpenvinoModel(
                read_network(path), self._settings, str(path), alone=True, exact=self._files.exact
            )
        settings = self._files.settings.within(side)
        found = find_lines(pages, settings, self._probabilities, areas=areas)
        self._detector.forget()  # a whole page takes some hundred megabytes
        return found

    def _probabilities(self, prepared: Iterable[Floats]) -> Iterator[Floats]:
        assert self._detector is not None
        return (np.asarray(output[0][0, 0], np.float32) for output in self._detector.run(prepared))
