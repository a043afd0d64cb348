"""Documents: listed with their state, shown with their evidence, and forgotten without a trace."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from files_in_work import Folders
from sample_records import digest, failed, receipt
from sqlalchemy import Engine, func, select, update

from db.arrivals import Arrivals
from db.connect import open_database, reading, writing
from db.documents import count_documents, find_document, find_shown, list_documents, show_document
from db.forgetting import forget, plan_forgetting, plan_forgetting_failures
from db.store import store_records
from db.tables import ArrivalRow, Base, ExtractionRow
from segocr.cli import run
from segocr.errors import DatabaseError, UsageError
from segocr.inbox.arrivals import Moved, Sighting, State
from segocr.inbox.filing import file_away
from segocr.inbox.places import After
from segocr.inbox.taking import sweep

Arrive = Callable[..., uuid.UUID]


@pytest.fixture
def arrive(engine: Engine, tmp_path: Path) -> Arrive:
    """Give a function that brings a file all the way to ``done/`` and stores its record."""
    arrivals = Arrivals(engine)

    def bring(content: str, name: str = "scan.jpg") -> uuid.UUID:
        arrivals.receive("/inbox", [Sighting(name, 7, 1)])
        [waiting] = arrivals.waiting("/inbox").values()
        arrivals.claim([waiting.id], "me", 60)
        arrivals.moved([Moved(waiting.id, tmp_path / "work" / name, digest(content))])
        arrivals.take("me", 1, 60)
        store_records(engine, [receipt(content, file=Path(name))], arrival=waiting.id, owner="me")
        place = tmp_path / "done" / "2026-03-01" / f"{waiting.id}-{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"picture")
        arrivals.filed({waiting.id: place})
        return waiting.id

    return bring


def rows(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        counts = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    return {name: count for name, count in counts.items() if count}


def test_the_list_holds_records_and_files_that_wait(engine: Engine, arrive: Arrive) -> None:
    arrive("a")
    store_records(engine, [receipt("b", accepted=False), failed("c", code="encrypted")])
    Arrivals(engine).receive("/inbox", [Sighting("new.jpg", 7, 1)])
    listed = {one.file: one for one in list_documents(engine)}
    assert listed["scan.jpg"].state == "extracted"
    assert (listed["b.jpg"].accepted, listed["b.jpg"].state) == (False, None)
    assert (listed["c.jpg"].status, listed["c.jpg"].problems) == ("failed", ("encrypted",))
    assert (listed["/inbox/new.jpg"].state, listed["/inbox/new.jpg"].part) == ("received", None)


def test_the_list_can_be_narrowed(engine: Engine, arrive: Arrive) -> None:
    arrive("a")
    store_records(engine, [receipt("b", template="invoice"), receipt("c")])
    assert [one.file for one in list_documents(engine, state=State.EXTRACTED)] == ["scan.jpg"]
    assert [one.file for one in list_documents(engine, template="invoice")] == ["b.jpg"]
    assert len(list_documents(engine, limit=2)) == 2


def test_a_document_is_found_by_the_start_of_its_digest(engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    assert find_document(engine, digest("a")[:8].upper()) == digest("a")


@pytest.mark.parametrize("start", ["abc", "%%%%%%%", "zzzzzzzz", "", "000000000"])
def test_what_is_no_digest_finds_nothing(engine: Engine, start: str) -> None:
    store_records(engine, [receipt("a")])
    with pytest.raises(UsageError):
        find_document(engine, start)


def test_a_document_is_found_by_the_id_of_an_arrival(engine: Engine, arrive: Arrive) -> None:
    arrival = arrive("a")
    for word in (str(arrival)[:8], str(arrival), arrival.hex.upper()):
        assert find_document(engine, word) == digest("a")


def test_a_file_that_was_never_hashed_is_shown_by_the_id_of_its_arrival(engine: Engine) -> None:
    ledger = Arrivals(engine)
    ledger.receive("/inbox", [Sighting("empty.jpg", 0, 1)])
    [arrival] = ledger.waiting("/inbox").values()
    word = str(arrival.id)[:13]
    shown = show_document(engine, find_shown(engine, word))
    assert (shown["sha256"], shown["extractions"]) == (None, [])
    assert [(one["id"], one["state"]) for one in shown["arrivals"]] == [(str(arrival.id), "received")]
    with pytest.raises(UsageError) as caught:
        find_document(engine, word)
    assert caught.value.code == "unknown-document"


def test_the_list_says_how_many_more_there_are_and_where_files_lie(
    engine: Engine,
    url: str,
    arrive: Arrive,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arrive("a")
    store_records(engine, [receipt("b"), receipt("c")])
    Arrivals(engine).receive("/inbox", [Sighting("new.jpg", 7, 1)])
    assert [count_documents(engine, state=state) for state in (None, "extracted", "failed")] == [4, 1, 0]
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    assert run(["documents", "list", "--json"]) == 0
    said = capsys.readouterr()
    [done] = [row for row in json.loads(said.out) if row["file"] == "scan.jpg"]
    assert Path(done["place"]).read_bytes() == b"picture"
    assert "more" not in said.err
    assert run(["documents", "list", "--limit", "3"]) == 0
    assert "1 more" in capsys.readouterr().err


def test_a_document_is_shown_with_all_its_extractions(engine: Engine, arrive: Arrive) -> None:
    arrive("a")
    store_records(engine, [receipt("a", recipe="r2", total="13.50")])
    shown = show_document(engine, digest("a"))
    assert [(one["current"], one["fields"][2]["value"]) for one in shown["extractions"]] == [
        (False, "12.50"),
        (True, "13.50"),
    ]
    assert [one["state"] for one in shown["arrivals"]] == ["extracted"]
    assert shown["pages"] == [{"page": 1, "width": 1200, "height": 1800, "dpi": None}]


def test_forgetting_shows_first_and_then_leaves_nothing(
    engine: Engine, arrive: Arrive, tmp_path: Path
) -> None:
    arrive("a")
    store_records(engine, [receipt("b")])
    others = rows(engine)
    arrive("private", "secret name.jpg")
    plan = plan_forgetting(engine, digest("private"))
    assert plan.rows == {
        "documents": 1,
        "arrivals": 1,
        "extractions": 1,
        "regions": 3,
        "readings": 3,
        "field_values": 3,
        "problems": 0,
    }
    assert [file.read_bytes() for file in plan.files] == [b"picture"]
    assert len(list((tmp_path / "done").rglob("*.jpg"))) == 2  # nothing has gone yet
    forget(engine, plan)
    assert rows(engine) == others
    assert len(list((tmp_path / "done").rglob("*.jpg"))) == 1
    forget(engine, plan)  # again does no harm


def test_failures_from_before_a_document_could_be_hashed_are_forgotten_with_it(
    engine: Engine, arrive: Arrive
) -> None:
    others = rows(engine)
    arrival = arrive("private", "secret name.jpg")
    store_records(engine, [failed("secret name", sha256=None)])
    with writing(engine) as connection:
        first = update(ExtractionRow).where(ExtractionRow.document_id.is_(None))
        connection.execute(first.values(arrival_id=arrival))
    plan = plan_forgetting(engine, digest("private"))
    assert (plan.rows["extractions"], plan.rows["problems"]) == (2, 1)
    forget(engine, plan)
    assert rows(engine) == others


@pytest.mark.parametrize("told", [True, False])
def test_a_document_that_is_filed_while_somebody_decides_is_forgotten_with_its_copy(
    engine: Engine, tmp_path: Path, told: bool
) -> None:
    folders = Folders(tmp_path, engine)
    arrival = folders.arrive("secret.jpg", b"secret")
    assert arrival.sha256 is not None
    plan = plan_forgetting(engine, arrival.sha256, places=folders.places)
    assert plan.files == (arrival.file,)
    folders.end(arrival, State.EXTRACTED)
    if not told:  # moved, and the row not yet told of it
        with engine.begin() as connection:
            connection.execute(ArrivalRow.__table__.update().values(place=str(arrival.file)))
    gone = forget(engine, plan, places=folders.places)
    assert folders.files() == []
    assert [file.parent.parent for file in gone.files] == [folders.places.done]
    assert rows(engine) == {}


def test_copies_in_a_workspace_that_was_moved_are_forgotten(engine: Engine, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "one", engine)
    arrival = folders.arrive("secret.jpg", b"secret")
    assert arrival.sha256 is not None
    folders.end(arrival, State.EXTRACTED)
    moved = Folders(tmp_path / "two", engine)
    folders.root.rename(moved.root)
    forget(engine, plan_forgetting(engine, arrival.sha256, places=moved.places), places=moved.places)
    assert moved.files() == []


def test_a_file_that_is_its_owners_is_never_deleted(engine: Engine, tmp_path: Path) -> None:
    own = tmp_path / "own.jpg"
    own.write_bytes(b"mine")
    store_records(engine, [receipt("a", file=own)])
    plan = plan_forgetting(engine, digest("a"))
    assert (plan.files, plan.left) == ((), (own,))
    forget(engine, plan)
    assert own.exists()


@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_was_left_in_its_inbox_is_named_while_it_is_there(
    url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], there: bool,
) -> None:  # fmt: skip
    folders = Folders(tmp_path, engine)
    inbox = dataclasses.replace(folders.inbox, after=After.LEAVE)
    inbox.folder.mkdir()
    file = inbox.folder / "left.jpg"
    file.write_bytes(b"left")
    sweep(inbox, folders.places, folders.ledger, "me")
    [arrival] = folders.ledger.take("me", 10, 60)
    folders.ledger.end(arrival.id, State.EXTRACTED, None, None)
    file_away(inbox, folders.places, folders.ledger, arrival, State.EXTRACTED)
    if not there:
        file.unlink()
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    assert run(["documents", "forget", digest("left")[:12], "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert (f"left to its owner: {file} (delete it there, or it is taken again)" in said) == there
    assert ("left to its owner" in said) == there


def test_failures_of_a_file_that_could_not_be_hashed_are_forgotten_by_its_path(engine: Engine) -> None:
    store_records(engine, [receipt("b")])
    others = rows(engine)
    store_records(engine, [failed("a", sha256=None, file=Path("in/a.jpg"))])
    with pytest.raises(UsageError) as raised:
        plan_forgetting_failures(engine, Path("b.jpg"))
    assert raised.value.code == "unknown-document"
    plan = plan_forgetting_failures(engine, Path("somewhere/../in/a.jpg"))
    assert (plan.rows["extractions"], plan.rows["problems"], plan.files) == (1, 1, ())
    forget(engine, plan)
    assert rows(engine) == others


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_was_forgotten_is_not_in_the_file_any_more(engine: Engine, tmp_path: Path) -> None:
    store_records(engine, [receipt("a", company="Confidential Company Ltd"), receipt("b")])
    engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    assert b"Confidential Company" in content
    forget(engine, plan_forgetting(engine, digest("a")))
    content = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    assert b"Confidential Company" not in content


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_was_forgotten_and_is_in_the_log_for_as_long_as_somebody_reads_is_told(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    store_records(engine, [receipt("a", company="Confidential Company Ltd")])
    impatient = open_database(url, busy_seconds=0.1)
    with reading(engine) as connection:
        connection.execute(select(ArrivalRow.id)).all()
        with pytest.raises(DatabaseError, match="-wal still") as raised:
            forget(impatient, plan_forgetting(impatient, digest("a")))
        assert raised.value.code == "kept-in-log"
    assert not plan_forgetting(engine, digest("a")).rows["documents"]
    impatient.dispose()
    engine.dispose()  # nobody has it open any more
    content = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    assert b"Confidential Company" not in content
