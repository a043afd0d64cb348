"""Overlays show each region where it is, in the colour of its status, with readable words."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_records import Drawn

from segocr.pages import Page
from segocr.records import FieldStatus, Record
from segocr.reports import album, overlay
from segocr.reports.album import Album, KeptPage, shrink


@pytest.mark.parametrize("name", ["company", "date", "total", "tax", "phones"])
def test_a_region_is_outlined_in_the_colour_of_its_status(drawn: Drawn, name: str) -> None:
    value = drawn.record.fields[name][0]
    image = overlay.draw(drawn.record, shrink(drawn.page))
    a, b = value.readings[0].region.polygon[2:]  # the lower side: no label covers it
    x, y = np.round((a + b) / 2).astype(int)
    spot = image[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
    distance = np.abs(spot - overlay.COLOURS[value.status]).sum(axis=1).min()
    assert distance < 30


def test_the_page_keeps_its_coordinates_and_the_legend_stands_below(drawn: Drawn) -> None:
    image = overlay.draw(drawn.record, shrink(drawn.page))
    height, width = drawn.page.image.shape[:2]
    assert image.shape[1] == width
    assert image.shape[0] > height
    corner = np.abs(image[600:700, 900:1000].astype(int) - drawn.page.image[600:700, 900:1000])
    assert corner.mean() < 6  # untouched but for JPEG


def test_letters_beyond_ascii_are_drawn_as_themselves() -> None:
    def drawn_text(text: str) -> np.ndarray:
        image = np.full((40, 60, 3), 255, np.uint8)
        overlay.write(image, text, (4, 4), 24, (0, 0, 0))
        return image

    pictures = [drawn_text(text) for text in ("?", "日", "本", "Ä", "Ω", "Ж")]
    for place, first in enumerate(pictures):
        assert (first < 128).any()
        assert all((first != other).any() for other in pictures[place + 1 :])


def test_a_part_of_another_field_shares_its_region_and_stands_in_the_legend(drawn: Drawn) -> None:
    date = drawn.record.fields["date"][0]
    part = dataclasses.replace(date, name="year", value="2018")
    fields = {**drawn.record.fields, "year": (part,)}
    record = dataclasses.replace(drawn.record, fields=fields)
    page = shrink(drawn.page)
    assert len(list(overlay._labels(record, page))) == len(list(overlay._labels(drawn.record, page)))
    assert overlay.draw(record, page).shape[0] > overlay.draw(drawn.record, page).shape[0]
    assert any("year: 2018" in line for line, _ in overlay._remarks(record))


def test_captions_say_status_and_confidence_on_one_harmless_line(hostile: Drawn) -> None:
    value = hostile.record.fields["company"][0]
    text = overlay.caption("company", value)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.endswith("91%")
    assert "doubtful" in overlay.caption("x", dataclasses.replace(value, status=FieldStatus.DOUBTFUL))


def test_files_are_written_under_safe_and_distinct_names(hostile: Drawn, tmp_path: Path) -> None:
    record = hostile.record
    other = dataclasses.replace(record, sha256="ef" * 32)
    for one in (record, other):
        paths = overlay.write_overlays(one, {1: shrink(hostile.page)}, tmp_path)
        assert [path.parent for path in paths] == [tmp_path]
        assert cv2.imread(str(paths[0])).shape[1] == hostile.page.image.shape[1]
    assert len(list(tmp_path.iterdir())) == 2
    assert not any(set(path.name) & set("<>\x1b\u202e=/ ") for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "\n", "a" * 300 + ".jpg", ".hidden", "日本.jpg"])
def test_overlay_names_stay_in_their_folder(drawn: Drawn, name: str) -> None:
    made = overlay.overlay_name(dataclasses.replace(drawn.record, file=Path("in") / name))
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made.encode()) < 255


def test_a_region_beyond_the_page_is_drawn_as_far_as_it_goes(drawn: Drawn) -> None:
    reading = drawn.record.fields["date"][0].readings[0]
    polygon = np.array([[-50, -50], [5000, -50], [5000, 60], [-50, 60]], np.float32)
    away = np.array([[-90, -90], [-50, -90], [-50, -60]], np.float32)
    for shape in (polygon, away):
        region = dataclasses.replace(reading.region, polygon=shape)
        value = dataclasses.replace(
            drawn.record.fields["date"][0], readings=(dataclasses.replace(reading, region=region),)
        )
        record = dataclasses.replace(drawn.record, fields={"date": (value,)})
        assert overlay.draw(record, shrink(drawn.page)).shape[1] == drawn.page.image.shape[1]


def test_large_pages_are_kept_smaller_with_their_scale() -> None:
    page = Page(3, np.zeros((6000, 200, 3), np.uint8))
    kept = shrink(page)
    assert kept.number == 3
    assert kept.scale == pytest.approx(album.LONG_SIDE / 6000)
    assert kept.image().shape == (album.LONG_SIDE, 80, 3)


def test_the_album_forgets_a_document_with_its_last_record(drawn: Drawn, failed_record: Record) -> None:
    pages = Album()
    for number in (1, 2):
        pages.keep(drawn.document, dataclasses.replace(drawn.page, number=number))
    first = dataclasses.replace(drawn.record, part=1, pages=(drawn.page.info,))
    second = dataclasses.replace(first, part=2, pages=(dataclasses.replace(drawn.page.info, number=2),))
    assert list(pages.take(first)) == [1]
    assert isinstance(pages.take(second)[2], KeptPage)
    assert len(pages) == 0
    assert pages.take(failed_record) == {}
