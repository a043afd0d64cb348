"""Sweeps: what settles is claimed once, what does not waits, and a crash at any point loses nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from inbox_service import Service, dies
from sqlalchemy import select

from db.connect import open_database
from db.tables import ArrivalRow
from flows.inboxes import Inboxes
from segocr.errors import ConfigurationError, SegocrError
from segocr.inbox.arrivals import State
from segocr.inbox.claimed import is_unchanged, put_back
from segocr.inbox.filing import file_away
from segocr.inbox.places import After, Duplicates, Inbox, Places, Ready, check_places, inboxes_in
from segocr.inbox.scanning import MAX_DEPTH, scan
from segocr.inbox.taking import Swept
from segocr.settings import parse_settings


def test_a_file_is_claimed_when_two_sweeps_see_it_unchanged(service: Service) -> None:
    service.drop("a.jpg")
    assert service.sweep().ready == ()
    assert service.sweep(after=4).ready == ()
    [ready] = service.sweep(after=1).ready
    assert service.files() == [f"work/{ready}/a.jpg"]
    [taken] = service.take()
    assert (taken.id, taken.path, taken.place) == (ready, "a.jpg", service.places.work / str(ready) / "a.jpg")
    assert taken.sha256 == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"


def test_a_growing_file_waits(service: Service) -> None:
    path = service.drop("a.jpg")
    service.sweep()
    for _ in range(5):
        with path.open("ab") as file:
            file.write(b"more")
        assert service.sweep(after=10).ready == ()
    assert len(service.sweep(after=10).ready) == 1


def test_a_rewritten_file_of_the_same_size_waits(service: Service) -> None:
    path = service.drop("a.jpg", b"aaaa")
    service.sweep()
    service.drop("a.jpg", b"bbbb")
    os.utime(path, ns=(1, 1))
    assert service.sweep(after=10).ready == ()
    assert len(service.sweep(after=10).ready) == 1


def test_a_clock_set_back_delays_and_loses_nothing(service: Service) -> None:
    service.drop("a.jpg")
    service.sweep()
    assert service.sweep(after=-3600).ready == ()
    assert len(service.sweep(after=5).ready) == 1


def test_a_file_that_vanishes_before_its_claim_is_forgotten(service: Service) -> None:
    path = service.drop("a.jpg")
    service.sweep()
    path.unlink()
    assert service.sweep(after=10) == Swept((), (), 0)
    assert service.ledger.waiting(service.inbox.key) == {}


def test_files_of_the_same_name_in_sub_folders_stay_apart(service: Service) -> None:
    for folder in ("a", "b/c"):
        service.drop(f"{folder}/scan.jpg", folder.encode())
    service.sweep()
    assert len(service.sweep(after=10).ready) == 2
    assert {arrival.path for arrival in service.take()} == {"a/scan.jpg", "b/c/scan.jpg"}


def test_an_empty_file_fails_only_when_stale(service: Service) -> None:
    service.drop("a.jpg", b"")
    service.sweep()
    assert service.sweep(after=599) == Swept((), (), 1)
    [failed] = service.sweep(after=1).failed
    day = "failed/2026-03-01"
    assert service.files() == [f"{day}/{failed}-a.jpg", f"{day}/{failed}.json"]
    reasons = json.loads((service.places.failed / "2026-03-01" / f"{failed}.json").read_text())
    assert (reasons["path"], reasons["code"]) == ("a.jpg", "empty")


def test_a_file_dropped_again_under_the_same_name_is_another_arrival(service: Service) -> None:
    for content in (b"one", b"two"):
        service.drop("a.jpg", content)
        service.sweep()
        service.sweep(after=10)
        [arrival] = service.take()
        service.end(arrival)
    assert len(service.files()) == 2


def test_a_deleted_file_goes_only_after_it_ended(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.DELETE)
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    assert len(service.files()) == 1
    assert service.end(arrival) is None
    assert service.files() == []


def test_a_failed_file_is_kept_even_where_stored_ones_are_deleted(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.DELETE)
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    place = service.end(arrival, State.FAILED)
    assert place is not None
    assert place.read_bytes() == b"content"


def test_a_file_that_is_left_is_taken_once_until_it_changes(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.LEAVE)
    path = service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    assert service.end(arrival) == path
    assert service.sweep(after=10) == Swept((), (), 0)
    assert service.files() == ["inbox/a.jpg"]
    path.write_bytes(b"changed content")
    service.sweep()
    assert len(service.sweep(after=10).ready) == 1


def test_a_file_that_was_taken_out_before_files_were_to_be_left_is_filed(service: Service) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.inbox = dataclasses.replace(service.inbox, after=After.LEAVE)
    place = service.end(arrival)
    assert place is not None
    assert place.is_relative_to(service.places.done)


@pytest.mark.parametrize("after", [After.DONE, After.DELETE])
@pytest.mark.parametrize("state", [State.EXTRACTED, State.FAILED])
def test_a_file_that_was_to_be_left_when_it_was_taken_stays_and_its_place_is_true(
    service: Service, after: After, state: State
) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.LEAVE)
    path = service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.inbox = dataclasses.replace(service.inbox, after=after)
    assert service.end(arrival, state) == path
    assert "inbox/a.jpg" in service.files()
    with service.engine.begin() as connection:
        columns = select(ArrivalRow.place, ArrivalRow.gone)
        assert connection.execute(columns).all() == [(None, False)]


@pytest.mark.parametrize("point", ["segocr.inbox.taking.file_away", "db.arrivals.Arrivals.filed"])
@pytest.mark.parametrize("then", [After.DONE, After.LEAVE])
def test_an_empty_file_is_found_after_a_crash_between_its_move_and_the_note_of_it(
    service: Service, monkeypatch: pytest.MonkeyPatch, point: str, then: After
) -> None:
    service.drop("a.jpg", b"")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(point, dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=601)
    service.inbox = dataclasses.replace(service.inbox, after=then)
    service.recover()
    with service.engine.begin() as connection:
        [place] = connection.scalars(select(ArrivalRow.place))
    assert Path(place).is_file()
    assert Path(place).is_relative_to(service.places.failed)
    assert service.ledger.unfiled("me") == []


def test_a_file_changed_after_its_claim_is_seen_and_settles_again(service: Service) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    assert is_unchanged(arrival)
    with arrival.file.open("ab") as file:  # a writer that still held it open
        file.write(b"more")
    assert not is_unchanged(arrival)
    put_back(arrival, service.ledger)
    assert service.files() == ["inbox/a.jpg"]
    assert service.sweep().ready == ()
    assert service.sweep(after=10).ready == (arrival.id,)


def test_folders_that_feed_themselves_are_refused(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    fine = Places(tmp_path / "work", tmp_path / "done", tmp_path / "failed")
    check_places([inbox, Inbox(tmp_path / "other")], fine)
    with pytest.raises(ConfigurationError, match="lies inside the inbox"):
        check_places([inbox], dataclasses.replace(fine, done=tmp_path / "inbox" / "done"))
    with pytest.raises(ConfigurationError, match="lies inside the inbox"):
        check_places([inbox, Inbox(tmp_path / "inbox" / "sub")], fine)
    with pytest.raises(ConfigurationError, match="lies inside"):
        check_places([Inbox(tmp_path / "work" / "in")], fine)


def test_one_folder_cannot_be_two_inboxes(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("inbox")
    for second in ("inbox", "./inbox", "link"):
        twice = f'[[inbox]]\npath = "inbox"\n[[inbox]]\npath = "{second}"\nafter = "delete"\n'
        settings = parse_settings(twice, tmp_path)
        with pytest.raises(
            ConfigurationError, match=f"two inboxes are the folder {tmp_path}/inbox"
        ) as caught:
            Inboxes(settings, open_database("sqlite:///x.db", folder=tmp_path), "sweep")
        assert caught.value.code == "inbox-overlap"


def test_where_writers_rename_files_are_taken_at_once(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.RENAMED)
    part = service.drop("a.jpg.part")
    service.drop("empty.jpg", b"")
    assert service.sweep() == Swept((), (), 1)
    part.rename(part.with_name("a.jpg"))
    [ready] = service.sweep().ready
    assert service.files() == ["inbox/empty.jpg", f"work/{ready}/a.jpg"]


def test_what_an_inbox_says_of_itself_is_what_is_done(tmp_path: Path) -> None:
    text = 'path = "in"\nready = "marker"\nafter = "leave"\nduplicates = "refuse"\nignore = ["*.bak"]\n'
    [inbox] = inboxes_in(parse_settings(f"[[inbox]]\n{text}", tmp_path))
    inbox.folder.mkdir()
    for name in ("a.bak", "a.jpg", ".hidden"):
        (inbox.folder / name).write_bytes(b"x")
    assert [one.path for one in scan(inbox)] == ["a.jpg"]
    assert (inbox.ready, inbox.after, inbox.duplicates) == (Ready.MARKER, After.LEAVE, Duplicates.REFUSE)


READ_ONLY = """
import sys
from pathlib import Path
from db.arrivals import Arrivals
from db.connect import open_database
from db.tables import ArrivalRow
from db.schema import prepare
from db.connect import open_database
from db.tables import ArrivalRow
from flows.inboxes import Inboxes
from segocr.errors import ConfigurationError, SegocrError
from segocr.inbox.taking import sweep
from segocr.inbox.places import After, Duplicates, Inbox, Places, Ready, check_writable, inboxes_in
from segocr.inbox.scanning import MAX_DEPTH, scan
from segocr.settings import parse_settings

root = Path(sys.argv[1])
engine = open_database("sqlite:///test.db")
prepare(engine)
places = Places(Path("work").resolve(), Path("done").resolve(), Path("failed").resolve())
left = Inbox(root, ready=Ready.RENAMED, after=After.LEAVE)
check_writable(left)
print("left:", len(sweep(left, places, Arrivals(engine), "me").ready))
moved = Inbox(root, ready=Ready.RENAMED)
for attempt in (lambda: check_writable(moved), lambda: sweep(moved, places, Arrivals(engine), "me")):
    try:
        attempt()
    except ConfigurationError as error:
        print(error.code)
"""


def test_a_read_only_inbox_is_claimed_by_row_alone_or_refused(unprivileged: Any, tmp_path: Path) -> None:
    inbox = tmp_path / "read-only"
    inbox.mkdir()
    (inbox / "a.jpg").write_bytes(b"a")
    inbox.chmod(0o555)
    done = unprivileged.run([sys.executable, "-c", READ_ONLY, inbox])
    inbox.chmod(0o755)
    assert done.stdout.split() == ["left:", "1", "inbox-read-only", "inbox-read-only"], done.stderr
    assert [path.name for path in inbox.iterdir()] == ["a.jpg"]


def test_a_missing_inbox_is_a_mistake_in_the_settings(service: Service) -> None:
    service.inbox.folder.rmdir()
    with pytest.raises(ConfigurationError) as caught:
        service.sweep()
    assert caught.value.code == "inbox-missing"


def test_a_disk_that_is_full_when_a_failed_file_is_filed_is_named_and_made_good_later(
    service: Service,
) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.ledger.end(arrival.id, State.FAILED, "unreadable", None)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(SegocrError) as caught:
            file_away(service.inbox, service.places, service.ledger, arrival, State.FAILED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (caught.value.code, caught.value.transient) == ("disk-full", True)
    service.clock.on(61)
    service.recover()
    day = "failed/2026-03-01"
    assert service.files() == [f"{day}/{arrival.id}-a.jpg", f"{day}/{arrival.id}.json"]


def test_folders_that_nest_without_end_are_not_followed_for_ever(service: Service) -> None:
    place = os.open(service.inbox.folder, os.O_RDONLY)
    for level in range(300):
        os.mkdir("a", dir_fd=place)
        below = os.open("a", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
        if level in (MAX_DEPTH - 1, MAX_DEPTH):
            os.close(os.open(f"{level}.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=place))
    os.close(place)
    closed: list[str] = []
    found = [one.path for one in scan(service.inbox, closed.append)]
    assert found == ["a/" * MAX_DEPTH + f"{MAX_DEPTH - 1}.jpg"]
    assert closed == ["a/" * MAX_DEPTH + "a"]
