"""Inboxes on another file system than the work folder: files are copied, and none is lost or stuck."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inbox_service import Service, dies

from segocr.inbox import moving
from segocr.inbox.claimed import is_unchanged


@pytest.fixture
def apart(service: Service, shm: Path) -> Service:
    """A service whose work folder is on another file system than its inbox."""
    service.places = dataclasses.replace(service.places, work=shm)
    return service


def test_across_file_systems_the_copy_is_whole_and_the_original_goes(apart: Service) -> None:
    original = apart.drop("a.jpg", b"x" * 3_000_000)
    os.utime(original, ns=(10**18, 10**18))
    apart.sweep()
    assert len(apart.sweep(after=10).ready) == 1
    [arrival] = apart.take()
    assert not original.exists()
    assert is_unchanged(arrival)
    place = apart.end(arrival)
    assert place is not None
    assert place.stat().st_size == 3_000_000
    assert list(apart.places.work.iterdir()) == []


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b" and more")


def rewrite(path: Path) -> None:
    path.write_bytes(b"CONTENT")
    os.utime(path, ns=(10**18, 10**18))


def replace(path: Path) -> None:
    found = path.stat()
    other = path.with_name(".other")
    other.write_bytes(b"CONTENT")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)


CHANGES = pytest.mark.parametrize("change", [grow, rewrite, replace])


@CHANGES
def test_an_original_that_changes_while_it_is_copied_stays_and_settles_again(
    apart: Service, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    original = apart.drop("a.jpg")
    apart.sweep()
    pour = moving._pour

    def copy_and_change(*words: Any) -> None:
        pour(*words)
        change(original)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_pour", copy_and_change)
        assert apart.sweep(after=10).ready == ()
    assert list(apart.places.work.iterdir()) == []
    changed = original.read_bytes()
    assert changed != b"content"
    apart.sweep()
    assert len(apart.sweep(after=10).ready) == 1
    [arrival] = apart.take()
    assert arrival.file.read_bytes() == changed


@CHANGES
def test_an_original_that_changes_while_it_is_compared_with_its_copy_stays(
    apart: Service, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    original = apart.drop("a.jpg")
    apart.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(moving, "_remove_same", dies)
        with pytest.raises(KeyboardInterrupt):
            apart.sweep(after=10)
    digest = moving._digest

    def digest_and_change(path: Path) -> bytes:
        change(original)
        return digest(path)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_digest", digest_and_change)
        apart.recover()
    assert original.read_bytes() != b"content"


PROGRAM = """
import sys
from pathlib import Path
from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep
from segocr.service.logs import start_logging
from segocr.inbox.places import Inbox, Places, Ready

start_logging()
root = Path(sys.argv[1])
engine = open_database("sqlite:///test.db")
prepare(engine)
ledger = Arrivals(engine)
places = Places(Path("work").resolve(), Path("done").resolve(), Path("failed").resolve())
inbox = Inbox(root, ready=Ready.RENAMED, stale_after=float(sys.argv[2]))

def look():
    recover(inbox, places, ledger, "me")
    swept = sweep(inbox, places, ledger, "me")
    print(len(swept.ready), len(swept.failed), swept.waiting, *swept.closed)
"""


@pytest.fixture(params=["same file system", "another file system"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An inbox, beside the work folder and on another file system."""
    if request.param == "another file system":
        return Path(request.getfixturevalue("shm"))
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_an_unreadable_file_fails_on_any_file_system_and_holds_up_no_other(
    unprivileged: Any, inbox: Path
) -> None:
    (inbox / "a.jpg").write_bytes(b"a")
    (inbox / "closed.jpg").write_bytes(b"closed")
    (inbox / "closed.jpg").chmod(0o000)
    done = unprivileged.run([sys.executable, "-c", PROGRAM + "look()\nlook()\n", inbox, "0"])
    assert done.stdout.splitlines() == ["1 1 0", "0 0 0"], done.stderr
    [reasons] = (unprivileged.folder / "failed").rglob("*.json")
    assert '"code": "unreadable"' in reasons.read_text()


def test_a_file_that_failed_as_unreadable_where_it_lies_is_taken_once_it_can_be_read(
    unprivileged: Any, shm: Path
) -> None:
    (shm / "closed.jpg").write_bytes(b"closed")
    (shm / "closed.jpg").chmod(0o000)
    program = PROGRAM + 'look()\nlook()\n(root / "closed.jpg").chmod(0o644)\nlook()\n'
    done = unprivileged.run([sys.executable, "-c", program, shm, "0"])
    assert done.stdout.splitlines() == ["0 1 0", "0 0 0", "1 0 0"], done.stderr
    assert list(shm.iterdir()) == []


CLAIMED = """
[waiting] = ledger.waiting(inbox.key).values()
ledger.claim([waiting.id], "me", 60)
look()
"""


def test_an_unreadable_file_whose_claim_a_crash_stopped_waits_and_holds_up_no_sweep(
    unprivileged: Any, shm: Path
) -> None:
    (shm / "closed.jpg").write_bytes(b"closed")
    (shm / "closed.jpg").chmod(0o000)
    done = unprivileged.run([sys.executable, "-c", PROGRAM + "look()\n" + CLAIMED, shm, "600"])
    assert done.stdout.splitlines() == ["0 0 1", "0 0 1"], done.stderr


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_sub_folder_that_cannot_be_looked_into_is_named_once_and_the_rest_goes_on(
    unprivileged: Any, inbox: Path, mode: int
) -> None:
    (inbox / "closed").mkdir()
    for name in ("closed/a.jpg", "b.jpg"):
        (inbox / name).write_bytes(b"x")
    (inbox / "closed").chmod(mode)
    try:
        done = unprivileged.run([sys.executable, "-c", PROGRAM + "look()\nlook()\n", inbox, "0"])
    finally:
        (inbox / "closed").chmod(0o755)
    assert done.stdout.splitlines() == ["1 0 0 closed", "0 0 0 closed"], done.stderr
    [line] = done.stderr.splitlines()
    assert " warning inbox: the sub-folder 'closed' cannot be listed" in line
