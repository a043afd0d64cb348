"""Files that are not where they should be: ``work/`` away, a workspace moved, files that turn up again."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from files_in_work import Folders
from sqlalchemy import Engine, select

from db.absent import absent_inboxes
from db.connect import reading
from db.ended import find_ended, send_back
from db.orphans import mend_orphans
from db.tables import ArrivalRow
from segocr.errors import SegocrError
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.claimed import put_back
from segocr.inbox.recovery import recover
from segocr.inbox.workfolder import FILE, known_work


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "workspace", engine)
    folders.inbox.folder.mkdir(parents=True)
    return folders


def mend(folders: Folders) -> int:
    return mend_orphans(folders.engine, [folders.inbox], folders.places).orphans


def claim(folders: Folders, *names: str) -> list[Arrival]:
    """Claim files as a service does, and hold none of them."""
    mend(folders)
    arrivals = [folders.arrive(name, name.encode()) for name in names]
    folders.ledger.release("me", [one.id for one in arrivals], blamed=False)
    return arrivals


def end(folders: Folders, name: str, state: State) -> Arrival:
    arrival = folders.arrive(name, name.encode())
    folders.end(arrival, state)
    return arrival


def take_away(folders: Folders) -> Path:
    away = folders.root / "work.away"
    folders.places.work.rename(away)
    return away


def bring_back(folders: Folders, away: Path) -> None:
    shutil.rmtree(folders.places.work, ignore_errors=True)
    away.rename(folders.places.work)


def states(folders: Folders) -> set[tuple[str, str | None]]:
    with reading(folders.engine) as connection:
        rows = connection.execute(select(ArrivalRow.state, ArrivalRow.last_problem_code))
        return {(row.state, row.last_problem_code) for row in rows}


@pytest.mark.parametrize("made_anew", [True, False])
def test_while_the_work_folder_is_away_nobody_fails_and_all_goes_on_when_it_is_back(
    folders: Folders, made_anew: bool
) -> None:
    claim(folders, "a.jpg", "b.jpg")
    away = take_away(folders)
    if made_anew:
        folders.places.work.mkdir()
    for _ in range(2):
        with pytest.raises(SegocrError) as caught:
            mend(folders)
        assert (caught.value.code, caught.value.transient) == ("work-missing", True)
        assert states(folders) == {("claimed", "work-missing")}
    assert folders.ledger.take("you", 10, 60) == []  # resting: nobody could read it
    bring_back(folders, away)
    assert mend(folders) == 0
    assert states(folders) == {("claimed", None)}
    assert [one.file.read_bytes() for one in folders.ledger.take("you", 10, 60)] == [b"a.jpg", b"b.jpg"]


def test_what_somebody_held_when_the_folder_went_is_not_lost(folders: Folders) -> None:
    mend(folders)
    begun = folders.arrive("a.jpg", b"a")
    folders.ledger.begin("me", [begun.id])
    away = take_away(folders)
    with pytest.raises(SegocrError):
        mend(folders)
    assert folders.row(begun).state == "extracting"
    put_back(begun, folders.ledger)  # its bytes are not those that were hashed
    with pytest.raises(SegocrError):
        mend(folders)
    assert states(folders) == {("claimed", "work-missing")}
    bring_back(folders, away)
    mend(folders)
    assert [one.id for one in folders.ledger.take("you", 10, 60)] == [begun.id]


def test_the_folder_of_before_is_not_taken_for_the_one_that_files_were_claimed_into(folders: Folders) -> None:
    mend(folders)
    before = take_away(folders)
    claim(folders, "a.jpg")  # the disk was away, and files went into the folder below it
    folders.places.work.rename(folders.root / "below")
    before.rename(folders.places.work)
    with pytest.raises(SegocrError):
        mend(folders)
    assert states(folders) == {("claimed", "work-missing")}


def test_a_person_can_say_that_the_folder_is_gone_for_good(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    [arrival] = claim(folders, "secret.jpg")
    shutil.rmtree(folders.places.work)
    with pytest.raises(SegocrError) as caught:
        mend(folders)
    assert caught.value.hint is not None
    Path(caught.value.hint.rpartition(" ")[2]).mkdir(parents=True)  # what its hint says
    with caplog.at_level(logging.WARNING, "segocr"):
        assert mend(folders) == 1
    assert states(folders) == {("failed", "vanished")}
    [told] = caplog.records
    assert told.__dict__["fields"] == {"arrival": arrival.id, "state": "failed", "code": "vanished"}


@pytest.mark.parametrize("first_version", [True, False])
def test_a_folder_without_a_mark_is_taken_if_it_holds_what_was_claimed(
    folders: Folders, first_version: bool
) -> None:
    here, gone = claim(folders, "a.jpg", "b.jpg")
    if first_version:
        (folders.root / FILE).unlink()
    for mark in folders.places.work.glob(".segocr-*"):
        mark.rmdir()
    if first_version:
        gone.file.unlink()
        assert mend(folders) == 1
        assert (folders.row(here).state, folders.row(gone).state) == ("claimed", "failed")
    else:
        assert mend(folders) == 0
    assert known_work(folders.places.work) is not None


@pytest.mark.parametrize("remembered", [True, False])
def test_claimed_files_follow_a_workspace_that_was_moved(folders: Folders, remembered: bool) -> None:
    ended = end(folders, "done.jpg", State.EXTRACTED)
    claim(folders, "a.jpg")
    old = folders.places
    (folders.inbox.folder / "late.jpg").write_bytes(b"late")
    if not remembered:  # an older version did not
        (folders.root / FILE).unlink()
    moved = Folders(folders.root.with_name("other"), folders.engine)
    folders.root.rename(moved.root)
    assert mend(moved) == 0
    assert absent_inboxes(moved.engine, [moved.inbox.key]) == ()
    [taken] = moved.ledger.take("you", 10, 60, inboxes=[moved.inbox.key])
    assert taken.file == moved.places.claimed(taken.id, "a.jpg")
    assert taken.file.read_bytes() == b"a.jpg"
    assert Path(str(moved.row(ended).place)).is_relative_to(moved.places.done)
    assert not old.work.exists()


def test_a_copy_of_a_workspace_takes_nothing_from_the_first_one(folders: Folders) -> None:
    [arrival] = claim(folders, "a.jpg")
    copy = Folders(folders.root.with_name("copy"), folders.engine)
    shutil.copytree(folders.root, copy.root)
    assert mend(copy) == 0
    row = folders.row(arrival)
    assert (row.inbox, row.place) == (folders.inbox.key, str(arrival.file))


@pytest.mark.parametrize("by", ["sweep", "retry"])
def test_what_had_vanished_and_turns_up_is_taken_again(folders: Folders, by: str) -> None:
    [arrival] = claim(folders, "sub/a.jpg")
    elsewhere = folders.root / "elsewhere.jpg"
    arrival.file.rename(elsewhere)
    assert mend(folders) == 1
    assert states(folders) == {("failed", "vanished")}
    [ended] = find_ended(folders.engine)
    assert not send_back(folders.engine, ended, folders.places)
    elsewhere.rename(arrival.file)
    if by == "sweep":
        assert mend(folders) == 1
    else:
        assert send_back(folders.engine, ended, folders.places)
    recover(folders.inbox, folders.places, folders.ledger, "sweeper")
    [again] = folders.ledger.take("you", 10, 60)
    assert (again.id, again.sha256, again.file) == (arrival.id, arrival.sha256, arrival.file)


def test_nothing_is_retried_into_a_folder_that_is_not_the_right_one(folders: Folders) -> None:
    end(folders, "b.jpg", State.FAILED)
    claim(folders, "a.jpg")
    take_away(folders)
    [ended] = find_ended(folders.engine)
    with pytest.raises(SegocrError) as caught:
        send_back(folders.engine, ended, folders.places)
    assert caught.value.code == "work-missing"
    assert ended.place is not None
    assert ended.place.is_file()


def test_what_was_said_to_be_filed_while_the_folder_was_away_is_filed(folders: Folders) -> None:
    mend(folders)
    arrival = folders.arrive("a.jpg", b"a")
    away = take_away(folders)
    folders.end(arrival, State.EXTRACTED)
    bring_back(folders, away)
    assert mend(folders) == 1
    recover(folders.inbox, folders.places, folders.ledger, "sweeper")
    assert folders.files() == ["done/a.jpg"]
    assert mend(folders) == 0
