"""The file of an SQLite database, noticed when somebody removes it or puts another one in its place.

SQLite itself would go on writing into a file that no path leads to any more, and take the log beside it
(``-wal``), which belongs to the file that is gone, for the new one's.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from segocr.errors import DatabaseError

Identity = tuple[int, int] | None
"""Device and inode of a file; None if there is none."""


class Opened(NamedTuple):
    """The files that a connection opened: the database, its log, and the index of that."""

    database: Identity
    log: Identity
    its_index: Identity


class DatabaseFile:
    """Where an engine's database lies.

    Args:
        path: Absolute.
        made: Whether it must be there already.
    """

    def __init__(self, path: Path, *, made: bool = False) -> None:
        self._log, self._index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
        self._path = path
        self._made = made
        self._left = False
        self._revision: str | None = None
        """Of the tables in the file that was left."""

    def make(self) -> None:
        """Make an empty file if there is none.

        Raises:
            DatabaseError: ``database-missing`` (transient): there was one; who works on makes no other.
        """
        if not self._path.parent.is_dir() or self._path.exists():
            return
        if self._made:
            raise self.lost()
        # Records are personal data: the file is its owner's alone (its -wal and -shm follow it).
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))

    def opened(self, connection: sqlite3.Connection) -> Opened:
        """Return what a new connection opened; a file that came in another one's place must have its tables.

        Raises:
            DatabaseError: ``database-replaced`` (transient); the connection is closed.
        """
        if self._left and _revision(connection) != self._revision:
            connection.close()
            raise self.lost()
        self._left, self._made = False, True
        return Opened(*map(_identity, (self._path, self._log, self._index)))

    def is_same(self, opened: Opened) -> bool:
        """Say whether the path still leads to the file that a connection opened."""
        return opened.database == _identity(self._path)

    def leave(self, connection: sqlite3.Connection, opened: Opened) -> bool:
        """Give the file that is gone all that its log holds, so that no other file gets it.

        Args:
            connection: Outside of a transaction; to be closed then.
            opened: What it opened.

        Returns:
            False if somebody still reads the log; it is to be tried again.
        """
        revision = _revision(connection)
        log = _identity(self._log)
        if log in (opened.log, None) and not write_back(connection) and log is not None:
            return False
        for path, identity in ((self._log, opened.log), (self._index, opened.its_index)):
            if identity == _identity(path):
                path.unlink(missing_ok=True)
        self._left, self._revision = True, revision
        return True

    def lost(self) -> DatabaseError:
        """Return the error for what became of the file: ``database-missing`` or ``database-replaced``."""
        if self._path.exists():
            return _transient(
                f"another file came in the place of the database {self._path}",
                "database-replaced",
                "all goes on by itself if that is a database of this version; if not, put a backup there, or "
                "run `segocr db upgrade`",
            )
        return _transient(
            f"the database {self._path} was removed",
            "database-missing",
            "put it or a backup back, and all goes on by itself; or begin anew with `segocr db upgrade`",
        )


def _transient(message: str, code: str, hint: str) -> DatabaseError:
    error = DatabaseError(message, code=code, hint=hint)
    error.transient = True
    return error


def _identity(path: Path) -> Identity:
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _revision(connection: sqlite3.Connection) -> str | None:
    """Return the version of the tables; None: there are none, or the file is no database."""
    with suppress(sqlite3.Error):
        for (revision,) in connection.execute("SELECT version_num FROM alembic_version"):
            return str(revision)
    return None


def write_back(connection: sqlite3.Connection) -> bool:
    """Write what the log holds into its own file, and empty it.

    Args:
        connection: Outside of a transaction; for as long as it waits for a lock, it waits for readers.

    Returns:
        False if somebody reads there still.
    """
    with suppress(sqlite3.Error):
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    return False
