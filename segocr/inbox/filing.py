"""Filing: an ended arrival's file goes to ``done/<date>/<id>-<name>``, or ``failed/…`` with the reasons."""

from __future__ import annotations

from pathlib import Path

from segocr.diskfaults import disk_error
from segocr.inbox import moving
from segocr.inbox.arrivals import Arrival, Ledger, State
from segocr.inbox.freeplace import free_place
from segocr.inbox.places import After, Inbox, Places


def file_away(
    inbox: Inbox, places: Places, ledger: Ledger, arrival: Arrival, state: State, code: str | None = None
) -> Path | None:
    """Put an ended arrival's file where it stays, and note that; as ``put_away``.

    Raises:
        SegocrError: As ``put_away``, or whatever the ledger raises; nothing is lost then.
    """
    place = put_away(inbox, places, arrival, state, code)
    ledger.filed({arrival.id: place})
    return place


def put_away(
    inbox: Inbox, places: Places, arrival: Arrival, state: State, code: str | None = None
) -> Path | None:
    """Put an ended arrival's file where it stays; call it only after the record is committed.

    The ledger is to be told (``Ledger.filed``). Calling it again after a crash goes on where it stopped.
    Nothing is ever replaced.

    Returns:
        Where it lies now, if only in its inbox; None if it was deleted.

    Raises:
        SegocrError: ``disk-full``, ``folder-unusable``; nothing is lost then.
    """
    place = _last_place(inbox, places, arrival, state)
    try:
        if place is not None:
            # Foreign bytes under its name are this arrival's affair alone: they stay, and it takes another.
            place = free_place(arrival, places.claimed(arrival.id, arrival.name), place)
        _settle_for_good(inbox, places, arrival, state, code, place)
    except OSError as error:
        raise disk_error(error, "file what was processed") from error
    return Path(arrival.inbox) / arrival.path if _is_left(inbox, arrival) else place


def _settle_for_good(
    inbox: Inbox, places: Places, arrival: Arrival, state: State, code: str | None, place: Path | None
) -> None:
    here = places.claimed(arrival.id, arrival.name)  # never the inbox: a new file may stand there
    if place is not None:
        moving.settle_in(here, place)
    elif inbox.after is After.DELETE:
        here.unlink(missing_ok=True)
    if state is State.FAILED:
        reasons = moving.Reasons(arrival.path, arrival.sha256, arrival.attempts, code or arrival.problem)
        moving.write_reasons(places.failed / _day(arrival) / f"{arrival.id}.json", reasons)
    moving.remove_empty(here.parent)


def _last_place(inbox: Inbox, places: Places, arrival: Arrival, state: State) -> Path | None:
    if _is_left(inbox, arrival):
        return None
    if state is not State.FAILED and inbox.after is After.DELETE:
        return None
    folder = places.failed if state is State.FAILED else places.done
    return folder / _day(arrival) / moving.name_with_id(arrival.id, arrival.name)


def _is_left(inbox: Inbox, arrival: Arrival) -> bool:
    """Whether a file stays in its inbox: what was taken out, before the settings said so, is filed."""
    return inbox.after is After.LEAVE and arrival.place is None


def _day(arrival: Arrival) -> str:
    return arrival.received_at.date().isoformat()


def file_ended(inbox: Inbox, places: Places, ledger: Ledger, owner: str) -> None:
    """File what ended and was not filed; call it where nobody under this name is about to do so."""
    for arrival in ledger.unfiled(owner):
        if arrival.inbox == inbox.key:
            file_away(inbox, places, ledger, arrival, arrival.state)
