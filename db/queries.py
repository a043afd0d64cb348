"""Read-only SQL for people: no writing, no ATTACH, a limit of rows, of memory and of time."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine

from db.connect import database_error, driver_error, translated
from db.exact import register_exact_sums, register_types
from db.schema import check_schema
from segocr.errors import SegocrError, UsageError

ROW_LIMIT = 1000
SIZE_LIMIT = 256 << 20
"""Bytes of memory that an answer may take."""
TIME_LIMIT = 30.0
_LONGEST_VALUE = 64 << 20  # bytes of one SQLite value or statement
_STEPS = 10_000  # SQLite's virtual machine steps between two looks at the clock
_MOST_ROWS = 2**31 - 1  # the largest number that PostgreSQL's FETCH knows

_ALLOWED = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_FUNCTION,
    }
)
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*([^\s(;]+)", re.DOTALL)
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info"})
_POSTGRESQL_MISTAKES = ("08P01", "0A", "21", "22", "25001", "2F", "38", "39", "3F", "42", "P0")
"""Starts of SQLSTATEs that tell of the statement."""
_PATIENCE = 15.0  # seconds
_FUNCTIONS_DENIED = frozenset({"load_extension", "fts3_tokenizer", "writefile", "edit"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's result.

    Attributes:
        columns: Names, in order.
        rows: Values, in order: str, int, float, Decimal, date, datetime, bool, bytes, None.
        truncated: The row limit cut it.
        seconds: How long it took.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class _Limits:
    rows: int
    size: int
    seconds: float


def run_query(
    engine: Engine,
    sql: str,
    *,
    row_limit: int = ROW_LIMIT,
    size_limit: int = SIZE_LIMIT,
    time_limit: float = TIME_LIMIT,
) -> Answer:
    """Run one SELECT.

    Args:
        engine: From ``db.connect.open_database``.
        sql: One statement that only reads.
        row_limit: More rows are not fetched.
        size_limit: Bytes of memory that the rows may take.
        time_limit: Seconds.

    Raises:
        UsageError: ``query`` for SQL that is wrong, ``query-forbidden`` for SQL that would do more than read.
        DatabaseError: ``query-timeout``, ``query-too-large``, or the database cannot be asked.
    """
    check_schema(engine)
    sql = sql.strip().rstrip(";").rstrip()
    _refuse_other_statements(sql)
    start = time.monotonic()
    run = _run_sqlite if engine.dialect.name == "sqlite" else _run_postgresql
    columns, rows = run(engine, sql, _Limits(min(row_limit + 1, _MOST_ROWS), size_limit, time_limit))
    return Answer(
        tuple(columns),
        tuple(rows[:row_limit]),
        truncated=len(rows) > row_limit,
        seconds=time.monotonic() - start,
    )


def _refuse_other_statements(sql: str) -> None:
    """Say it plainly where the text itself already tells; what protects the database comes below."""
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise _mistaken("it is not UTF-8") from error
    word = _FIRST_WORD.match(sql)
    if word is None:
        raise _mistaken("it is empty")
    if word[1].lower() not in ("select", "with", "values"):
        raise _forbidden(f"it starts with {word[1][:20]!r}")


def _counted(rows: Iterable[tuple[Any, ...]], size_limit: int) -> list[tuple[Any, ...]]:
    """Take all rows, one at a time, so that no more is held than the limit allows and one row."""
    taken: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += _size(row)
        if size > size_limit:
            raise _too_large(size_limit)
        taken.append(row)
    return taken


def _size(value: object) -> int:
    """Return the bytes that a value takes in memory, with all that is in it."""
    size = sys.getsizeof(value)
    if isinstance(value, tuple | list):
        size += sum(map(_size, value))
    elif isinstance(value, dict):
        size += sum(_size(name) + _size(entry) for name, entry in value.items())
    return size


def _run_sqlite(engine: Engine, sql: str, limits: _Limits) -> tuple[list[str], list[Any]]:
    with translated(engine), closing(_read_only_sqlite(Path(str(engine.url.database)))) as connection:
        deadline = time.monotonic() + limits.seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        with _interruptible(connection), _sqlite_mistakes(limits.seconds):
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return names, _counted(islice(cursor, limits.rows), limits.size)


@contextmanager
def _interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Let Ctrl-C end a query: raised within one of SQLite's calls back, it would be an error of its SQL."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def note(*_: object) -> None:
        nonlocal came
        came = True
        connection.interrupt()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _read_only_sqlite(path: Path) -> sqlite3.Connection:
    register_types()
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro", uri=True, timeout=15, detect_types=sqlite3.PARSE_DECLTYPES
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    register_exact_sums(connection)
    connection.set_authorizer(_authorise)
    return connection


def _authorise(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Allow reading, and nothing that is not known to be reading."""
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS_DENIED:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


@contextmanager
def _sqlite_mistakes(seconds: float) -> Iterator[None]:
    try:
        yield
    except sqlite3.Warning as error:  # what Python 3.11 says to a second statement
        raise _forbidden("only one statement is allowed") from error
    except (sqlite3.DatabaseError, sqlite3.DataError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            raise _too_slow(seconds) from error
        if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
            raise _forbidden(str(error)) from error
        if isinstance(error, sqlite3.ProgrammingError) and "one statement" in str(error):
            raise _forbidden("only one statement is allowed") from error
        if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH):
            raise _mistaken(str(error)) from error
        raise


def _run_postgresql(engine: Engine, sql: str, limits: _Limits) -> tuple[list[str], list[Any]]:
    with translated(engine), engine.connect() as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError("PostgreSQL is reached by psycopg")
        try:
            with _postgresql_mistakes(engine, limits.seconds), _given_up(raw, 2 * limits.seconds + _PATIENCE):
                return _ask_postgresql(raw, sql, limits)
        finally:
            if raw.closed:  # there is nothing to roll back
                connection.invalidate()
            else:
                raw.rollback()


def _ask_postgresql(raw: psycopg.Connection[Any], sql: str, limits: _Limits) -> tuple[list[str], list[Any]]:
    raw.execute("BEGIN READ ONLY" if raw.autocommit else "SET TRANSACTION READ ONLY")
    raw.execute(f"SET LOCAL statement_timeout = {max(1, int(limits.seconds * 1000))}")
    # A server-side cursor takes one SELECT and nothing else, and stops at the row limit.
    with raw.cursor(name="segocr_query") as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description or ()]
        fetch = f"FETCH FORWARD {limits.rows} FROM segocr_query"
        # Its own fetchmany would hold all these rows before one could be counted; a stream holds one.
        with raw.cursor() as reader, closing(_stream(reader, fetch)) as rows:
            return names, _counted(rows, limits.size)


@contextmanager
def _given_up(raw: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Cut the connection to a server that goes on saying nothing long after it should have given up."""

    def cut() -> None:
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _stream(cursor: psycopg.Cursor[Any], sql: str) -> Generator[tuple[Any, ...]]:
    """Give a statement's rows; to close it before the last one cancels the statement."""
    yield from cursor.stream(sql)


@contextmanager
def _postgresql_mistakes(engine: Engine, seconds: float) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        why = str(error).splitlines()[0] if str(error) else "unknown"
        state = error.sqlstate or ""
        if state == "57014":
            raise _too_slow(seconds) from error
        if state == "25006":
            raise _forbidden(why) from error
        if state.startswith("54") or state == "53400":
            raise _beyond(why) from error
        told = state.startswith(_POSTGRESQL_MISTAKES) if state else _is_ours(error)
        if told and state != "42501":
            raise _mistaken(why) from error
        raise driver_error(engine, error) from error


def _is_ours(error: psycopg.Error) -> bool:
    """Whether the driver itself refused the statement, or a value that the server gave."""
    return isinstance(error, psycopg.ProgrammingError | psycopg.DataError | psycopg.NotSupportedError)


def _forbidden(why: str) -> SegocrError:
    return UsageError(
        f"the query would do more than read: {why}",
        code="query-forbidden",
        hint="`segocr query` takes one SELECT",
    )


def _mistaken(why: str) -> SegocrError:
    return UsageError(
        f"the query is wrong: {why}", code="query", hint="`segocr db views` lists the views and their columns"
    )


def _too_large(size: int) -> SegocrError:
    return database_error(
        "query-too-large",
        f"the query's answer takes more than {size / (1 << 20):.3g} MB of memory",
        "ask for fewer columns or rows (--limit), or in parts: ... order by ... limit 1000 offset 1000",
    )


def _beyond(why: str) -> SegocrError:
    return database_error(
        "query-too-large", f"the query takes more than the server allows: {why}", "ask for less, or in parts"
    )


def _too_slow(seconds: float) -> SegocrError:
    return database_error(
        "query-timeout", f"the query took longer than {seconds:g} s", "ask for less, or raise --timeout"
    )
