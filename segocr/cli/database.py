"""The database that a command works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from segocr.errors import ConfigurationError

if TYPE_CHECKING:
    from db.connect import Engine
    from segocr.settings import Settings


def workspace_database(settings: Settings | None = None, *, made: bool = False) -> Engine:
    """Return the engine of the database that the settings name; nothing is connected or created yet.

    Args:
        settings: Of the workspace; None: they are read.
        made: Whether SQLite's file must be there already, because a service works with it.

    Raises:
        ConfigurationError: ``no-database`` outside a workspace; ``database-url``.
    """
    from db.connect import open_database
    from segocr.settings import load_settings

    settings = settings or load_settings()
    if settings.database_url is None:
        raise ConfigurationError(
            "no database is named: this folder is in no workspace",
            code="no-database",
            hint="run `segocr init`, go to a workspace, or set SEGOCR_DATABASE_URL",
        )
    return open_database(settings.database_url, folder=settings.workspace, made=made)


@contextmanager
def opened_database() -> Iterator[Engine]:
    """Give the workspace's database, and close its connections afterwards.

    Raises:
        ConfigurationError: As ``workspace_database``.
    """
    engine = workspace_database()
    try:
        yield engine
    finally:
        engine.dispose()
