"""What is particular to the shipped models: how their pictures are made, and where those come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segocr.training.card import DataSource, ModelCard, describe_file, write_card
from segocr.training.dataset import PaperPlan, Plan, ScenePlan, ViewPlan

ARCHITECTURE = "yolo11n-seg"
PLANS: dict[str, Plan] = {
    "passport": ScenePlan(("mrz_line1", "mrz_line2")),
    "license_plate": ViewPlan(("plate",)),
    "receipt": PaperPlan(("company", "date", "address", "total")),
}
# Share of a label's height that was added on every side before training.
PADDING = {"passport": 0.3, "license_plate": 0.0, "receipt": 0.0}
_PLATES = DataSource(name="OpenALPR benchmarks, 274 photos of train", licence="AGPL-3.0", documents=274)
_RECEIPTS = DataSource(name="ICDAR 2019 SROIE, first weights only", licence="CC-BY-4.0", documents=539)
_PAGES = DataSource(name="tony-xlh/MRZ-dataset, pages of train", licence="Apache-2.0", documents=119)
_SALES = DataSource(name="ICDAR 2019 SROIE, receipts of train", licence="CC-BY-4.0", documents=539)
SOURCES = {
    "passport": [_PAGES, _PLATES, _RECEIPTS],
    "license_plate": [_PLATES, _PAGES, _RECEIPTS],
    "receipt": [_SALES],
}


def describe_model(
    template: str,
    folder: Path,
    image_size: int,
    versions: dict[str, str],
    training: dict[str, Any],
    metrics: dict[str, dict[str, float]],
) -> Path:
    """Write ``model.json`` beside a shipped model's ``model.pt`` and ``model.onnx``.

    Args:
        template: The template's name.
        folder: Its folder.
        image_size: Long side it was trained at, pixels.
        versions: Of the frameworks that made it.
        training: Pictures, stages and start of the training.
        metrics: By set, on pictures that it was neither trained nor tuned on.
    """
    card = ModelCard(
        name=template,
        architecture=ARCHITECTURE,
        files={name: describe_file(folder / name) for name in ("model.pt", "model.onnx")},
        classes=list(PLANS[template].classes),
        image_size=image_size,
        label_padding=PADDING[template],
        data=SOURCES[template],
        licence="AGPL-3.0-only",
        versions=versions,
        training=training,
        metrics=metrics,
    )
    return write_card(folder, card)
