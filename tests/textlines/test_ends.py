"""Lines of a known length are followed to their ends and outlined at their print; others stay as found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segocr import geometry
from segocr.evaluation.labels import Label, LabelledDocument, read_labels
from segocr.evaluation.overlap import overlap
from segocr.geometry import Points
from segocr.pages import Page
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template, load_template
from segocr.textlines.ends import ended, line_length, plausible
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import Spans

GOLDEN = Path(__file__).parents[2] / "templates" / "passport" / "golden"
LENGTH = 44


def detected(label: Label, share: float = 1.0) -> Points:
    """Return the first part of a line, as high as a detector makes small print."""
    quad = geometry.order_corners(geometry.minimum_rectangle(label.polygons[0]))
    height = geometry.quad_size(quad)[1]
    wide = geometry.grown(quad, height / 3, height / 2, height / 3, height / 2)
    tl, tr, br, bl = wide
    return np.array([tl, tl + share * (tr - tl), bl + share * (br - bl), bl])


def covered(document: LabelledDocument, label: Label, quad: Points) -> float:
    return overlap(label.polygons, [quad], document.size).covered


@pytest.mark.parametrize("document", read_labels(GOLDEN, None), ids=lambda document: document.id)
@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_a_line_found_in_part_is_followed_to_its_end(document: LabelledDocument, share: float) -> None:
    page = Page(1, read_picture(document.path))
    for label in document.labels:
        quad = detected(label, share)
        text = label.value[: round(LENGTH * share)]
        whole = ended(page, TextLine(quad, 0.9, text, 0.99, lattice=b"read"), LENGTH)
        assert covered(document, label, quad) < 0.9 or share == 1.0
        assert covered(document, label, whole.line.quad) >= 0.9
        assert covered(document, label, whole.outline) >= 0.9
        # What is longer than what was read must be read anew.
        assert whole.line.lattice == (b"read" if share == 1.0 else b"")
        assert geometry.quad_size(whole.outline)[1] < 0.85 * geometry.quad_size(quad)[1]


def test_a_line_that_lacks_nothing_is_not_followed_into_its_neighbour() -> None:
    document = read_labels(GOLDEN, None)[0]
    label = document.labels[0]
    half = detected(label, 0.5)
    line = TextLine(half, 0.9, label.value, 0.99, lattice=b"read")
    whole = ended(Page(1, read_picture(document.path)), line, LENGTH)
    assert whole.line is line
    # Nor does its outline reach what is printed beside it.
    along = label.polygons[0][1] - label.polygons[0][0]
    beyond = (whole.outline - half[1]) @ along / np.hypot(*along)
    assert beyond.max() < geometry.quad_size(half)[1]


def test_a_bare_place_stays_as_it_was_found() -> None:
    quad = geometry.rectangle(200, 20) + 40
    line = TextLine(quad, 0.9, "P<UTO", 0.5)
    whole = ended(Page(1, np.full((200, 400, 3), 200, np.uint8)), line, LENGTH)
    assert whole.line is line
    assert np.array_equal(whole.outline, quad)


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [("passport", "mrz_line1", 44), ("receipt", "date", None), ("receipt", "address", None),
     ("license_plate", "plate", None)],
)  # fmt: skip
def test_only_some_classes_have_a_known_length(template: str, name: str, expected: int | None) -> None:
    assert line_length(load_template(template), name) == expected


def test_what_is_too_short_or_in_other_letters_is_hardly_a_line_of_known_length() -> None:
    template = load_template("passport")
    quad = geometry.rectangle(400, 20)

    def first_line(text: str, confidence: float = 0.99) -> float:
        spans: Spans = {name: [None] for name in template.classes}
        shares = plausible(template, [TextLine(quad, 0.9, text, confidence)], spans)
        assert shares.shape == (1, 1 + len(template.classes))
        assert shares[0, 0] == 1.0
        return float(shares[0, 1])

    whole = "P<UTOHARROW<<IRIS<MAUD".ljust(44, "<")
    assert first_line(whole) == 1.0
    assert first_line(whole.replace("<", " <")) == 1.0
    assert first_line(whole[:22]) == pytest.approx(0.25)
    assert first_line("Place of birth and date of issue, authority") < 0.02
    assert first_line("") == 0.0
    # Upside down fillers are other signs, and whoever reads them so is not sure.
    assert first_line(whole.replace("<", ">")[::-1], 0.6) == 1.0
    assert first_line(whole[:22], 0.6) == pytest.approx(0.5)


def test_length_says_nothing_of_classes_without_one() -> None:
    template = load_template("receipt")
    spans: Spans = {name: [None] for name in template.classes}
    shares = plausible(template, [TextLine(geometry.rectangle(400, 20), 0.9, "x", 0.99)], spans)
    assert (shares == 1.0).all()


def with_pattern(folder: Path, pattern: str, more: str = "") -> Template:
    path = folder / "one" / "template.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "template: one\nversion: 1\n"
        "segment: {engines: [textlines], head: head.npz}\nocr: {engines: [openvino], model: PP-OCRv6_small}\n"
        f"fields:\n  code: {{pattern: '{pattern}'{more}}}\n"
    )
    return load_template(path)


def test_a_value_beside_its_label_is_judged_by_itself(tmp_path: Path) -> None:
    template = with_pattern(tmp_path, r"\d{2}/\d{2}/\d{4}")
    line = TextLine(geometry.rectangle(400, 20), 0.9, "Date of issue: 12/03/2024", 0.99)
    start = line.text.index("12/")
    assert plausible(template, [line], {"code": [(start, len(line.text))]})[0, 1] == 1.0
    assert plausible(template, [line], {"code": [None]})[0, 1] < 0.3


@pytest.mark.parametrize(
    ("pattern", "more", "expected"),
    [
        ("[0-9]{12}", "", 12),
        ("[0-9]{4} [0-9]{4}", "", None),
        (".{12}", "", None),
        ("[0-9]{8,12}", "", None),
        ("[0-9]{12}", ", crop: {fit: false}", None),
        ("[0-9]{12}", ", lines: many", None),
    ],
)
def test_a_length_is_known_where_nothing_else_can_be_read(
    tmp_path: Path, pattern: str, more: str, expected: int | None
) -> None:
    assert line_length(with_pattern(tmp_path, pattern, more), "code") == expected
