"""Filing that cannot be done: one file's conflict is its own, and a folder's fault passes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_clock import Clock

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from segocr.errors import SegocrError
from segocr.inbox import moving
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.filing import file_away
from segocr.inbox.places import Inbox, Places, Ready
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep

DAY = "2026-03-01"


class Service:
    """An inbox with its folders and ledger, as one process would hold them."""

    def __init__(self, root: Path, ledger: Arrivals) -> None:
        (root / "inbox").mkdir()
        self.inbox = Inbox(root / "inbox", ready=Ready.RENAMED)
        self.places = Places(root / "work", root / "done", root / "failed")
        self.ledger = ledger

    def ended(self, name: str, state: State = State.EXTRACTED) -> Arrival:
        """Drop a file and bring it to where its record is committed and it is to be filed."""
        (self.inbox.folder / name).write_text(f"content of {name}")
        sweep(self.inbox, self.places, self.ledger, "me")
        [arrival] = self.ledger.take("me", 1, 60)
        self.ledger.end(arrival.id, state, None, None)
        return arrival

    def file(self, arrival: Arrival) -> Path | None:
        return file_away(self.inbox, self.places, self.ledger, arrival, State.EXTRACTED)

    def recover(self) -> None:
        recover(self.inbox, self.places, self.ledger, "me")

    def last_place(self, arrival: Arrival, number: str = "") -> Path:
        return self.places.done / DAY / f"{arrival.id}-{number}{arrival.name}"

    def unfiled(self) -> int:
        return len(self.ledger.unfiled("me"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    prepare(engine)
    yield Service(tmp_path, Arrivals(engine, clock=Clock()))
    engine.dispose()


def foreign(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("somebody else's")
    return place


def test_foreign_bytes_under_a_last_place_stay_and_hold_up_nothing(service: Service) -> None:
    arrival, other = service.ended("a.jpg"), service.ended("b.jpg")
    theirs = foreign(service.last_place(arrival))
    service.recover()
    assert theirs.read_text() == "somebody else's"
    assert service.last_place(arrival, "2-").read_text() == "content of a.jpg"
    assert service.last_place(other).read_text() == "content of b.jpg"
    assert service.unfiled() == 0
    (service.inbox.folder / "c.jpg").write_text("new")
    assert len(sweep(service.inbox, service.places, service.ledger, "me").ready) == 1


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_whatever_stands_under_a_last_place_is_not_touched(service: Service, kind: str) -> None:
    arrival = service.ended("a.jpg")
    theirs = service.last_place(arrival)
    theirs.parent.mkdir(parents=True)
    {"folder": theirs.mkdir, "link": lambda: theirs.symlink_to("nowhere"), "pipe": lambda: os.mkfifo(theirs)}[
        kind
    ]()
    assert service.file(arrival) == service.last_place(arrival, "2-")
    assert theirs.is_dir() or theirs.is_symlink() or theirs.is_fifo()


def test_a_long_name_that_is_taken_gets_another_one(service: Service) -> None:
    arrival = service.ended("n" * 250 + ".jpg")
    wanted = service.places.done / DAY / moving.name_with_id(arrival.id, arrival.name)
    foreign(wanted)
    place = service.file(arrival)
    assert place is not None
    assert place.name.startswith(f"{arrival.id}-2-n")
    assert place.read_text().startswith("content of")


def test_a_crash_behind_the_move_to_another_name_finds_the_file_there(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = service.ended("a.jpg")
    foreign(service.last_place(arrival))

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as crashing, pytest.raises(SystemExit):
        crashing.setattr(service.ledger, "filed", dies)
        service.file(arrival)
    assert service.file(arrival) == service.last_place(arrival, "2-")


def test_a_folder_that_files_cannot_go_to_is_named_without_a_file_and_made_good_later(
    service: Service,
) -> None:
    arrival = service.ended("secret.jpg")
    service.places.done.write_text("no folder")
    with pytest.raises(SegocrError) as caught:
        service.recover()
    assert (caught.value.code, caught.value.transient) == ("folder-unusable", True)
    assert "secret" not in str(caught.value)
    assert service.unfiled() == 1
    service.places.done.unlink()
    service.recover()
    assert service.last_place(arrival).read_text() == "content of secret.jpg"


def test_a_read_only_disk_is_not_told_as_one_across_file_systems(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the kernel says of a read-only file system: first to a link, and otherwise to a rename.
    def refusing(code: int) -> Any:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        return refuse

    arrival = service.ended("a.jpg")
    with monkeypatch.context() as read_only, pytest.raises(SegocrError, match="Read-only file system"):
        read_only.setattr(os, "link", refusing(errno.EROFS))
        read_only.setattr(Path, "rename", refusing(errno.EXDEV))
        service.file(arrival)
    assert service.file(arrival) == service.last_place(arrival)


FORBIDDEN = """
import sys
from pathlib import Path
from segocr.inbox.moving import settle_in
from segocr.diskfaults import disk_error
try:
    settle_in(Path("a.jpg"), Path("done/x/a.jpg"))
except OSError as error:
    print(disk_error(error, "file what was processed").code)
"""


def test_a_folder_that_this_user_may_not_write_pauses_filing(unprivileged: Any, tmp_path: Path) -> None:
    (unprivileged.folder / "a.jpg").write_text("a")
    (unprivileged.folder / "done" / "x").mkdir(parents=True)
    (unprivileged.folder / "done" / "x").chmod(0o555)
    done = unprivileged.run([sys.executable, "-c", FORBIDDEN])
    assert done.stdout.split() == ["folder-unusable"], done.stderr
    assert (unprivileged.folder / "a.jpg").read_text() == "a"
