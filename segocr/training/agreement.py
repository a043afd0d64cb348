"""Whether the two files of a model are one model: the same regions through torch and through OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import ModelError
from segocr.steps.client import Steps
from segocr.steps.contract import SegmentedRegion, SegmentModel
from segocr.steps.modelfiles import digest_files
from segocr.synthesis.backgrounds import read_picture
from segocr.training.measure import mask_iou

LEAST_IOU = 0.95
SCORE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many regions of both engines were compared, and the first ones without a partner, in words."""

    compared: int
    alone: tuple[str, ...]


def compare_engines(
    steps: Steps, weights: Path, exported: Path, pictures: Sequence[Path], image_size: int, confidence: float
) -> Agreement:
    """Find regions with both files and pair them, both ways.

    Regions with a score within ``SCORE_TOLERANCE`` of the least one need no partner: the other engine may
    have dropped theirs.

    Args:
        steps: The hosts.
        weights: A ``.pt``.
        exported: The ``.onnx`` made from it.
        pictures: What to look at.
        image_size: Long side in pixels that pictures are scaled to.
        confidence: Least score, 0–1.
    """
    models = (
        SegmentModel("ultralytics", weights, image_size, confidence, digest=digest_files([weights])),
        SegmentModel("openvino", exported, image_size, confidence),
    )
    compared, alone = 0, []
    for path in pictures:
        picture = read_picture(path)
        both = [steps.segment([picture], model)[0] for model in models]
        for model, mine, others in zip(models, both, reversed(both), strict=True):
            clear = [region for region in mine if region.score >= confidence + SCORE_TOLERANCE]
            compared += len(clear)
            alone += [
                f"{path.name}: {one.class_name} with score {one.score:.2f} by {model.engine} only"
                for one in clear
                if not any(_same(one, other) for other in others)
            ]
    return Agreement(compared, tuple(alone))


def require_agreement(agreement: Agreement) -> None:
    """Refuse a pair of files that do not find the same.

    Raises:
        ModelError: ``engines-disagree``, with the first regions that only one of them finds.
    """
    if agreement.alone:
        raise ModelError(
            f"model.pt and model.onnx do not find the same: {len(agreement.alone)} of {agreement.compared} "
            f"regions have no partner (IoU ≥ {LEAST_IOU}, score within {SCORE_TOLERANCE}): "
            + "; ".join(agreement.alone[:3]),
            code="engines-disagree",
            hint="nothing was put in place; the model that was there stays",
        )


def _same(one: SegmentedRegion, other: SegmentedRegion) -> bool:
    return (
        one.class_name == other.class_name
        and abs(one.score - other.score) <= SCORE_TOLERANCE
        and mask_iou(one.polygon, other.polygon) >= LEAST_IOU
    )
