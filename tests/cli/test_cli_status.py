"""``segocr status``: what the service waits for is told, also where a disk is full or the database away."""

from __future__ import annotations

import json
import logging
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from flows.inboxes import Inboxes, take_lock
from segocr.cli import run
from segocr.cli.serve import LOCK, _note_start, digest_of
from segocr.errors import SegocrError
from segocr.inbox.arrivals import Moved, Sighting
from segocr.inbox.places import inboxes_in
from segocr.service.troubles import Report, lock_file, often_restarted, read_report
from segocr.settings import load_settings, settings_text

LOG = logging.getLogger("segocr.test")


def fault(code: str) -> SegocrError:
    return SegocrError("it is so", code=code)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "segocr.toml").write_text('database = "sqlite:///segocr.db"\n[[inbox]]\npath = "inbox"\n')
    (tmp_path / "inbox").mkdir()
    engine = open_database("sqlite:///segocr.db", folder=tmp_path)
    prepare(engine)
    engine.dispose()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def serving(workspace: Path) -> Iterator[Path]:
    """A workspace in which a service says that it runs, since an hour ago."""
    started = datetime.now(UTC) - timedelta(hours=1)
    with (workspace / LOCK).open("w+", encoding="utf-8") as file:
        assert take_lock(file)
        file.write(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "started_at": started.isoformat(),
                    "settings": digest_of(settings_text(workspace)),
                }
            )
        )
        file.flush()
        yield workspace


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    def ask() -> dict[str, Any]:
        assert run(["status", "--json"]) == 0
        shown: dict[str, Any] = json.loads(capsys.readouterr().out)
        return shown

    return ask


Told = Callable[[], dict[str, Any]]


def codes(shown: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(one["process"], one["code"]) for one in shown["paused"]]


def test_nothing_is_paused_where_nothing_is_wrong(serving: Path, told: Told) -> None:
    Report(serving, "sweep").close()
    assert told()["paused"] == []


def test_what_the_processes_say_is_shown_with_its_beginning_until_it_is_over(
    serving: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(serving, "sweep")
    report.say({None: fault("database-full"), "/in": fault("disk-full")}, LOG)
    first = told()["paused"]
    assert [(one["process"], one["inbox"], one["code"]) for one in first] == [
        ("sweep", None, "database-full"),
        ("sweep", "/in", "disk-full"),
    ]
    report.say({"/in": fault("disk-full")}, LOG)
    assert told()["paused"] == first[1:]  # since then, not since now
    assert run(["status"]) == 0
    assert "disk-full" in capsys.readouterr().out
    report.say({}, LOG)
    assert told()["paused"] == []
    report.close()


def test_what_a_service_said_that_runs_no_more_is_not_shown(workspace: Path, told: Told) -> None:
    report = Report(workspace, "extract")
    report.say({None: fault("prefect-server")}, LOG)
    report.close()
    assert told()["paused"] == []


def test_the_report_of_a_full_disk_is_written_over_what_stands_there(workspace: Path) -> None:
    report = Report(workspace, "sweep")
    blocks = lock_file(workspace, "sweep").stat().st_blocks
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        report.say({None: fault("disk-full")}, LOG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.code for one in read_report(workspace, "sweep").troubles] == ["disk-full"]
    assert lock_file(workspace, "sweep").stat().st_blocks == blocks
    report.close()


def test_whoever_takes_the_role_leaves_the_report_as_it_is(workspace: Path) -> None:
    report = Report(workspace, "sweep")
    report.say({None: fault("disk-full")}, LOG)
    engine = open_database("sqlite:///segocr.db", folder=workspace)
    Inboxes(load_settings(workspace), engine, "sweep").close()
    engine.dispose()
    assert [one.code for one in read_report(workspace, "sweep").troubles] == ["disk-full"]
    report.close()


def test_a_process_that_is_started_again_and_again_is_told(serving: Path, told: Told) -> None:
    for _ in range(3):
        Report(serving, "extract").close()
    assert codes(told()) == []
    Report(serving, "extract").close()
    assert codes(told()) == [("extract", "restarted-often")]
    Report(serving, "extract", fresh=True).close()  # the whole service was started anew
    assert codes(told()) == []


def test_restarts_of_long_ago_or_of_another_service_do_not_count() -> None:
    now = datetime.now(UTC)
    starts = [(now - timedelta(minutes=minutes)).isoformat() for minutes in (30, 25, 20, 3, 2, 1)]
    assert often_restarted(starts, "") is None
    starts.append(now.isoformat())
    assert often_restarted(starts, "") == starts[4]
    assert often_restarted(starts, starts[4]) is None


def test_a_scheduled_run_that_failed_is_told_and_its_starts_are_nobodys_trouble(
    serving: Path, told: Told
) -> None:
    for _ in range(5):
        report = Report(serving, "housekeeping")
        report.say({None: fault("internal")}, LOG)
        report.close()
    assert codes(told()) == [("housekeeping", "internal")]


def test_settings_that_were_edited_since_the_service_was_started_are_told(serving: Path, told: Told) -> None:
    assert told()["paused"] == []
    with (serving / "segocr.toml").open("a") as file:
        file.write("[limits]\npages = 3\n")
    assert codes(told()) == [("serve", "settings-changed")]


def test_children_that_do_not_speak_for_themselves_are_counted_too(serving: Path, told: Told) -> None:
    for _ in range(4):
        for child in ("keeper", "sweep"):
            _note_start(serving, child)
    assert codes(told()) == [("keeper", "restarted-often")]


def test_a_database_that_is_gone_hides_nothing_of_a_running_service(serving: Path, told: Told) -> None:
    (serving / "segocr.db").unlink()
    assert codes(told()) == [(None, "database-missing")]
    assert not (serving / "segocr.db").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"starts": [], "troubles": [{}]}', "\0" * 9])
def test_a_file_that_says_nothing_is_no_trouble(workspace: Path, text: str) -> None:
    lock_file(workspace, "sweep").write_text(text)
    assert read_report(workspace, "sweep").troubles == ()


def test_a_database_that_is_locked_hides_nothing_else(
    serving: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any) -> None:
        from db.connect import translated

        with translated(open_database("sqlite:///segocr.db", folder=serving)):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    monkeypatch.setattr("db.status.arrivals_status", locked)
    shown = told()
    assert codes(shown) == [(None, "database-full")]
    assert shown["service"]["pid"] == os.getpid()
    assert run(["status"]) == 0


def test_a_folder_that_is_none_is_told_without_any_service(workspace: Path, told: Told) -> None:
    (workspace / "done").write_text("no folder")
    assert codes(told()) == [(None, "folder-unusable")]


def test_a_full_disk_is_told_without_any_service(
    workspace: Path, told: Told, require: Callable[[str, object, str], None]
) -> None:
    work = workspace / "work"
    work.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "segocr-test", str(work)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    require("mount", mounted, "this user may not mount a file system in memory")
    try:
        (work / "filler").write_bytes(bytes(500_000))
        assert codes(told()) == [(None, "disk-full")]
    finally:
        subprocess.run(["umount", str(work)], check=True)


def test_files_of_an_inbox_that_is_named_no_more_are_told(workspace: Path, told: Told) -> None:
    settings = load_settings(workspace)
    engine = open_database(settings.database_url or "", folder=workspace)
    [inbox] = inboxes_in(settings)
    ledger = Arrivals(engine)
    ledger.receive(inbox.key, [Sighting("a.jpg", 7, 1)])
    [waiting] = ledger.waiting(inbox.key).values()
    ledger.claim([waiting.id], "me", 60)
    engine.dispose()
    assert told()["paused"] == []
    (workspace / "other").mkdir()
    text = (workspace / "segocr.toml").read_text().replace('path = "inbox"', 'path = "other"')
    (workspace / "segocr.toml").write_text(text)
    [row] = told()["paused"]
    assert (row["inbox"], row["code"], row["files"]) == (inbox.key, "inbox-removed", 1)


def test_files_that_rest_are_told_by_their_inbox_with_who_met_it_and_since_when(
    serving: Path, told: Told
) -> None:
    inbox = inboxes_in(load_settings(serving))[0].key
    engine = open_database("sqlite:///segocr.db", folder=serving)
    ledger = Arrivals(engine)
    ledger.receive(inbox, [Sighting("a.jpg", 1, 1)])
    [arrival] = ledger.claim([one.id for one in ledger.waiting(inbox).values()], "me", 600)
    ledger.moved([Moved(arrival.id, serving / "work" / "a.jpg", "a" * 64)])
    ledger.take("me", 1, 600, inboxes=[inbox])
    ledger.release("me", [arrival.id], blamed=False, code="template", pause=60)
    engine.dispose()
    report = Report(serving, "extract")
    report.say({}, LOG, also=[fault("template")])
    report.close()
    [row] = told()["paused"]
    assert (row["inbox"], row["code"], row["process"], row["files"]) == (inbox, "template", "extract", 1)
    assert row["since"] is not None
    assert row["until"] is not None
