"""What keeps the documents of one template waiting keeps no others; they are taken once a call."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import SETTINGS, Scripted, drop, rows, settle
from sqlalchemy import Engine

from db.connect import open_database
from db.schema import prepare
from flows import watch as module
from flows.batch import Batch, run_here
from flows.server import ServerError
from flows.watch import Hooks, Watch
from segocr.errors import ModelError, TemplateError
from segocr.settings import Settings, parse_settings

LEASE = "template: lease\nversion: 1\nroute: {folder: leases}\nfields: {a: {}}\n"


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
def watch(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setattr(module, "Pipeline", Scripted)
    monkeypatch.setattr(module, "choose_models", lambda *_, **__: None)
    monkeypatch.setattr(Scripted, "hangs", [])
    with Watch(settings, engine, None, run_here) as watch:  # type: ignore[arg-type]
        yield watch


def write_broken_template(workspace: Path) -> Path:
    """Make a template that cannot be read, and the folder in the inbox that it takes."""
    file = workspace / "templates" / "lease" / "template.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("template: lease\nroute: {folder: leases\n")
    (workspace / "inbox" / "leases").mkdir()
    return file


def test_a_broken_template_keeps_its_own_files_waiting_and_no_others(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine
) -> None:
    file = write_broken_template(tmp_path)
    drop(settings, "passports/a.jpg")
    drop(settings, "leases/b.jpg")
    settle(watch)
    with pytest.raises(TemplateError):
        watch.extract()
    assert dict(rows(engine, "select path, state from arrivals")) == {
        "passports/a.jpg": "extracted",
        "leases/b.jpg": "claimed",
    }
    assert watch.codes_at_rest() == {"template"}
    file.write_text(LEASE)
    assert watch.extract() == {"extracted": 1}
    assert rows(engine, "select max(attempts) from arrivals") == [(0,)]
    assert watch.codes_at_rest() == set()


def test_however_many_files_a_broken_template_has_all_others_are_read_in_the_same_call(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    held: list[str] = []
    watch._hooks = Hooks(held=lambda fault: held.append(fault.code))
    write_broken_template(tmp_path)
    for name in "abcde":
        drop(settings, f"leases/{name}.jpg")
    drop(settings, "leases/copy.jpg", "leases/a.jpg")
    settle(watch)
    for name in "xyz":
        drop(settings, f"passports/{name}.jpg")
    settle(watch)
    with pytest.raises(TemplateError):
        watch.extract()
    assert rows(engine, "select path from arrivals where state = 'extracted' order by path") == [
        (f"passports/{name}.jpg",) for name in "xyz"
    ]
    assert rows(engine, "select count(*), max(attempts) from arrivals where state = 'claimed'") == [(6, 0)]
    assert held == ["template"] * 3


def test_a_template_without_its_model_is_tried_once_a_call_and_keeps_no_other_waiting(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Poor(Scripted):
        def __init__(self, template: Any, *args: Any, **kwargs: Any) -> None:
            tried.append(template.name)
            if template.name == "lease":
                raise ModelError("there is no model", code="model-absent")
            super().__init__(template, *args, **kwargs)

    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "Pipeline", Poor)
    write_broken_template(tmp_path).write_text(LEASE)
    for name in "abcd":
        drop(settings, f"leases/{name}.jpg")
    drop(settings, "leases/copy.jpg", "leases/d.jpg")
    settle(watch)
    drop(settings, "passports/x.jpg")
    settle(watch)
    with pytest.raises(ModelError):
        watch.extract()
    assert tried == ["lease", "passport"]
    assert rows(engine, "select path from arrivals where state = 'extracted'") == [("passports/x.jpg",)]
    monkeypatch.setattr(module, "Pipeline", Scripted)
    assert watch.extract() == {"extracted": 5}


def test_what_nobodys_documents_can_do_without_ends_the_call(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    def run(batch: Batch) -> None:
        runs.append(batch.name)
        raise ServerError("Prefect's server does not answer")

    monkeypatch.setattr(module, "BATCH", 1)
    watch._run_batch = run
    for name in "abc":
        drop(settings, f"passports/{name}.jpg")
    settle(watch)
    with pytest.raises(ServerError):
        watch.extract()
    assert len(runs) == 1
    assert rows(engine, "select state, attempts, lease_owner from arrivals") == [("claimed", 0, None)] * 3


def test_what_is_tried_alone_under_a_template_without_its_model_is_tried_once_a_call(
    watch: Watch, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(settings, "passports/a.jpg")
    settle(watch)
    [taken] = watch._ledger.take(watch._owner, 1, 600)
    watch._ledger.begin(watch._owner, [taken.id])
    watch._ledger.lose(watch._owner)
    monkeypatch.setattr(Scripted, "model_is_there", False)
    with pytest.raises(ModelError):
        watch.extract()
    assert rows(engine, "select state, attempts from arrivals") == [("extracting", 0)]
    monkeypatch.setattr(Scripted, "model_is_there", True)
    assert watch.extract() == {"extracted": 1}


def test_what_was_held_is_tried_again_while_others_keep_coming(
    watch: Watch, settings: Settings, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    class Mended(Scripted):
        def __init__(self, template: Any, *args: Any, **kwargs: Any) -> None:
            if template.name == "lease" and not runs:
                raise ModelError("there is no model", code="model-absent")
            super().__init__(template, *args, **kwargs)

    def run(batch: Batch) -> None:
        runs.append(batch.name)
        run_here(batch)
        time.sleep(0.2)
        drop(settings, f"passports/{len(runs)}.jpg")  # while one is read, the next one comes
        settle(watch)

    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(module, "Pipeline", Mended)
    monkeypatch.setattr(module, "HELD_SECONDS", 0.2)
    watch._pause, watch._run_batch = 1e-6, run
    watch._hooks = Hooks(stopping=lambda: len(runs) == 4)
    write_broken_template(tmp_path).write_text(LEASE)
    drop(settings, "leases/a.jpg")
    settle(watch)
    drop(settings, "passports/x.jpg")
    settle(watch)
    with pytest.raises(ModelError):
        watch.extract()
    assert rows(engine, "select state from arrivals where path = 'leases/a.jpg'") == [("extracted",)]
