"""Failures are found once each, whoever ended the arrival, from a moment on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from files_in_work import Folders
from sqlalchemy import Engine

from db.arrivals import Arrivals
from db.failures import Failures
from segocr.inbox.arrivals import State


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    return Folders(tmp_path, engine)


def codes(failures: Failures) -> list[str | None]:
    return [one.code for one in failures.news()]


def fail(folders: Folders, name: str) -> None:
    folders.ledger.end(folders.arrive(name, name.encode()).id, State.FAILED, name, "for a reason")


def test_each_failure_is_found_once_and_none_of_before(folders: Folders) -> None:
    fail(folders, "before")
    failures = Failures(folders.engine, [folders.inbox.key], Arrivals(folders.engine).now())
    assert codes(failures) == []
    fail(folders, "first")
    fail(folders, "second")
    folders.end(folders.arrive("fine", b"fine"), State.EXTRACTED)
    assert codes(failures) == ["first", "second"]
    fail(folders, "third")
    assert codes(failures) == ["third"]
    assert codes(failures) == []


def test_what_failed_while_nobody_looked_is_found_later_and_other_inboxes_are_not_ours(
    folders: Folders,
) -> None:
    before = Arrivals(folders.engine).now()
    fail(folders, "meanwhile")
    assert codes(Failures(folders.engine, ["/another"], before)) == []
    failures = Failures(folders.engine, [folders.inbox.key], before)
    [failure] = failures.news()
    assert failure.code == "meanwhile"
    assert codes(Failures(folders.engine, [folders.inbox.key], failure.at)) == []


def test_a_clock_that_was_set_back_repeats_nothing(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = Failures(folders.engine, [folders.inbox.key], Arrivals(folders.engine).now())
    fail(folders, "first")
    assert codes(failures) == ["first"]
    now = Arrivals.now
    monkeypatch.setattr(Arrivals, "now", lambda ledger: now(ledger) - timedelta(hours=1))
    assert codes(failures) == []
    fail(folders, "second")
    assert codes(failures) == ["second"]
