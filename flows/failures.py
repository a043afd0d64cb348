"""The failures of a service are told by one process, as events: several processes end documents.

Extraction, sweeps, repairs and scheduled runs do; what they have in common is the database.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from db.connect import open_database
from db.failures import Failure, Failures
from flows.events import emit
from flows.filer import Ended
from segocr.errors import SegocrError
from segocr.inbox.arrivals import State
from segocr.inbox.places import inboxes_in
from segocr.settings import Settings

_LOOK_AGAIN = 5.0


async def tell_failures(settings: Settings) -> None:
    """Emit an event for each document that fails, until cancelled.

    Who starts again goes on after the last one that was told, or with those that an alert would count.
    """
    told = (settings.workspace or Path.cwd()) / ".prefect" / "failures.json"
    engine = open_database(settings.database_url or "", folder=settings.workspace, made=True)
    inboxes = [inbox.key for inbox in inboxes_in(settings)]
    failures: Failures | None = None
    while True:
        with suppress(SegocrError):  # without a database nothing fails, and others tell of that
            if failures is None:
                after = _last_told(told) or datetime.now(UTC) - timedelta(minutes=settings.alert.minutes)
                failures = await asyncio.to_thread(Failures, engine, inboxes, after)
            for failure in await asyncio.to_thread(failures.news):
                emit(_ended(failure))
                _note(told, failure.at)
        await asyncio.sleep(_LOOK_AGAIN)


def _ended(failure: Failure) -> Ended:
    return Ended(failure.arrival, failure.sha256, failure.template, State.FAILED, failure.code)


def _last_told(file: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _note(file: Path, moment: datetime) -> None:
    with suppress(OSError):  # a full disk: after a restart some are told again
        file.write_text(json.dumps(moment.isoformat()))
