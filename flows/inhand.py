"""The arrivals that a batch has in hand: begun, looked at once more before they are stored, and ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from db.arrivals import Arrivals
from db.store import outcome
from flows.batch import Item
from flows.twins import Twins
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.claimed import is_unchanged, put_back
from segocr.records import Record
from segocr.work import Work

OnRecords = Callable[[Work, Sequence[Record]], None]
End = Callable[[Arrival, str, State, str | None], None]


class InHand:
    """What becomes of one template's arrivals while their batch runs.

    Args:
        template: Its name.
        taken: By id, what this process holds; what ends, or changed meanwhile, is taken out of it.
        twins: Which arrivals wait for which.
        ledger: Where they are begun and given back.
        owner: Under which name they are held.
        end: Called with each arrival that ended, the template, its state and the code of its first problem.
        told: Called with each document's records when they are stored.
    """

    def __init__(
        self,
        template: str,
        taken: dict[uuid.UUID, Arrival],
        twins: Twins,
        ledger: Arrivals,
        owner: str,
        *,
        end: End,
        told: OnRecords | None = None,
    ) -> None:
        self._template = template
        self._taken = taken
        self._twins = twins
        self._ledger = ledger
        self._owner = owner
        self._end = end
        self._told = told

    def begin(self, items: Sequence[Item]) -> None:
        """Note that these are worked on from now on."""
        ids = [_id_of(item) for item in items]
        self._ledger.begin(self._owner, ids)
        self._twins.begin(ids)

    def keep(self, item: Item) -> bool:
        """Say whether a document's records are to be stored: its file is still the one that was read."""
        arrival = self._taken.get(_id_of(item))
        if arrival is None:  # a first try stored it, and stopped behind that
            return False
        if is_unchanged(arrival):
            return True
        put_back(arrival, self._ledger)
        del self._taken[arrival.id]
        return False

    def stored(self, item: Item, work: Work, records: Sequence[Record]) -> None:
        """End an arrival as its records say."""
        state = outcome(records)
        code = next((problem.code for record in records for problem in record.problems), None)
        arrival = self._taken.pop(_id_of(item))
        if state is State.FAILED:
            self._twins.fail(arrival, self._template, code)
        self._end(arrival, self._template, state, code)
        if self._told is not None:
            self._told(work, records)


def _id_of(item: Item) -> uuid.UUID:
    assert item.arrival is not None
    return item.arrival
