"""A PostgreSQL server for tests: the one that is named, else one of our own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from bench.postgresql import own_server, server_programs, server_user


@pytest.fixture(scope="session")
def postgresql(require: Callable[[str, object, str], None]) -> Iterator[str]:
    """URL of a server to make databases on: ``SEGOCR_TEST_POSTGRESQL``, else one of our own."""
    if given := os.environ.get("SEGOCR_TEST_POSTGRESQL"):
        yield given
        return
    programs = server_programs()
    require("postgresql", programs, "no PostgreSQL server is installed (Debian: apt install postgresql)")
    user = server_user()
    require("postgresql", user, "the server refuses to run as root, and there is no user postgres")
    assert programs is not None
    assert user is not None
    with own_server(programs, user) as server:
        yield server.url


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
