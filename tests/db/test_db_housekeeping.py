"""Housekeeping: what was kept long enough goes, nothing else does, and the room comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from files_in_work import Folders
from sample_records import failed, reading, receipt, record, value
from sqlalchemy import Engine, func, select, text, update

from db import housekeeping
from db.arrivals import Arrivals
from db.connect import reading as asking
from db.connect import writing
from db.ended import find_ended, send_back
from db.housekeeping import Tidied, tidy
from db.store import store_records
from db.tables import ArrivalRow, DocumentRow, ExtractionRow, ReadingRow
from segocr.inbox.arrivals import State
from segocr.inbox.filing import file_away
from segocr.inbox.places import After
from segocr.inbox.taking import sweep
from segocr.records import Record
from segocr.settings.service import KeepSettings

NOTHING = Tidied(0, 0, 0, 0, 0, 0)
TEN_DAYS = timedelta(days=10)


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    return Folders(tmp_path, engine)


def bring(folders: Folders, name: str, state: State, age: timedelta = TEN_DAYS) -> None:
    """Bring a file to its end, so long ago."""
    arrival = folders.arrive(name, name.encode())
    make = failed if state is State.FAILED else receipt
    record = replace(make(name), file=Path(name), sha256=arrival.sha256, accepted=state is State.EXTRACTED)
    store_records(folders.engine, [record], arrival=arrival.id, owner="me")
    folders.end(arrival, state, "unreadable" if state is State.FAILED else None)
    grow_old(folders.engine, age)


def grow_old(engine: Engine, age: timedelta) -> None:
    """Let all that ended in the last minute have ended so long ago."""
    now = Arrivals(engine).now()
    with writing(engine) as connection:
        recent = ArrivalRow.ended_at > now - timedelta(minutes=1)
        connection.execute(update(ArrivalRow).where(recent).values(ended_at=now - age, filed_at=now - age))
        young = ExtractionRow.extracted_at > now - timedelta(minutes=1)
        connection.execute(update(ExtractionRow).where(young).values(extracted_at=now - age))
        replaced = ExtractionRow.replaced_at > now - timedelta(minutes=1)
        connection.execute(update(ExtractionRow).where(replaced).values(replaced_at=now - age))


def count(engine: Engine, table: type) -> int:
    with asking(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_by_default_everything_is_kept(folders: Folders) -> None:
    bring(folders, "a.jpg", State.EXTRACTED, timedelta(days=9000))
    bring(folders, "b.jpg", State.FAILED, timedelta(days=9000))
    before = folders.files()
    assert tidy(folders.engine, KeepSettings()) == NOTHING
    assert folders.files() == before


def test_accepted_files_go_from_done_and_their_records_stay(folders: Folders) -> None:
    bring(folders, "old.jpg", State.EXTRACTED)
    bring(folders, "waits.jpg", State.NEEDS_REVIEW)
    bring(folders, "young.jpg", State.EXTRACTED, timedelta(days=1))
    assert tidy(folders.engine, KeepSettings(done=7)) == replace(NOTHING, done=1)
    assert folders.files() == ["done/waits.jpg", "done/young.jpg"]
    assert count(folders.engine, ExtractionRow) == 3
    assert count(folders.engine, ArrivalRow) == 3
    assert tidy(folders.engine, KeepSettings(done=7)) == NOTHING


def test_an_accepted_file_that_needs_review_since_stays(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(folders, "a.jpg", State.EXTRACTED)
    again = replace(receipt("a.jpg", recipe="r2", accepted=False), file=Path("a.jpg"))
    answers = meanwhile(monkeypatch, lambda: store_records(folders.engine, [again]))
    assert tidy(folders.engine, KeepSettings(done=7)) == NOTHING
    assert answers
    assert tidy(folders.engine, KeepSettings(done=7)) == NOTHING
    assert folders.files() == ["done/a.jpg"]
    monkeypatch.undo()
    store_records(folders.engine, [replace(again, accepted=True, recipe=receipt("a", recipe="r3").recipe)])
    assert tidy(folders.engine, KeepSettings(done=7)).done == 1


def test_failed_files_go_with_their_rows(folders: Folders) -> None:
    bring(folders, "old.jpg", State.FAILED)
    bring(folders, "young.jpg", State.FAILED, timedelta(days=1))
    assert tidy(folders.engine, KeepSettings(failed=7)) == replace(NOTHING, failed=1)
    assert folders.files() == ["failed/.json", "failed/young.jpg"]
    assert [count(folders.engine, table) for table in (ArrivalRow, ExtractionRow, DocumentRow)] == [1, 1, 1]


def test_the_reasons_of_what_was_left_in_its_inbox_go_with_its_rows(folders: Folders) -> None:
    leaving = replace(folders.inbox, after=After.LEAVE)
    folders.inbox.folder.mkdir()
    (folders.inbox.folder / "a.jpg").write_bytes(b"broken")
    sweep(leaving, folders.places, folders.ledger, "me")
    [arrival] = folders.ledger.take("me", 1, 60)
    folders.ledger.end(arrival.id, State.FAILED, "truncated", "it is truncated")
    file_away(leaving, folders.places, folders.ledger, arrival, State.FAILED, "truncated")
    (folders.inbox.folder / "a.jpg").unlink()
    grow_old(folders.engine, TEN_DAYS)
    assert folders.files() == ["failed/.json"]
    assert tidy(folders.engine, KeepSettings(failed=7), folders.places).failed == 1
    assert folders.files() == []


def test_older_versions_go_and_the_current_one_never(engine: Engine) -> None:
    for version in ("r1", "r2", "r3"):
        store_records(engine, [receipt("a", recipe=version)])
    grow_old(engine, TEN_DAYS)
    assert tidy(engine, KeepSettings(versions=20)) == NOTHING
    assert tidy(engine, KeepSettings(versions=7)) == replace(NOTHING, versions=2)
    with asking(engine) as connection:
        assert connection.execute(select(ExtractionRow.current)).all() == [(True,)]


REPLACED: dict[str, list[list[Record]]] = {
    "pages take the place of the whole": [[receipt("a")], [receipt("a", part=1), receipt("a", part=2)]],
    "the whole takes the place of pages": [[receipt("a", part=1)], [receipt("a", recipe="r2")]],
    "a failure beside pages": [[receipt("a", part=1)], [failed("a", recipe="r2")]],
    "a success after what could not be hashed": [[failed("a", sha256=None)], [receipt("a")]],
    "another failure to hash it": [[failed("a", sha256=None)], [failed("a", "other", sha256=None)]],
}


@pytest.mark.parametrize("versions", REPLACED.values(), ids=list(REPLACED))
def test_whatever_was_replaced_is_an_older_version(engine: Engine, versions: list[list[Record]]) -> None:
    for records in versions:
        store_records(engine, records)
    grow_old(engine, TEN_DAYS)
    assert tidy(engine, KeepSettings(versions=20)) == NOTHING
    assert tidy(engine, KeepSettings(versions=7)) == replace(NOTHING, versions=1)
    with asking(engine) as connection:
        assert set(connection.scalars(select(ExtractionRow.current))) == {True}


def test_older_versions_are_kept_from_when_they_were_replaced(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("b")])
    grow_old(engine, TEN_DAYS)
    store_records(engine, [receipt("a", recipe="r2")])
    assert tidy(engine, KeepSettings(versions=7)) == NOTHING
    store_records(engine, [receipt("a")])  # under the first recipe again: this one is replaced now
    with asking(engine) as connection:
        replaced = select(ExtractionRow.current, ExtractionRow.replaced_at.is_not(None))
        assert sorted(connection.execute(replaced).tuples()) == [(False, True), (True, False), (True, False)]
    assert tidy(engine, KeepSettings(versions=7)) == NOTHING
    grow_old(engine, TEN_DAYS)
    assert tidy(engine, KeepSettings(versions=7)).versions == 1


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[object]:
    """Let something happen after each look for what is old, before that goes; return what it answered."""
    answers: list[object] = []
    portions = housekeeping._portions

    def after_a_look(*args: Any) -> Iterator[Any]:
        for ids in portions(*args):
            answers.append(act())
            yield ids

    monkeypatch.setattr(housekeeping, "_portions", after_a_look)
    return answers


def test_a_version_that_became_current_meanwhile_stays(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("r1", "r2"):
        store_records(engine, [receipt("a", recipe=version)])
    grow_old(engine, TEN_DAYS)
    meanwhile(monkeypatch, lambda: store_records(engine, [receipt("a", recipe="r1")]))
    assert tidy(engine, KeepSettings(versions=7)) == NOTHING
    with asking(engine) as connection:
        versions = select(ExtractionRow.current).order_by(ExtractionRow.id)
        assert connection.scalars(versions).all() == [True, False]


def test_a_file_that_was_sent_back_to_work_meanwhile_stays(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(folders, "a.jpg", State.EXTRACTED)
    [ended] = find_ended(folders.engine, states=[State.EXTRACTED], places=folders.places)
    answers = meanwhile(monkeypatch, lambda: send_back(folders.engine, ended, folders.places))
    assert tidy(folders.engine, KeepSettings(done=7)) == NOTHING
    assert (answers, folders.files()) == ([True], ["work/a.jpg"])
    [again] = folders.ledger.take("me", 10, 60)
    assert again.file.read_bytes() == b"a.jpg"


def test_a_file_that_went_meanwhile_is_not_sent_back_to_work(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(folders, "a.jpg", State.EXTRACTED)
    [ended] = find_ended(folders.engine, states=[State.EXTRACTED], places=folders.places)

    def look(_: Path) -> None:  # after it was seen, before it is held
        assert tidy(folders.engine, KeepSettings(done=7)).done == 1

    monkeypatch.setattr("db.ended.known_work", look)
    assert not send_back(folders.engine, ended, folders.places)
    assert [one.place for one in find_ended(folders.engine, states=[State.EXTRACTED])] == [None]


def test_a_document_that_is_stored_meanwhile_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    store_records(engine, [receipt("a")])
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM extractions"))
    meanwhile(monkeypatch, lambda: store_records(engine, [receipt("a")]))
    assert tidy(engine, KeepSettings()) == NOTHING
    assert (count(engine, DocumentRow), count(engine, ExtractionRow)) == (1, 1)


def test_lattices_go_and_the_readings_stay(engine: Engine) -> None:
    store_records(engine, [receipt("old")])
    grow_old(engine, TEN_DAYS)
    store_records(engine, [receipt("young")])
    readings = count(engine, ReadingRow)
    assert tidy(engine, KeepSettings(lattices=7)) == replace(NOTHING, lattices=readings // 2)
    assert count(engine, ReadingRow) == readings
    assert tidy(engine, KeepSettings(lattices=7)) == NOTHING


def test_rows_of_documents_that_nothing_refers_to_go(engine: Engine) -> None:
    store_records(engine, [receipt("a"), receipt("b")])
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM extractions WHERE file = 'a.jpg'"))
    assert tidy(engine, KeepSettings()) == replace(NOTHING, documents=1)
    assert count(engine, DocumentRow) == 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_much_unused_room_comes_back(engine: Engine) -> None:
    large = reading("Acme", lattice=bytes(20_000_000))
    store_records(engine, [receipt("a"), record("b", value("company", "text", "Acme", readings=(large,)))])
    grow_old(engine, TEN_DAYS)
    file = Path(str(engine.url.database))
    assert file.stat().st_size + file.with_name(f"{file.name}-wal").stat().st_size > 20_000_000
    assert tidy(engine, KeepSettings(lattices=7)).megabytes == 19
    assert file.stat().st_size < 1_000_000
    assert count(engine, ExtractionRow) == 2
