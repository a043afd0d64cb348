"""Rows become the records that they were made of, and what is decided again takes the current one's place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_records import digest, failed, reading, receipt, record, region, value
from sqlalchemy import Engine, text, update

from db.arrivals import Arrivals
from db.connect import reading as asking
from db.connect import writing
from db.documents import list_documents
from db.queries import run_query
from db.replaying import store_replayed
from db.store import hold_documents, store_records
from db.stored import StoredRecord, current_ids, current_templates, stored_records
from db.tables import DocumentRow, ExtractionRow
from segocr.inbox.arrivals import Moved, Sighting
from segocr.pages import PageInfo
from segocr.readings import Reading
from segocr.records import FieldStatus, Problem, Record, RecordStatus, Severity


def plain(one: Any) -> Any:
    """Return arrays as lists, so that records can be compared."""
    if isinstance(one, np.ndarray):
        return one.tolist()
    if isinstance(one, tuple | list):
        return [plain(item) for item in one]
    if isinstance(one, dict):
        return {name: plain(item) for name, item in one.items()}
    if hasattr(one, "__slots__"):
        return {name: plain(getattr(one, name)) for name in one.__slots__}
    return one


def only(engine: Engine) -> StoredRecord:
    (found,) = stored_records(engine, current_ids(engine, "receipt"))
    return found


def test_a_record_comes_back_as_it_was(engine: Engine) -> None:
    low = Problem("low-confidence", "it is low", "total")
    shared = reading(
        "1", of=region("items"), field="items", decided_by=digest("c"), tries=("first", "taller")
    )
    other = reading(None, raw="?", of=region("total", at=50.0), margin=None, rivals=(), edits=())
    values = (
        value("company", "text", "Acme", readings=(shared, replace(shared, line=1, text="2"))),
        value("total", "money", None, status=FieldStatus.INVALID, problems=(low,), readings=(other,)),
        value("items", "text", "1", readings=(shared,)),
        value("items", "text", "2", ordinal=1, readings=()),
        value("date", "date", None),
    )
    made = record(
        "a",
        *values,
        status=RecordStatus.PARTIAL,
        accepted=False,
        problems=(Problem("rule-failed", "no sum", None, Severity.WARNING),),
        part=2,
        pages=(PageInfo(2, 1200, 1800, 200.0),),
        unchosen=(reading("Nowhere", of=region("company", at=90.0)),),
    )
    made = replace(made, recipe=replace(made.recipe, facts={"template": "t", "reading": {"dpi": 200.0}}))
    store_records(engine, [made])
    found = only(engine).record
    assert plain(found) == plain(made)
    first, second = found.fields["company"][0].readings
    assert first.region is second.region  # lines of one region are known to be
    assert isinstance(first, Reading)


def test_failures_and_old_versions_are_not_decided_again(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("b", recipe="r1")])
    store_records(engine, [receipt("b", "9.99", recipe="r2")])
    store_records(engine, [failed("c")])
    records = [one.record for one in stored_records(engine, current_ids(engine, "receipt"))]
    assert [one.fields["total"][0].value for one in records] == ["12.50", "9.99"]
    assert current_templates(engine) == ["receipt"]
    assert len(current_ids(engine, "receipt", [digest("b")])) == 1
    assert current_ids(engine, "passport") == []


def decided(before: StoredRecord, recipe: str, **changes: Any) -> Record:
    made = replace(before.record, **changes)
    return replace(made, recipe=replace(made.recipe, digest=digest(recipe)))


def test_what_is_decided_again_becomes_current(engine: Engine) -> None:
    store_records(engine, [receipt("a", "12.50")])
    before = only(engine)
    assert store_replayed(engine, [(before, decided(before, "r2", accepted=False))]) == 1
    assert only(engine).record.accepted is False
    assert len(current_ids(engine, "receipt")) == 1
    assert run_query(engine, "select count(*) from extractions").rows == ((2,),)


def test_what_was_extracted_anew_meanwhile_is_left(engine: Engine) -> None:
    store_records(engine, [receipt("a", "12.50")])
    before = only(engine)
    store_records(engine, [receipt("a", "13.00", recipe="newer")])
    assert store_replayed(engine, [(before, decided(before, "r2"))]) == 0
    assert only(engine).record.fields["total"][0].value == "13.00"


def test_the_file_that_brought_it_ends_as_its_record_does_now(engine: Engine, tmp_path: Path) -> None:
    arrivals = Arrivals(engine)
    arrivals.receive("/inbox", [Sighting("scan.jpg", 7, 1)])
    [waiting] = arrivals.waiting("/inbox").values()
    arrivals.claim([waiting.id], "me", 60)
    arrivals.moved([Moved(waiting.id, tmp_path / "scan.jpg", digest("a"))])
    arrivals.take("me", 1, 60)
    store_records(engine, [receipt("a")], arrival=waiting.id, owner="me")
    for recipe, accepted, state in (("r2", False, "needs_review"), ("r3", True, "extracted")):
        before = only(engine)
        assert before.arrival == waiting.id
        store_replayed(engine, [(before, decided(before, recipe, accepted=accepted))])
        assert [one.state for one in list_documents(engine)] == [state]


def waits(engine: Engine) -> bool:
    """Whether somebody waits for a lock on this database."""
    here = "datname = current_database()"
    query = f"select count(*) from pg_stat_activity where wait_event_type = 'Lock' and {here}"
    with asking(engine) as connection:
        return bool(connection.scalar(text(query)))


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_replay_and_an_extraction_of_the_same_documents_take_turns(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("b")])
    pairs = [
        (one, replace(one.record, recipe=receipt(recipe="r2").recipe))
        for one in stored_records(engine, current_ids(engine, "receipt"))
    ]
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:  # as a store does: first the document, then its records
            hold_documents(connection, DocumentRow.sha256 == digest("b"))
            replay = pool.submit(store_replayed, engine, pairs)
            while not waits(engine):
                assert not replay.done()
            connection.execute(update(ExtractionRow).values(current=ExtractionRow.current))
        assert replay.result(timeout=30) == 2
