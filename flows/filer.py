"""What ended is filed: its file put where it stays, its end told, and the ledger told of a chunk at once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from db.connect import Engine
from db.ended import find_ended
from flows.inboxes import Inboxes
from segocr.errors import DatabaseError, SegocrError
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.filing import file_ended, put_away
from segocr.service.logs import tell

_log = logging.getLogger("segocr.watch")


@dataclass(frozen=True, slots=True)
class Ended:
    """One arrival's end, as logs and events tell it: no file name, no field's value.

    Attributes:
        arrival: Its id.
        sha256: Of its bytes.
        template: None where no template took it.
        state: ``extracted``, ``needs_review`` or ``failed``.
        code: Code of its first problem, if it has one.
    """

    arrival: uuid.UUID
    sha256: str | None
    template: str | None
    state: State
    code: str | None


def tell_failed(engine: Engine, failed: Collection[uuid.UUID], told: Callable[[Ended], None] | None) -> None:
    """Tell of arrivals that failed where nobody processed them: in sweeps and repairs."""
    if failed and told is not None:
        for one in find_ended(engine, ids=failed):
            told(Ended(one.id, one.sha256, None, one.state, one.code))


class Filer:
    """Files what ended.

    Args:
        inboxes: Those of a workspace.
        told: Called with each arrival's end.

    Attributes:
        resting: Inboxes of which nothing is to be taken for now, because what ended cannot be filed.
    """

    def __init__(self, inboxes: Inboxes, told: Callable[[Ended], None] | None) -> None:
        self._inboxes = inboxes
        self._told = told
        self._put_away: dict[uuid.UUID, Path | None] = {}
        self.resting: dict[str | None, SegocrError] = {}

    def file_before(self) -> None:
        """File what ended and could not be filed then; where that fails still, the inbox rests."""
        self.resting = {}
        self._put_away = {}  # of these, too, the ledger knows that they are not filed
        for key, inbox in self._inboxes.by_key.items():
            try:
                file_ended(inbox, self._inboxes.places, self._inboxes.ledger, self._inboxes.owner)
            except SegocrError as error:
                if isinstance(error, DatabaseError) or not error.transient:
                    raise
                self.resting[key] = error

    def file(self, arrival: Arrival, template: str | None, state: State, code: str | None) -> None:
        """Put an ended arrival's file away, and tell of its end; ``note`` tells the ledger."""
        inbox = self._inboxes.by_key[arrival.inbox]
        try:
            self._put_away[arrival.id] = put_away(inbox, self._inboxes.places, arrival, state, code)
        except SegocrError as error:
            if not error.transient:
                raise
            tell(_log, logging.WARNING, "filed later", arrival=arrival.id, code=error.code)
        if self._told is not None:
            self._told(Ended(arrival.id, arrival.sha256, template, state, code))

    def note(self) -> None:
        """Tell the ledger what was put away."""
        if self._put_away:
            self._inboxes.ledger.filed(self._put_away)
            self._put_away = {}
