"""Databases to test on: every test that asks for ``engine`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import ask, url_of
from sqlalchemy import Engine

from db.connect import open_database
from db.schema import prepare


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database whose tables exist, to be copied: making them takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "test.db"
    engine = open_database(f"sqlite:///{path}")
    prepare(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_name(postgresql: str) -> Iterator[str]:
    """The same on the server of ``postgresql``: the name of a database to copy."""
    name = f"segocr_{uuid.uuid4().hex}"
    ask(postgresql, f"CREATE DATABASE {name}")
    engine = open_database(url_of(postgresql, name))
    prepare(engine)
    engine.dispose()
    yield name
    ask(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database of either kind; it is empty, unless the test asks for ``engine`` too."""
    filled = "engine" in request.fixturenames
    if request.param == "sqlite":
        if filled:
            shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "test.db")
            (tmp_path / "test.db").chmod(0o600)
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = request.getfixturevalue("postgresql")
    name = f"segocr_{uuid.uuid4().hex}"
    template = request.getfixturevalue("migrated_name") if filled else "template1"
    ask(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield url_of(server, name)
    ask(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine whose tables exist."""
    engine = open_database(url, busy_seconds=5)
    yield engine
    engine.dispose()
