"""The migrations make the tables that the code describes; a database of another version is refused."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sample_records import digest, receipt
from sqlalchemy import Engine, inspect, text

import db.schema
from db.connect import database_url, open_database, reading, where, writing
from db.queries import run_query
from db.schema import SchemaState, _config, _wanted, check_schema, prepare, schema_status, upgrade
from db.store import store_records
from db.tables import Base
from db.views import TemplateShape, ViewField, register_template
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


@pytest.mark.parametrize("name", ["password", "sslpassword"])
def test_a_password_among_the_options_is_not_shown(name: str) -> None:
    engine = open_database(f"postgresql://user@host/name?{name}=hunter2&port=5433")
    assert where(engine) == "postgresql+psycopg://user@host/name?port=5433"


def test_a_relative_sqlite_path_starts_at_the_workspace(tmp_path: Path) -> None:
    assert database_url("sqlite:///a.db", folder=tmp_path).database == str(tmp_path / "a.db")


_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = HEAD
branch_labels = None
depends_on = None


def upgrade():
    # What many changes of a table need on SQLite: a new one, and the old one dropped.
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("documents", recreate=recreate) as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=True))
    if FAILS:
        op.execute("select nothing from nowhere")
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Give a function that makes this a later version: one revision more, which may fail."""

    def turn(*, fails: bool = False) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(db.schema.__file__).parent / "migrations", folder)
        program = _NEXT.replace("FAILS", str(fails)).replace("HEAD", repr(_wanted()))
        (folder / "versions" / "9998_next.py").write_text(program)
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        monkeypatch.setattr(db.schema, "_config", lambda: config)

    yield turn
    _config.cache_clear()


def _fill(engine: Engine) -> None:
    shape = TemplateShape("receipt", 1, (ViewField("total", "money"), ViewField("items", "text", many=True)))
    register_template(engine, shape)
    store_records(engine, [receipt("a", "12.50")])


def test_an_older_database_asks_for_an_upgrade_which_keeps_everything(
    engine: Engine, next_version: Callable[..., None]
) -> None:
    _fill(engine)
    next_version()
    for refuse in (check_schema, prepare):
        with pytest.raises(DatabaseError, match="segocr db upgrade") as caught:
            refuse(engine)
        assert caught.value.code == "database-too-old"
    before = schema_status(engine).revision
    assert before is not None
    assert before < "9998"
    assert upgrade(engine).revision == before
    answer = run_query(
        engine, "select r.total, d.note from receipt r join documents d on d.sha256 = r.sha256"
    )
    assert [(float(total), note) for total, note in answer.rows] == [(12.5, None)]
    assert run_query(engine, "select count(*) from readings").rows == ((3,),)
    with reading(engine) as connection:
        assert set(inspect(connection).get_view_names()) == {"needs_review", "receipt", "receipt_items"}


def test_an_upgrade_that_fails_changes_nothing(engine: Engine, next_version: Callable[..., None]) -> None:
    _fill(engine)
    with reading(engine) as connection:
        before = sorted(inspect(connection).get_view_names())
    revision = schema_status(engine).revision
    next_version(fails=True)
    with pytest.raises(DatabaseError):
        upgrade(engine)
    assert schema_status(engine).revision == revision
    with reading(engine) as connection:
        assert sorted(inspect(connection).get_view_names()) == before
        assert "note" not in {column["name"] for column in inspect(connection).get_columns("documents")}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_views_of_somebody_elses_do_not_keep_a_sqlite_database_from_being_upgraded(
    engine: Engine, next_version: Callable[..., None]
) -> None:
    _fill(engine)
    with writing(engine) as connection:
        for name, of in (("mine", "receipt"), ("raw", "documents"), ("stale", "nowhere")):
            connection.exec_driver_sql(f"CREATE VIEW {name} AS SELECT sha256 FROM {of}")
    next_version()
    upgrade(engine)
    sha256 = ((digest("a"),),)
    assert run_query(engine, "select * from mine").rows == sha256
    assert run_query(engine, "select * from raw").rows == sha256
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_list(extractions)").all()
        assert connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar() == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_numbers_that_were_kept_as_integers_divide_after_an_upgrade(engine: Engine) -> None:
    register_template(engine, TemplateShape("receipt", 1, (ViewField("total", "money"),)))
    with writing(engine) as connection:
        connection.execute(text("PRAGMA writable_schema = ON"))
        connection.execute(
            text(
                "UPDATE sqlite_master SET sql ="
                " replace(sql, 'number_value NUMBER BLOB', 'number_value NUMERIC')"
            )
        )
        for later in ("gone", "workspace"):
            connection.execute(text(f"ALTER TABLE arrivals DROP COLUMN {later}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    engine.dispose()
    store_records(engine, [receipt("a", "25.00"), receipt("b", "0.1"), receipt("c", "12345678901234567")])
    totals = "select number_value, number_value / 4 from field_values where name = 'total' order by 2"
    with reading(engine) as connection:
        assert connection.execute(text(totals)).all()[:2] == [(0.1, 0.025), (25, 6)]
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE extractions DROP COLUMN replaced_at"))
    upgrade(engine)
    with reading(engine) as connection:
        assert connection.execute(text(totals)).all()[:2] == [(0.1, 0.025), (25, 6.25)]
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert run_query(engine, "select total / 4 from receipt order by 1").rows[:2] == ((0.025,), (6.25,))
    [(long,)] = run_query(engine, "select total from receipt where total > 25").rows
    assert long == Decimal("12345678901234567")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_view_of_somebody_elses_on_ours_is_not_dropped(engine: Engine) -> None:
    _fill(engine)
    with writing(engine) as connection:
        connection.execute(text("CREATE VIEW mine AS SELECT total FROM receipt"))
    with pytest.raises(DatabaseError) as caught:
        register_template(engine, TemplateShape("receipt", 2, (ViewField("total", "integer"),)))
    assert caught.value.code == "view-in-use"
    assert "view mine depends on view receipt" in str(caught.value)
    assert len(run_query(engine, "select * from mine").rows) == 1
