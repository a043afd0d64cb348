"""Several workers on one PostgreSQL and one inbox: each file once, and those of a killed one, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from worker import LEASE_SECONDS

from db.connect import reading

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)

FILES = 60
_PATIENCE = 120.0
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Start]:
    """Start workers of one workspace; what still runs afterwards is killed."""
    (tmp_path / "inbox" / "passports").mkdir(parents=True)
    (tmp_path / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\nsettle_seconds = 0.2\n')
    with ExitStack() as stack:

        def worker(name: str, *, stuck: bool = False) -> subprocess.Popen[str]:
            script = Path(__file__).with_name("worker.py")
            process = subprocess.Popen(
                [sys.executable, str(script), str(tmp_path), name, str(+stuck)],
                env={**os.environ, "SEGOCR_DATABASE_URL": url}, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield worker


LEFT = (
    "select count(*) filter (where filed_at is not null), count(*) filter (where state = 'received')"
    " from arrivals"
)


def drop(tmp_path: Path) -> None:
    for number in range(FILES):
        (tmp_path / "inbox" / "passports" / f"{number:02}.jpg").write_bytes(f"page {number}".encode())


def rows(engine: Engine, sql: str) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(text(sql)).all())


def await_word(worker: subprocess.Popen[str], word: str) -> None:
    assert worker.stdout is not None
    while worker.stdout.readline().strip() != word:
        assert worker.poll() is None


def await_all(engine: Engine) -> None:
    """Wait until all are filed, and a slow sweep has dropped what it saw of files already taken."""
    deadline = time.monotonic() + _PATIENCE
    while rows(engine, LEFT) != [(FILES, 0)]:
        assert time.monotonic() < deadline, rows(engine, "select state, count(*) from arrivals group by 1")
        time.sleep(0.1)


def check_each_once(engine: Engine, tmp_path: Path) -> None:
    assert rows(engine, "select state, count(*) from arrivals group by 1") == [("extracted", FILES)]
    assert rows(engine, "select count(*), count(distinct document_id) from extractions") == [(FILES, FILES)]
    assert len([path for path in (tmp_path / "done").rglob("*") if path.is_file()]) == FILES
    assert not [path for name in ("inbox", "work") for path in (tmp_path / name).rglob("*.jpg")]


def test_two_workers_share_an_inbox_and_take_no_file_twice(
    engine: Engine, start: Start, tmp_path: Path
) -> None:
    workers = start("one"), start("two")
    for worker in workers:
        await_word(worker, "ready")
    drop(tmp_path)
    await_all(engine)
    check_each_once(engine, tmp_path)
    owners = {owner for (owner,) in rows(engine, "select distinct lease_owner from arrivals")}
    assert {owner.rpartition(":")[2] for owner in owners} == {"one", "two"}


def test_what_a_killed_worker_held_is_finished_by_the_other_after_the_lease(
    engine: Engine, start: Start, tmp_path: Path
) -> None:
    victim = start("victim", stuck=True)
    drop(tmp_path)
    await_word(victim, "stuck")
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    killed = time.monotonic()
    # Counted now: until it was killed it may have begun another chunk beside the one it is stuck in.
    [(held,)] = rows(engine, "select count(*) from arrivals where state = 'extracting'")
    assert held > 0
    start("heir")
    await_all(engine)
    assert time.monotonic() - killed > LEASE_SECONDS / 2  # nobody took them while they could be alive
    check_each_once(engine, tmp_path)
    attempts = dict(rows(engine, "select attempts, count(*) from arrivals group by 1"))
    assert attempts == {0: FILES - held, 1: held}
