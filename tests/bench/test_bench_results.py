from __future__ import annotations

from pathlib import Path

import pytest

from segocr.bench.memory import Memory
from segocr.bench.run import BESIDE_PLAIN, V4, Bench
from segocr.bench.samples import pictures_in
from segocr.bench.scripts.ours import changed
from segocr.errors import UsageError
from segocr.recipes import choose_models
from segocr.templates import load_template


def test_rates_and_ratios_are_medians_of_rounds() -> None:
    # A machine that is slow in one round is slow for all: the ratios of rounds stay, those of sums do not.
    seconds = {"segocr": [1.0, 2.0, 10.0], "full_page": [3.0, 8.0, 40.0]}
    bench = Bench("t", documents=10, seconds=seconds)
    assert bench.rate("segocr") == 5.0
    assert bench.ratio("segocr", "full_page") == 4.0


def test_what_did_not_run_is_null_and_says_why() -> None:
    bench = Bench("t", documents=1, seconds={"segocr": [0.5]}, left_out={"plain": "no torch"})
    result = bench.as_json()
    assert result["documents_per_second"] == {"segocr": 2.0, "plain": None, "full_page": None, "floor": None}
    assert result["ratios"] == {"plain": None, "full_page": None, "floor": None}
    assert result["details"]["left_out"] == {"plain": "no torch"}


def test_the_plain_way_is_compared_with_the_recogniser_that_it_uses() -> None:
    seconds = {"segocr": [1.0], "segocr_v4": [2.0], "plain": [8.0], "floor": [0.9]}
    ratios = Bench("t", 1, seconds, memory=Memory(100, 200)).as_json()["ratios"]
    assert ratios["plain"] == 4.0
    assert ratios["floor"] == pytest.approx(0.9)


def test_what_text_lines_cost_is_told_in_processor_time() -> None:
    processor = {"textlines": [0.6, 1.0, 0.9], "full_page": [1.0, 2.0, 1.0]}
    details = Bench("t", 1, {"segocr": [9.0]}, processor).as_json()["details"]
    assert details["cost_textlines_to_full_page"] == 0.6
    assert Bench("t", 1, {"segocr": [9.0]}).as_json()["details"]["cost_textlines_to_full_page"] is None


@pytest.mark.parametrize("name", ["passport", "license_plate", "receipt"])
def test_beside_the_plain_way_segocr_finds_regions_with_its_yolo_weights(name: str) -> None:
    # The head of text lines belongs to the lines of another OCR model than the plain way's.
    template = changed(load_template(name), BESIDE_PLAIN)
    models = choose_models(template, {})
    assert (models.segment.engine, models.ocr.name) == ("openvino", V4)
    assert models.segment.path.with_suffix(".pt") == template.segment_model("ultralytics")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(UsageError, match="no pictures"):
        pictures_in(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.JPG").write_bytes(b"")
    assert pictures_in(tmp_path) == [tmp_path / "deep" / "b.JPG"]
