"""Sweeps: what settles is claimed once, what does not waits, and a crash at any point loses nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_clock import Clock
from sqlalchemy import Engine

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from segocr.arrivals import Arrival, State
from segocr.errors import ConfigurationError, SegocrError
from segocr.inbox import Swept, file_away, is_unchanged, move_claimed, put_back, scan, sweep
from segocr.inbox import recover as recover_inbox
from segocr.places import After, Duplicates, Inbox, Places, Ready, check_places, inboxes_in
from segocr.settings import parse_settings


@dataclasses.dataclass
class Service:
    """An inbox with its folders, ledger and clock, as one process would hold them."""

    inbox: Inbox
    places: Places
    ledger: Arrivals
    clock: Clock
    engine: Engine

    def drop(self, name: str, content: bytes = b"content") -> Path:
        path = self.inbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def sweep(self, after: float = 0) -> Swept:
        self.clock.on(after)
        return sweep(self.inbox, self.places, self.ledger, "me")

    def recover(self) -> None:
        recover_inbox(self.inbox, self.places, self.ledger, "me")

    def take(self) -> list[Arrival]:
        return self.ledger.take("me", 100, 60)

    def end(self, arrival: Arrival, state: State = State.EXTRACTED) -> Path | None:
        self.ledger.end(arrival.id, state, "unreadable" if state is State.FAILED else None, None)
        return file_away(self.inbox, self.places, self.ledger, arrival, state)

    def files(self) -> list[str]:
        root = self.inbox.folder.parent
        folders = (self.inbox.folder, self.places.work, self.places.done, self.places.failed)
        return sorted(
            str(path.relative_to(root)) for folder in folders for path in folder.rglob("*") if path.is_file()
        )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    prepare(engine)
    clock = Clock()
    (tmp_path / "inbox").mkdir()
    places = Places(tmp_path / "work", tmp_path / "done", tmp_path / "failed")
    inbox = Inbox(tmp_path / "inbox", settle_seconds=5, stale_after=600)
    yield Service(inbox, places, Arrivals(engine, clock=clock), clock, engine)
    engine.dispose()


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


@pytest.mark.parametrize(
    "name",
    [".hidden.jpg", "~$letter.docx", "._a.jpg", ".DS_Store", "a.jpg.part", "a.crdownload", "x.tmp",
     "Thumbs.db", ".folder/a.jpg", "copying.partial/a.jpg"],
)  # fmt: skip
def test_ignored_names_are_never_taken(service: Service, name: str) -> None:
    service.drop(name)
    assert list(scan(service.inbox)) == []


def test_only_regular_files_are_taken(service: Service, tmp_path: Path) -> None:
    folder = service.inbox.folder
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "passport.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(secret / "passport.jpg")
    (folder / "folder").symlink_to(secret)
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s.jpg"))
        assert list(scan(service.inbox)) == []
    service.sweep()
    assert service.sweep(after=10) == Swept((), (), 0)


def test_a_folder_replaced_by_a_link_after_the_scan_is_not_followed(service: Service, tmp_path: Path) -> None:
    service.drop("sub/a.jpg")
    service.sweep()
    [waiting] = service.ledger.waiting(service.inbox.key).values()
    service.clock.on(10)
    (tmp_path / "elsewhere").mkdir()
    (service.inbox.folder / "sub").rename(tmp_path / "elsewhere" / "sub")
    (service.inbox.folder / "sub").symlink_to(tmp_path / "elsewhere" / "sub")
    [claimed] = service.ledger.claim([waiting.id], "me", 60)

    assert move_claimed(service.inbox, service.places, service.ledger, [claimed]) == []
    assert (tmp_path / "elsewhere" / "sub" / "a.jpg").read_bytes() == b"content"


def test_files_of_the_same_name_in_sub_folders_stay_apart(service: Service) -> None:
    for folder in ("a", "b/c"):
        service.drop(f"{folder}/scan.jpg", folder.encode())
    service.sweep()
    assert len(service.sweep(after=10).ready) == 2
    assert {arrival.path for arrival in service.take()} == {"a/scan.jpg", "b/c/scan.jpg"}


@pytest.mark.parametrize(
    "name", ["a b.jpg", "bad\udcff\udc80.jpg", "new\nline.jpg", "back\\slash.jpg", "-rf", "x" * 255]
)
def test_any_name_goes_all_the_way(service: Service, name: str) -> None:
    service.drop(name)
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    assert arrival.path == name
    place = service.end(arrival)
    assert place is not None
    assert place.read_bytes() == b"content"
    assert place.name.startswith(f"{arrival.id}-")
    assert place.parent == service.places.done / "2026-03-01"
    assert len(service.files()) == 1


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
    assert service.end(arrival) is None
    assert service.sweep(after=10) == Swept((), (), 0)
    assert service.files() == ["inbox/a.jpg"]
    path.write_bytes(b"changed content")
    service.sweep()
    assert len(service.sweep(after=10).ready) == 1


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


def test_putting_back_replaces_no_newer_file(service: Service) -> None:
    service.drop("a.jpg", b"old")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.drop("a.jpg", b"new")
    put_back(arrival, service.ledger)
    assert service.files() == ["inbox/a (2).jpg", "inbox/a.jpg"]


def _dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt  # stands for the end of the process: nothing after it runs


@pytest.mark.parametrize(
    "point", ["segocr.filing.take", "segocr.inbox.read_document", "db.arrivals.Arrivals.moved"]
)
def test_a_crash_during_a_claim_is_mended(
    service: Service, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    service.drop("a.jpg")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(point, _dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    service.recover()
    [arrival] = service.take()
    assert arrival.file.read_bytes() == b"content"
    assert len(service.files()) == 1


def test_another_process_mends_a_claim_only_after_its_lease(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.drop("a.jpg")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr("segocr.filing.take", _dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert service.take() == []
    service.clock.on(service.inbox.stale_after + 1)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert len(service.take()) == 1


@pytest.mark.parametrize("state", [State.EXTRACTED, State.FAILED])
@pytest.mark.parametrize(
    "point", ["segocr.filing.settle_in", "segocr.filing.remove_empty", "db.arrivals.Arrivals.filed"]
)
def test_a_crash_while_filing_is_mended(
    service: Service, monkeypatch: pytest.MonkeyPatch, point: str, state: State
) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    with monkeypatch.context() as patch:
        patch.setattr(point, _dies)
        with pytest.raises(KeyboardInterrupt):
            service.end(arrival, state)
    service.recover()
    folder = service.places.failed if state is State.FAILED else service.places.done
    place = folder / "2026-03-01" / f"{arrival.id}-a.jpg"
    assert place.read_bytes() == b"content"
    assert len(service.files()) == (2 if state is State.FAILED else 1)
    assert not (service.places.work / str(arrival.id)).exists()
    assert service.ledger.unfiled("me") == []


def test_across_file_systems_the_copy_is_whole_and_the_original_goes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == service.inbox.folder.stat().st_dev:
        pytest.skip("second-filesystem: /dev/shm is absent or on the same file system")

    with tempfile.TemporaryDirectory(dir=elsewhere) as work:
        service.places = dataclasses.replace(service.places, work=Path(work))
        original = service.drop("a.jpg", b"x" * 3_000_000)
        os.utime(original, ns=(10**18, 10**18))
        service.sweep()
        assert len(service.sweep(after=10).ready) == 1
        [arrival] = service.take()
        assert not original.exists()
        assert is_unchanged(arrival)
        place = service.end(arrival)
        assert place is not None
        assert place.stat().st_size == 3_000_000
        assert list(Path(work).iterdir()) == []


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


def test_with_markers_a_file_is_taken_with_its_marker_and_not_before(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    service.drop("a.jpg")
    service.drop("other.jpg.done", b"")
    service.sweep()
    assert service.sweep(after=100) == Swept((), (), 1)
    service.drop("a.jpg.done", b"")
    [ready] = service.sweep().ready
    assert service.files() == ["inbox/other.jpg.done", f"work/{ready}/a.jpg"]


def test_a_marker_is_gone_before_its_file_is_moved(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    service.drop("a.jpg")
    service.drop("a.jpg.done", b"")
    with monkeypatch.context() as patch:
        patch.setattr("segocr.filing.take", _dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep()
    assert service.files() == ["inbox/a.jpg"]
    service.recover()
    [arrival] = service.take()
    assert arrival.file.read_bytes() == b"content"


def test_a_marker_that_stays_speaks_of_its_file_only_until_that_changes(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER, after=After.LEAVE)
    file, marker = service.drop("a.jpg"), service.drop("a.jpg.done", b"")
    os.utime(file, ns=(10**18, 10**18))
    os.utime(marker, ns=(10**18 + 5, 10**18 + 5))
    assert len(service.sweep().ready) == 1
    service.end(*service.take())
    os.utime(file, ns=(10**18 + 9, 10**18 + 9))
    assert service.sweep(after=100).ready == ()
    os.utime(marker, ns=(10**18 + 9, 10**18 + 9))
    assert len(service.sweep().ready) == 1


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
from db.schema import prepare
from segocr.errors import ConfigurationError, SegocrError
from segocr.inbox import sweep
from segocr.places import After, Duplicates, Inbox, Places, Ready, check_places, inboxes_in
from segocr.settings import parse_settings

root = Path(sys.argv[1])
engine = open_database("sqlite:///test.db")
prepare(engine)
places = Places(Path("work").resolve(), Path("done").resolve(), Path("failed").resolve())
left = Inbox(root, ready=Ready.RENAMED, after=After.LEAVE)
check_places([left], places)
print("left:", len(sweep(left, places, Arrivals(engine), "me").ready))
moved = Inbox(root, ready=Ready.RENAMED)
for attempt in (lambda: check_places([moved], places), lambda: sweep(moved, places, Arrivals(engine), "me")):
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
