"""What is labelled without a person: what a record is sure of in every field; everything else says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segocr import cli
from segocr.datasets.sure import Doubt, Sure, labels_found, labels_of
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Problem, Recipe, Record, RecordStatus
from segocr.regions import Region
from segocr.templates import Template, load_template

TEMPLATE = """
template: slip
version: 1
fields:
  number: {required: true}
  place: {lines: many}
  code: {class: number, pattern: '[0-9]+', required: true}
"""


@pytest.fixture
def slip(tmp_path: Path) -> Template:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return load_template(tmp_path)


def reading(class_name: str, left: float, *, page: int = 1, lines: int = 1) -> Reading:
    quads = tuple(
        np.array([[left, y], [left + 50, y], [left + 50, y + 10], [left, y + 10]], np.float64)
        for y in (20.0 * np.arange(1, lines + 1)).tolist()
    )
    hull = np.concatenate(quads).astype(np.float32)
    region = Region(page, class_name, 0.9, hull, quads)
    return Reading(region, quads[0], 0, "raw", "text", ReadingStatus.OK, 0.95)


def value(name: str, *readings: Reading, text: str | None = "17", **more: object) -> FieldValue:
    status = FieldStatus.MISSING if text is None else FieldStatus.OK
    plain = FieldValue(
        name, "text", text, text, text, status, text is not None, 0.95, cost=0.0, readings=readings
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def record(*values: FieldValue, **more: object) -> Record:
    fields = {one.name: (one,) for one in values}
    plain = Record(
        file=Path("a.jpg"), sha256="0" * 64, media_type="image/jpeg", part=0, recipe=Recipe("slip", 1, "d"),
        status=RecordStatus.COMPLETE, accepted=True, problems=(), pages=(), fields=fields, lists=frozenset(),
        timings={}, day="2026-01-02",
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def test_sure_fields_become_labels_with_a_polygon_a_line_and_one_label_a_region(slip: Template) -> None:
    number = reading("number", 10)
    found = labels_of(
        record(
            value("number", number),
            value("place", reading("place", 100, lines=2), text="HERE THERE"),
            value("code", number, confidence=0.91),
        ),
        slip,
    )
    assert isinstance(found, Sure)
    assert found.confidence == 0.91
    assert [(one.class_name, one.value, len(one.polygons)) for one in found.labels[1]] == [
        ("number", "17", 1),
        ("place", "HERE THERE", 2),
    ]


def test_what_is_in_doubt_can_be_had_for_correction(slip: Template) -> None:
    doubtful = value("place", reading("place", 100), accepted=False, text="HERB")
    number = reading("number", 10)
    found = labels_found(record(value("number", number), doubtful, value("code", text=None)), slip)
    assert [(one.class_name, one.value) for one in found[1]] == [("number", "17"), ("place", "HERB")]


def test_an_optional_field_may_be_missing_but_not_in_doubt(slip: Template) -> None:
    sure = [value("number", reading("number", 10)), value("code", reading("number", 10))]
    assert isinstance(labels_of(record(*sure, value("place", text=None)), slip), Sure)
    unread = (Problem("low-confidence", "0.3 is below 0.9"),)
    doubtful = value("place", reading("place", 100), accepted=False, problems=unread)
    assert labels_of(record(*sure, doubtful), slip) == Doubt("place", "low-confidence", "0.3 is below 0.9")


def test_dear_values_several_candidates_missing_and_failed_ones_are_left_out(slip: Template) -> None:
    rest = [value("code", reading("number", 10)), value("place", text=None)]

    def code_of(number: FieldValue, **more: object) -> str:
        doubt = labels_of(record(number, *rest, **more), slip)
        assert isinstance(doubt, Doubt)
        return doubt.code

    here = reading("number", 10)
    assert code_of(value("number", here, cost=4.1, raw="I7")) == "dear"
    several = (Problem("several-candidates", "2 different values were found"),)
    assert code_of(value("number", here, problems=several)) == "several-candidates"
    assert code_of(value("number", text=None)) == "missing"
    failed = (Problem("truncated", "the file ends too early"),)
    assert code_of(value("number", here), status=RecordStatus.FAILED, problems=failed) == "truncated"
    refused = (Problem("rule-failed", "sum"),)
    assert code_of(value("number", here), accepted=False, problems=refused) == "rule-failed"


def test_folders_that_cannot_be_labelled_are_refused_before_any_page_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*words: str) -> str:
        assert cli.run(["dataset", "autolabel", "receipt", *words]) == 2
        return capsys.readouterr().err

    (tmp_path / "pages").mkdir()
    out = ["--out", str(tmp_path / "out")]
    assert "holds no picture and no PDF" in refused(str(tmp_path / "pages"), *out)
    assert "there is no" in refused(str(tmp_path / "nowhere"), *out)
    (tmp_path / "pages" / "a.jpg").write_bytes(b"")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").touch()
    assert "was not made by segocr" in refused(str(tmp_path / "pages"), "--out", str(tmp_path / "taken"))
    assert "which the new documents are made from" in refused(
        str(tmp_path / "pages"), "--out", str(tmp_path / "pages")
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pages", "taken"]


def test_pages_that_cannot_be_opened_leave_no_folder_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.jpg").write_bytes(b"no picture")
    words = ["dataset", "autolabel", "receipt", str(tmp_path / "pages"), "--out", str(tmp_path / "out")]
    assert cli.run(words) == 2
    assert "none is sure in all fields (unknown-format 1)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]
