"""Rows of arrivals in a transaction: picked, leased, held, ended; ``db.arrivals`` makes the transactions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, case, or_, select, text, update

from db.connect import database_error
from db.tables import ArrivalRow, DocumentRow, table_of
from segocr.inbox import nolinks
from segocr.inbox.arrivals import Arrival, Sighting, State

ENDED = (State.EXTRACTED.value, State.NEEDS_REVIEW.value, State.FAILED.value)
MANY = 500
"""Values in one IN (…)."""
FILING_SECONDS = 60.0
_SLACK_SECONDS = 60.0
"""What a lease may reach beyond its length: others look at the clock a moment later. No pause is longer."""


def taken() -> ColumnElement[bool]:
    """Choose arrivals that lie ready: hashed, not begun; taken by whoever has a lease."""
    return and_(ArrivalRow.state == State.CLAIMED.value, ArrivalRow.sha256.is_not(None))


# Statements of every document, built once: building one takes as long as SQLite takes to run it.
_HOLD = (
    select(ArrivalRow.id)
    .where(
        ArrivalRow.id.in_(bindparam("arrivals", expanding=True)), ArrivalRow.lease_owner == bindparam("owner")
    )
    .where(or_(taken(), ArrivalRow.state.in_((State.EXTRACTING.value, *ENDED))))
    .order_by(ArrivalRow.id)
    .with_for_update()
)
_DOCUMENT = select(DocumentRow.id).where(DocumentRow.sha256 == ArrivalRow.sha256).correlate(ArrivalRow)
_END = (
    update(table_of(ArrivalRow))
    .where(ArrivalRow.id == bindparam("arrival"))
    .values(document_id=_DOCUMENT.scalar_subquery())
)


def expired(now: datetime, seconds: float) -> ColumnElement[bool]:
    """Choose leases that have ended, and those that nobody can have been given: the clock was set back.

    Args:
        now: The time.
        seconds: How long leases last. A pause is a lease without an owner, and shorter.
    """
    until = ArrivalRow.lease_until
    pause = and_(ArrivalRow.lease_owner.is_(None), until > now + timedelta(seconds=_SLACK_SECONDS))
    return or_(until < now, until > now + timedelta(seconds=seconds + _SLACK_SECONDS), pause)


def forgiven(until: datetime) -> dict[str, Any]:
    """Return the values that let begun arrivals go for no fault of theirs; the last attempt does not count.

    Only what is tried alone has attempts, and it goes on so: nobody takes it with others until it ends.

    Args:
        until: When their rest is over: a moment that has passed, if there is none.
    """
    alone = ArrivalRow.attempts > 0
    return {
        "state": case((alone, State.EXTRACTING.value), else_=State.CLAIMED.value),
        "attempts": case((alone, ArrivalRow.attempts - 1), else_=0),
        "lease_owner": None,
        "lease_until": until,
    }


def time_of(connection: Connection) -> datetime:
    """Return the database's time, so that machines with different clocks agree; SQLite has the machine's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class End:
    """How an arrival ended: its state, and the first problem's code and message if it has one."""

    arrival: uuid.UUID
    state: State
    code: str | None = None
    message: str | None = None


def hold_arrivals(connection: Connection, arrivals: Sequence[uuid.UUID], owner: str | None) -> None:
    """Lock arrivals' rows, if ``owner`` still has them; or ended them, since a store may be tried again.

    Raises:
        DatabaseError: ``lease-lost``, if it has not all of them.
    """
    held: set[uuid.UUID] = set()
    for some in chunks(sorted(arrivals)):  # in order, so that two who lock never wait for each other
        held.update(connection.scalars(_HOLD, {"arrivals": some, "owner": owner}))
    lost = next((arrival for arrival in arrivals if arrival not in held), None)
    if lost is not None:
        raise database_error(
            "lease-lost",
            f"arrival {lost} is another worker's by now",
            "nothing is lost: that one stores it",
        )


def end_arrivals(connection: Connection, ends: Sequence[End], *, now: datetime | None = None) -> None:
    """Note arrivals' ends in the transaction of ``connection``: together with their records' rows.

    Whoever ended them has a minute to file them before anybody else does.
    """
    now = now or time_of(connection)
    rows = [
        {
            "arrival": end.arrival,
            "state": end.state.value,
            "last_problem_code": end.code,
            "last_problem": end.message,
            "lease_until": now + timedelta(seconds=FILING_SECONDS),
            "ended_at": now,
        }
        for end in ends
    ]
    if rows:
        connection.execute(_END, rows)


def pick(
    connection: Connection,
    free: Any,
    values: dict[str, Any],
    *,
    limit: int | None = None,
    but: Set[uuid.UUID] = frozenset(),
) -> list[Arrival]:
    """Update free rows that nobody else is updating, none of those in ``but``; return them, oldest first."""
    chosen = (
        select(ArrivalRow.id)
        .where(free)
        .order_by(ArrivalRow.received_at, ArrivalRow.path, ArrivalRow.id)
        .limit(None if limit is None else limit + len(but))  # left out here: they may be too many for SQL
        .with_for_update(skip_locked=True)
    )
    ids = [one for one in connection.scalars(chosen) if one not in but][:limit]
    if not ids:
        return []
    for some in chunks(ids):
        connection.execute(update(ArrivalRow).where(ArrivalRow.id.in_(some)).values(values))
    rows = [
        row
        for some in chunks(ids)
        for row in connection.execute(select(ArrivalRow.__table__).where(ArrivalRow.id.in_(some)))
    ]
    place = {id_: index for index, id_ in enumerate(ids)}
    return sorted((arrival_of(row) for row in rows), key=lambda arrival: place[arrival.id])


def chunks(ids: Sequence[uuid.UUID]) -> list[Sequence[uuid.UUID]]:
    """Return the ids in parts of at most ``MANY``."""
    return [ids[start : start + MANY] for start in range(0, len(ids), MANY)]


def lease(owner: str, now: datetime, seconds: float) -> dict[str, Any]:
    """Return the values that make ``owner`` hold a row for so many seconds."""
    return {"lease_owner": owner, "lease_until": now + timedelta(seconds=seconds)}


def is_in_inbox(inbox: str, path: str, size: int, mtime_ns: int) -> bool:
    """Whether an inbox has a file as it was last seen there; a new one of its name is not it."""
    with suppress(OSError):
        found = nolinks.look(Path(inbox), path)
        return (found.st_size, found.st_mtime_ns) == (size, mtime_ns)
    return False


def new_row(inbox: str, sighting: Sighting, now: datetime, workspace: Path | None) -> dict[str, Any]:
    """Return the row of a file that is seen for the first time."""
    return {
        "id": uuid.uuid4(),
        "inbox": inbox,
        "workspace": None if workspace is None else str(workspace),
        "path": sighting.path,
        "size": sighting.size,
        "mtime_ns": sighting.mtime_ns,
        "state": State.RECEIVED.value,
        "attempts": 0,
        "received_at": now,
        "steady_since": now,
    }


def arrival_of(row: Row[Any]) -> Arrival:
    """Return what a whole row of the table says."""
    return Arrival(
        id=row.id,
        inbox=row.inbox,
        path=row.path,
        size=row.size,
        mtime_ns=row.mtime_ns,
        state=State(row.state),
        attempts=row.attempts,
        received_at=row.received_at,
        steady_since=row.steady_since,
        place=None if row.place is None else Path(row.place),
        sha256=row.sha256,
        template=row.template,
        problem=row.last_problem_code,
    )
