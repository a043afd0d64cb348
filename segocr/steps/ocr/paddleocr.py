"""OCR with the PaddleOCR library: on PaddlePaddle, or on ONNX Runtime for ``.onnx`` models.

PaddleOCR loads the model and its configuration; its predictor's runner gives the CTC posteriors that
constraints need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.steps.guest import Engine, Settings
from segocr.steps.modelfiles import digest_files
from segocr.steps.ocr import paddlefolders, strips
from segocr.steps.ocr.areas import find_lines
from segocr.steps.ocr.models import NAMED, ModelFiles, find, read_alphabet
from segocr.steps.ocr.operations import operations
from segocr.steps.protocol import Refusal

Floats = NDArray[np.float32]
Runner = Callable[..., Sequence[Any]]


def start(settings: Settings) -> Engine:
    """Start the engine; model hubs are asked for names only, and never for their health."""
    os.environ |= {
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        "PADDLE_PDX_CACHE_HOME": str(settings.cache / "paddlex"),
        "FLAGS_call_stack_level": "0",
    }
    import paddle
    import paddleocr

    cuda = (
        [f"cuda:{n}" for n in range(paddle.device.cuda.device_count())]
        if paddle.is_compiled_with_cuda()
        else []
    )
    device = (cuda[0] if cuda else "cpu") if settings.device == "auto" else settings.device
    if device not in ("cpu", *cuda):
        raise Refusal(
            "environment", "no-device", f"PaddlePaddle has no device {device}; it has {['cpu', *cuda]}"
        )
    version = f"{paddleocr.__version__}, paddlepaddle {paddle.__version__}"
    about = {"name": "paddleocr", "version": version, "devices": ["cpu", *cuda], "device": device}
    return Engine(
        about, operations(lambda name: PaddleRecogniser(name, settings, device.replace("cuda", "gpu")))
    )


class PaddleRecogniser:
    """A model run by PaddleOCR (see ``operations.Recogniser``); its detector is loaded at its first use."""

    def __init__(self, name: str, settings: Settings, device: str) -> None:
        self._device = device
        self._settings = settings
        self._files: ModelFiles | None = None
        self._detector_runner: Runner | None = None
        self.character_width: float | None = None
        self.blur = 0.0
        if name in NAMED or Path(name).is_absolute():
            self._load_files(find(name))
        else:
            self._load_from_hub(name)

    def _load_files(self, files: ModelFiles) -> None:
        self._files = files
        self.character_width, self.blur = files.character_width, files.blur
        characters = read_alphabet(files, _onnx_alphabet(files.recogniser))
        weights = files.recogniser.with_suffix(".pdiparams")
        extra = [path for path in (weights, files.alphabet) if path is not None and path.is_file()]
        self.digest = digest_files([files.recogniser, *extra])
        folder = paddlefolders.recogniser_folder(
            files.recogniser, self.digest, files.paddle_name, characters, self._settings.cache
        )
        self._runner, characters = self._recogniser(files.paddle_name, folder, files.recogniser.suffix)
        self.alphabet = ["", *characters[1:]]

    def _load_from_hub(self, name: str) -> None:
        paddle_name = name if name.endswith("_rec") else f"{name}_rec"
        self._runner, characters = self._recogniser(paddle_name, None, "")
        self.alphabet = ["", *characters[1:]]
        folder = self._settings.cache / "paddlex" / "official_models" / paddle_name
        self.digest = digest_files(sorted(path for path in folder.glob("inference.*") if path.is_file()))

    def _recogniser(self, name: str, folder: Path | None, suffix: str) -> tuple[Runner, list[str]]:
        from paddleocr import TextRecognition

        predictor = self._load(TextRecognition, name, folder, suffix)
        return predictor.runner, list(predictor.post_op.character)

    def _load(self, kind: Any, name: str, folder: Path | None, suffix: str) -> Any:
        options: dict[str, Any] = {"model_name": name, "device": self._device}
        if folder is not None:
            options["model_dir"] = str(folder)
        if suffix == ".onnx":
            options["engine"] = "onnxruntime"
        elif name.endswith("_det") and self._device == "cpu":
            options["enable_mkldnn"] = False  # paddlepaddle 3.3: oneDNN lacks an operator of the detector
        elif self._device == "cpu" and self._settings.threads:
            options["cpu_threads"] = self._settings.threads
        try:
            return kind(**options).paddlex_predictor
        except Exception as error:  # frameworks raise anything at a broken model, and at an absent hub
            text = str(error).strip().splitlines()
            raise Refusal(
                "model",
                "model-broken" if folder else "model-absent",
                f"PaddleOCR cannot load {name}: {(text[-1] if text else type(error).__name__)[:300]}",
            ) from error

    def posteriors(self, pictures: Sequence[NDArray[np.uint8]]) -> Iterator[Floats]:
        """Yield each strip's posteriors, in order."""
        for picture in pictures:
            yield np.array(self._runner(x=[strips.prepare(picture)])[0][0], np.float32)

    def lines(
        self, pages: Sequence[NDArray[np.uint8]], side: int | None = None, *, areas: bool = False
    ) -> list[list[tuple[float, Floats]]]:
        """Return each page's lines."""
        if self._files is None or self._files.detector is None:
            raise Refusal("model", "no-detector", "this OCR model has no text detector")
        return find_lines(pages, self._files.settings.within(side), self._probabilities, areas=areas)

    def _probabilities(self, prepared: Iterable[Floats]) -> Iterator[Floats]:
        detector = self._detector()
        return (np.asarray(detector(x=[one])[0][0, 0], np.float32) for one in prepared)

    def _detector(self) -> Runner:
        if self._detector_runner is None:
            from paddleocr import TextDetection

            assert self._files is not None and self._files.detector is not None
            model, name = self._files.detector, self._files.paddle_name.replace("_rec", "_det")
            folder = paddlefolders.detector_folder(model, digest_files([model]), name, self._settings.cache)
            runner: Runner = self._load(TextDetection, name, folder, model.suffix).runner
            self._detector_runner = runner
        return self._detector_runner


def _onnx_alphabet(path: Path) -> str | None:
    if path.suffix != ".onnx":
        return None
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    stated = session.get_modelmeta().custom_metadata_map.get("character")
    return str(stated) if stated is not None else None
