"""``segocr replay`` as a person runs it: shows, stores beside what was; hundreds of records in seconds."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.connect import open_database, reading, writing
from db.queries import run_query
from db.schema import prepare
from db.store import store_records
from db.stored import current_ids, stored_records
from db.views import register_template, shape_of
from segocr.cli import run
from segocr.records import Record, record_as_json
from segocr.templates import Template, load_template

Shipped = Mapping[str, tuple[Template, list[Record]]]
COPIES = 75
"""Of each of four documents of a type, under digests of their own: 300 records of passports."""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The current folder is a workspace; its database is empty."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "segocr.toml").write_text(f'templates = ["{tmp_path}"]\n')
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    engine = open_database("sqlite:///segocr.db", folder=folder)
    prepare(engine)
    yield engine
    engine.dispose()


def many(records: list[Record], copies: int) -> list[Record]:
    return [
        replace(record, sha256=hashlib.sha256(f"{record.sha256} {number}".encode()).hexdigest())
        for number in range(copies)
        for record in records
    ]


def fill(engine: Engine, template: Template, records: list[Record]) -> None:
    register_template(engine, shape_of(template))
    store_records(engine, records)


def shown(record: Record) -> dict[str, object]:
    return {**record_as_json(record), "timings": None, "sha256": None}


def looks(record: Record) -> list[tuple[str, ...]]:
    """Return how the strips of every value were cut."""
    return [
        reading.tries for values in record.fields.values() for value in values for reading in value.readings
    ]


def test_three_hundred_records_are_decided_again_in_seconds_and_as_a_fresh_run_does(
    shipped: Shipped,
    workspace: Engine,
    fresh: Callable[[Template], list[Record]],
    changed: Callable[..., Template],
    capsys: pytest.CaptureFixture[str],
) -> None:
    template, records = shipped["passport"]
    fill(workspace, template, many(records, COPIES))
    # Other print: every line 2 has to be decided from its lattice again.
    asked = changed("passport", ("checks: [mrz_td3_line2]", "checks: [mrz_td3_line2]\n    print: everyday"))
    begun = time.process_time()
    assert run(["replay", "passport", "--yes", "--json"]) == 0
    assert time.process_time() - begun < 30  # most of it for searching and for storing
    answer = json.loads(capsys.readouterr().out)
    assert (answer["decided"], answer["same"], answer["staying"]) == (4 * COPIES, 0, [])
    again = fresh(asked)
    # A fresh run looks again at what is in doubt in the other print; what it saw alike, it must decide alike.
    alike = [looks(old) == looks(new) for old, new in zip(records, again, strict=True)]
    assert sum(alike) >= 3
    wanted = [shown(record) for record in again]
    found = [shown(one.record) for one in stored_records(workspace, current_ids(workspace, "passport"))]
    assert len(found) == 4 * COPIES
    for number, one in enumerate(found):
        assert one == wanted[number % 4] or not alike[number % 4]


def test_a_dry_run_shows_and_stores_nothing(
    shipped: Shipped,
    workspace: Engine,
    changed: Callable[..., Template],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(workspace, *shipped["license_plate"])
    changed("license_plate", ("length: {min: 4, max: 10}", "length: {max: 5}"))
    assert run(["replay", "license_plate", "--dry-run", "--json"]) == 0
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert answer["decided"] == 4
    plates = [one for record in answer["changed"] for one in record["changes"] if one["field"] == "plate"]
    assert ("ok", "invalid") in {(one["before"]["status"], one["after"]["status"]) for one in plates}
    assert all(one["before"]["value"] == one["after"]["value"] for one in plates)
    assert "4 records decided again" in captured.err
    assert run_query(workspace, "select count(*) from extractions").rows == ((4,),)


def test_what_is_stored_takes_the_old_ones_place_and_the_old_one_stays(
    shipped: Shipped,
    workspace: Engine,
    changed: Callable[..., Template],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(workspace, *shipped["license_plate"])
    changed("license_plate", ("length: {min: 4, max: 10}", "length: {max: 5}"), ("version: 1", "version: 2"))
    assert run(["replay", "--yes"]) == 0  # every template that has records
    out = capsys.readouterr()
    assert "(ok)" in out.out
    assert "(invalid)" in out.out
    assert "stored 4 records" in out.err
    versions = "select template_version, current, count(*) from extractions group by 1, 2 order by 1"
    assert [tuple(map(int, row)) for row in run_query(workspace, versions).rows] == [(1, 0, 4), (2, 1, 4)]
    assert run_query(workspace, "select count(*) from license_plate where accepted").rows == ((0,),)
    assert run(["replay", "license_plate", "--yes"]) == 0
    assert "4 already decided by this template" in capsys.readouterr().err
    assert run_query(workspace, "select count(*) from extractions").rows == ((8,),)


def test_only_the_documents_that_are_named_are_decided(
    shipped: Shipped,
    workspace: Engine,
    changed: Callable[..., Template],
    capsys: pytest.CaptureFixture[str],
) -> None:
    template, records = shipped["license_plate"]
    fill(workspace, template, records)
    changed("license_plate", ("accept: {confidence: 0.8,", "accept: {confidence: 0.999,"))
    sha256 = str(records[1].sha256)
    assert run(["replay", "license_plate", "--document", sha256[:10], "--dry-run", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["decided"] == 1
    assert {one["sha256"] for one in answer["changed"]} <= {sha256}


def test_what_stays_is_named_with_its_reason(
    shipped: Shipped,
    workspace: Engine,
    changed: Callable[..., Template],
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(workspace, *shipped["license_plate"])
    changed("license_plate", ("image_size: 480", "image_size: 960"))
    assert run(["replay", "license_plate", "--yes"]) == 3
    said = capsys.readouterr().err
    assert "(and 3 other records): other-reading: segment.image_size is now 960 (it was 480)" in said
    assert "extract the documents again" in said
    assert run_query(workspace, "select count(*) from extractions").rows == ((4,),)


def test_altered_rows_are_found_and_explained(
    shipped: Shipped, workspace: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(workspace, *shipped["passport"])
    with writing(workspace) as connection:
        connection.execute(text("update field_values set value = 'SOMEBODY' where name = 'surname'"))
    assert run(["replay", "passport"]) == 3
    said = capsys.readouterr().err
    assert "replay-differs" in said
    assert "surname: 'SOMEBODY' ok → " in said
    assert "neither template passport nor segocr has changed" in said
    assert "extract the documents again" not in said
    with reading(workspace) as connection:
        query = text("select count(*) from field_values where value = 'SOMEBODY'")
        assert connection.scalar(query) == 4  # left as it is: a person should look


def test_a_template_that_is_gone_leaves_its_records_and_blocks_no_other(
    shipped: Shipped,
    workspace: Engine,
    changed: Callable[..., Template],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(workspace, *shipped["license_plate"])
    gone, broken = tmp_path / "bill", tmp_path / "slip"
    for folder in (gone, broken):
        folder.mkdir()
        (folder / "template.yaml").write_text(
            f"template: {folder.name}\nversion: 1\nfields: {{total: {{}}}}\n"
        )
        records = [
            replace(one, recipe=replace(one.recipe, template=folder.name))
            for one in shipped["license_plate"][1]
        ]
        fill(workspace, load_template(folder), records)
    (gone / "template.yaml").unlink()
    (broken / "template.yaml").write_text("template: slip\nversion: 1\nfields: {total: {pattern: '['}}\n")
    changed("license_plate", ("length: {min: 4, max: 10}", "length: {max: 5}"))
    assert run(["replay", "--yes", "--json"]) == 3
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert answer["decided"] == 4
    staying = [(one["template"], one["code"]) for one in answer["staying"]]
    assert staying == [("bill", "no-such-template")] * 4 + [("slip", "pattern")] * 4
    assert "(and 3 other records): no-such-template: there is no template 'bill'" in captured.err
    assert "extract the documents again" not in captured.err
    assert "stored 4 records" in captured.err
    assert run(["replay", "bill"]) == 4
