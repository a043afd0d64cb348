"""The same bytes again: linked to a record that holds, never to a failure, never to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from files_in_work import Folders
from sample_records import failed, receipt
from sqlalchemy import Engine

from db.duplicates import find_first, known_contents, link
from db.store import store_records
from segocr.errors import DatabaseError
from segocr.inbox.arrivals import Arrival, State
from segocr.records import Record


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    return Folders(tmp_path, engine)


def end_with(folders: Folders, arrival: Arrival, *records: Record) -> None:
    store_records(folders.engine, records, arrival=arrival.id, owner="me")


@pytest.mark.parametrize(("accepted", "state"), [(True, State.EXTRACTED), (False, State.NEEDS_REVIEW)])
def test_a_duplicate_ends_as_the_first_did(folders: Folders, accepted: bool, state: State) -> None:
    first = folders.arrive("a.jpg", b"same")
    end_with(folders, first, receipt("x", sha256=first.sha256, accepted=accepted, file=Path("a.jpg")))
    again = folders.arrive("b.jpg", b"same")
    assert again.sha256 is not None
    assert link(folders.engine, again.id, "me", again.sha256, "receipt") is state
    row = folders.row(again)
    assert (row.state, row.last_problem_code) == (state.value, "duplicate")
    assert row.last_problem == "the same bytes as a.jpg"
    assert row.document_id == folders.row(first).document_id


def test_a_duplicate_of_a_failure_or_of_another_template_is_read(folders: Folders) -> None:
    first = folders.arrive("a.jpg", b"same")
    end_with(folders, first, failed("x", sha256=first.sha256))
    again = folders.arrive("b.jpg", b"same")
    assert again.sha256 is not None
    assert link(folders.engine, again.id, "me", again.sha256, "receipt") is None
    end_with(folders, again, receipt("x", sha256=first.sha256))
    assert find_first(folders.engine, again.sha256, "receipt") is not None
    assert find_first(folders.engine, again.sha256, "passport") is None


def test_an_arrival_is_no_duplicate_of_itself(folders: Folders) -> None:
    first = folders.arrive("a.jpg", b"same")
    assert first.sha256 is not None
    end_with(folders, first, receipt("x", sha256=first.sha256))
    assert find_first(folders.engine, first.sha256, "receipt", but=first.id) is None


def test_only_who_holds_an_arrival_links_it(folders: Folders) -> None:
    first = folders.arrive("a.jpg", b"same")
    end_with(folders, first, receipt("x", sha256=first.sha256))
    again = folders.arrive("b.jpg", b"same")
    assert again.sha256 is not None
    with pytest.raises(DatabaseError, match="another worker"):
        link(folders.engine, again.id, "you", again.sha256, "receipt")


def test_known_contents_are_those_with_a_record_that_counts(folders: Folders) -> None:
    first = folders.arrive("a.jpg", b"one")
    assert first.sha256 is not None
    assert known_contents(folders.engine, [first.sha256]) == set()
    end_with(folders, first, receipt("x", sha256=first.sha256))
    digests = [f"{number:064x}" for number in range(1200)] + [first.sha256]
    assert known_contents(folders.engine, digests) == {(first.sha256, "receipt")}
