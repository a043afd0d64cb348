"""Every format becomes upright 8-bit BGR, and every bad document gets one stable code."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from segocr.errors import DocumentError
from segocr.steps.client import Steps
from segocr.steps.contract import OpenOptions, PageImage

RED, GREEN, BLUE, WHITE = (0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255)

DEFAULTS = OpenOptions()


def open_all(steps: Steps, path: Path, options: OpenOptions = DEFAULTS) -> list[PageImage]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(steps.open(descriptor, options))
    finally:
        os.close(descriptor)


def corners(page: PageImage) -> list[tuple[int, ...]]:
    """Colours in the middle of the quarters: top left, top right, bottom left, bottom right."""
    height, width = page.image.shape[:2]
    places = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    places += [(3 * height // 4, width // 4), (3 * height // 4, 3 * width // 4)]
    return [tuple(int(value) for value in page.image[place]) for place in places]


def close(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int = 12) -> bool:
    return bool(np.abs(np.array(found) - np.array(wanted)).max() <= tolerance)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("plain.jpg", "image/jpeg"),
        ("plain.png", "image/png"),
        ("plain.webp", "image/webp"),
        ("plain.tif", "image/tiff"),
        ("plain.bmp", "image/bmp"),
        ("palette.bmp", "image/bmp"),
        ("cmyk.jpg", "image/jpeg"),
        ("cmyk.tif", "image/tiff"),
        ("palette.png", "image/png"),
        ("misnamed.pdf", "image/png"),
        *((f"turned{orientation}.jpg", "image/jpeg") for orientation in range(2, 9)),
        ("turned6.tif", "image/tiff"),
        ("odd-exif.jpg", "image/jpeg"),
        ("odd-exif.png", "image/png"),
        ("no-exif.png", "image/png"),
        ("no-exif.webp", "image/webp"),
    ],
)
def test_a_picture_is_upright_bgr(steps: Steps, drawn_files: Path, name: str, media_type: str) -> None:
    [page] = open_all(steps, drawn_files / name)
    assert (page.number, page.pages, page.media_type) == (1, 1, media_type)
    assert page.image.shape == (200, 320, 3)
    assert close(corners(page), [RED, GREEN, BLUE, WHITE])


def test_heic(steps: Steps) -> None:
    [page] = open_all(steps, Path(__file__).parent / "samples" / "quarters.heic")
    assert page.media_type == "image/heic"
    assert close(corners(page), [RED, GREEN, BLUE, WHITE], tolerance=40)


@pytest.mark.parametrize("name", ["grey16.png", "grey16.tif", "float.tif", "grey8.png"])
def test_grey_of_any_depth_keeps_its_range(steps: Steps, drawn_files: Path, name: str) -> None:
    [page] = open_all(steps, drawn_files / name)
    row = page.image[100].astype(int)
    assert (row[:, 0] == row[:, 1]).all() and (row[:, 1] == row[:, 2]).all()
    assert np.abs(row[:, 0] - np.linspace(0, 255, 320)).max() <= 2


DEEP = ("16", "16-big", "16-signed", "12-in-16", "14-in-16-stated", "12-packed", "32", "32-big", "32-signed")
DEEP += ("16-in-32", "8-in-32", "float")
DEEP += ("16-signed-big-deflated", "32-big-deflated", "32-signed-big-deflated", "float-big-deflated")


@pytest.mark.parametrize("zero", ["black", "white"])
@pytest.mark.parametrize("kind", DEEP)
def test_a_deep_grey_tiff_looks_as_with_8_bits(steps: Steps, drawn_files: Path, zero: str, kind: str) -> None:
    [shallow] = open_all(steps, drawn_files / "deep.png")
    assert shallow.image.min() < 40 and np.median(shallow.image) == 250
    [deep] = open_all(steps, drawn_files / f"deep-{zero}-{kind}.tif")
    assert np.abs(deep.image.astype(int) - shallow.image).max() <= 3


def test_bilevel_is_black_and_white(steps: Steps, drawn_files: Path) -> None:
    [page] = open_all(steps, drawn_files / "bilevel.tif")
    assert set(np.unique(page.image)) == {0, 255}


def test_transparent_parts_are_white(steps: Steps, drawn_files: Path) -> None:
    [page] = open_all(steps, drawn_files / "alpha.png")
    assert close(corners(page), [RED, WHITE, BLUE, WHITE])


def test_dpi_is_kept(steps: Steps, drawn_files: Path) -> None:
    assert open_all(steps, drawn_files / "plain.jpg")[0].dpi == 300
    assert open_all(steps, drawn_files / "plain.png")[0].dpi is None


def test_a_tiff_has_pages(steps: Steps, drawn_files: Path) -> None:
    pages = open_all(steps, drawn_files / "three.tif")
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.image.shape for page in pages] == [(80, 100, 3), (80, 110, 3), (80, 120, 3)]
    assert [int(page.image[40, 50, 2]) for page in pages] == [0, 60, 120]


def test_only_the_pages_that_are_wanted_are_opened_after_the_first(steps: Steps, drawn_files: Path) -> None:
    with (drawn_files / "three.tif").open("rb") as file:
        assert [page.number for page in steps.open(file.fileno(), takes=lambda number: number == 3)] == [1, 3]
        assert [page.number for page in steps.open(file.fileno(), takes=lambda number: number > 3)] == [1]


@pytest.mark.parametrize("dpi", [100.0, 200.0])
def test_pdf_pages_are_rendered_at_the_chosen_dpi(steps: Steps, drawn_files: Path, dpi: float) -> None:
    first, second = open_all(steps, drawn_files / "two.pdf", OpenOptions(dpi=dpi))
    assert first.media_type == "application/pdf"
    assert first.dpi == dpi
    assert abs(first.image.shape[1] - 3.2 * dpi) <= 1
    assert abs(first.image.shape[0] - 2.0 * dpi) <= 1
    assert close(corners(first), [RED, GREEN, BLUE, WHITE], tolerance=20)
    assert close(corners(second), [WHITE, BLUE, GREEN, RED], tolerance=20)


def ink(page: PageImage) -> tuple[int, int]:
    """Count the dark pixels of the square and of the field that the drawn forms have."""
    dark = (page.image < 128).all(axis=2)
    side = page.image.shape[1] // 4
    return int(dark[:, :side].sum()), int(dark[:, side:].sum())


@pytest.mark.parametrize("name", ["drawn", "undrawn", "unlisted", "formless", "xfa", "chosen", "script"])
def test_what_was_typed_into_a_pdf_form_is_seen(steps: Steps, drawn_files: Path, name: str) -> None:
    [page] = open_all(steps, drawn_files / f"form-{name}.pdf")
    square, field = ink(page)
    assert abs(square - (20 / 72 * DEFAULTS.dpi) ** 2) < 500
    assert field > 2000


@pytest.mark.parametrize("name", ["hidden", "broken-fields", "broken-kids", "broken-form"])
def test_a_field_that_is_hidden_or_broken_leaves_the_page_as_it_is(
    steps: Steps, drawn_files: Path, name: str
) -> None:
    [page] = open_all(steps, drawn_files / f"form-{name}.pdf")
    square, field = ink(page)
    assert abs(square - (20 / 72 * DEFAULTS.dpi) ** 2) < 500
    assert field == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("half-plain.jpg", "truncated"),
        ("half-plain.png", "truncated"),
        ("half-plain.webp", "truncated"),
        ("half-plain.tif", "truncated"),
        ("half-plain.bmp", "truncated"),
        ("bomb.bmp", "too-large"),
        ("text.bmp", "unknown-format"),
        ("truncated.pdf", "truncated"),
        ("empty.jpg", "empty"),
        ("zeros.jpg", "unreadable"),
        ("text.jpg", "unknown-format"),
        ("bomb.png", "too-large"),
        ("huge.pdf", "too-large"),
        ("many.tif", "too-many-pages"),
        ("encrypted.pdf", "encrypted"),
        ("thick.pdf", "too-many-pages"),
        ("scrambled.png", "unreadable"),
        ("hollow.jpg", "unreadable"),
    ],
)
def test_a_bad_document_has_a_stable_code(steps: Steps, drawn_files: Path, name: str, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        open_all(steps, drawn_files / name)
    assert caught.value.code == code, str(caught.value)
    assert "\n" not in caught.value.message
    assert "<" not in caught.value.message


def test_the_host_survives_bad_documents(steps: Steps, drawn_files: Path) -> None:
    def process() -> int:
        return next(host.pid for host in steps.describe() if host.engine == "open/open")

    open_all(steps, drawn_files / "plain.png")
    before = process()
    for name in ("bomb.png", "half-plain.jpg", "encrypted.pdf"):
        with pytest.raises(DocumentError):
            open_all(steps, drawn_files / name)
    assert process() == before


def test_a_page_is_refused_by_its_size_before_it_is_decoded(steps: Steps, drawn_files: Path) -> None:
    with pytest.raises(DocumentError, match=r"0\.06 megapixels"):
        open_all(steps, drawn_files / "plain.png", OpenOptions(max_megapixels=0.06))
    assert open_all(steps, drawn_files / "plain.png", OpenOptions(max_megapixels=0.065))
