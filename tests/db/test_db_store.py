"""Storing: what is in a record is in the rows; running again adds nothing; the right one is current."""

from __future__ import annotations

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sample_records import digest, failed, reading, receipt, record, region, value
from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.orm import Session

from db.connect import reading as reading_from
from db.connect import writing
from db.store import Processed, store_documents, store_records
from db.tables import Base, DocumentRow, ExtractionRow, FieldValueRow, ReadingRow, RegionRow
from segocr.pages import PageInfo
from segocr.records import FieldStatus, Problem, Record, RecordStatus, Severity


def counts(engine: Engine) -> Counter[str]:
    with reading_from(engine) as connection:
        return Counter(
            {
                name: connection.scalar(select(func.count()).select_from(table)) or 0
                for name, table in Base.metadata.tables.items()
            }
        )


def current(engine: Engine) -> set[tuple[str, int, str]]:
    """File, part and status of the records that views show."""
    with reading_from(engine) as connection:
        rows = connection.execute(
            select(ExtractionRow.file, ExtractionRow.part, ExtractionRow.status).where(ExtractionRow.current)
        )
        return {(row.file, row.part, row.status) for row in rows}


def test_everything_in_a_record_is_kept(engine: Engine) -> None:
    doubtful = reading("12.50", raw="l2.5O", of=region("total", at=3.25), direction=180, cost=1.5, line=1)
    total = value(
        "total",
        "money",
        "12.50",
        raw="l2.5O",
        status=FieldStatus.CORRECTED,
        cost=1.5,
        readings=(reading("12"), doubtful),
        problems=(Problem("near-rival", "12.56 is as likely", "total", Severity.WARNING),),
    )
    given = record("a", total, value("date", "date", "2018-02-11"), value("paid", "boolean", "true"),
                   problems=(Problem("sum", "does not add up"),))  # fmt: skip
    [stored] = store_records(engine, [given])
    with reading_from(engine) as connection, Session(connection) as session:
        row = session.get_one(ExtractionRow, stored.extraction_id)
        values = {found.name: found for found in row.field_values}
        kept = values["total"].readings[1]
        assert (row.file, row.part, row.status, row.day) == ("a.jpg", 0, "complete", date(2026, 3, 1))
        assert (row.models, row.engines, row.timings) == ({"m": "d"}, {"ocr": "x 1"}, {"ocr": 0.25})
        assert row.document is not None
        assert row.document.sha256 == digest("a")
        assert row.document.page_sizes == {"1": [1200, 1800, None]}
        assert values["total"].number_value == Decimal("12.50")
        assert (values["total"].value, values["total"].raw, values["total"].status) == (
            "12.50",
            "l2.5O",
            "corrected",
        )
        assert values["date"].date_value == date(2018, 2, 11)
        assert values["paid"].boolean_value is True
        assert [found.text for found in values["total"].readings] == ["12", "12.50"]
        assert (kept.raw, kept.direction, kept.cost, kept.line) == ("l2.5O", 180, 1.5, 1)
        assert (kept.margin, kept.rivals, kept.edits) == (3.5, [["x", -4.0]], [[0, "O", "0"]])
        assert (kept.lattice, kept.tries, kept.chosen) == (b"\x00\x01lattice", ["first"], True)
        assert kept.quad == doubtful.quad.tolist()
        problems = [(found.code, found.severity, found.field, found.ordinal) for found in row.problems]
        assert problems == [("sum", "error", None, None), ("near-rival", "warning", "total", 0)]


def test_values_that_share_a_reading_share_its_row(engine: Engine) -> None:
    line = reading("L898902C36UTO7408122F1204159", of=region("mrz_line2"))
    values = [value(name, "text", name, readings=(line,)) for name in ("mrz_line2", "sex", "nationality")]
    store_records(engine, [record("p", *values)])
    found = counts(engine)
    assert (found["regions"], found["readings"], found["field_value_readings"]) == (1, 1, 3)


def test_lines_of_one_region_share_its_row(engine: Engine) -> None:
    place = region("address")
    lines = (reading("one", of=place, line=0), reading("two", of=place, line=1))
    store_records(engine, [record("p", value("address", "text", "one two", readings=lines))])
    assert (counts(engine)["regions"], counts(engine)["readings"]) == (1, 2)


def test_readings_that_no_value_rests_on_are_kept_too(engine: Engine) -> None:
    taken, other = reading("12.50"), reading("72.50", of=region("total", at=50))
    given = record("a", value("total", "money", "12.50", readings=(taken,)), unchosen=(other, taken))
    store_records(engine, [given])
    with reading_from(engine) as connection:
        kept = connection.execute(select(ReadingRow.text, ReadingRow.chosen).order_by(ReadingRow.id)).all()
    assert [tuple(row) for row in kept] == [("12.50", True), ("72.50", False)]


def test_running_again_adds_nothing(engine: Engine) -> None:
    given = [receipt("a"), receipt("b"), failed("c"), failed("d", sha256=None)]
    first = store_records(engine, given)
    before = counts(engine)
    second = store_records(engine, given)
    assert counts(engine) == before
    assert [one.added for one in first] == [True] * 4
    assert [one.added for one in second] == [False] * 4
    assert [one.extraction_id for one in second] == [one.extraction_id for one in first]


def test_a_new_recipe_replaces_the_current_record_and_keeps_the_old(engine: Engine) -> None:
    store_records(engine, [receipt("a", total="1")])
    [new] = store_records(engine, [receipt("a", total="2", recipe="r2")])
    with reading_from(engine) as connection:
        shown = connection.scalars(select(ExtractionRow.id).where(ExtractionRow.current)).all()
    assert shown == [new.extraction_id]
    assert counts(engine)["extractions"] == 2


def test_going_back_to_an_old_recipe_shows_its_record_again(engine: Engine) -> None:
    [old] = store_records(engine, [receipt("a")])
    store_records(engine, [receipt("a", recipe="r2")])
    [again] = store_records(engine, [receipt("a")])
    assert again == dataclasses.replace(old, added=False)
    assert counts(engine)["extractions"] == 2


def test_a_failure_never_replaces_a_success(engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    [stored] = store_records(engine, [failed("a", recipe="r2")])
    assert not stored.current
    assert current(engine) == {("a.jpg", 0, "complete")}


def test_a_success_replaces_a_failure(engine: Engine) -> None:
    store_records(engine, [failed("a")])
    store_records(engine, [receipt("a")])
    assert current(engine) == {("a.jpg", 0, "complete")}


def test_a_failure_for_another_reason_is_kept_beside_the_first(engine: Engine) -> None:
    store_records(engine, [failed("a", code="unreadable"), failed("a", code="host-timeout")])
    assert counts(engine)["extractions"] == 2
    assert current(engine) == {("a.jpg", 0, "failed")}


def test_a_file_that_was_unreadable_and_then_is_read_is_no_failure_any_more(engine: Engine) -> None:
    store_records(engine, [failed("a", sha256=None, code="no-access")])
    store_records(engine, [receipt("a")])
    assert current(engine) == {("a.jpg", 0, "complete")}


def test_a_file_that_could_not_be_read_is_the_same_file_from_every_folder(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    store_records(engine, [failed("a", sha256=None, file=Path("in/a.jpg"))])
    store_records(engine, [failed("b", sha256=None, file=Path("a.jpg"))])
    monkeypatch.chdir(tmp_path / "in")
    store_records(engine, [receipt("a", file=Path("a.jpg"))])
    assert current(engine) == {("a.jpg", 0, "complete"), (str(tmp_path / "a.jpg"), 0, "failed")}


def test_a_failure_and_the_pages_of_a_document_replace_each_other_even_by_one_recipe(engine: Engine) -> None:
    pages = [receipt("a", part=number) for number in (1, 2)]
    store_records(engine, [failed("a", code="too-large")])
    store_records(engine, pages)
    assert current(engine) == {("a.jpg", 1, "complete"), ("a.jpg", 2, "complete")}
    [again] = store_records(engine, [failed("a", code="host-died")])
    assert not again.current
    assert current(engine) == {("a.jpg", 1, "complete"), ("a.jpg", 2, "complete")}


def test_pages_and_the_whole_document_replace_each_other(engine: Engine) -> None:
    pages = [receipt("a", part=number, recipe="pages") for number in (1, 2)]
    store_records(engine, [receipt("a")])
    store_records(engine, pages)
    assert current(engine) == {("a.jpg", 1, "complete"), ("a.jpg", 2, "complete")}
    store_records(engine, [receipt("a", recipe="whole again")])
    assert current(engine) == {("a.jpg", 0, "complete")}


def test_another_template_of_the_same_document_stays_current(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("a", template="invoice")])
    assert len(current(engine)) == 1  # the same file, part and status: two rows
    with reading_from(engine) as connection:
        assert connection.scalar(select(func.count()).where(ExtractionRow.current)) == 2


def test_the_same_bytes_under_two_names_are_one_document(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("a", file=Path("copy.jpg"))])
    assert (counts(engine)["documents"], counts(engine)["extractions"]) == (1, 1)


def test_pages_of_a_document_are_gathered_from_its_records(engine: Engine) -> None:
    for number in (2, 1):
        store_records(engine, [receipt("a", part=number, pages=(PageInfo(number, 10, 20, 300.0),))])
    with reading_from(engine) as connection:
        pages, sizes = connection.execute(select(DocumentRow.pages, DocumentRow.page_sizes)).one()
    assert (pages, sizes) == (2, {"1": [10, 20, 300.0], "2": [10, 20, 300.0]})


def test_all_records_are_stored_or_none(engine: Engine) -> None:
    broken = receipt("b", day="not a date")
    broken = dataclasses.replace(broken, day="not a date")
    with pytest.raises(ValueError, match="isoformat"):
        store_records(engine, [receipt("a"), broken])
    assert counts(engine)["extractions"] == 0
    assert counts(engine)["documents"] == 0


HOSTILE = [
    "'; DROP TABLE documents; --",
    "%s %(name)s {0} :value ?",
    "nul \0 and \x1b[31m escape",
    "lone \udcff surrogate \ud800",
    "=cmd|' /C calc'!A0",
    "‮right to left‬ ﷽ 🧾" * 50,
    "x" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_text(engine: Engine, text: str) -> None:
    line = reading(text, rivals=((text, -1.0),), edits=((0, text, "x"),), of=region(text))
    given = record("a", value("company", "text", text, readings=(line,)), problems=(Problem("x", text),))
    store_records(engine, [given])
    from db.types import storable_text

    with reading_from(engine) as connection:
        kept = connection.execute(select(FieldValueRow.value, FieldValueRow.raw, FieldValueRow.text)).one()
        evidence = connection.execute(select(ReadingRow.rivals, ReadingRow.raw)).one()
        assert connection.scalar(select(RegionRow.class_name)) == storable_text(text)
    assert set(kept) == {storable_text(text)}
    assert evidence == ([[storable_text(text), -1.0]], storable_text(text))


@pytest.mark.parametrize(
    "name", ["a b.jpg", "\\udcff.jpg", "a\\b.jpg", "\udcff\udc80.jpg", "%41.jpg", "-rf", "a\nb.jpg", "🧾.jpg"]
)
def test_any_file_name_comes_back_as_it_was(engine: Engine, name: str) -> None:
    [stored] = store_records(engine, [receipt("a", file=Path(name))])
    with reading_from(engine) as connection:
        assert connection.scalar(select(ExtractionRow.file)) == name
    assert store_records(engine, [failed("z", file=Path(name), sha256=None)])[0].added
    assert not store_records(engine, [failed("z", file=Path(name), sha256=None)])[0].added
    assert stored.current


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        ("integer", "9" * 30, Decimal("9" * 30)),
        ("money", "not a number", None),
        ("decimal", "NaN", None),
        ("decimal", "1e999999999", None),
        ("date", "0000-00-00", None),
        ("boolean", "perhaps", None),
    ],
)
def test_a_value_that_does_not_fit_its_type_keeps_its_text(
    engine: Engine, type_: str, text: str, expected: Any
) -> None:
    store_records(engine, [record("a", value("x", type_, text))])
    with reading_from(engine) as connection:
        row = connection.execute(select(FieldValueRow)).one()
    assert row.value == text
    typed = row.date_value or row.boolean_value or row.number_value
    assert typed == expected if expected is None else abs(typed - expected) < expected / 10**14


def test_a_failed_record_has_no_fields_and_says_why(engine: Engine) -> None:
    store_records(engine, [failed("a", code="encrypted", sha256=None, media_type=None)])
    with reading_from(engine) as connection, Session(connection) as session:
        row = session.scalars(select(ExtractionRow)).one()
        assert (row.document_id, row.status, row.current) == (None, RecordStatus.FAILED.value, True)
        assert [problem.code for problem in row.problems] == ["encrypted"]
        assert row.field_values == []


def test_infinite_margins_and_rivals_are_no_obstacle(engine: Engine) -> None:
    line = reading("x", margin=float("inf"), rivals=(("y", float("-inf")),))
    given: Record = record("a", value("company", "text", "x", readings=(line,)))
    store_records(engine, [given])
    with reading_from(engine) as connection:
        assert connection.scalar(select(ReadingRow.rivals)) == [["y", None]]


def test_what_is_stored_together_is_stored_as_one_by_one(engine: Engine) -> None:
    """New and known documents, parts, the same bytes twice, a failure without bytes: each with its own."""
    store_records(engine, [receipt("known", total="1.00")])
    documents = [
        Processed([receipt("b", total="2.00")]),
        Processed([receipt("known", total="1.50", recipe="r2")]),
        Processed([receipt("pages", total=f"{part}.00", part=part) for part in (1, 2)]),
        Processed([failed("d", sha256=None)]),
        Processed([receipt("twice", total="4.00")]),
        Processed([receipt("twice", total="4.00")]),
        Processed([receipt("a", total="5.00")]),
    ]
    stored = store_documents(engine, documents)
    assert [len(one) for one in stored] == [1, 1, 2, 1, 1, 1, 1]
    assert [one.added for each in stored for one in each] == [True] * 6 + [False, True]
    assert stored[4][0].extraction_id == stored[5][0].extraction_id
    for document, answers in zip(documents, stored, strict=True):
        for given, answer in zip(document.records, answers, strict=True):
            with reading_from(engine) as connection, Session(connection) as session:
                row = session.get_one(ExtractionRow, answer.extraction_id)
                assert (row.part, row.status, row.file.rpartition("/")[2]) == (
                    given.part, given.status.value, given.file.name,
                )  # fmt: skip
                assert (row.document.sha256 if row.document else None) == given.sha256
                kept = {found.name: [one.text for one in found.readings] for found in row.field_values}
                assert kept == {
                    name: [one.text for one in values[0].readings] for name, values in given.fields.items()
                }
    assert store_documents(engine, []) == []


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite lets in one writer at a time
def test_a_document_that_is_removed_while_a_store_waits_for_it_is_stored_anew(engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    waiting = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            connection.execute(select(DocumentRow.id).with_for_update())
            storing = pool.submit(store_records, engine, [receipt("a", recipe="r2")])
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
                while not looking.scalar(waiting):
                    assert not storing.done()
            connection.execute(delete(DocumentRow))
        [stored] = storing.result()
    assert (stored.added, stored.current) == (True, True)
    assert counts(engine)["extractions"] == 1
