"""Failed arrivals, for whoever tells of them: extraction, a sweep or a repair may have ended them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from db.arrivals import Arrivals
from db.connect import reading
from db.tables import ArrivalRow, ExtractionRow
from segocr.inbox.arrivals import State

_OVERLAP = timedelta(seconds=60)
"""A row may be seen so much later than the moment that it notes."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One arrival that failed, and when; its template and digest are None where they are not known."""

    arrival: uuid.UUID
    sha256: str | None
    template: str | None
    code: str | None
    at: datetime


class Failures:
    """Finds each failure once.

    Args:
        engine: From ``db.connect.open_database``.
        inboxes: Keys of those whose failures count.
        after: A moment; what failed until then is known.

    Raises:
        DatabaseError: It cannot be asked.
    """

    def __init__(self, engine: Engine, inboxes: Collection[str], after: datetime) -> None:
        self._engine = engine
        self._inboxes = list(inboxes)
        self._until = min(after, Arrivals(engine).now())
        self._known = {one for one in self._since(self._until) if one.at <= self._until}

    def news(self) -> list[Failure]:
        """Return what failed since the last call, oldest first.

        Raises:
            DatabaseError: It cannot be asked; the next call returns what this one did not.
        """
        now = Arrivals(self._engine).now()
        found = self._since(min(now, self._until))
        # After the clock was set back it is not known what is new: a repeated alert is worse than a late one.
        new = [one for one in found if one not in self._known] if now >= self._until else []
        self._until, self._known = now, set(found)
        return new

    def _since(self, moment: datetime) -> list[Failure]:
        template = (
            select(ExtractionRow.template)
            .where(ExtractionRow.arrival_id == ArrivalRow.id)
            .order_by(ExtractionRow.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(
                ArrivalRow.id, ArrivalRow.sha256, template, ArrivalRow.last_problem_code, ArrivalRow.ended_at
            )
            .where(
                ArrivalRow.state == State.FAILED.value,
                ArrivalRow.ended_at >= moment - _OVERLAP,
                ArrivalRow.inbox.in_(self._inboxes),
            )
            .order_by(ArrivalRow.ended_at)
        )
        with reading(self._engine) as connection:
            return [Failure(*row) for row in connection.execute(query)]
