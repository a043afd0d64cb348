"""How the arrivals stand, at a glance: counts, rates, what waits longest, what failed and what is paused."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from db.arrivalrows import ENDED
from db.arrivals import Arrivals
from db.connect import reading
from db.moves import of_workspace
from db.schema import check_schema
from db.tables import ArrivalRow
from segocr.inbox.arrivals import State
from segocr.inbox.places import Places

_WAITING = (State.RECEIVED.value, State.CLAIMED.value, State.EXTRACTING.value)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Oldest:
    """The arrival that waits longest: id, inbox, path below it, state, seconds since it was first seen."""

    arrival: uuid.UUID
    inbox: str
    path: str
    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Files of an inbox that nobody takes for now, the code of why not, and until when."""

    inbox: str
    code: str
    files: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ArrivalsStatus:
    """How the arrivals stand.

    Attributes:
        states: Arrivals by state, every state named.
        inboxes: The same by inbox, without zeros.
        ended: How many ended in the last minute, hour and day.
        oldest: Which one waits longest; None if none waits.
        failures: Failed arrivals of the last day by code, most first.
        paused: What rests, though it is claimed.
    """

    states: dict[str, int]
    inboxes: dict[str, dict[str, int]]
    ended: dict[str, int]
    oldest: Oldest | None
    failures: dict[str, int]
    paused: tuple[Pause, ...]


def arrivals_status(engine: Engine, places: Places | None = None) -> ArrivalsStatus:
    """Return how the arrivals stand now; with a workspace's folders, only its own.

    Raises:
        DatabaseError: The database cannot be asked.
    """
    check_schema(engine)
    now, own = Arrivals(engine).now(), of_workspace(places)
    with reading(engine) as connection:
        inboxes = _by_inbox(connection, own)
        states = {
            state.value: sum(counts.get(state.value, 0) for counts in inboxes.values()) for state in State
        }
        spans = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": _DAY}
        ended = {name: _ended_since(connection, own, now - span) for name, span in spans.items()}
        return ArrivalsStatus(
            states,
            inboxes,
            ended,
            _oldest(connection, own, now),
            _failures(connection, own, now - _DAY),
            _paused(connection, own, now),
        )


def failures_within(engine: Engine, span: timedelta, places: Places | None = None) -> dict[str, int]:
    """Return how many arrivals failed lately (of a workspace), by the code of their problem, most first."""
    since = Arrivals(engine).now() - span
    with reading(engine) as connection:
        return _failures(connection, of_workspace(places), since)


def pauses(engine: Engine, places: Places | None = None) -> tuple[Pause, ...]:
    """Return what rests, though it is claimed; with a workspace's folders, only of its own."""
    now = Arrivals(engine).now()
    with reading(engine) as connection:
        return _paused(connection, of_workspace(places), now)


def _by_inbox(connection: Connection, own: ColumnElement[bool]) -> dict[str, dict[str, int]]:
    query = (
        select(ArrivalRow.inbox, ArrivalRow.state, func.count())
        .where(own)
        .group_by(ArrivalRow.inbox, ArrivalRow.state)
    )
    found: dict[str, dict[str, int]] = {}
    for inbox, state, count in connection.execute(query):
        found.setdefault(inbox, {})[state] = count
    return found


def _ended_since(connection: Connection, own: ColumnElement[bool], moment: datetime) -> int:
    query = select(func.count()).where(ArrivalRow.state.in_(ENDED), ArrivalRow.ended_at >= moment, own)
    return connection.scalar(query) or 0


def _oldest(connection: Connection, own: ColumnElement[bool], now: datetime) -> Oldest | None:
    row = connection.execute(
        select(ArrivalRow.id, ArrivalRow.inbox, ArrivalRow.path, ArrivalRow.state, ArrivalRow.received_at)
        .where(ArrivalRow.state.in_(_WAITING), own)
        .order_by(ArrivalRow.received_at)
        .limit(1)
    ).first()
    if row is None:
        return None
    return Oldest(row.id, row.inbox, row.path, row.state, (now - row.received_at).total_seconds())


def _failures(connection: Connection, own: ColumnElement[bool], since: datetime) -> dict[str, int]:
    query = (
        select(func.coalesce(ArrivalRow.last_problem_code, "unknown"), func.count())
        .where(ArrivalRow.state == State.FAILED.value, ArrivalRow.ended_at >= since, own)
        .group_by(ArrivalRow.last_problem_code)
        .order_by(func.count().desc())
    )
    return {code: count for code, count in connection.execute(query)}


def _paused(connection: Connection, own: ColumnElement[bool], now: datetime) -> tuple[Pause, ...]:
    """Find what was given back because of something other than a document, and was not begun again."""
    # Of what is tried alone, its pause tells it from what is blamed: that is free at once.
    alone = and_(ArrivalRow.state == State.EXTRACTING.value, ArrivalRow.lease_until > now)
    resting = and_(
        or_(ArrivalRow.state == State.CLAIMED.value, alone),
        ArrivalRow.lease_owner.is_(None),
        ArrivalRow.last_problem_code.is_not(None),
    )
    query = (
        select(ArrivalRow.inbox, ArrivalRow.last_problem_code, func.count(), func.max(ArrivalRow.lease_until))
        .where(resting, own)
        .group_by(ArrivalRow.inbox, ArrivalRow.last_problem_code)
    )
    return tuple(
        Pause(inbox, str(code), files, until) for inbox, code, files, until in connection.execute(query)
    )
