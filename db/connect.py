"""From a URL to an engine, and from a driver's exception to one clear error."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy import Engine as Engine  # for those who may not import sqlalchemy
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.databasefile import DatabaseFile
from segocr.errors import ConfigurationError, DatabaseError

_OPENED = "segocr_opened"
MADE = "segocr_made"
"""Option of an engine: whether SQLite's file must be there already."""

BUSY_SECONDS = 15.0
"""How long SQLite waits for another writer, and PostgreSQL for a lock, before ``database-locked``."""

_TRANSIENT = frozenset({"database-locked", "database-unreachable", "database-full"})

_POSTGRESQL_DEFAULTS = {  # where the URL has none of its own
    "connect_timeout": 10,
    "application_name": "segocr",
    # Seconds until a server that says nothing is asked whether it is there, and until it is given up.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}

_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: "database-locked",
    sqlite3.SQLITE_LOCKED: "database-locked",
    sqlite3.SQLITE_FULL: "database-full",
    sqlite3.SQLITE_READONLY: "database-read-only",
    sqlite3.SQLITE_PERM: "database-no-access",
    sqlite3.SQLITE_CANTOPEN: "database-unreachable",
    sqlite3.SQLITE_NOTADB: "database-broken",
    sqlite3.SQLITE_CORRUPT: "database-broken",
    sqlite3.SQLITE_IOERR: "database-full",
}

_POSTGRESQL_CODES = {  # SQLSTATE, or its first letters
    "53100": "database-full",
    "55P03": "database-locked",
    "40": "database-locked",
    "2BP01": "view-in-use",
    "25006": "database-read-only",
    "42501": "database-no-access",
    "28": "database-no-access",
    "3D000": "database-unreachable",
    "08": "database-unreachable",
    "57P": "database-unreachable",
    "53": "database-unreachable",
}

_HINTS = {
    "database-locked": "another program holds it; close that one, or try again",
    "database-full": "free space on the disk that holds the database, then try again",
    "view-in-use": "drop the views that were built on it, try again, and make them anew",
    "database-read-only": "check the owner and mode of the database file and its folder",
    "database-no-access": "check the user, the password and the rights in the database's URL",
    "database-unreachable": "check SEGOCR_DATABASE_URL or `database` in segocr.toml, and the server",
    "database-broken": "this is not a segocr database, or it is damaged; restore a backup",
}

_POSTGRESQL_HINTS = {
    "database-read-only": "name the primary server, or a user without default_transaction_read_only",
}

_MESSAGES = {
    "database-locked": "the database {where} is locked",
    "database-full": "the database {where} cannot be written: the disk is full or failing",
    "database-read-only": "the database {where} is read-only",
    "database-no-access": "the database {where} refuses this user",
    "database-unreachable": "the database {where} cannot be reached",
    "database-broken": "the database {where} cannot be understood",
    "view-in-use": "a view in the database {where} cannot be made anew",
    "database": "the database {where} reports an error",
}


def database_error(code: str, message: str, hint: str | None = None) -> DatabaseError:
    """Return an error that knows whether trying again can help."""
    error = DatabaseError(message, code=code, hint=hint or _HINTS.get(code))
    error.transient = code in _TRANSIENT
    return error


def database_url(url: str, *, folder: Path | None = None) -> URL:
    """Parse a database's URL.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://user@host/name``.
        folder: What a relative SQLite path starts from (the workspace); default: the working directory.

    Raises:
        ConfigurationError: ``database-url``.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _bad_url("it is not a URL") from error
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        raise _bad_url(f"{parsed.drivername!r} is not supported")
    if not parsed.database or parsed.database == ":memory:":
        raise _bad_url("SQLite needs a file")
    return parsed.set(database=str((folder or Path()).absolute() / parsed.database))


def _bad_url(why: str) -> ConfigurationError:
    # The URL itself may hold a password, so it is not repeated.
    return ConfigurationError(
        f"the database's URL cannot be used: {why}",
        code="database-url",
        hint="use sqlite:///segocr.db or postgresql://user@host/name",
    )


def open_database(
    url: str, *, folder: Path | None = None, busy_seconds: float = BUSY_SECONDS, made: bool = False
) -> Engine:
    """Return an engine; no connection is made yet.

    Args:
        url: See ``database_url``.
        folder: What a relative SQLite path starts from.
        busy_seconds: How long a locked database is waited for.
        made: Whether SQLite's file must be there already; else the first connection makes an empty one.

    Raises:
        ConfigurationError: ``database-url``.
    """
    parsed = database_url(url, folder=folder)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed, busy_seconds, made)
    try:
        return _postgresql_engine(parsed, busy_seconds)
    except (ArgumentError, NoSuchModuleError) as error:
        raise _bad_url(str(error)) from error


def _sqlite_engine(url: URL, busy_seconds: float, made: bool) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
        execution_options={MADE: made},
    )
    file = DatabaseFile(Path(str(url.database)), made=made)

    @event.listens_for(engine, "do_connect")
    def make_private(*_: Any) -> None:
        file.make()

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        connection.execute("PRAGMA foreign_keys = ON")
        _use_wal(connection, busy_seconds)
        # A file leaves the inbox once its record is committed; NORMAL could lose that commit with the power.
        connection.execute("PRAGMA synchronous = FULL")
        # Housekeeping deletes people's data, too: what was forgotten must not live on in an older version.
        connection.execute("PRAGMA secure_delete = ON")
        record.info[_OPENED] = file.opened(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        opened = connection.info[_OPENED]
        if not file.is_same(opened):
            raw: Any = connection.connection.driver_connection
            if file.leave(raw, opened):
                connection.invalidate()
                engine.dispose()
            raise file.lost()
        # A transaction that will write takes the lock at once: upgrading later cannot wait, only fail.
        reads = connection.get_execution_options().get("segocr_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        if not file.is_same(connection.info[_OPENED]):
            raise file.lost()  # rolled back: what is stored there is lost

    return engine


def _use_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to write-ahead logging, so that readers and a writer do not stop each other."""
    deadline = time.monotonic() + busy_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait here by itself.
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
                return
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _postgresql_engine(url: URL, busy_seconds: float) -> Engine:
    defaults = {name: value for name, value in _POSTGRESQL_DEFAULTS.items() if name not in url.query}
    theirs = url.query.get("options", ())
    options = [f"-c timezone=UTC -c lock_timeout={int(busy_seconds * 1000)}"]
    options += [theirs] if isinstance(theirs, str) else theirs
    # The last ones hold, and psycopg reads no others.
    options.append("-c datestyle=ISO -c intervalstyle=postgres")
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=busy_seconds,
        connect_args={**defaults, "options": " ".join(options), "client_encoding": "utf8"},
    )

    @event.listens_for(engine, "connect")
    def refuse_other_encodings(connection: Any, _: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise database_error(
                "database-encoding",
                f"the database {where(engine)} keeps text as {encoding}, which cannot hold every text",
                "make one with: CREATE DATABASE segocr ENCODING 'UTF8' TEMPLATE template0",
            )

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that may write; commit at the end, roll back on any exception.

    Raises:
        DatabaseError: See ``translated``.
    """
    with translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that only reads, and so waits for no writer.

    Raises:
        DatabaseError: See ``translated``.
    """
    with translated(engine), engine.execution_options(segocr_reads=True).begin() as connection:
        yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn a driver's exceptions into ``DatabaseError``.

    Raises:
        DatabaseError: ``database-locked``, ``-full``, ``-unreachable`` (these three are transient),
            ``-read-only``, ``-no-access``, ``-broken``, ``view-in-use`` or ``database``; as they come,
            ``database-missing`` and ``-replaced`` (transient, too; see ``db.databasefile``).
    """
    try:
        yield
    except DBAPIError as error:
        raise driver_error(engine, error.orig) from error
    except sqlite3.Error as error:
        raise driver_error(engine, error) from error
    except PoolTimeout as error:
        raise database_error("database-locked", f"no connection to {where(engine)} became free") from error


def where(engine: Engine) -> str:
    """Return the database's place as a person may see it: no password."""
    secrets = [name for name in engine.url.query if "password" in name.lower()]
    return engine.url.difference_update_query(secrets).render_as_string(hide_password=True)


def driver_error(engine: Engine, error: BaseException | None) -> DatabaseError:
    """Return what a driver's exception means; see ``translated``."""
    code = _code_of(error)
    message = _MESSAGES[code].format(where=where(engine))
    said = str(error).strip().splitlines()[:1]
    if code == "view-in-use":  # which ones, PostgreSQL says in a second line
        said += filter(None, [getattr(getattr(error, "diag", None), "message_detail", None)])
    return database_error(code, f"{message} ({'; '.join(said)})" if said else message, _hint(engine, code))


def _hint(engine: Engine, code: str) -> str | None:
    """Return what to do, where it depends on the database; None: what the code's own hint says."""
    if engine.dialect.name != "sqlite":
        return _POSTGRESQL_HINTS.get(code)
    if code not in ("database-read-only", "database-unreachable"):
        return None
    # Who reads a database makes the files beside it, if they are allowed to, and leaves them after a crash.
    path = str(engine.url.database)
    beside = [f"{path}{end}" for end in ("-wal", "-shm")]
    foreign = [file for file in beside if Path(file).exists() and not os.access(file, os.R_OK | os.W_OK)]
    if not foreign:
        return None
    return f"another user's files lie beside it: chown --reference={path} {' '.join(foreign)}"


def _code_of(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        return _SQLITE_CODES.get(getattr(error, "sqlite_errorcode", -1) & 0xFF, "database")
    state = getattr(error, "sqlstate", None)
    if state is None:  # psycopg could not connect, or lost the server
        lost = type(error).__name__ in ("OperationalError", "ConnectionTimeout", "AdminShutdown")
        return "database-unreachable" if lost else "database"
    return next((code for start, code in _POSTGRESQL_CODES.items() if state.startswith(start)), "database")
