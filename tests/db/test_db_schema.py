"""The migrations make the tables that the code describes; a database of another version is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from db.connect import database_url, open_database, reading, writing
from db.schema import SchemaState, check_schema, prepare, schema_status, upgrade
from db.tables import Base
from segocr.errors import ConfigurationError, DatabaseError


def test_migrations_make_what_the_tables_describe(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    before = upgrade(engine)
    assert before.state is SchemaState.CURRENT
    with reading(engine) as connection:
        assert inspect(connection).get_view_names() == ["needs_review"]


def test_an_empty_database_asks_for_an_upgrade(url: str) -> None:
    engine = open_database(url)
    with pytest.raises(DatabaseError, match="segocr db upgrade") as caught:
        check_schema(engine)
    assert caught.value.code == "database-empty"
    engine.dispose()


def test_looking_at_an_absent_sqlite_file_makes_none(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'absent.db'}")
    assert schema_status(engine).state is SchemaState.EMPTY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("revision", "code", "hint"),
    [("9999", "database-too-new", "install that version"), (None, "database-empty", "segocr db upgrade")],
)
def test_another_version_is_refused(engine: Engine, revision: str | None, code: str, hint: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    with pytest.raises(DatabaseError, match=hint) as caught:
        check_schema(engine)
    assert caught.value.code == code
    assert caught.value.exit_code == 6


def test_a_newer_database_is_not_upgraded(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError) as caught:
        upgrade(engine)
    assert caught.value.code == "database-too-new"


def test_foreign_tables_of_our_names_are_left_alone(url: str) -> None:
    engine = open_database(url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE documents (id INTEGER)"))
    with pytest.raises(DatabaseError) as caught:
        prepare(engine)
    assert caught.value.code == "database-foreign"
    engine.dispose()


def test_a_sqlite_database_is_its_owners_alone(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'private.db'}")
    prepare(engine)
    with writing(engine):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql://user@host/name", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite:///x.db", ""],
)
def test_a_url_that_cannot_be_used_is_a_mistake_in_the_settings(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        database_url(url)
    assert caught.value.code == "database-url"


def test_a_bad_url_does_not_show_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        database_url("mysql://user:hunter2@host/name")
    assert "hunter2" not in str(caught.value)


def test_a_relative_sqlite_path_starts_at_the_workspace(tmp_path: Path) -> None:
    assert database_url("sqlite:///a.db", folder=tmp_path).database == str(tmp_path / "a.db")
