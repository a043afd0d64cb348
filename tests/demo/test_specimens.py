"""The committed sample documents: small, labelled rightly, and drawn by the script that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segocr.synthesis.specimens.lettering import FONTS
from segocr.synthesis.specimens.mrz import check_digit, mrz_lines
from segocr.synthesis.specimens.passports import draw_passport, invent_holder, passport_photos
from segocr.synthesis.specimens.receipts import receipt_pictures
from segocr.synthesis.specimens.streets import plate_photos

Require = Callable[[str, object, str], None]
ROOT = Path(__file__).parents[2]
KINDS = {"passport": passport_photos, "license_plate": plate_photos, "receipt": receipt_pictures}
FONTS_ARE_THERE = all((Path("/usr/share/fonts") / file).is_file() for file in FONTS.values())


def labels(kind: str) -> list[dict[str, Any]]:
    lines = (ROOT / "templates" / kind / "golden" / "fields.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def image(kind: str, label: dict[str, Any]) -> np.ndarray:
    read = cv2.imread(str(ROOT / "templates" / kind / "golden" / label["image"]))
    assert read is not None
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_is_small_and_its_labels_lie_in_it(kind: str) -> None:
    samples = labels(kind)
    assert len(samples) >= 4
    folder = ROOT / "templates" / kind / "golden"
    assert {label["image"] for label in samples} == {
        f"images/{p.name}" for p in (folder / "images").iterdir()
    }
    for label in samples:
        assert (folder / label["image"]).stat().st_size <= 200_000
        assert image(kind, label).shape == (label["height"], label["width"], 3)
        for field in label["fields"]:
            points = np.array(field["polygons"]).reshape(-1, 2)
            assert field["value"]
            assert (points >= 0).all()
            assert (points <= (label["width"], label["height"])).all()


@pytest.mark.parametrize("kind", KINDS)
def test_labelled_polygons_hold_ink_and_not_bare_paper(kind: str) -> None:
    for label in labels(kind):
        grey = cv2.cvtColor(image(kind, label), cv2.COLOR_BGR2GRAY)
        for field in label["fields"]:
            for polygon in field["polygons"]:
                mask = np.zeros_like(grey)
                cv2.fillPoly(mask, [np.array(polygon, np.int32)], 255)
                inside = grey[mask > 0]
                assert np.percentile(inside, 95) - np.percentile(inside, 5) > 60, (
                    label["id"],
                    field["class"],
                )


def test_check_digits_are_those_of_the_standards_own_example() -> None:
    # ICAO Doc 9303 part 4, appendix B: L898902C3, born 12 August 1974, valid to 15 April 2012, ZE184226B.
    assert [check_digit(part) for part in ("L898902C3", "740812", "120415", "ZE184226B<<<<<")] == [
        "6",
        "2",
        "9",
        "1",
    ]
    composite = "L898902C36" + "7408122" + "1204159" + "ZE184226B<<<<<1"
    assert check_digit(composite) == "0"


def test_every_passport_has_two_lines_of_44_whose_check_digits_hold() -> None:
    for label in labels("passport"):
        first, second = (field["value"] for field in label["fields"])
        assert len(first) == len(second) == 44
        assert first.startswith("P<UTO")
        for part, digit in ((second[:9], 9), (second[13:19], 19), (second[21:27], 27), (second[28:42], 42)):
            assert check_digit(part) == second[digit]
        assert check_digit(second[:10] + second[13:20] + second[21:43]) == second[43]


def test_some_passports_lie_upside_down() -> None:
    turned = []
    for label in labels("passport"):
        left, right = (np.array(label["fields"][0]["polygons"][0][corner]) for corner in (0, 1))
        turned.append(bool(right[0] < left[0]))
    assert 2 <= sum(turned) < len(turned)


def test_the_script_draws_the_committed_samples_again(require: Require) -> None:
    require("fonts", FONTS_ARE_THERE, "apt-get install fonts-ocr-b fonts-liberation")
    for kind, draw in KINDS.items():
        again = dict(draw(1, 7))
        label = labels(kind)[0]
        specimen = again[label["id"]]
        assert [field.value for field in specimen.fields] == [field["value"] for field in label["fields"]]
        difference = np.abs(specimen.picture.astype(int) - image(kind, label)).mean()
        assert difference < 6, f"{kind}: {difference:.1f} grey levels from the committed picture"


def test_another_seed_draws_another_holder_and_the_same_seed_the_same_page(require: Require) -> None:
    require("fonts", FONTS_ARE_THERE, "apt-get install fonts-ocr-b fonts-liberation")
    holders = [invent_holder(0, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert mrz_lines(holders[0]) == mrz_lines(holders[1]) != mrz_lines(holders[2])
    pages = [draw_passport(holders[0], np.random.default_rng(5)).picture for _ in range(2)]
    assert np.array_equal(pages[0], pages[1])
