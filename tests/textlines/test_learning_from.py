"""What a head learns from: blank pages, copies, groups and mistaken labels, by the command itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_notes import TEMPLATE, draw_notes

from segocr import cli
from segocr.cli.heads import make_head, shown
from segocr.settings import Settings
from segocr.templates import load_template
from segocr.textlines.head import load_head

Capture = pytest.CaptureFixture[str]
Row = dict[str, Any]


class Notes:
    """Drawn notes, a template for them, and the lines that were read of them."""

    def __init__(self, folder: Path, lines: Path) -> None:
        self.folder, self.lines = folder, lines
        self.labels = folder / "notes" / "fields.jsonl"
        draw_notes(folder / "notes", 4)
        self.template = folder / "delivery_note"
        self.template.mkdir()
        (self.template / "template.yaml").write_text(TEMPLATE)

    @property
    def rows(self) -> list[Row]:
        """The labels, a row a page."""
        return [json.loads(line) for line in self.labels.read_text().splitlines()]

    def write(self, rows: list[Row]) -> None:
        """Write the labels anew."""
        self.labels.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def copy(self, number: int, name: str, **more: object) -> Row:
        """Copy a page under another name and return its row."""
        row = self.rows[number]
        image = f"images/{name}.png"
        shutil.copy(self.labels.parent / row["image"], self.labels.parent / image)
        return {**row, "id": name, "image": image, **more}

    def blank(self, number: int) -> None:
        """Take all text off a page."""
        image = self.labels.parent / self.rows[number]["image"]
        cv2.imwrite(str(image), np.full((900, 700, 3), 250, np.uint8))

    def train(self, *more: str) -> int:
        """Run the command."""
        words = ["train", str(self.template), "--engine", "textlines", "--data", str(self.labels.parent)]
        return cli.run([*words, "--work", str(self.lines), "--json", *more])


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory, openvino: Callable[[], Path]) -> Path:
    openvino()
    return tmp_path_factory.mktemp("lines")


@pytest.fixture
def notes(tmp_path: Path, lines: Path) -> Notes:
    return Notes(tmp_path, lines)


def test_two_blank_pages_of_three_leave_nothing_to_compare(notes: Notes, capsys: Capture) -> None:
    notes.write(notes.rows[:3])
    notes.blank(1)
    notes.blank(2)
    assert notes.train() == 0
    told = capsys.readouterr()
    assert "of 3 pages 1 count" in told.err
    assert "2 pages are without any text that was found: 1, 2" in told.err
    assert not any(name.startswith("expected") for name in json.loads(told.out))
    assert load_head(notes.template / "head.npz").card.pages == 3


def test_what_stands_on_a_blank_page_counts_as_not_read(notes: Notes, capsys: Capture) -> None:
    notes.blank(1)
    assert notes.train() == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["expected right, total"]["labelled"] == 4
    assert printed["expected right, total"]["right"] <= 3
    assert printed["expected right"][-1]["pages"] == 3
    assert {one["file"] for one in printed["labels missed"]} == {str(notes.labels.parent / "images/1.png")}
    assert printed["labels without a text line"] == len(printed["labels missed"]) == 4
    assert isinstance(printed["least sure documents"], list)


def test_pages_without_any_label_teach_nothing_unless_it_is_said_that_nothing_stands_there(
    notes: Notes, capsys: Capture
) -> None:
    rows = notes.rows
    rows[3]["fields"] = []
    notes.write(rows)
    assert notes.train() == 0
    assert "1 of 4 pages have no label: left out" in capsys.readouterr().err
    assert load_head(notes.template / "head.npz").card.pages == 3
    assert notes.train("--negatives") == 0
    assert "no label" not in capsys.readouterr().err
    assert load_head(notes.template / "head.npz").card.pages == 4


def test_one_picture_under_ten_names_promises_nothing(notes: Notes, capsys: Capture) -> None:
    notes.write([notes.rows[0], *(notes.copy(0, f"again-{number}") for number in range(9))])
    assert notes.train() == 0
    told = capsys.readouterr()
    assert "of 10 pages 1 count" in told.err
    assert told.err.count("the same picture as another one") == 1
    assert "9 pages are the same picture" in told.err
    assert not any(name.startswith("expected") for name in json.loads(told.out))


def test_two_rows_with_one_id_are_refused_by_their_lines(notes: Notes, capsys: Capture) -> None:
    notes.write([*notes.rows, notes.copy(3, "other", id="0")])
    assert notes.train() == 2
    assert f"{notes.labels}:5: the id '0' was given before, at {notes.labels}:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("polygons", "said"),
    [
        ([[[260, 400], [400, 540], [300, 440]]], "has no area"),
        ([[[10, 10], [1e300, 10], [1e300, 40], [10, 40]]], "far off any picture (1e+300, 10)"),
        ([], "has no polygon"),
    ],
)
def test_outlines_that_no_line_can_meet_are_refused_by_their_line(
    notes: Notes, capsys: Capture, polygons: object, said: str
) -> None:
    rows = notes.rows
    rows[1]["fields"][0]["polygons"] = polygons
    notes.write(rows)
    assert notes.train() == 2
    error = capsys.readouterr().err
    assert f"{notes.labels}:2: " in error
    assert said in error
    assert "'sender'" in error


def test_a_folder_for_lines_that_cannot_be_is_told_at_once(notes: Notes, capsys: Capture) -> None:
    assert notes.train("--work", "/proc/nope") == 4
    told = capsys.readouterr()
    assert "/proc/nope, where read lines are kept, cannot be written" in told.err
    assert "--work" in told.err
    assert "pages read" not in told.err


def test_a_head_that_cannot_be_loaded_is_replaced_and_kept(notes: Notes, capsys: Capture) -> None:
    (notes.template / "head.npz").write_text("garbage\n")
    assert notes.train() == 0
    error = capsys.readouterr().err
    assert "will be replaced, and kept as head.npz.bad" in error
    assert "allow_pickle" not in error
    assert load_head(notes.template / "head.npz").card.pages == 4
    assert (notes.template / "head.npz.bad").read_text() == "garbage\n"


def test_neither_pages_nor_patterns_are_refused(notes: Notes, capsys: Capture) -> None:
    file = notes.template / "template.yaml"
    file.write_text("template: delivery_note\nversion: 1\nfields: {sender: {}, place: {lines: many}}\n")
    assert cli.run(["train", str(notes.template), "--engine", "textlines"]) == 2
    assert "no field of template delivery_note has a pattern" in capsys.readouterr().err
    assert not (notes.template / "head.npz").exists()


def test_what_patterns_alone_never_find_is_named(notes: Notes, capsys: Capture) -> None:
    words = ["train", str(notes.template), "--engine", "textlines", "--work", str(notes.lines)]
    assert cli.run(words) == 0
    assert "will never find sender, place" in capsys.readouterr().err


def test_pages_to_label_next_are_those_unlike_the_labelled_ones(notes: Notes, lines: Path) -> None:
    others = notes.folder / "others"
    draw_notes(others, 8, seed=1)
    strange = np.full((900, 700, 3), 250, np.uint8)
    for number, text in enumerate(("MEMORANDUM", "TO ALL", "PLEASE CLOSE THE DOORS", "DATE TOTAL")):
        cv2.putText(strange, text, (60, 500 + 90 * number), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 2)
    cv2.imwrite(str(others / "images" / "strange.png"), strange)
    shutil.copy(notes.labels.parent / "images/0.png", others / "images" / "known.png")
    (others / "images" / "broken.png").write_text("no picture")
    file, trained = make_head(
        load_template(notes.template), notes.labels.parent, Settings(), unlabelled=others, out=None,
        work=lines, force=False,
    )  # fmt: skip
    following = shown(file, trained)["to label next"]
    assert isinstance(following, list)
    assert len(following) == 5 == len(set(following))
    assert following[0] == str(others / "images" / "strange.png")
    assert not {"known.png", "broken.png"} & {Path(one).name for one in following}
