"""Files in, states and files out: real inbox, ledger, database and Prefect; hosts and models are scripted."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import SETTINGS, Scripted, drop, files_below, rows, settle
from sqlalchemy import Engine, text

from db.connect import open_database
from db.schema import prepare
from db.views import TemplateShape, ViewField, register_template
from segocr.errors import DatabaseError, ModelError
from segocr.inbox.places import After, Duplicates
from segocr.settings import Settings, parse_settings
from segocr.work import Work


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox" / "passports").mkdir(parents=True)
    return parse_settings(SETTINGS, tmp_path)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database("sqlite:///segocr.db", folder=settings.workspace)
    prepare(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def watch(server: str, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A watch over the workspace's inbox, with the scripted pipeline."""
    from flows import watch as module
    from flows.extract import run_flow

    monkeypatch.setattr(module, "Pipeline", Scripted)
    monkeypatch.setattr(module, "choose_models", lambda *_, **__: None)
    monkeypatch.setattr(Scripted, "model_is_there", True)
    monkeypatch.setattr(Scripted, "hangs", [])
    with module.Watch(settings, engine, None, run_flow) as watch:  # type: ignore[arg-type]
        yield watch


def test_files_are_extracted_filed_and_shown_under_the_name_they_were_dropped_with(
    watch: Any, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    drop(settings, "passports/good.jpg")
    drop(settings, "passports/dim.jpg")
    drop(settings, "stray.jpg")
    settle(watch)
    assert watch.extract() == {"extracted": 1, "needs_review": 1, "failed": 1}
    assert files_below(tmp_path / "inbox") == []
    assert files_below(tmp_path / "work") == []
    assert files_below(tmp_path / "done") == ["dim.jpg", "good.jpg"]
    assert "stray.jpg" in files_below(tmp_path / "failed")
    assert rows(engine, "select last_problem_code from arrivals where state = 'failed'") == [("no-template",)]
    shown = {
        Path(file).relative_to(tmp_path).as_posix()
        for (file,) in rows(engine, "select file from extractions")
    }
    assert shown == {"inbox/passports/good.jpg", "inbox/passports/dim.jpg"}
    assert watch.extract() == {}


def test_a_document_that_hangs_its_host_fails_alone_after_its_attempts(
    watch: Any, settings: Settings, engine: Engine
) -> None:
    for name in ("a", "b", "c"):
        drop(settings, f"passports/{name}.jpg", "hang" if name == "b" else name)
    settle(watch)
    assert watch.extract() == {"extracted": 2, "failed": 1}
    failed = rows(engine, "select path, last_problem_code from arrivals where state = 'failed'")
    assert failed == [("passports/b.jpg", "gave-up")]
    assert Scripted.hangs == ["b.jpg"] * 3  # once in company, which counts for nobody, then twice alone


def test_a_missing_model_ends_the_run_and_blames_no_document(
    watch: Any, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    monkeypatch.setattr(Scripted, "model_is_there", False)
    with pytest.raises(ModelError, match="no model"):
        watch.extract()
    assert rows(engine, "select state, attempts from arrivals") == [("claimed", 0)]
    monkeypatch.setattr(Scripted, "model_is_there", True)
    assert watch.extract() == {"extracted": 1}


def test_what_a_killed_run_had_begun_is_taken_up_by_the_next_one(
    watch: Any, settings: Settings, engine: Engine
) -> None:
    from flows.extract import run_flow
    from flows.watch import Watch

    drop(settings, "passports/a.jpg")
    settle(watch)
    ledger, owner = watch._ledger, watch._owner
    [taken] = ledger.take(owner, 10, 600.0)
    ledger.begin(owner, [taken.id])  # and then, as far as anybody can see, killed
    assert watch.extract() == {}
    with Watch(settings, engine, None, run_flow) as beside:  # type: ignore[arg-type]
        assert beside.extract() == {}  # the first one lives, so its lease is its own
    watch.close()
    with Watch(settings, engine, None, run_flow) as successor:  # type: ignore[arg-type]
        assert successor.extract() == {"extracted": 1}


def with_inbox(watch: Any, **changes: Any) -> None:
    """Change what the inbox says of itself."""
    for key, inbox in watch._inboxes.by_key.items():
        watch._inboxes.by_key[key] = dataclasses.replace(inbox, **changes)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("duplicates", "states"),
    [("link", {"extracted": 2}), ("again", {"extracted": 2}), ("refuse", {"extracted": 1, "failed": 1})],
)
def test_the_same_bytes_again_are_linked_refused_or_read_anew(
    watch: Any, settings: Settings, engine: Engine, together: bool, duplicates: str, states: dict[str, int]
) -> None:
    tmp_path = settings.workspace
    assert tmp_path is not None
    with_inbox(watch, duplicates=Duplicates(duplicates))
    ended: Counter[str] = Counter()
    for name in ("a.jpg", "b.jpg"):
        drop(settings, f"passports/{name}", "same")
        if not together:
            settle(watch)
            ended += watch.extract()
    settle(watch)
    assert ended + watch.extract() == states
    codes = [code for (code,) in rows(engine, "select last_problem_code from arrivals order by 1 desc")]
    assert codes == ([None, None] if duplicates == "again" else ["duplicate", None])
    assert rows(engine, "select count(*) from extractions where current") == [(1,)]
    assert files_below(tmp_path / "work") == []
    assert files_below(tmp_path / "done") == (["a.jpg"] if duplicates == "refuse" else ["a.jpg", "b.jpg"])


def test_a_duplicate_of_a_failure_is_not_deleted_with_it(
    watch: Any, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    with_inbox(watch, after=After.DELETE)
    for name in ("a.jpg", "b.jpg"):
        drop(settings, f"passports/{name}", "hang")
    settle(watch)
    assert watch.extract() == {"failed": 2}
    kept = [file for file in files_below(tmp_path / "failed") if file.endswith(".jpg")]
    assert kept == ["a.jpg", "b.jpg"]


def test_arrivals_of_an_inbox_that_is_no_more_are_left_alone(
    watch: Any, settings: Settings, engine: Engine
) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    [inbox] = watch._inboxes.by_key.values()
    watch._inboxes.by_key.clear()
    assert watch.extract() == {}
    watch._inboxes.by_key[inbox.key] = inbox
    assert watch.extract() == {"extracted": 1}


def test_what_could_not_be_released_while_the_database_was_locked_is_released_later(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import watch as module
    from flows.batch import run_here

    assert settings.workspace is not None
    other = sqlite3.connect(settings.workspace / "segocr.db", isolation_level=None)

    class Locking(Scripted):
        def read(self, works: Sequence[Work]) -> None:
            other.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(module, "Pipeline", Locking)
    monkeypatch.setattr(module, "choose_models", lambda *_, **__: None)
    impatient = open_database("sqlite:///segocr.db", folder=settings.workspace, busy_seconds=0.2)
    drop(settings, "passports/a.jpg")
    with module.Watch(settings, impatient, None, run_here) as watch:  # type: ignore[arg-type]
        settle(watch)
        with pytest.raises(DatabaseError, match="locked"):
            watch.extract()
        other.execute("ROLLBACK")
        other.close()
        assert rows(engine, "select state, attempts from arrivals") == [("extracting", 0)]
        monkeypatch.setattr(module, "Pipeline", Scripted)
        assert watch.extract() == {"extracted": 1}
    assert rows(engine, "select attempts from arrivals") == [(0,)]
    impatient.dispose()


def test_a_chunk_that_was_filed_while_the_database_was_locked_is_noted_by_the_next_try(
    settings: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import watch as module
    from flows.batch import Batch
    from segocr.inbox import moving

    other = sqlite3.connect(tmp_path / "segocr.db", isolation_level=None)
    settle_in, failures = moving.settle_in, []

    def settle_and_lock(source: Path, target: Path) -> None:
        settle_in(source, target)
        if not failures and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    def run(batch: Batch) -> None:
        for verb in (batch.segment, batch.read, batch.validate):
            verb(0)
        with pytest.raises(DatabaseError) as caught:
            batch.store(0)
        failures.append(caught.value.code)
        other.execute("ROLLBACK")
        batch.store(0)

    monkeypatch.setattr(module, "Pipeline", Scripted)
    monkeypatch.setattr(module, "choose_models", lambda *_, **__: None)
    monkeypatch.setattr(moving, "settle_in", settle_and_lock)
    impatient = open_database("sqlite:///segocr.db", folder=tmp_path, busy_seconds=0.2)
    for name in ("a", "b"):
        drop(settings, f"passports/{name}.jpg")
    with module.Watch(settings, impatient, None, run) as watch:  # type: ignore[arg-type]
        settle(watch)
        assert watch.extract() == {"extracted": 2}
        assert failures == ["database-locked"]
        assert rows(engine, "select path from arrivals where filed_at is null") == []
        assert watch.extract() == {}
    assert rows(engine, "select count(filed_at), sum(attempts) from arrivals") == [(2, 0)]
    assert rows(engine, "select count(*) from extractions") == [(2,)]
    assert files_below(tmp_path / "done") == ["a.jpg", "b.jpg"]
    impatient.dispose()
    other.close()


def test_files_that_a_sweep_ends_are_told_and_counted_by_the_next_extraction(tmp_path: Path) -> None:
    from flows.filer import Ended
    from flows.watch import Hooks, Watch

    told: list[Ended] = []
    (tmp_path / "inbox").mkdir()
    toml = '[[inbox]]\npath = "inbox"\nsettle_seconds = 0\nstale_after = 0.001\n'
    settings = parse_settings(toml, tmp_path)
    engine = open_database("sqlite:///segocr.db", folder=tmp_path)
    prepare(engine)
    (tmp_path / "inbox" / "empty.jpg").touch()
    hooks = Hooks(ended=told.append)
    with Watch(settings, engine, None, lambda _: None, hooks=hooks) as watch:  # type: ignore[arg-type]
        watch.sweep()
        watch.sweep()
        assert watch.extract() == {"failed": 1}
        assert watch.extract() == {}
    assert [(one.state, one.code) for one in told] == [("failed", "empty")]
    engine.dispose()


def test_files_that_vanished_from_work_are_told_and_counted_too(tmp_path: Path) -> None:
    from flows.filer import Ended
    from flows.watch import Hooks, Watch

    told: list[Ended] = []
    (tmp_path / "inbox").mkdir()
    settings = parse_settings('[[inbox]]\npath = "inbox"\nsettle_seconds = 0\n', tmp_path)
    engine = open_database("sqlite:///segocr.db", folder=tmp_path)
    prepare(engine)
    (tmp_path / "inbox" / "a.jpg").write_bytes(b"a")
    hooks = Hooks(ended=told.append)
    with Watch(settings, engine, None, lambda _: None, hooks=hooks) as watch:  # type: ignore[arg-type]
        watch.sweep()
        watch.sweep()
        next((tmp_path / "work").glob("*/a.jpg")).unlink()
        watch.sweep()
        assert watch.extract() == {"failed": 1}
    assert [(one.state, one.code) for one in told] == [("failed", "vanished")]
    engine.dispose()


def test_older_records_that_a_changed_type_leaves_without_a_value_are_logged(
    watch: Any, settings: Settings, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    drop(settings, "passports/old.jpg")
    settle(watch)
    assert watch.extract() == {"extracted": 1}
    assert "null in the views" not in caplog.text
    with engine.begin() as connection:  # as if birth_date had been a text when it was read
        connection.execute(
            text(
                "insert into field_values (extraction_id, name, ordinal, type, value, status, accepted,"
                " confidence) select id, 'birth_date', 0, 'text', '1 May', 'ok', true, 0.99 from extractions"
            )
        )
    register_template(engine, TemplateShape("passport", 1, (ViewField("birth_date", "text"),)))
    drop(settings, "passports/new.jpg")
    settle(watch)
    assert watch.extract() == {"extracted": 1}
    assert "1 record of passport from when a field had another type" in caplog.text
    assert "segocr replay passport" in caplog.text
