"""Taking files out of an inbox: seen, settled, claimed and hashed.

scan → settle → claim (row, then rename into work/<id>/) → SHA-256, a few files at a time
"""

from __future__ import annotations

import dataclasses
import errno
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from segocr.diskfaults import disk_error
from segocr.errors import ConfigurationError
from segocr.inbox import moving, nolinks
from segocr.inbox.arrivals import Arrival, Ledger, Moved, Sighting, State
from segocr.inbox.claimed import digest_if_same, put_back
from segocr.inbox.filing import file_away
from segocr.inbox.holding import CLAIM_SECONDS, Hold
from segocr.inbox.nolinks import NotTheFile
from segocr.inbox.places import MARKER, After, Inbox, Places, Ready, read_only
from segocr.inbox.scanning import scan, take_out_markers, tell_closed

_TOGETHER = 32
"""Files that are claimed at once. They can be extracted when these few are moved, not when all are."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found.

    Attributes:
        ready: Arrivals ready to be extracted.
        failed: Arrivals that failed.
        waiting: How many files wait.
        closed: Sub-folders, relative to the inbox, that this user may not list: what is in them is not known.
    """

    ready: tuple[uuid.UUID, ...]
    failed: tuple[uuid.UUID, ...]
    waiting: int
    closed: tuple[str, ...] = ()


def sweep(inbox: Inbox, places: Places, ledger: Ledger, owner: str) -> Swept:
    """Look at an inbox once: remember what is new, claim what has settled.

    Args:
        inbox: The folder; it must exist.
        places: Where claimed files go.
        ledger: What earlier sweeps saw.
        owner: Who claims: unique to this process.

    Raises:
        ConfigurationError: ``inbox-missing``, ``inbox-read-only``.
        SegocrError: ``disk-full``, or whatever the ledger raises; nothing is lost then.
    """
    closed: list[str] = []
    try:
        sightings = {sighting.path: sighting for sighting in scan(inbox, closed.append)}
    except OSError as error:
        raise ConfigurationError(
            f"the inbox {inbox.folder} cannot be read: {error.strerror}",
            code="inbox-missing",
            hint="create the folder, or correct [[inbox]] in segocr.toml",
        ) from error
    if inbox.after is After.LEAVE:
        for path in ledger.known(inbox.key, tuple(sightings.values())):
            del sightings[path]
    tell_closed(inbox, closed)
    whole = take_out_markers(sightings) if inbox.ready is Ready.MARKER else None
    waiting = ledger.waiting(inbox.key)
    _pass_over_stuck(inbox, ledger, sightings, waiting)
    settled = _settle(inbox, ledger, sightings, waiting)
    ready, stale = _judge(inbox, settled, ledger.now(), whole)
    moved = _take_in(inbox, places, ledger, owner, ready)
    failed = _fail_stale(inbox, places, ledger, owner, stale)
    left = len(sightings) - len(moved) - len(failed)
    return Swept(tuple(moved), tuple(failed), left, tuple(sorted(closed)))


def _pass_over_stuck(
    inbox: Inbox, ledger: Ledger, sightings: dict[str, Sighting], waiting: dict[str, Arrival]
) -> None:
    """Pass over files that failed as unreadable, could not be moved for that reason, and are as they were."""
    closed = [
        sighting
        for path, sighting in sightings.items()
        if path not in waiting and nolinks.why_unreadable(inbox.folder, path)
    ]
    for path in ledger.known(inbox.key, closed) if closed else ():
        del sightings[path]


def _settle(
    inbox: Inbox, ledger: Ledger, sightings: dict[str, Sighting], waiting: dict[str, Arrival]
) -> list[Arrival]:
    """Bring the ledger up to date; return the arrivals that an earlier sweep saw just as they are now.

    Where writers say themselves when a file is whole, no second look is needed: all are returned.
    """
    now = ledger.now()
    same = {
        path: arrival
        for path, arrival in waiting.items()
        if path in sightings and Sighting(path, arrival.size, arrival.mtime_ns) == sightings[path]
        if arrival.steady_since <= now  # else the clock was set back: wait anew, not until it catches up
    }
    changed = [sighting for path, sighting in sightings.items() if path not in same]
    gone = [arrival.id for path, arrival in waiting.items() if path not in sightings]
    if changed:
        ledger.receive(inbox.key, changed)
    if gone:
        ledger.vanished(gone)
    if changed and inbox.ready is not Ready.SETTLED:
        return [one for path, one in ledger.waiting(inbox.key).items() if path in sightings]
    return list(same.values())


def _judge(
    inbox: Inbox, settled: Sequence[Arrival], now: datetime, whole: set[str] | None
) -> tuple[list[Arrival], list[tuple[Arrival, str]]]:
    """Split into what can be claimed and what has been empty or unreadable for too long (with its code)."""
    ready: list[Arrival] = []
    stale: list[tuple[Arrival, str]] = []
    for arrival in settled:
        age = now - arrival.steady_since
        if inbox.ready is Ready.SETTLED and age < timedelta(seconds=inbox.settle_seconds):
            continue
        if whole is not None and arrival.path not in whole:
            continue
        problem = "empty" if arrival.size == 0 else nolinks.why_unreadable(inbox.folder, arrival.path)
        if problem is None:
            ready.append(arrival)
        elif age >= timedelta(seconds=inbox.stale_after):
            stale.append((arrival, problem))
    return ready, stale


def _take_in(
    inbox: Inbox, places: Places, ledger: Ledger, owner: str, ready: Sequence[Arrival]
) -> list[uuid.UUID]:
    """Claim and move, a few files at a time, whatever keeps one from being moved; return the ids."""
    moved: list[uuid.UUID] = []
    failure: OSError | None = None
    for start in range(0, len(ready), _TOGETHER):
        ids = [arrival.id for arrival in ready[start : start + _TOGETHER]]
        hold = Hold(ledger, owner, ledger.claim(ids, owner, CLAIM_SECONDS))
        some, error = move_claimed(inbox, places, ledger, hold)
        moved += some
        failure = error or failure
    if failure is not None:
        raise cannot_move(inbox, places, failure) from failure
    return moved


def move_claimed(
    inbox: Inbox, places: Places, ledger: Ledger, hold: Hold
) -> tuple[list[uuid.UUID], OSError | None]:
    """Move claimed files to ``work/<id>/<name>`` and hash them; return the ids that are ready.

    A file that vanished, changed or closed itself meanwhile goes back and settles again.

    Returns:
        The ids, and what kept others from being moved that is not their own fault: rights, or a full disk.
    """
    moves: list[Moved] = []
    failure: OSError | None = None
    for arrival in filter(hold.has, hold.arrivals):
        try:
            place = _into_work(inbox, arrival, places, hold)
        except OSError as error:
            ledger.give_back([arrival.id], hold.owner)
            if not _is_its_own(inbox, arrival, error):
                failure = error
            continue
        lying = dataclasses.replace(arrival, place=place)
        digest = digest_if_same(lying)
        if digest is None:
            put_back(lying, ledger, hold.owner)
        else:
            moves.append(Moved(arrival.id, place, digest))
    if moves:
        ledger.moved(moves)
    return [move.id for move in moves], failure


def _is_its_own(inbox: Inbox, arrival: Arrival, error: OSError) -> bool:
    """Whether a file's own state kept it from being moved, and not the inbox's rights or the disk."""
    if isinstance(error, FileNotFoundError | NotTheFile):
        return True
    # Across file systems a file has to be read to be moved.
    closed = nolinks.why_unreadable(inbox.folder, arrival.path) is not None
    return isinstance(error, PermissionError) and closed


def cannot_move(inbox: Inbox, places: Places, error: OSError) -> Exception:
    """Return the error for what keeps files from being moved that is no file's own fault."""
    takes = os.access(places.work, os.W_OK | os.X_OK)
    if takes and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return read_only(inbox.folder)
    return disk_error(error, "take files out of the inbox")


def _into_work(inbox: Inbox, arrival: Arrival, places: Places, hold: Hold) -> Path | None:
    if inbox.after is After.LEAVE:
        return None
    target = places.claimed(arrival.id, arrival.name)
    moving.take(inbox.folder, arrival.path, target, hold.keep)
    if inbox.ready is Ready.MARKER:
        # After the file: without its marker, one that could not be moved would never be taken again.
        moving.remove_marker(inbox.folder, arrival.path, MARKER)
    return target


def _fail_stale(
    inbox: Inbox, places: Places, ledger: Ledger, owner: str, stale: Sequence[tuple[Arrival, str]]
) -> list[uuid.UUID]:
    codes = {arrival.id: code for arrival, code in stale}
    failed: list[uuid.UUID] = []
    failure: OSError | None = None
    hold = Hold(ledger, owner, ledger.claim(list(codes), owner, CLAIM_SECONDS))
    for arrival in filter(hold.has, hold.arrivals):
        code, lying = codes[arrival.id], arrival
        try:
            lying = dataclasses.replace(arrival, place=_into_work(inbox, arrival, places, hold))
        except OSError as error:
            if code != "unreadable" or not isinstance(error, PermissionError):
                ledger.give_back([arrival.id], owner)
                failure = failure if _is_its_own(inbox, arrival, error) else error
                continue
            # Not to be moved either: it ends where it is, as in an inbox that files are not taken out of.
        ledger.end(arrival.id, State.FAILED, code, f"the file was {code} for {inbox.stale_after:g} s")
        file_away(inbox, places, ledger, lying, State.FAILED, code)
        failed.append(arrival.id)
    if failure is not None:
        raise cannot_move(inbox, places, failure) from failure
    return failed
