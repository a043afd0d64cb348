"""What the tests of inboxes share."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_clock import Clock
from inbox_service import Service

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from segocr.inbox.places import Inbox, Places


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    engine = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    prepare(engine)
    clock = Clock()
    (tmp_path / "inbox").mkdir()
    places = Places(tmp_path / "work", tmp_path / "done", tmp_path / "failed")
    inbox = Inbox(tmp_path / "inbox", settle_seconds=5, stale_after=600)
    yield Service(inbox, places, Arrivals(engine, clock=clock), clock, engine)
    engine.dispose()


@pytest.fixture
def shm(tmp_path: Path) -> Iterator[Path]:
    """An empty folder on another file system."""
    place = Path("/dev/shm")
    if not place.is_dir() or place.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("second-filesystem: /dev/shm is absent or on the same file system")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@pytest.fixture(params=["same file system", "another file system"])
def either(request: pytest.FixtureRequest, service: Service) -> Service:
    """The service, with its work folder on the inbox's file system and on another one."""
    if request.param == "another file system":
        work = request.getfixturevalue("shm")
        service.places = dataclasses.replace(service.places, work=work)
    return service
