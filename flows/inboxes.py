"""A workspace's inboxes, opened by one process under a name that its successor takes over."""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from db.arrivals import Arrivals
from db.connect import Engine
from db.orphans import mend_orphans
from segocr.errors import ConfigurationError, DatabaseError, SegocrError
from segocr.inbox.places import check_places, check_writable, inboxes_in, places_in
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep
from segocr.service.troubles import lock_file, told
from segocr.settings import Settings


class AllSwept(NamedTuple):
    """What one look at every inbox found.

    Attributes:
        ready: How many files are ready to be extracted since.
        waiting: How many still settle.
        failed: Those that failed: empty or unreadable for too long, or gone.
        problems: What was wrong, by inbox; None: with what all of them need.
        closed: Inboxes that have sub-folders which cannot be listed: all else in them is taken.
    """

    ready: int
    waiting: int
    failed: tuple[uuid.UUID, ...]
    problems: Mapping[str | None, SegocrError]
    closed: Mapping[str | None, SegocrError]


class Inboxes:
    """The inboxes, where their files go, and the ledger.

    Args:
        settings: Of a workspace.
        engine: Its database, upgraded.
        role: What this process does with them. Processes of different roles work side by side; two of one
            role do, too, but only the first has the name whose work is taken up at once after a crash.
        forgive: Whether what a predecessor began and did not end counts for nobody: the machine or the
            whole service stopped.

    Attributes:
        owner: The name that leases are held under.
        ledger: Where arrivals stand.
        places: Where files go.
        by_key: The inboxes, as the ledger names them.

    Raises:
        ConfigurationError: ``inbox-overlap``.
    """

    def __init__(self, settings: Settings, engine: Engine, role: str, *, forgive: bool = False) -> None:
        workspace = settings.workspace or Path.cwd()
        self._engine = engine
        self.ledger = Arrivals(engine, workspace=workspace)
        self.places = places_in(settings)
        inboxes = inboxes_in(settings)
        check_places(inboxes, self.places)
        self.by_key = {inbox.key: inbox for inbox in inboxes}
        self._lock = lock_file(workspace, role).open("a")  # what stands in it is somebody's report
        self.owner = self._sign_in(workspace, role, forgive)

    def _sign_in(self, workspace: Path, role: str, forgive: bool) -> str:
        """Take the role's name on this machine, and what a killed predecessor of that name left."""
        host = socket.gethostname()
        if not take_lock(self._lock):
            return f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        owner = f"{host}:{workspace}:{role}"
        self.ledger.lose(owner, forgive=forgive)
        return owner

    def close(self) -> None:
        """Give the name back."""
        self._lock.close()

    def sweep(self) -> AllSwept:
        """Look at every inbox once; what is wrong with one keeps no other one from being looked at."""
        problems: dict[str | None, SegocrError] = {}
        closed: dict[str | None, SegocrError] = {}
        ready = waiting = 0
        failed: list[uuid.UUID] = []
        with _noted(problems, None):
            failed += mend_orphans(self._engine, list(self.by_key.values()), self.places).failed
        if problems:  # into a work folder that is not the right one nothing is claimed
            return AllSwept(ready, waiting, tuple(failed), problems, closed)
        for inbox in self.by_key.values():
            # Apart from the sweep: where nothing can be filed, new files can still be claimed.
            with _noted(problems, inbox.key):
                failed += recover(inbox, self.places, self.ledger, self.owner)
            with _noted(problems, inbox.key):
                check_writable(inbox)
                swept = sweep(inbox, self.places, self.ledger, self.owner)
                ready += len(swept.ready)
                waiting += swept.waiting
                failed += swept.failed
                if swept.closed:
                    closed[inbox.key] = _closed(len(swept.closed))
        return AllSwept(ready, waiting, tuple(failed), problems, closed)


def _closed(count: int) -> ConfigurationError:
    return ConfigurationError(
        f"{count} sub-folders cannot be listed: what is in them is not taken",
        code="subfolder-closed",
        hint="let this user read them, or name them in `ignore`; the log says which",
    )


@contextmanager
def _noted(problems: dict[str | None, SegocrError], inbox: str | None) -> Iterator[None]:
    """Note the first problem of an inbox; those of the database are nobody's own."""
    try:
        yield
    except DatabaseError as error:
        problems.setdefault(None, error)
    except Exception as error:  # whatever it is, the other inboxes are looked at
        problems.setdefault(inbox, told(error))


def take_lock(file: TextIO) -> bool:
    """Lock a file for this process, as long as it lives; False if another one has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
