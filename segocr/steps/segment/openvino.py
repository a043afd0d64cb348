"""Segmentation with OpenVINO: ``.onnx`` files that ultralytics exported, or OpenVINO's own ``.xml``."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import Layout, Type
from openvino.preprocess import ColorFormat, PrePostProcessor

from segocr.steps.guest import Engine, Settings
from segocr.steps.modelfiles import digest_files, require_file
from segocr.steps.openvino_models import OpenvinoModel, metadata, read_network
from segocr.steps.protocol import Refusal
from segocr.steps.segment.letterbox import Letterbox
from segocr.steps.segment.operations import Wanted, operations
from segocr.steps.segment.parts import Heads, split
from segocr.steps.segment.yolo import Found, decode, outlined, suppressed


def start(settings: Settings) -> Engine:
    """Start the engine."""
    about = {
        "name": "openvino",
        "version": openvino.__version__,
        "devices": openvino.Core().available_devices,
    }
    return Engine(about, operations(lambda path, _: OpenvinoSegmenter(path, settings)))


class OpenvinoSegmenter:
    """A YOLO segmentation model run by OpenVINO (see ``operations.Segmenter``); in parts if it has them."""

    def __init__(self, path: Path, settings: Settings) -> None:
        require_file(path, (".onnx", ".xml"), "openvino")
        weights = [path.with_suffix(".bin")] if path.suffix == ".xml" else []
        self.digest = digest_files([path, *weights])
        self._fixed: tuple[int, int] | None = None
        network = read_network(path)
        self.classes = _classes(network, path)
        shape = network.inputs[0].partial_shape if len(network.inputs) == 1 else None
        if len(network.outputs) != 2 or shape is None or shape.rank.get_length() != 4:
            raise Refusal("model", "model-kind", f"{path} is no segmentation model (one input, two outputs)")
        if shape[2].is_static and shape[3].is_static:
            self._fixed = (shape[2].get_length(), shape[3].get_length())
        parts = split(network)
        self._heads = Heads(parts, settings, str(path)) if parts else None
        self._model = OpenvinoModel(_taking_pixels(parts.trunk if parts else network), settings, str(path))

    def segment(self, pages: Sequence[NDArray[np.uint8]], wanted: Wanted) -> list[list[Found]]:
        """Return the instances of each page."""
        boxes = [Letterbox.of(page.shape[1], page.shape[0], wanted.image_size, self._fixed) for page in pages]
        outputs = self._model.run(box.apply(page) for box, page in zip(boxes, pages, strict=True))
        return [self._found(output, box, wanted) for box, output in zip(boxes, outputs, strict=True)]

    def _found(self, output: Sequence[NDArray[np.float32]], box: Letterbox, wanted: Wanted) -> list[Found]:
        if self._heads is None:
            candidates, masks = sorted((part[0] for part in output), key=np.ndim)
            return decode(candidates, masks, box, len(self.classes), wanted.confidence, wanted.iou)
        scores, *features = output
        kept = suppressed(self._heads.candidates(scores[0], features, box, wanted.confidence), wanted.iou)
        return outlined(kept, self._heads.prototypes(kept, features[0], box), box)


def _taking_pixels(network: openvino.Model) -> openvino.Model:
    """Return the network with an input of ``uint8 (1, H, W, 3)`` BGR."""
    processor = PrePostProcessor(network)
    tensor = processor.input().tensor()
    tensor.set_element_type(Type.u8).set_layout(Layout("NHWC")).set_color_format(ColorFormat.BGR)
    processor.input().model().set_layout(Layout("NCHW"))
    steps = processor.input().preprocess()
    steps.convert_element_type(Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    return processor.build()


def _classes(network: openvino.Model, path: Path) -> list[str]:
    """Read the classes that ultralytics writes into a model it exports.

    Raises:
        Refusal: ``model-kind``.
    """
    task, names = metadata(network, "task"), metadata(network, "names")
    if task != "segment" or not names:
        what = f"a model for {task}" if task else "a model without ultralytics' metadata"
        raise Refusal(
            "model", "model-kind", f"{path}: {what}; a segmentation model exported by ultralytics is needed"
        )
    try:
        table = ast.literal_eval(names)
        return [str(table[number]) for number in range(len(table))]
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise Refusal("model", "model-kind", f"{path}: its class names cannot be read") from error
