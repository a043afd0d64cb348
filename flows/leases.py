"""Leases of what this process works on, prolonged for as long as it does."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from db.arrivals import Arrivals
from segocr.errors import DatabaseError
from segocr.service.logs import tell

_log = logging.getLogger("segocr.watch")


@contextmanager
def leases_renewed(
    ledger: Arrivals, owner: str, held: Callable[[], Collection[uuid.UUID]], seconds: float
) -> Iterator[None]:
    """Prolong leases in a thread of its own, a third of their length apart, for a ``with`` block.

    A long document is nobody else's while it is read. What another worker has taken all the same, because
    this process or the database stood still, stays that one's: storing it fails with ``lease-lost``.

    Args:
        ledger: Whose clock counts.
        owner: Who holds them.
        held: Says what is in hand now; asked in that thread.
        seconds: How long they last.
    """
    over = threading.Event()

    def renew() -> None:
        pause = seconds / 3
        while not over.wait(pause):
            try:
                ids = list(held())
                lost = set(ids) - ledger.renew(owner, ids, seconds) if ids else set()
            except DatabaseError as error:
                tell(_log, logging.WARNING, "leases not renewed", code=error.code)
                pause = seconds / 30  # there is time to try it several times
            else:
                pause = seconds / 3
                still = set(held())
                for arrival in lost & still:
                    tell(_log, logging.WARNING, "lease lost", arrival=arrival)

    thread = threading.Thread(target=renew, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
