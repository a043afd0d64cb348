"""Is the database of this version, and if not, make it so (alembic, without an ini file)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from db.connect import MADE, database_error, reading, translated, where, writing

_ADVISORY_LOCK = 7_367_431  # any fixed number: two upgrades of one PostgreSQL database take turns


class SchemaState(StrEnum):
    """How the database's tables stand to this version of segocr."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """State, the database's revision (None if it has none) and the one that this version wants."""

    state: SchemaState
    revision: str | None
    wanted: str


def schema_status(engine: Engine) -> SchemaStatus:
    """Compare the database's revision with the newest migration.

    Raises:
        DatabaseError: The database cannot be asked; ``database-missing`` if its file must be there.
    """
    may_lack = engine.dialect.name == "sqlite" and not engine.get_execution_options().get(MADE)
    if may_lack and not Path(str(engine.url.database)).exists():
        return SchemaStatus(SchemaState.EMPTY, None, _wanted())  # looking makes no file
    with reading(engine) as connection:
        return _status(connection)


def _wanted() -> str:
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _status(connection: Connection) -> SchemaStatus:
    script = ScriptDirectory.from_config(_config())
    wanted = _wanted()
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        ours = tables & {"extractions", "documents", "arrivals"}
        return SchemaStatus(SchemaState.FOREIGN if ours else SchemaState.EMPTY, None, wanted)
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is None:
        return SchemaStatus(SchemaState.EMPTY, None, wanted)
    known = {found.revision for found in script.walk_revisions()}
    state = SchemaState.CURRENT if revision == wanted else SchemaState.OLDER
    return SchemaStatus(state if revision in known else SchemaState.NEWER, revision, wanted)


def check_schema(engine: Engine) -> None:
    """Refuse a database that this version cannot use.

    Raises:
        DatabaseError: ``database-empty``, ``database-too-old``, ``database-too-new``, ``database-foreign``.
    """
    _refuse_unless_current(engine, schema_status(engine))


def prepare(engine: Engine) -> None:
    """Make the tables in an empty database; otherwise as ``check_schema``: nobody is upgraded unasked."""
    status = schema_status(engine)
    if status.state is SchemaState.EMPTY:
        upgrade(engine)
    else:
        _refuse_unless_current(engine, status)


def _refuse_unless_current(engine: Engine, status: SchemaStatus) -> None:
    if status.state is SchemaState.CURRENT:
        return
    place = where(engine)
    if status.state is SchemaState.NEWER:
        raise database_error(
            "database-too-new",
            f"the database {place} was made by a newer segocr (revision {status.revision})",
            "install that version of segocr, or name another database",
        )
    if status.state is SchemaState.FOREIGN:
        raise database_error(
            "database-foreign",
            f"the database {place} has tables of these names that segocr did not make",
            "name another database in segocr.toml or SEGOCR_DATABASE_URL",
        )
    empty = status.state is SchemaState.EMPTY
    raise database_error(
        "database-empty" if empty else "database-too-old",
        f"the database {place} " + ("has no tables yet" if empty else f"is of revision {status.revision}"),
        "run `segocr db upgrade`",
    )


def upgrade(engine: Engine) -> SchemaStatus:
    """Bring the tables to the newest revision and make the views anew, in one transaction.

    Returns:
        The status before.

    Raises:
        DatabaseError: As ``check_schema`` for a newer or foreign database; nothing is changed then.
    """
    from db.views import create_views, drop_views, renew_views

    with _migrating(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before = _status(connection)
        if before.state in (SchemaState.NEWER, SchemaState.FOREIGN):
            _refuse_unless_current(engine, before)
        if before.state is SchemaState.CURRENT:
            renew_views(connection)
            return before
        kept = drop_views(connection) if before.state is not SchemaState.EMPTY else []
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        create_views(connection, kept)
    return before


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction in which tables may be made anew without their rows' children going with them."""
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with translated(engine), engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")  # SQLite obeys this outside of transactions only
        # Without it, SQLite changes no table while somebody's own view rests on one of our views.
        raw.execute("PRAGMA legacy_alter_table = ON")
        try:
            with connection.begin():
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                    raise database_error("database-broken", f"rows point to nothing: {broken[:3]}")
        finally:
            raw.execute("PRAGMA legacy_alter_table = OFF")
            raw.execute("PRAGMA foreign_keys = ON")


@cache
def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
