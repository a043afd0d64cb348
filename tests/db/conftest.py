"""Databases to test on: every test that asks for ``engine`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from db.connect import open_database
from db.schema import prepare


@pytest.fixture(scope="session")
def postgresql(require: Callable[[str, object, str], None]) -> Iterator[str]:
    """URL of a server to make databases on: ``SEGOCR_TEST_POSTGRESQL``, else one of our own."""
    if given := os.environ.get("SEGOCR_TEST_POSTGRESQL"):
        yield given
        return
    programs = _programs()
    require("postgresql", programs, "no PostgreSQL server is installed (Debian: apt install postgresql)")
    assert programs is not None
    user = _server_user()
    require("postgresql", user, "the server refuses to run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="segocr-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    try:
        _run(
            user, folder, programs / "initdb", "-D", "data", "-A", "trust", "-U", "segocr", "-E", "UTF8", "-N"
        )
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        _run(user, folder, programs / "pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")
        yield f"postgresql://segocr@/postgres?host={folder}"
    finally:
        _run(user, folder, programs / "pg_ctl", "-D", "data", "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """Return the folder of the newest installed server."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    return max((path.parent for path in folders), key=lambda path: float(path.parent.name), default=None)


def _server_user() -> str | None:
    """Return who may run the server: never root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), None)


def _run(user: str | None, folder: Path, program: Path, *arguments: str, check: bool = True) -> None:
    switch = {"user": user, "group": pwd.getpwnam(user).pw_gid} if os.geteuid() == 0 and user else {}
    command = [str(program), *arguments]
    with (folder / "setup.log").open("a") as log:
        subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=check, timeout=120, **switch)  # type: ignore[call-overload]


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
    _ask(postgresql, f"CREATE DATABASE {name}")
    engine = open_database(_url(postgresql, name))
    prepare(engine)
    engine.dispose()
    yield name
    _ask(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


def _ask(server: str, sql: str) -> None:
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql)  # type: ignore[arg-type]


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


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
    _ask(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _url(server, name)
    _ask(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine whose tables exist."""
    engine = open_database(url, busy_seconds=5)
    yield engine
    engine.dispose()
