"""What one inbox, one folder or some bytes have wrong is theirs alone; long documents stay whose they are."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import Scripted, drop, files_below, rows, settle
from sqlalchemy import Engine, text

from db.arrivals import Arrivals
from db.connect import open_database
from db.ended import find_ended, send_back
from db.schema import prepare
from flows import watch as module
from flows.batch import Batch, run_here
from flows.inboxes import Inboxes
from flows.leases import leases_renewed
from flows.sweeper import Sweeper
from flows.watch import Watch
from segocr.errors import DatabaseError, SegocrError
from segocr.inbox.places import places_in
from segocr.service.troubles import Report, read_report
from segocr.settings import Settings, parse_settings
from segocr.work import Work

ROOT = Path(__file__).parents[2]
TWO = """
[[inbox]]
path = "inbox"
settle_seconds = 0
[[inbox]]
path = "second"
settle_seconds = 0
[limits]
attempts = 2
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox" / "passports").mkdir(parents=True)
    (tmp_path / "second" / "passports").mkdir(parents=True)
    return parse_settings(TWO, tmp_path)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database("sqlite:///segocr.db", folder=settings.workspace)
    prepare(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def runs() -> list[str]:
    """What was run, a batch each."""
    return []


@pytest.fixture
def watch(
    settings: Settings, engine: Engine, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watch]:
    monkeypatch.setattr(module, "Pipeline", Scripted)
    monkeypatch.setattr(module, "choose_models", lambda *_, **__: None)
    monkeypatch.setattr(Scripted, "hangs", [])

    def run(batch: Batch) -> None:
        runs.append(batch.name)
        run_here(batch)

    with Watch(settings, engine, None, run) as watch:  # type: ignore[arg-type]
        yield watch


# --- one inbox ------------------------------------------------------------------------------------------


def test_a_missing_inbox_is_told_and_the_other_one_is_swept_woken_for_and_soon_again(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "second")
    drop(settings, "passports/a.jpg")
    reader, writer = os.pipe2(os.O_NONBLOCK)
    report = Report(tmp_path, "sweep")
    with contextlib.closing(Inboxes(settings, engine, "sweep")) as inboxes:
        sweeper = Sweeper(settings, inboxes, writer, report)
        sweeper._sweep(changed=True)
        assert sweeper._pace._next - time.monotonic() < 20  # a file settles; else it would be 30
        sweeper._sweep(changed=False)
        assert os.read(reader, 10) == b"."
        [trouble] = read_report(tmp_path, "sweep").troubles
        assert (trouble.code, trouble.inbox) == ("inbox-missing", str(tmp_path / "second"))
        (tmp_path / "second").mkdir()
        sweeper._sweep(changed=True)
        assert read_report(tmp_path, "sweep").troubles == ()
    report.close()
    os.close(reader)
    os.close(writer)


def test_a_watch_extracts_what_came_by_the_other_inbox_before_it_complains(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine
) -> None:
    shutil.rmtree(tmp_path / "second")
    drop(settings, "passports/a.jpg")
    settle(watch)
    with pytest.raises(SegocrError, match="second"):
        watch.extract()
    assert rows(engine, "select state from arrivals") == [("extracted",)]
    (tmp_path / "second").mkdir()
    settle(watch)
    assert watch.extract() == {}


SWEEP = """
import contextlib, json, sys
from pathlib import Path
from db.connect import open_database
from flows.inboxes import Inboxes
from segocr.settings import load_settings

settings = load_settings(Path.cwd())
engine = open_database("sqlite:///segocr.db", folder=Path.cwd())
with contextlib.closing(Inboxes(settings, engine, "sweep")) as inboxes:
    inboxes.sweep()
    swept = inboxes.sweep()
    print(swept.ready)
    for problems in (swept.problems, swept.closed):
        print(json.dumps({Path(key).name: error.code for key, error in problems.items()}))
"""
SWEPT = [sys.executable, "-c", SWEEP]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def two(unprivileged: Any) -> Path:
    """A workspace with a file in each of two inboxes, for a user whom permissions stop."""
    folder: Path = unprivileged.folder
    (folder / "segocr.toml").write_text(TWO)
    engine = open_database("sqlite:///segocr.db", folder=folder)
    prepare(engine)
    engine.dispose()
    for name in ("inbox", "second"):
        (folder / name / "passports").mkdir(parents=True)
        (folder / name / "passports" / "a.jpg").write_text(name)
    return folder


def test_a_read_only_inbox_is_told_and_the_other_one_is_claimed_from(unprivileged: Any, two: Path) -> None:
    (two / "second").chmod(0o555)
    done = unprivileged.run(SWEPT, env=ENVIRONMENT)
    (two / "second").chmod(0o755)
    assert done.stdout.split("\n") == ["1", '{"second": "inbox-read-only"}', "{}", ""], done.stderr
    assert files_below(two / "work") == ["a.jpg"]
    assert files_below(two / "inbox") == []


def test_a_sub_folder_that_cannot_be_listed_is_told_and_all_else_is_taken(
    unprivileged: Any, two: Path
) -> None:
    (two / "second" / "private").mkdir(mode=0o300)
    done = unprivileged.run(SWEPT, env=ENVIRONMENT)
    (two / "second" / "private").chmod(0o700)
    assert done.stdout.split("\n") == ["2", "{}", '{"second": "subfolder-closed"}', ""], done.stderr


def test_a_work_folder_that_is_read_only_is_no_fault_of_an_inbox(unprivileged: Any, two: Path) -> None:
    (two / "work").mkdir()
    unprivileged.run(SWEPT, env=ENVIRONMENT)
    for name in ("inbox", "second"):
        (two / name / "passports" / "b.jpg").write_text(f"another {name}")
    (two / "work").chmod(0o555)
    done = unprivileged.run(SWEPT, env=ENVIRONMENT)
    (two / "work").chmod(0o755)
    told = '{"inbox": "folder-unusable", "second": "folder-unusable"}'
    assert done.stdout.split("\n") == ["0", told, "{}", ""], done.stderr


def test_nothing_is_claimed_into_a_work_folder_that_is_not_the_right_one(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine
) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    (tmp_path / "work").rename(tmp_path / "away")
    (tmp_path / "work").mkdir()
    drop(settings, "passports/b.jpg")
    for _ in range(3):
        with pytest.raises(SegocrError) as caught:
            watch.sweep()
        assert caught.value.code == "work-missing"
    assert files_below(tmp_path / "inbox") == ["b.jpg"]
    assert rows(engine, "select distinct state from arrivals") == [("claimed",)]
    (tmp_path / "work").rmdir()
    (tmp_path / "away").rename(tmp_path / "work")
    settle(watch)
    with engine.begin() as connection:
        connection.execute(text("update arrivals set lease_until = null"))  # it rests for less than a minute
    assert watch.extract() == {"extracted": 2}


# --- filing ---------------------------------------------------------------------------------------------


def test_a_folder_that_takes_no_files_lets_its_inbox_rest_and_nothing_is_extracted_twice(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine, runs: list[str]
) -> None:
    (tmp_path / "done").write_text("no folder")
    drop(settings, "passports/a.jpg")
    settle(watch)
    assert watch.extract() == {"extracted": 1}
    drop(settings, "passports/b.jpg")
    drop(settings, "../second/passports/c.jpg")
    settle(watch)
    with pytest.raises(SegocrError) as caught:
        watch.extract()
    assert caught.value.code == "folder-unusable"
    assert list(watch.resting) == [str(tmp_path / "inbox")]
    states = dict(rows(engine, "select path, state from arrivals"))
    assert states["passports/b.jpg"] == "claimed"  # of its inbox nothing is taken
    assert states["passports/c.jpg"] == "extracted"
    (tmp_path / "done").unlink()
    assert watch.extract() == {"extracted": 1}
    assert watch.resting == {}
    assert files_below(tmp_path / "done") == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows(engine, "select count(*), max(attempts) from arrivals") == [(3, 0)]
    assert len(runs) == 3


def test_foreign_bytes_in_done_stop_no_sweep(watch: Watch, settings: Settings, tmp_path: Path) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    [arrival] = Arrivals(watch._engine).take(watch._owner, 1, 0)
    day = arrival.received_at.date().isoformat()
    place = tmp_path / "done" / day / f"{arrival.id}-a.jpg"
    place.parent.mkdir(parents=True)
    place.write_text("foreign")
    assert watch.extract() == {"extracted": 1}
    settle(watch)
    assert files_below(tmp_path / "done") == ["2-a.jpg", "a.jpg"]
    assert place.read_text() == "foreign"


# --- the same bytes -------------------------------------------------------------------------------------


def test_copies_of_broken_bytes_fail_in_one_batch_and_each_can_be_tried_again(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine, runs: list[str]
) -> None:
    for name in "abcdef":
        drop(settings, f"passports/{name}.jpg", "broken")
    settle(watch)
    assert watch.extract() == {"failed": 6}
    assert len(runs) == 1
    assert rows(engine, "select distinct last_problem_code from arrivals") == [("truncated",)]
    assert rows(engine, "select count(distinct document_id), count(document_id) from arrivals") == [(1, 6)]
    linked = rows(engine, "select last_problem from arrivals where path = 'passports/d.jpg'")
    assert "the same bytes as passports/" in linked[0][0]
    kept = [name for name in files_below(tmp_path / "failed") if name.endswith(".jpg")]
    assert len(kept) == 6
    [ended] = [one for one in find_ended(engine) if one.path == "passports/d.jpg"]
    assert send_back(engine, ended, places_in(settings))
    assert watch.extract() == {"failed": 1}
    assert len(runs) == 2  # it was read again


def test_copies_of_good_bytes_are_linked_in_one_go(
    watch: Watch, settings: Settings, engine: Engine, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = []
    take = watch._ledger.take
    monkeypatch.setattr(watch._ledger, "take", lambda *a, **k: takes.append(1) or take(*a, **k))
    for name in "abcdef":
        drop(settings, f"passports/{name}.jpg", "same")
    settle(watch)
    assert watch.extract() == {"extracted": 6}
    assert (len(runs), len(takes)) == (1, 3)


def test_copies_of_bytes_that_hang_a_host_are_given_up_with_the_first_one(
    watch: Watch, settings: Settings, engine: Engine, runs: list[str]
) -> None:
    for name in "abcdef":
        drop(settings, f"passports/{name}.jpg", "hang")
    settle(watch)
    assert watch.extract() == {"failed": 6}
    assert len(Scripted.hangs) == 3  # once with its copies waiting, then twice alone
    assert rows(engine, "select distinct last_problem_code from arrivals") == [("gave-up",)]


# --- leases ---------------------------------------------------------------------------------------------


def lease_until(engine: Engine) -> str:
    [(until,)] = rows(engine, "select lease_until from arrivals")
    return str(until)


class Long(Scripted):
    """Reads until its arrival's lease has been renewed three times."""

    engine: Engine

    def read(self, works: Sequence[Work]) -> None:
        seen, deadline = {lease_until(self.engine)}, time.monotonic() + 20
        while len(seen) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
            seen.add(lease_until(self.engine))
        assert len(seen) == 4
        assert Arrivals(self.engine).take("another", 10, 60) == []
        assert Arrivals(self.engine).take_lost("another", 60) is None


def test_a_document_that_takes_longer_than_a_lease_is_nobody_elses(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LEASE_SECONDS", 0.9)
    monkeypatch.setattr(module, "Pipeline", Long)
    monkeypatch.setattr(Long, "engine", engine, raising=False)
    drop(settings, "passports/a.jpg")
    settle(watch)
    assert watch.extract() == {"extracted": 1}
    assert rows(engine, "select attempts from arrivals") == [(0,)]


def test_a_lease_that_was_lost_all_the_same_is_noticed(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = threading.Event()
    renew = watch._ledger.renew

    def noted(*args: Any) -> list[Any]:
        found = renew(*args)
        renewed.set()
        return found

    class Stolen(Scripted):
        def read(self, works: Sequence[Work]) -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql("update arrivals set lease_owner = 'another'")
            for _ in range(2):  # one may be under way; the next one must not take it back
                renewed.clear()
                assert renewed.wait(20)

    monkeypatch.setattr(watch._ledger, "renew", noted)
    monkeypatch.setattr(module, "_LEASE_SECONDS", 0.6)
    monkeypatch.setattr(module, "Pipeline", Stolen)
    drop(settings, "passports/a.jpg")
    settle(watch)
    with pytest.raises(DatabaseError) as caught:
        watch.extract()
    assert caught.value.code == "lease-lost"
    assert rows(engine, "select lease_owner from arrivals") == [("another",)]


def test_one_lost_lease_keeps_no_other_document_of_its_chunk_from_being_stored(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OneStolen(Scripted):
        def read(self, works: Sequence[Work]) -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "update arrivals set lease_owner = 'another' where path = 'passports/b.jpg'"
                )

    monkeypatch.setattr(module, "Pipeline", OneStolen)
    for name in "abc":
        drop(settings, f"passports/{name}.jpg", name)
    settle(watch)
    with pytest.raises(DatabaseError) as caught:
        watch.extract()
    assert caught.value.code == "lease-lost"
    found = rows(engine, "select path, state, filed_at is not null from arrivals order by path")
    assert [(path[-5], state, filed) for path, state, filed in found] == [
        ("a", "extracted", 1), ("b", "extracting", 0), ("c", "extracted", 1),
    ]  # fmt: skip


def test_today_is_the_day_of_the_arrival_on_the_wall(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    with engine.begin() as connection:
        connection.exec_driver_sql("update arrivals set received_at = '2026-03-01 12:00:00.000000'")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "AAA-13")
        time.tzset()
        watch.extract()
    time.tzset()
    assert rows(engine, "select day from extractions") == [("2026-03-02",)]


def test_renewing_ends_with_the_work(settings: Settings, engine: Engine) -> None:
    asked = threading.Event()

    def held() -> list[Any]:
        asked.set()
        return []

    with leases_renewed(Arrivals(engine), "me", held, 0.03):
        assert asked.wait(10)
    assert "leases" not in [thread.name for thread in threading.enumerate()]
