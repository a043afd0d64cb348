"""Housekeeping as a scheduled run: what it ends is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.connect import open_database
from db.schema import prepare
from segocr.settings import load_settings

TOML = 'database = "sqlite:///segocr.db"\n[[inbox]]\npath = "inbox"\nsettle_seconds = 0\n'


def test_what_housekeeping_of_a_worker_ends_is_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.filer import Ended
    from flows.inboxes import Inboxes
    from flows.upkeep import keep_house

    told: list[Ended] = []
    monkeypatch.setattr("flows.service.emit", told.append)
    (tmp_path / "segocr.toml").write_text(TOML)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.jpg").write_bytes(b"a")
    engine = open_database("sqlite:///segocr.db", folder=tmp_path)
    prepare(engine)
    inboxes = Inboxes(load_settings(tmp_path), engine, "sweep")
    inboxes.sweep()
    inboxes.sweep()
    inboxes.close()
    next((tmp_path / "work").glob("*/a.jpg")).unlink()
    keep_house.fn(str(tmp_path))
    assert [(one.state, one.code) for one in told] == [("failed", "vanished")]
    engine.dispose()
