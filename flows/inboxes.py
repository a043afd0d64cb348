"""A workspace's inboxes, opened by one process under a name that its successor takes over."""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from pathlib import Path
from typing import TextIO

from db.arrivals import Arrivals
from db.connect import Engine
from db.orphans import mend_orphans
from segocr.inbox import recover, sweep
from segocr.places import check_places, inboxes_in, places_in
from segocr.settings import Settings


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
        ConfigurationError: ``inbox-overlap``, ``inbox-read-only``.
    """

    def __init__(self, settings: Settings, engine: Engine, role: str, *, forgive: bool = False) -> None:
        workspace = settings.workspace or Path.cwd()
        self._engine = engine
        self.ledger = Arrivals(engine)
        self.places = places_in(settings)
        self.by_key = {inbox.key: inbox for inbox in inboxes_in(settings)}
        check_places(list(self.by_key.values()), self.places)
        self._lock = (workspace / f".{role}.lock").open("w")
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

    def sweep(self) -> tuple[int, int]:
        """Look at every inbox once.

        Returns:
            How many files are ready to be extracted since, and how many still settle.

        Raises:
            SegocrError: As ``segocr.inbox.sweep``; the other inboxes were looked at.
        """
        mend_orphans(self._engine, list(self.by_key.values()), self.places)
        ready = waiting = 0
        failure: Exception | None = None
        for inbox in self.by_key.values():
            try:
                recover(inbox, self.places, self.ledger, self.owner)
                swept = sweep(inbox, self.places, self.ledger, self.owner)
            except Exception as error:
                failure = error
            else:
                ready += len(swept.ready)
                waiting += swept.waiting
        if failure is not None:
            raise failure
        return ready, waiting


def take_lock(file: TextIO) -> bool:
    """Lock a file for this process, as long as it lives; False if another one has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
