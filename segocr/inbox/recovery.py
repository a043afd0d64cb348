"""Recovery: what a crash left in the middle is finished at the next sweep."""

from __future__ import annotations

import uuid
from pathlib import Path

from segocr.inbox import nolinks
from segocr.inbox.arrivals import Arrival, Ledger, State
from segocr.inbox.filing import file_ended
from segocr.inbox.holding import CLAIM_SECONDS, Hold
from segocr.inbox.places import Inbox, Places
from segocr.inbox.taking import cannot_move, move_claimed


def recover(inbox: Inbox, places: Places, ledger: Ledger, owner: str) -> list[uuid.UUID]:
    """Go on where a crash stopped: finish claims that were not moved, file what ended and was not filed.

    Returns:
        Arrivals that failed, because their files are gone from ``work/``.
    """
    failed: list[uuid.UUID] = []
    there: list[Arrival] = []
    for arrival in ledger.abandoned(owner, inbox.key, CLAIM_SECONDS):
        if places.claimed(arrival.id, arrival.name).exists() or not _is_gone(arrival):
            there.append(arrival)
        elif arrival.place is None:
            # The next sweep drops it if it is gone. Failed, it would never be taken again, though all that
            # happened may be that the inbox is not mounted just now: then it is an empty folder.
            ledger.give_back([arrival.id], owner)
        else:
            ledger.end(arrival.id, State.FAILED, "vanished", "the file is neither in the inbox nor in work")
            ledger.filed({arrival.id: None})
            failed.append(arrival.id)
    _, failure = move_claimed(inbox, places, ledger, Hold(ledger, owner, there))
    file_ended(inbox, places, ledger, owner)
    if failure is not None:
        raise cannot_move(inbox, places, failure) from failure
    return failed


def _is_gone(arrival: Arrival) -> bool:
    if arrival.place is not None:
        return not arrival.place.exists()
    return nolinks.is_gone(Path(arrival.inbox), arrival.path)
