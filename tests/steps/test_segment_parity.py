"""The segmentation engines agree: one set of weights, on torch and on OpenVINO."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.errors import ModelError
from segocr.steps.client import Steps
from segocr.steps.contract import SegmentedRegion, SegmentModel
from segocr.steps.modelfiles import digest_files

CONFIDENCE = 0.25
ROOT = Path(__file__).parents[2]
KINDS = {"license_plate": "plates", "passport": "passports", "receipt": "receipts"}
"""Of which labelled documents a template's pages are."""
EXPORT = """
import sys
from ultralytics import YOLO
YOLO(sys.argv[1], task="segment").export(format="onnx", dynamic=True, simplify=True, imgsz=640)
"""


def overlap(one: SegmentedRegion, other: SegmentedRegion, shape: tuple[int, int]) -> float:
    masks = [
        cv2.fillPoly(np.zeros(shape, np.uint8), [np.round(r.polygon).astype(np.int32)], 1)
        for r in (one, other)
    ]
    return float((masks[0] & masks[1]).sum() / max(1, (masks[0] | masks[1]).sum()))


def assert_partners(
    found: Sequence[SegmentedRegion], others: Sequence[SegmentedRegion], shape: tuple[int, int]
) -> int:
    """Every region above the threshold + 0.02 has a partner; returns how many there are."""
    clear = [region for region in found if region.score >= CONFIDENCE + 0.02]
    for region in clear:
        partners = [
            other
            for other in others
            if other.class_name == region.class_name
            and abs(other.score - region.score) <= 0.02
            and overlap(region, other, shape) >= 0.95
        ]
        assert partners, (region.class_name, region.score)
    return len(clear)


def pages_of(data: Path, kind: str, count: int = 12) -> list[NDArray[np.uint8]]:
    paths = sorted((data / kind / "images").glob("val*")) or sorted((data / kind / "images").iterdir())
    pages = [cv2.imread(str(path)) for path in paths[:: max(1, len(paths) // count)]]
    return [np.asarray(page, np.uint8) for page in pages if page is not None]


def compare(steps: Steps, weights: Path, exported: Path, pages: list[NDArray[np.uint8]], size: int) -> int:
    one = steps.segment(
        pages, SegmentModel("ultralytics", weights, size, CONFIDENCE, digest=digest_files([weights]))
    )
    other = steps.segment(pages, SegmentModel("openvino", exported, size, CONFIDENCE))
    count = 0
    for page, a, b in zip(pages, one, other, strict=True):
        count += assert_partners(a, b, page.shape[:2]) + assert_partners(b, a, page.shape[:2])
    return count


@pytest.fixture
def both(steps: Steps, environment: Callable[[str], Path]) -> Steps:
    environment("torch")
    return steps


def shipped_with_both_models() -> list[str]:
    """Templates that ship weights and their export, whatever else they hold."""
    return sorted(
        weights.parent.name
        for weights in (ROOT / "templates").glob("*/model.pt")
        if weights.with_suffix(".onnx").is_file()
    )


def test_there_are_shipped_weights_to_compare() -> None:
    assert {"license_plate", "passport"} <= set(shipped_with_both_models()) <= KINDS.keys()


@pytest.mark.parametrize("size", [640, 1024])
@pytest.mark.parametrize("template", shipped_with_both_models())
def test_shipped_weights_find_the_same_in_both_engines(
    both: Steps, data: Path, template: str, size: int
) -> None:
    weights = ROOT / "templates" / template / "model.pt"
    assert compare(both, weights, weights.with_suffix(".onnx"), pages_of(data, KINDS[template]), size) > 0


@pytest.fixture(scope="session")
def exported(
    environment: Callable[[str], Path],
    data: Path,
    require: Callable[[str, object, str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Weights and their export, in a folder with a difficult name."""
    start = data.parent / "models" / "receipt-start.pt"
    require("models", start.is_file(), f"there are no weights at {start}")
    folder = tmp_path_factory.mktemp("weights") / "模型 é #1"
    folder.mkdir()
    shutil.copy(start, folder / "weights.pt")
    settings = {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(folder), "PATH": os.environ["PATH"]}
    command = [environment("torch"), "-I", "-c", EXPORT, folder / "weights.pt"]
    subprocess.run(command, check=True, env=settings, cwd=folder, capture_output=True, timeout=300)
    return folder / "weights.pt"


def test_exported_weights_find_the_same_from_a_folder_with_any_name(
    both: Steps, data: Path, exported: Path
) -> None:
    pages = pages_of(data, "receipts", count=8)
    assert compare(both, exported, exported.with_suffix(".onnx"), pages, 640) > 20


def test_polygons_lie_on_the_page(both: Steps, data: Path, exported: Path) -> None:
    pages = pages_of(data, "receipts", count=3)
    for page, regions in zip(
        pages, both.segment(pages, SegmentModel("openvino", exported.with_suffix(".onnx"))), strict=True
    ):
        for region in regions:
            assert region.polygon.min() >= 0
            assert region.polygon[:, 0].max() <= page.shape[1]
            assert region.polygon[:, 1].max() <= page.shape[0]


def test_one_page_and_many_give_the_same(both: Steps, data: Path, exported: Path) -> None:
    pages = pages_of(data, "receipts", count=4)
    model = SegmentModel("openvino", exported.with_suffix(".onnx"))
    together = both.segment(pages, model)
    for page, regions in zip(pages, together, strict=True):
        [alone] = both.segment([page], model)
        assert [(r.class_name, r.score) for r in alone] == [(r.class_name, r.score) for r in regions]


def test_a_model_says_what_it_is(both: Steps, exported: Path) -> None:
    for engine, path in (("openvino", exported.with_suffix(".onnx")), ("ultralytics", exported)):
        info = both.load(SegmentModel(engine, path, digest=digest_files([path])))
        assert info.classes == ("company", "date", "address", "total")
        assert len(info.digest) == 64


@pytest.mark.parametrize("engine", ["openvino", "ultralytics"])
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("absent{suffix}", None, "model-absent"),
        ("broken{suffix}", b"no model at all", "model-broken"),
        ("other.txt", b"text", "model-kind"),
    ],
)
def test_a_bad_model_is_a_model_error(
    both: Steps, tmp_path: Path, engine: str, name: str, content: bytes | None, code: str
) -> None:
    path = tmp_path / name.format(suffix=".onnx" if engine == "openvino" else ".pt")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        both.load(SegmentModel(engine, path, digest=digest_files([path]) if content else "0" * 64))
    assert caught.value.code == code
    assert str(path) in caught.value.message


def test_an_ocr_model_is_no_segmentation_model(steps: Steps, environment: Callable[[str], Path]) -> None:
    library = environment("openvino").parents[1] / "lib"
    [path] = library.glob("*/site-packages/rapidocr/models/PP-OCRv6_rec_small.onnx")
    with pytest.raises(ModelError) as caught:
        steps.load(SegmentModel("openvino", path))
    assert caught.value.code == "model-kind"
