"""Reprocessing by schedule: what another template decided is decided again, or its file is read again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from db.store import store_records
from db.stored import current_ids, stored_records
from db.views import register_template, shape_of
from flows.reprocess import Reprocessed, reprocess_records
from segocr.inbox.arrivals import State
from segocr.inbox.filing import file_away
from segocr.inbox.places import inboxes_in, places_in
from segocr.inbox.taking import sweep
from segocr.records import Record
from segocr.settings import Settings, parse_settings
from segocr.steps.client import Steps
from segocr.templates import Template

NAME = "license_plate"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose templates are those that ``changed`` makes."""
    folder = tmp_path / "workspace"
    (folder / "inbox").mkdir(parents=True)
    return parse_settings(f'templates = ["{tmp_path}"]\n[[inbox]]\nready = "renamed"\n', folder)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.database_url or "", folder=settings.workspace)
    prepare(engine)
    yield engine
    engine.dispose()


def dropped(settings: Settings, engine: Engine, template: Template, records: list[Record]) -> None:
    """Store records as if their files had come through the inbox."""
    register_template(engine, shape_of(template))
    ledger, places, [inbox] = Arrivals(engine), places_in(settings), inboxes_in(settings)
    for record in records:
        shutil.copyfile(record.file, inbox.folder / record.file.name)
        sweep(inbox, places, ledger, "me")
        [arrival] = ledger.take("me", 10, 60)
        store_records(engine, [record], arrival=arrival.id, owner="me")
        file_away(inbox, places, ledger, arrival, State.EXTRACTED, None)


def test_records_of_a_changed_template_are_brought_up_to_date(
    shipped: Mapping[str, tuple[Template, list[Record]]],
    changed: Callable[..., Template],
    settings: Settings,
    engine: Engine,
    steps: Steps,
) -> None:
    template, records = shipped[NAME]
    assert settings.workspace is not None
    dropped(settings, engine, template, records)
    assert reprocess_records(settings, engine, steps, reread=True) == Reprocessed()

    changed(NAME, ("accept: {confidence: 0.8", "accept: {confidence: 0.999999"))
    done = reprocess_records(settings, engine, steps, reread=True)
    assert (done.decided, done.sent_back, done.staying) == (len(records), 0, 0)
    now = [one.record for one in stored_records(engine, current_ids(engine, NAME))]
    assert {record.recipe.facts["replayed"] for record in now} == {True}
    assert reprocess_records(settings, engine, steps, reread=True) == Reprocessed()

    changed(NAME, ("image_size: 480", "image_size: 800"))
    assert reprocess_records(settings, engine, steps, reread=False).staying == len(records)
    without = settings.model_copy(update={"inbox": ()})  # nobody would take them
    assert reprocess_records(without, engine, steps, reread=True).staying == len(records)
    done = reprocess_records(settings, engine, steps, reread=True)
    assert (done.decided, done.sent_back, done.staying) == (0, len(records), 0)
    names = {path.name for path in (settings.workspace / "work").rglob("*.jpg")}
    assert names == {record.file.name for record in records}
    assert len(Arrivals(engine).take("me", 10, 60)) == len(records)

    (settings.template_folders[0] / NAME / "template.yaml").write_text("template: [")
    assert reprocess_records(settings, engine, steps, reread=True).broken == [NAME]
