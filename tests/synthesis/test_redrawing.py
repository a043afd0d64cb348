"""Redrawn lines look like the old ones, and their labels lie around their ink."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_pages import INK, VALUES, draw_form, labelled_forms, tilted_form, write_template

from segocr import cli
from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing
from segocr.evaluation.labels import Label, read_labels
from segocr.geometry import Points, rectangle
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.coverings import cover_partly, hidden_share
from segocr.synthesis.photos import Manner, PhotoRecipe, take_photo
from segocr.synthesis.prints import LEAST_LIKENESS, match_print, seen_ink
from segocr.synthesis.redrawing import NewLine, fits, redraw
from segocr.synthesis.strokes import PATHS
from segocr.synthesis.typefaces import STROKES, Typeface, find_typefaces

FACES = (Typeface(STROKES), Typeface("sans", 400), Typeface("sans", 700))


def ink_around(page: np.ndarray, quad: Points) -> tuple[float, float]:  # type: ignore[type-arg]
    """Return which share of the ink near a label lies inside it, and how wide the ink inside is."""
    (left, top), (right, bottom) = (
        np.floor(quad.min(axis=0)).astype(int),
        np.ceil(quad.max(axis=0)).astype(int),
    )
    near = page[top - 12 : bottom + 12, left - 12 : right + 12].astype(int)
    dark = near.sum(axis=2) < 500
    inside = dark[12:-12, 12:-12]
    columns = np.flatnonzero(inside.any(axis=0))
    return inside.sum() / dark.sum(), (columns[-1] - columns[0] + 1) / (right - left)


@pytest.mark.parametrize(("name", "value", "source"), VALUES)
def test_typeface_colour_and_place_are_found(name: str, value: str, source: str) -> None:
    page, places = draw_form()
    spellings = [value.title(), value] if name == "place" else [value]
    printed = match_print(page, places[name], spellings, FACES)
    assert printed is not None
    assert (printed.face.source, printed.face.weight % 400, printed.text) == (source, 0, value)
    assert printed.likeness > 0.8
    np.testing.assert_allclose(printed.colour, INK, atol=25)


@pytest.mark.parametrize("degrees", [0, 24])
def test_another_text_stands_where_the_old_one_stood(degrees: float) -> None:
    page, places = tilted_form(degrees) if degrees else draw_form()
    printed = match_print(page, places["container"], ["CSQU3054383"], FACES)
    amount = match_print(page, places["amount"], ["1,204.50"], FACES)
    assert printed is not None and amount is not None
    lines = [NewLine(printed, "ABCU7777777"), NewLine(amount, "94.50", to_right=True)]
    drawn, (one, other) = redraw(page, lines)
    assert one is not None and other is not None
    # Numbers end where the old one ended, other texts begin where it began.
    assert np.linalg.norm(other[1] - places["amount"][1]) < 2.5
    assert np.linalg.norm(one[0] - places["container"][0]) < 2.5
    assert np.linalg.norm(other[0] - places["amount"][0]) > 30
    if not degrees:
        for quad in (one, other):
            inside, width = ink_around(drawn, quad)
            assert inside > 0.97 and width > 0.97
    again = match_print(drawn, one, ["ABCU7777777"], FACES)
    wrong = match_print(drawn, one, ["WWWU1111111"], FACES)
    assert again is not None and wrong is not None
    assert again.likeness > max(wrong.likeness + 0.1, 0.7)


def test_the_old_text_is_gone() -> None:
    page, places = draw_form()
    printed = match_print(page, places["place"], ["NEW HARBOUR ROAD 12"], FACES)
    assert printed is not None
    drawn, _ = redraw(page, [NewLine(printed, "I")])
    (left, top), (right, bottom) = (
        places["place"].min(axis=0).astype(int),
        places["place"].max(axis=0).astype(int),
    )
    rest = drawn[top:bottom, left + 40 : right].astype(int)
    assert np.abs(rest - (225, 235, 240)).max() < 12


def test_a_longer_text_is_squeezed_a_little_and_no_more() -> None:
    page, places = draw_form()
    printed = match_print(page, places["issued"], ["27/02/2019"], FACES)
    assert printed is not None
    assert fits(NewLine(printed, "27/02/2019")) and fits(NewLine(printed, "27/02/20190"))
    assert not fits(NewLine(printed, "27/02/2019 27/02"))
    assert redraw(page, [NewLine(printed, "27/02/2019 27/02")])[1] == [None]


def test_light_print_on_dark_paper_is_ink_too() -> None:
    page, places = draw_form()
    printed = match_print(255 - page, places["container"], ["CSQU3054383"], FACES)
    assert printed is not None
    np.testing.assert_allclose(printed.colour, 255 - np.array(INK), atol=25)
    assert seen_ink(np.full((20, 60, 3), 90, np.uint8), 12.0).max() < 0.01


def test_other_text_than_labelled_is_no_likeness() -> None:
    page, places = draw_form()
    printed = match_print(page, places["place"], ["%%%%%% ....... :::: ,,"], FACES)
    assert printed is None or printed.likeness < LEAST_LIKENESS
    assert match_print(np.full_like(page, 200), places["place"], ["NOTHING"], FACES) is None


def test_the_print_of_zones_has_every_character_of_zones() -> None:
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") <= set(PATHS)
    assert [face.source for face in find_typefaces([])] == [STROKES, "sans", "sans"]


@pytest.mark.parametrize("manner", list(Manner))
def test_labels_follow_into_the_photo(manner: Manner) -> None:
    page, places = draw_form()
    # A mark that no other place has: the label's inside is pure green.
    quad = places["amount"]
    (left, top), (right, bottom) = quad.min(axis=0).astype(int), quad.max(axis=0).astype(int)
    page[top:bottom, left:right] = (0, 255, 0)
    corners = rectangle(right - left, bottom - top) + np.array([left, top])
    label = Label("amount", "1", (corners,))
    recipe = PhotoRecipe(manner, long_side=900, covered=0.0)
    for seed in range(4):
        photo, labels = take_photo(page, [label], recipe, np.random.default_rng(seed))
        green = photo[..., 1].astype(int) - np.maximum(photo[..., 0], photo[..., 2]).astype(int) > 40
        if labels:
            filled = np.zeros(green.shape, np.uint8)
            cv2.fillPoly(filled, [np.round(labels[0].polygons[0]).astype(np.int32)], 1)
            green &= cv2.dilate(filled, np.ones((31, 31), np.uint8)) > 0  # it may lie on something green
            both = (green & (filled > 0)).sum()
            assert both / (green | (filled > 0)).sum() > 0.8, (manner, seed)
            assert max(photo.shape[:2]) <= 1620


def test_what_lies_on_a_label_is_known() -> None:
    hidden = 0
    for seed in range(30):
        picture = np.full((300, 400, 3), 250, np.uint8)
        mask = cover_partly(picture, np.random.default_rng(seed))
        assert (picture[mask > 250] == 250).all(axis=1).mean() < 0.5 if (mask > 250).any() else True
        hidden += int((mask > 127).any())
    assert hidden > 15
    half = np.zeros((100, 100), np.uint8)
    half[:, :50] = 255
    assert hidden_share(half, rectangle(40, 20) + np.array([30, 40])) == pytest.approx(0.5, abs=0.03)


def test_the_command_writes_the_same_pictures_for_a_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        resolve("validate", {})
    except EnvironmentMissing:
        pytest.skip("validate: the environment validate is not built")
    source, template = labelled_forms(tmp_path / "in"), write_template(tmp_path / "form")
    made = []
    for name, options in (("a", ["--processes", "1"]), ("b", ["--processes", "2"])):
        out = tmp_path / name
        arguments = ["synth", str(template), "--from", str(source), "--count", "2", "--out", str(out),
                     "--long-side", "400", "--day", "2026-05-04", "--json", *options]  # fmt: skip
        assert cli.run(arguments) == 0
        assert json.loads(capsys.readouterr().out)["labels redrawn"] == 5
        rows = (out / "fields.jsonl").read_text()
        made.append((rows, [path.read_bytes() for path in sorted((out / "images").iterdir())]))
    assert made[0] == made[1]
    documents = read_labels(tmp_path / "a", "train")
    assert [one.group for one in documents] == ["form/0"] * 2
    assert all(read_picture(one.path).shape[1::-1] == one.size for one in documents)
    assert not {label.value for one in documents for label in one.labels} & {value for _, value, _ in VALUES}


def test_augment_only_keeps_values_and_needs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, template = labelled_forms(tmp_path / "in", 2), write_template(tmp_path / "form")
    text = (source / "fields.jsonl").read_text().replace("1,204.50", "")
    (source / "fields.jsonl").write_text(text)
    sheet = tmp_path / "sheet.png"
    arguments = ["synth", str(template), "--from", str(source), "--augment-only", "--count", "2",
                 "--as", "flat", "--long-side", "300", "--processes", "1", "--preview", str(sheet),
                 "--covered", "0"]  # fmt: skip
    assert cli.run([*arguments, "--out", str(tmp_path / "out")]) == 0
    (one, other) = read_labels(tmp_path / "out", "train")
    assert [label.value for label in one.labels] == [value.replace("1,204.50", "") for _, value, _ in VALUES]
    assert (one.group, other.group, one.size) == ("form/0", "form/1", (300, 140))
    assert read_picture(sheet).shape[1] == 840
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    capsys.readouterr()
    assert cli.run([*arguments, "--out", str(tmp_path / "mine")]) == 2
    assert "was not made by segocr" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["x"]


def test_no_room_on_the_disk_is_known_before_anything_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, template = labelled_forms(tmp_path / "in"), write_template(tmp_path / "form")
    out = tmp_path / "out"
    arguments = ["synth", str(template), "--from", str(source), "--out", str(out), "--count", "900000000"]
    assert cli.run(arguments) == 4
    assert "MB would be written" in capsys.readouterr().err
    assert not out.exists()


def test_labels_without_values_cannot_be_redrawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, template = labelled_forms(tmp_path / "in"), write_template(tmp_path / "form")
    rows = json.loads((source / "fields.jsonl").read_text())
    fields = [{**field, "value": ""} for field in rows["fields"]]
    (source / "fields.jsonl").write_text(json.dumps({**rows, "fields": fields}))
    arguments = [
        "synth",
        str(template),
        "--from",
        str(source),
        "--out",
        str(tmp_path / "out"),
        "--count",
        "1",
    ]
    assert cli.run(arguments) == 2
    assert "--augment-only" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
