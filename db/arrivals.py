"""Arrivals in the database: the ledger of ``segocr.inbox``, and the queue that extraction takes from."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    type_coerce,
    update,
)

from db.arrivalrows import (
    ENDED,
    FILING_SECONDS,
    MANY,
    End,
    arrival_of,
    chunks,
    end_arrivals,
    expired,
    forgiven,
    lease,
    new_row,
    pick,
    taken,
    time_of,
)
from db.connect import reading, writing
from db.tables import ArrivalRow, table_of
from db.types import PathText
from segocr.inbox.arrivals import Arrival, Moved, Sighting, State
from segocr.inbox.workfolder import MISSING, PAUSE_SECONDS

_FILED = (
    update(table_of(ArrivalRow))
    .where(ArrivalRow.id == bindparam("arrival"), or_(*(ArrivalRow.state == state for state in ENDED)))
    .values(place=bindparam("to"), gone=bindparam("nowhere"), filed_at=bindparam("now"), lease_until=None)
)

_UNMOVED = and_(ArrivalRow.state == State.CLAIMED.value, ArrivalRow.sha256.is_(None))
"""Chooses claimed arrivals that are not hashed in their place yet."""


class Arrivals:
    """The ledger (``segocr.inbox.arrivals.Ledger``) over an engine.

    Args:
        engine: From ``db.connect.open_database``; its tables must exist.
        workspace: Whose arrivals those are that it receives and claims: no other workspace of the database
            decides on them.
        clock: Tells the time instead of the database's own clock (for tests).
    """

    def __init__(
        self,
        engine: Engine,
        *,
        workspace: Path | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._engine = engine
        self._workspace = workspace
        self._clock = clock

    def now(self) -> datetime:
        """Return the database's time, so that machines with different clocks agree."""
        if self._clock or self._engine.dialect.name == "sqlite":
            return self._clock() if self._clock else datetime.now(UTC)
        with reading(self._engine) as connection:
            return self._now(connection)

    def _now(self, connection: Connection) -> datetime:
        if self._clock:
            return self._clock()
        return time_of(connection)

    # --- the inbox's side -------------------------------------------------------------------------------

    def waiting(self, inbox: str) -> dict[str, Arrival]:
        """Return the received arrivals of an inbox by path."""
        query = select(ArrivalRow.__table__).where(
            ArrivalRow.inbox == inbox, ArrivalRow.state == State.RECEIVED.value
        )
        with reading(self._engine) as connection:
            return {row.path: arrival_of(row) for row in connection.execute(query)}

    def known(self, inbox: str, sightings: Sequence[Sighting]) -> set[str]:
        """Return the paths of those that were taken before, unchanged since."""
        # Paths are compared as they are stored: turning back those of 100,000 rows takes too long.
        stored = PathText().process_bind_param
        by_place = {
            (stored(one.path, self._engine.dialect), one.size, one.mtime_ns): one.path for one in sightings
        }
        query = select(type_coerce(ArrivalRow.path, Text), ArrivalRow.size, ArrivalRow.mtime_ns).where(
            ArrivalRow.inbox == inbox, ArrivalRow.state != State.RECEIVED.value
        )
        if len(sightings) <= MANY:
            query = query.where(ArrivalRow.path.in_([one.path for one in sightings]))
        with reading(self._engine) as connection:
            rows = [tuple(row) for row in connection.execute(query).all()]
        return {by_place[row] for row in rows if row in by_place}

    def receive(self, inbox: str, sightings: Sequence[Sighting]) -> None:
        """Remember new files, and begin anew to wait for changed ones; what is being moved is not new."""
        with writing(self._engine) as connection:
            now = self._now(connection)
            known = self._received(connection, inbox)
            moving = set(
                connection.scalars(select(ArrivalRow.path).where(ArrivalRow.inbox == inbox, _UNMOVED))
            )
            for one in sightings:
                if one.path in known:
                    connection.execute(
                        update(ArrivalRow)
                        .where(ArrivalRow.id == known[one.path])
                        .values(size=one.size, mtime_ns=one.mtime_ns, steady_since=now)
                    )
            unknown = [one for one in sightings if one.path not in known and one.path not in moving]
            new = [new_row(inbox, one, now, self._workspace) for one in unknown]
            if new:
                connection.execute(insert(ArrivalRow), new)

    def _received(self, connection: Connection, inbox: str) -> dict[str, uuid.UUID]:
        query = select(ArrivalRow.path, ArrivalRow.id).where(
            ArrivalRow.inbox == inbox, ArrivalRow.state == State.RECEIVED.value
        )
        return {row.path: row.id for row in connection.execute(query.with_for_update())}

    def vanished(self, ids: Sequence[uuid.UUID]) -> None:
        """Drop received arrivals whose files are gone."""
        with writing(self._engine) as connection:
            for some in chunks(ids):
                connection.execute(
                    delete(ArrivalRow).where(
                        ArrivalRow.id.in_(some), ArrivalRow.state == State.RECEIVED.value
                    )
                )

    def claim(self, ids: Sequence[uuid.UUID], owner: str, seconds: float) -> list[Arrival]:
        """Take received arrivals for ``owner``; those that somebody else took are left out."""
        claimed: list[Arrival] = []
        if not ids:
            return claimed
        with writing(self._engine) as connection:
            now = self._now(connection)
            for some in chunks(ids):
                free = and_(ArrivalRow.id.in_(some), ArrivalRow.state == State.RECEIVED.value)
                values = self._own(owner, now, seconds) | {"state": State.CLAIMED.value, "claimed_at": now}
                claimed += pick(connection, free, values)
        return claimed

    def moved(self, moves: Sequence[Moved]) -> None:
        """Note claimed files that lie in their place; they are free to be extracted.

        Told again, by one whom another took for dead, it changes nothing: they may be in work by now.
        """
        with writing(self._engine) as connection:
            for move in moves:
                connection.execute(
                    update(ArrivalRow)
                    .where(ArrivalRow.id == move.id, _UNMOVED)
                    .values(
                        place=None if move.place is None else str(move.place),
                        sha256=move.sha256,
                        lease_owner=None,
                        lease_until=None,
                    )
                )

    def give_back(self, ids: Sequence[uuid.UUID], owner: str | None = None) -> None:
        """Let arrivals that have not ended be received again: their files are in the inbox.

        With ``owner``, those that somebody else holds by now are left to him. One whose claimed file is
        neither there nor in its place rests: ``work/`` may be away for a moment, and
        ``db.orphans`` finds out.
        """
        open_ = and_(ArrivalRow.id.in_(ids), ArrivalRow.state.not_in(ENDED))
        if owner is not None:
            open_ = and_(open_, ArrivalRow.lease_owner == owner)
        columns = (ArrivalRow.id, ArrivalRow.inbox, ArrivalRow.path, ArrivalRow.place)
        with writing(self._engine) as connection:
            now = self._now(connection)
            rows = connection.execute(select(*columns).where(open_, ArrivalRow.sha256.is_not(None)))
            away = [
                row.id
                for row in rows
                if row.place and not Path(row.place).exists() and not (Path(row.inbox) / row.path).exists()
            ]
            rest = forgiven(now + timedelta(seconds=PAUSE_SECONDS)) | {"last_problem_code": MISSING}
            connection.execute(update(ArrivalRow).where(ArrivalRow.id.in_(away)).values(rest))
            connection.execute(
                update(ArrivalRow)
                .where(open_, ArrivalRow.id.not_in(away))
                .values(
                    state=State.RECEIVED.value,
                    attempts=0,
                    place=None,
                    sha256=None,
                    claimed_at=None,
                    steady_since=now,
                    lease_owner=None,
                    lease_until=None,
                )
            )

    def abandoned(self, owner: str, inbox: str, seconds: float) -> list[Arrival]:
        """Return an inbox's claimed arrivals that never reached their place, now held by ``owner``.

        Those are its own, from before it was started again, and those whose lease has ended.
        """
        with writing(self._engine) as connection:
            now = self._now(connection)
            unmoved = and_(ArrivalRow.inbox == inbox, _UNMOVED)
            free = or_(
                ArrivalRow.lease_owner == owner,
                ArrivalRow.lease_until < now,
                ArrivalRow.claimed_at > now,  # the clock was set back
            )
            return pick(connection, and_(unmoved, free), self._own(owner, now, seconds))

    def _own(self, owner: str, now: datetime, seconds: float) -> dict[str, Any]:
        """Return the values that make ``owner`` hold a row, and its file the workspace's."""
        whose = {} if self._workspace is None else {"workspace": str(self._workspace)}
        return lease(owner, now, seconds) | whose

    def end(self, arrival: uuid.UUID, state: State, code: str | None, message: str | None) -> None:
        """Note how it ended."""
        with writing(self._engine) as connection:
            end = End(arrival, state, code, message)
            end_arrivals(connection, [end], now=self._now(connection))

    def unfiled(self, owner: str) -> list[Arrival]:
        """Return ended arrivals whose files still lie where they were worked on: own ones, and nobody's."""
        with reading(self._engine) as connection:
            now = self._now(connection)
            free = or_(
                ArrivalRow.lease_owner == owner,
                ArrivalRow.lease_until.is_(None),
                expired(now, FILING_SECONDS),
            )
            query = select(ArrivalRow.__table__).where(
                ArrivalRow.state.in_(ENDED), ArrivalRow.filed_at.is_(None), free
            )
            return [arrival_of(row) for row in connection.execute(query)]

    def filed(self, places: Mapping[uuid.UUID, Path | None]) -> None:
        """Note where ended arrivals' files lie for good: where segocr put them, or in their inboxes.

        None: nowhere any more.
        """
        with writing(self._engine) as connection:
            now = self._now(connection)
            rows = [
                {"arrival": arrival, "to": _own_place(arrival, place), "nowhere": place is None, "now": now}
                for arrival, place in sorted(places.items())
            ]
            if rows:
                connection.execute(_FILED, rows)

    # --- extraction's side ------------------------------------------------------------------------------

    def take(
        self,
        owner: str,
        limit: int,
        seconds: float,
        *,
        inboxes: Collection[str] | None = None,
        but: Set[uuid.UUID] = frozenset(),
    ) -> list[Arrival]:
        """Take claimed arrivals for extraction, oldest first; ``begin`` says what is in hand.

        They were never begun, so whatever ends this batch is not yet known to be one document's fault.
        With ``inboxes``, only arrivals of these: what came by another one is somebody else's.
        Those in ``but`` are left where they are.
        """
        return self._take(owner, limit, seconds, lost=False, inboxes=inboxes, but=but)

    def begin(self, owner: str, ids: Sequence[uuid.UUID]) -> None:
        """Note what ``owner`` has in hand from now on: should it die, only that is to be tried alone."""
        with writing(self._engine) as connection:
            for some in chunks(ids):
                held = and_(ArrivalRow.id.in_(some), ArrivalRow.lease_owner == owner, taken())
                connection.execute(update(ArrivalRow).where(held).values(state=State.EXTRACTING.value))

    def take_lost(
        self,
        owner: str,
        seconds: float,
        *,
        inboxes: Collection[str] | None = None,
        but: Set[uuid.UUID] = frozenset(),
    ) -> Arrival | None:
        """Take one arrival whose extraction somebody began and did not end; counted as an attempt.

        It is to be processed alone, so that, if this ends badly too, the fault is known to be its own.
        """
        return next(iter(self._take(owner, 1, seconds, lost=True, inboxes=inboxes, but=but)), None)

    def lose(self, owner: str, *, forgive: bool = False) -> int:
        """Count as lost, at once, what ``owner`` began and did not end before it was started again.

        What it took and did not begin is free. Call it only where no other process works under this name.

        Args:
            owner: The name.
            forgive: The machine or the whole service stopped: what was in hand counts for nobody.

        Returns:
            How many arrivals it had begun.
        """
        with writing(self._engine) as connection:
            now = self._now(connection)
            mine = ArrivalRow.lease_owner == owner
            # What kept it from being processed before is over: it was taken again.
            over: dict[str, Any] = {"last_problem_code": None, "last_problem": None}
            unbegun = update(ArrivalRow).where(mine, taken())
            connection.execute(unbegun.values(lease_owner=None, lease_until=None, **over))
            held = and_(mine, ArrivalRow.state == State.EXTRACTING.value)
            past = now - timedelta(microseconds=1)
            free: dict[str, Any] = {"lease_owner": None, "lease_until": past}
            if forgive:
                free = forgiven(past) | over
            return connection.execute(update(ArrivalRow).where(held).values(free)).rowcount

    def _take(
        self,
        owner: str,
        limit: int,
        seconds: float,
        *,
        lost: bool,
        inboxes: Collection[str] | None,
        but: Set[uuid.UUID],
    ) -> list[Arrival]:
        with writing(self._engine) as connection:
            now = self._now(connection)
            over = expired(now, seconds)
            if lost:
                free = and_(ArrivalRow.state == State.EXTRACTING.value, over)
            else:
                free = and_(taken(), or_(ArrivalRow.lease_until.is_(None), over))
            if inboxes is not None:
                free = and_(free, ArrivalRow.inbox.in_(list(inboxes)))
            values = lease(owner, now, seconds)
            if lost:
                values["attempts"] = ArrivalRow.attempts + 1
            return pick(connection, free, values, limit=limit, but=but)

    def renew(self, owner: str, ids: Sequence[uuid.UUID], seconds: float) -> set[uuid.UUID]:
        """Prolong leases; return the ids that ``owner`` still holds."""
        with writing(self._engine) as connection:
            until = self._now(connection) + timedelta(seconds=seconds)
            kept: set[uuid.UUID] = set()
            for some in chunks(ids):
                kept.update(
                    connection.scalars(
                        update(ArrivalRow)
                        .where(ArrivalRow.id.in_(some), ArrivalRow.lease_owner == owner)
                        .values(lease_until=until)
                        .returning(ArrivalRow.id)
                    )
                )
            return kept

    def release(
        self,
        owner: str,
        ids: Sequence[uuid.UUID],
        *,
        blamed: bool,
        code: str | None = None,
        pause: float = 0.0,
    ) -> int:
        """Give extraction up for now; return how many of them had been begun.

        Args:
            owner: Who held them.
            ids: Arrivals.
            blamed: Whether one of those begun caused it (its attempt stays counted, and the next try is
                alone); else the machine, the database or the configuration did, and no attempt counts.
            code: What went wrong.
            pause: Seconds for which nobody takes them, where no document is blamed.
        """
        with writing(self._engine) as connection:
            now = self._now(connection)
            held = update(ArrivalRow).where(ArrivalRow.id.in_(ids), ArrivalRow.lease_owner == owner)
            begun = held.where(ArrivalRow.state == State.EXTRACTING.value)
            past = now - timedelta(microseconds=1)
            rest = now + timedelta(seconds=pause) if pause and not blamed else None
            free: dict[str, Any] = {"lease_owner": None, "last_problem_code": code, "lease_until": rest}
            # Where another is blamed, what was not begun does not rest: it has no problem.
            unbegun = free | {"last_problem_code": None} if blamed else free
            connection.execute(held.where(taken()).values(unbegun))
            free |= {"lease_until": past} if blamed else forgiven(rest or past)
            return connection.execute(begun.values(free)).rowcount


def _own_place(arrival: uuid.UUID, place: Path | None) -> str | None:
    """Return a place that segocr made, which has the arrival's id in its name; None for one in an inbox."""
    return str(place) if place is not None and place.name.startswith(f"{arrival}-") else None
