"""Ended arrivals that a person decides on: sent back to work, or thrown away; first shown, then done."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, and_, delete, func, or_, select, update

from db.arrivalrows import is_in_inbox
from db.arrivals import Arrivals
from db.connect import reading, writing
from db.moves import of_workspace
from db.schema import check_schema
from db.store import hold_documents
from db.tables import ArrivalRow, DocumentRow, ExtractionRow
from segocr.errors import UsageError
from segocr.inbox import moving
from segocr.inbox.arrivals import State
from segocr.inbox.places import Places
from segocr.inbox.workfolder import is_right, known_work, work_missing
from segocr.records import RecordStatus

_SHORTEST = 6
_HOLD = timedelta(seconds=60)
_RETRY = "retry"
_DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Ended:
    """An arrival that came to its end.

    Attributes:
        id: Its own.
        inbox: The inbox's key.
        path: As it was dropped, relative to the inbox.
        state: ``failed``, ``needs_review`` or ``extracted``; ``received`` where nobody will ever claim it.
        code: Code of its last problem.
        attempts: How many were counted.
        sha256: None if it could not be hashed.
        place: Where segocr keeps its file; None: it was left in its inbox, or is gone.
        at: When it ended.
        failed_in: The folder where a file that failed on its day is kept; None: not known.
        noted: Where its row says that the file lies.
        gone: Whether its file was deleted, or vanished: what has its name in the inbox by now is another.
        size: Of its file, when it was last seen in its inbox: bytes.
        mtime_ns: Time of the file's last change then, nanoseconds.
    """

    id: uuid.UUID
    inbox: str
    path: str
    state: State
    code: str | None
    attempts: int
    sha256: str | None
    place: Path | None
    at: datetime | None = None
    failed_in: Path | None = None
    noted: str | None = None
    gone: bool = False
    size: int = 0
    mtime_ns: int = 0

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def dropped(self) -> Path:
        """Where somebody dropped it."""
        return Path(self.inbox) / self.path

    @property
    def is_in_inbox(self) -> bool:
        """Whether its file was left in its inbox, and is there still."""
        left = self.place is None and not self.gone
        return left and is_in_inbox(self.inbox, self.path, self.size, self.mtime_ns)

    @property
    def reasons(self) -> Path | None:
        """Where is written why it failed: beside it, or where it would be if it was not left in its inbox."""
        kept = self.place is not None and self.place.name.startswith(f"{self.id}-")
        folder = self.place.parent if kept and self.place else self.failed_in
        return None if folder is None else folder / f"{self.id}.json"


def find_ended(
    engine: Engine,
    which: Sequence[str] = (),
    *,
    code: str | None = None,
    states: Sequence[State] = (State.FAILED,),
    since: timedelta | None = None,
    ids: Collection[uuid.UUID] | None = None,
    inboxes: Collection[str] | None = None,
    places: Places | None = None,
) -> list[Ended]:
    """Return ended arrivals, oldest first.

    Args:
        engine: From ``db.connect.open_database``.
        which: Starts of arrival ids or digests (at least 6 digits), or paths as dropped; none: all.
        code: Only those whose last problem has this code.
        states: In which states.
        since: Only those received within this time.
        ids: Only these.
        inboxes: Only of these inboxes, by their keys: what another one brought, nobody would take.
        places: The workspace's folders: only its own arrivals, none of another workspace of the database. A
            file that was moved with the workspace, or is in ``work/`` though it was given up, is found there.

    Raises:
        UsageError: ``unknown-arrival`` if one of ``which`` names no such arrival.
        DatabaseError: The database cannot be asked.
    """
    check_schema(engine)
    with reading(engine) as connection:
        query = select(ArrivalRow.__table__).where(
            ArrivalRow.state.in_([state.value for state in states]), of_workspace(places)
        )
        if code is not None:
            query = query.where(ArrivalRow.last_problem_code == code)
        if since is not None:
            query = query.where(ArrivalRow.received_at > Arrivals(engine).now() - since)
        rows = connection.execute(query.order_by(ArrivalRow.received_at, ArrivalRow.id)).all()
    found = [
        Ended(
            row.id, row.inbox, row.path, State(row.state), row.last_problem_code, row.attempts,
            row.sha256, _place_of(row, places), row.ended_at,
            places.failed / row.received_at.date().isoformat() if places else None, row.place,
            row.gone, row.size, row.mtime_ns,
        )
        for row in rows
        if (ids is None or row.id in ids) and (inboxes is None or row.inbox in inboxes)
    ]  # fmt: skip
    if not which:
        return found
    wanted: dict[uuid.UUID, Ended] = {}
    for one in which:
        named = [ended for ended in found if _names(one, ended)]
        if not named:
            raise UsageError(
                f"no {' or '.join(state.value for state in states)} arrival is named by {one!r}",
                code="unknown-arrival",
                hint="see `segocr documents list --state failed`; give at least 6 digits of an id",
            )
        wanted.update((ended.id, ended) for ended in named)
    return [ended for ended in found if ended.id in wanted]


def _place_of(row: Row[Any], places: Places | None) -> Path | None:
    if row.place is not None:
        return places.now(row.id, Path(row.place)) if places else Path(row.place)
    claimed = places.claimed(row.id, Path(row.path).name) if places else None
    return claimed if claimed is not None and claimed.is_file() else None


def _names(word: str, ended: Ended) -> bool:
    if word in (ended.path, str(ended.dropped), str(ended.place)):
        return True
    start = word.strip().lower()
    ids = (str(ended.id), ended.id.hex, ended.sha256 or "")
    return len(start) >= _SHORTEST and any(known.startswith(start) for known in ids)


def send_back(engine: Engine, ended: Ended, places: Places) -> bool:
    """Send an ended arrival back to work, its attempts at zero.

    Its file returns to ``work/<id>/`` first. After a crash in between, the next sweep files it again where it
    was; nobody else touches it meanwhile, because the row is held.

    Args:
        engine: The database.
        ended: From ``find_ended``.
        places: The workspace's folders.

    Returns:
        False if somebody else changed or discarded the arrival since, or its file is nowhere.

    Raises:
        SegocrError: ``work-missing``: the work folder is away; the file would be lost in another one.
    """
    target = places.claimed(ended.id, ended.name)
    # What had vanished may be in its folder after all.
    source = target if ended.place is None and target.is_file() else ended.place
    if not (ended.is_in_inbox if source is None else source.is_file()):
        return False
    if known_work(places.work) is not None and not is_right(places.work):
        raise work_missing(places.work)
    if not _hold(engine, ended, _RETRY):
        return False
    if source is not None:
        moving.settle_in(source, target)
    if ended.reasons is not None:
        ended.reasons.unlink(missing_ok=True)
        moving.remove_empty(ended.reasons.parent)
    # What was never hashed (empty, unreadable) goes back as a claim that somebody abandoned: hashed next.
    overdue = Arrivals(engine).now() - timedelta(microseconds=1) if ended.sha256 is None else None
    with writing(engine) as connection:
        changed = connection.execute(
            update(ArrivalRow)
            .where(ArrivalRow.id == ended.id, ArrivalRow.lease_owner == _RETRY)
            .values(
                state=State.CLAIMED.value,
                place=None if source is None else str(target),
                gone=False,
                attempts=0,
                lease_owner=None,
                lease_until=overdue,
                ended_at=None,
                last_problem_code=None,
                last_problem=None,
            )
        )
    return changed.rowcount == 1


def _hold(engine: Engine, ended: Ended, owner: str) -> bool:
    """Hold an arrival that stands as it did when it was found: nobody else decides on it meanwhile."""
    values: dict[str, Any] = {"lease_owner": owner}
    if owner == _RETRY:
        values["filed_at"] = None  # so the sweep files it again after a crash
    with writing(engine) as connection:
        now = Arrivals(engine).now()
        free = or_(ArrivalRow.lease_until.is_(None), ArrivalRow.lease_until < now)
        if owner == _DISCARD:  # one that was interrupted goes on; what failed anew was not shown
            free = and_(or_(free, ArrivalRow.lease_owner == owner), ArrivalRow.ended_at == ended.at)
        changed = connection.execute(
            update(ArrivalRow)
            .where(
                ArrivalRow.id == ended.id,
                ArrivalRow.state == ended.state.value,
                ArrivalRow.place.is_not_distinct_from(ended.noted),
                free,
            )
            .values(lease_until=now + _HOLD, **values)
        )
    return changed.rowcount == 1


@dataclass(frozen=True, slots=True)
class Discarding:
    """What discarding an arrival removes.

    Attributes:
        ended: The arrival.
        dropped: Where somebody dropped its file.
        files: What segocr keeps of it and would delete.
        extractions: How many failed records go with it.
    """

    ended: Ended
    dropped: Path
    files: tuple[Path, ...]
    extractions: int


def plan_discarding(engine: Engine, ended: Ended) -> Discarding:
    """Say what ``discard`` would remove; changes nothing.

    Of a file that was never claimed (``received``) only the row goes.

    Raises:
        UsageError: ``left-in-inbox``: the file is its owner's, and forgotten it would be taken again.
    """
    if ended.state is State.RECEIVED:
        return Discarding(ended, ended.dropped, (), 0)
    if ended.is_in_inbox:
        raise UsageError(
            f"{ended.dropped} was left in its inbox, and is its owner's",
            code="left-in-inbox",
            hint="delete it there first; forgotten before, it would be taken again",
        )
    with reading(engine) as connection:
        count = connection.scalar(
            select(func.count()).select_from(ExtractionRow).where(*_failed_records(ended.id))
        )
    files = tuple(file for file in (ended.place, ended.reasons) if file is not None and file.is_file())
    return Discarding(ended, ended.dropped, files, count or 0)


def _failed_records(arrival: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return ExtractionRow.arrival_id == arrival, ExtractionRow.status == RecordStatus.FAILED.value


def discard(engine: Engine, plan: Discarding) -> bool:
    """Remove a failed arrival's file, then its rows; after an interruption, calling it again goes on.

    A record that the same bytes have from elsewhere stays.

    Returns:
        False if somebody has sent the arrival back to work since, or is about to: nothing was removed then.

    Raises:
        DatabaseError: The rows may be left; the files are gone.
    """
    if not _hold(engine, plan.ended, _DISCARD):
        return False
    for file in plan.files:
        with suppress(FileNotFoundError):
            file.unlink()
        moving.remove_empty(file.parent)
    held = and_(ArrivalRow.id == plan.ended.id, ArrivalRow.lease_owner == _DISCARD)
    with writing(engine) as connection:
        document = connection.scalar(select(ArrivalRow.document_id).where(held).with_for_update())
        hold_documents(connection, DocumentRow.id == document)
        connection.execute(delete(ExtractionRow).where(*_failed_records(plan.ended.id)))
        connection.execute(delete(ArrivalRow).where(held))
        used = [
            select(ExtractionRow.id).where(ExtractionRow.document_id == document).exists(),
            select(ArrivalRow.id).where(ArrivalRow.document_id == document).exists(),
        ]
        connection.execute(delete(DocumentRow).where(DocumentRow.id == document, ~or_(*used)))
    return True
