"""Inboxes that are configured no more: their files are told and dropped, not sent to where nobody is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from files_in_work import Folders
from sqlalchemy import Engine, select

from db.absent import absent_inboxes, drop_gone
from db.arrivals import Arrivals
from db.connect import reading
from db.tables import ArrivalRow
from segocr.cli import run
from segocr.inbox.arrivals import Sighting, State


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    return Folders(tmp_path, engine)


def states(engine: Engine) -> set[tuple[str, str]]:
    with reading(engine) as connection:
        return {
            (row.path, row.state) for row in connection.execute(select(ArrivalRow.path, ArrivalRow.state))
        }


def see(folders: Folders, name: str) -> None:
    """Drop a file and look at it once: it waits."""
    folders.inbox.folder.mkdir(exist_ok=True)
    file = folders.inbox.folder / name
    file.write_text(name)
    found = file.stat()
    folders.ledger.receive(folders.inbox.key, [Sighting(name, found.st_size, found.st_mtime_ns)])


def grow_old(engine: Engine) -> None:
    long_ago = Arrivals(engine).now().replace(year=2020)
    with engine.begin() as connection:
        connection.execute(ArrivalRow.__table__.update().values(steady_since=long_ago))


def test_files_that_wait_and_files_in_work_are_counted(folders: Folders) -> None:
    folders.end(folders.arrive("ended.jpg", b"ended"), State.EXTRACTED)
    folders.arrive("claimed.jpg", b"claimed")
    see(folders, "waiting.jpg")
    [absent] = absent_inboxes(folders.engine, ["/other"])
    assert (absent.inbox, absent.files) == (folders.inbox.key, 2)
    assert folders.inbox.key in absent.hint
    assert absent_inboxes(folders.engine, ["/other", folders.inbox.key]) == ()


def test_what_waited_there_and_is_long_gone_is_dropped(folders: Folders) -> None:
    see(folders, "here.jpg")
    see(folders, "gone.jpg")
    (folders.inbox.folder / "gone.jpg").unlink()
    assert drop_gone(folders.engine, ["/other"]) == 0  # another workspace may have it
    grow_old(folders.engine)
    assert drop_gone(folders.engine, [folders.inbox.key]) == 0
    assert drop_gone(folders.engine, ["/other"]) == 1
    assert states(folders.engine) == {("here.jpg", "received")}


@pytest.fixture
def command(folders: Folders, url: str, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """The folders as a workspace around the current folder, which has another inbox."""
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    (folders.root / "segocr.toml").write_text('[[inbox]]\npath = "other"\n')
    monkeypatch.chdir(folders.root)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return folders


def test_nothing_is_sent_back_to_where_nobody_takes_it(
    command: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    arrival = command.arrive("a.jpg", b"a")
    command.end(arrival, State.FAILED, "unreadable")
    assert run(["documents", "retry", str(arrival.id)[:8]]) == 0
    said = capsys.readouterr().err
    assert "not retried" in said
    assert "back to work" not in said
    assert states(command.engine) == {("a.jpg", "failed")}


def test_nor_by_schedule(command: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.upkeep import retry_failed

    monkeypatch.setenv("SEGOCR_WORKSPACE", str(command.root))
    arrival = command.arrive("a.jpg", b"a")
    command.end(arrival, State.FAILED, "keeper-gone")
    (command.root / "segocr.toml").write_text('[retry]\ncodes = ["keeper-gone"]\n[[inbox]]\npath = "other"\n')
    retry_failed.fn(str(command.root))
    assert states(command.engine) == {("a.jpg", "failed")}
    (command.root / "segocr.toml").write_text('[retry]\ncodes = ["keeper-gone"]\n[[inbox]]\npath = "inbox"\n')
    retry_failed.fn(str(command.root))
    assert states(command.engine) == {("a.jpg", "claimed")}


@pytest.mark.parametrize("words", [["a.jpg"], ["--code", "inbox-removed"]])
def test_what_waits_there_can_be_discarded_and_stays_its_owners(command: Folders, words: list[str]) -> None:
    see(command, "a.jpg")
    assert run(["documents", "discard", *words, "--yes"]) == 0
    assert states(command.engine) == set()
    assert command.files() == ["inbox/a.jpg"]


@pytest.mark.parametrize("words", [["a.jpg"], ["--code", "inbox-removed"], ["--all"]])
def test_what_waits_in_an_inbox_that_is_looked_at_is_not_discarded(
    command: Folders, words: list[str]
) -> None:
    see(command, "a.jpg")
    (command.root / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n')
    assert run(["documents", "discard", *words, "--yes"]) == 0
    assert states(command.engine) == {("a.jpg", "received")}
