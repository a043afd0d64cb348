"""A PostgreSQL server for tests: the one that is named, else one of our own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url


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


def ask(server: str, sql: str) -> None:
    """Run a statement on the server, outside of a transaction."""
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql)  # type: ignore[arg-type]


def url_of(server: str, name: str) -> str:
    """Return the URL of a database on the server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Make an empty database on the server for the time of a ``with`` block; yields its URL."""
    name = f"segocr_{uuid.uuid4().hex}"
    ask(server, f"CREATE DATABASE {name}")
    try:
        yield url_of(server, name)
    finally:
        ask(server, f"DROP DATABASE {name} WITH (FORCE)")
