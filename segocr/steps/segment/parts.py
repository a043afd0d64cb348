"""A YOLO network in parts, so that what no candidate needs is not computed.

Two fifths of such a network's time go to the boxes and mask coefficients of every cell and to mask prototypes
of the whole page, and nearly all of that is dropped. Here the trunk says which cells score; boxes,
coefficients and prototypes are computed around those only. They are convolutions, so a window with enough of
its surroundings gives what the whole gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import PartialShape, Type, opset13

from segocr.steps.guest import Settings
from segocr.steps.openvino_models import OpenvinoModel
from segocr.steps.segment.letterbox import Letterbox
from segocr.steps.segment.yolo import Candidates, Prototypes, mask_window, promising

Floats = NDArray[np.float32]
_MARGIN = 2
"""Cells around a window that its values depend on: two convolutions of 3 x 3, each reaches one further."""
_STEP = 8
"""Windows grow by so many cells: OpenVINO prepares itself anew for every size that it has not seen."""
_FIRST_BOX = re.compile(r"(.*/model\.\d+)/cv2\.0/cv2\.0\.0/conv/Conv/WithoutBiases")


@dataclass(frozen=True, slots=True)
class Parts:
    """The networks that a YOLO network is cut into.

    Attributes:
        trunk: From the picture to the class scores ``(1, classes, cells)`` and the features of each level.
        heads: By level, from features to box sides ``(1, 4 x bins, h, w)`` and mask coefficients
            ``(1, m, h, w)``.
        prototypes: From the finest level's features to the mask prototypes ``(1, m, 2 h, 2 w)``.
    """

    trunk: openvino.Model
    heads: Sequence[openvino.Model]
    prototypes: openvino.Model


def split(network: openvino.Model) -> Parts | None:
    """Cut a network as ultralytics exports YOLOv8 and YOLO11 for segmentation; None if it is another one."""
    nodes = {node.get_friendly_name(): node for node in network.get_ordered_ops()}
    prefix = next((match[1] for name in nodes if (match := _FIRST_BOX.fullmatch(name))), None)
    if prefix is None:
        return None
    levels = sum(f"{prefix}/cv2.{level}/cv2.{level}.2/Conv" in nodes for level in range(8))
    last = [
        [f"{prefix}/{kind}.{level}/{kind}.{level}.2/Conv" for kind in ("cv2", "cv4")]
        for level in range(levels)
    ]
    boxes, prototypes = (output.get_node().input_value(0).get_node() for output in network.outputs)
    scores = boxes.input_value(1).get_node() if boxes.get_input_size() == 3 else boxes
    if scores.get_type_name() != "Sigmoid" or not all(name in nodes for ends in last for name in ends):
        return None
    if not _is_mean_of_bins(nodes.get(f"{prefix}/dfl/conv/Conv")):
        return None
    first = [nodes[f"{prefix}/cv2.{level}/cv2.{level}.0/conv/Conv/WithoutBiases"] for level in range(levels)]
    features = [node.input_value(0).get_node().get_friendly_name() for node in first]
    return Parts(
        _between(network, None, [scores.get_friendly_name(), *features]),
        [_between(network, feature, ends) for feature, ends in zip(features, last, strict=True)],
        _between(network, features[0], [prototypes.get_friendly_name()]),
    )


def _is_mean_of_bins(node: openvino.Node | None) -> bool:
    """Whether a box's sides are means over bins 0, 1, 2 …, as ``_sides`` takes them."""
    weights = node.input_value(1).get_node() if node is not None else None
    if weights is None or weights.get_type_name() != "Constant":
        return False
    values = np.asarray(weights.get_data()).ravel()
    return bool(np.array_equal(values, np.arange(len(values))))


def _between(network: openvino.Model, start: str | None, ends: Sequence[str]) -> openvino.Model:
    """Return the part of a network from a node's output (None: from its input) to some nodes' outputs."""
    copy = network.clone()
    nodes = {node.get_friendly_name(): node for node in copy.get_ordered_ops()}
    results = [opset13.result(nodes[name].output(0)) for name in ends]
    if start is None:
        return openvino.Model(results, copy.get_parameters(), "trunk")
    output = nodes[start].output(0)
    shape = PartialShape([1, output.partial_shape[1].get_length(), -1, -1])
    features = opset13.parameter(shape, Type.f32, name="features")
    for reader in output.get_target_inputs():
        reader.replace_source_output(features.output(0))
    return openvino.Model(results, [features], "part")


class Heads:
    """What follows the trunk, for the cells that need it.

    Args:
        parts: Of the network.
        settings: Of the host.
        name: What its messages call the model.
    """

    def __init__(self, parts: Parts, settings: Settings, name: str) -> None:
        # Windows are small: one thread each, while the trunk's threads are at the next page.
        alone = replace(settings, threads=1)
        self._heads = [OpenvinoModel(head, alone, name) for head in parts.heads]
        self._prototypes = OpenvinoModel(parts.prototypes, alone, name)

    def candidates(
        self, scores: Floats, features: Sequence[Floats], letterbox: Letterbox, confidence: float
    ) -> Candidates:
        """Return the boxes of the cells that score above a confidence, in the order of the cells.

        Args:
            scores: ``(classes, cells)``, level after level, row after row.
            features: ``(1, channels, h, w)`` of each level.
            letterbox: How the page lies in the input.
            confidence: Least score.
        """
        places, best, kinds = promising(scores, confidence)
        corners, weights = [], []
        start = 0
        for head, level in zip(self._heads, features, strict=True):
            height, width = level.shape[2:]
            own = places[(places >= start) & (places < start + height * width)] - start
            start += height * width
            if len(own):
                sides, coefficients = _at_cells(head, level, own // width, own % width)
                stride = letterbox.input_width / width
                middles = np.stack([own % width, own // width], axis=1).astype(np.float32) + np.float32(0.5)
                corners.append(
                    np.hstack([middles - sides[:, :2], middles + sides[:, 2:]]) * np.float32(stride)
                )
                weights.append(coefficients)
        if not corners:
            return Candidates(np.zeros((0, 4), np.float32), best, kinds, np.zeros((0, 0), np.float32))
        return Candidates(np.concatenate(corners), best, kinds, np.concatenate(weights))

    def prototypes(self, kept: Candidates, finest: Floats, letterbox: Letterbox) -> Prototypes:
        """Return the mask prototypes that some boxes need.

        Args:
            kept: The boxes.
            finest: ``(1, channels, h, w)``, features of the finest level.
            letterbox: How the page lies in the input.
        """
        height, width = (2 * side for side in finest.shape[2:])
        windows = [mask_window(corner, width, height, letterbox) for corner in kept.corners]
        windows = [
            (left, top, right, bottom)
            for left, top, right, bottom in windows
            if right > left and bottom > top
        ]
        if not windows:
            return Prototypes(np.zeros((0, 0, 0), np.float32), 0, 0, width, height)
        lefts, tops, rights, bottoms = zip(*windows, strict=True)
        columns = _window(min(lefts) // 2, (max(rights) - 1) // 2, width // 2)
        rows = _window(min(tops) // 2, (max(bottoms) - 1) // 2, height // 2)
        (values,) = _run(self._prototypes, finest, rows, columns)
        return Prototypes(values, 2 * columns.start, 2 * rows.start, width, height)


def _at_cells(
    head: OpenvinoModel, features: Floats, y: NDArray[np.int64], x: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the box sides ``(n, 4)`` (left, top, right, bottom, in cells) and coefficients ``(n, m)``."""
    height, width = features.shape[2:]
    rows, columns = _window(int(y.min()), int(y.max()), height), _window(int(x.min()), int(x.max()), width)
    bins, coefficients = _run(head, features, rows, columns)
    y, x = y - rows.start, x - columns.start
    return _sides(bins[:, y, x].T), np.ascontiguousarray(coefficients[:, y, x].T)


def _sides(bins: Floats) -> Floats:
    """Return the means ``(n, 4)`` of the four distributions in ``(n, 4 x bins)`` logits."""
    logits = bins.reshape(len(bins), 4, -1)
    odds = np.exp(logits - logits.max(axis=2, keepdims=True))
    return np.asarray((odds / odds.sum(axis=2, keepdims=True)) @ np.arange(odds.shape[2], dtype=np.float32))


def _window(first: int, last: int, size: int) -> slice:
    """Return the cells that ``first`` to ``last`` depend on, of a size that occurs often, within ``size``."""
    wanted = last - first + 1 + 2 * _MARGIN
    wanted = min(-(-wanted // _STEP) * _STEP, size)
    start = min(max(first - _MARGIN, 0), size - wanted)
    return slice(start, start + wanted)


def _run(model: OpenvinoModel, features: Floats, rows: slice, columns: slice) -> list[Floats]:
    """Run a part on a window; its outputs, without the batch, are copies."""
    window = np.ascontiguousarray(features[:, :, rows, columns])
    (outputs,) = ([np.array(output[0]) for output in some] for some in model.run([window]))
    return outputs
