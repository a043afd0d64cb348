"""Filing: an ended arrival's file goes to ``done/<date>/<id>-<name>``, or ``failed/…`` with the reasons."""

from __future__ import annotations

from pathlib import Path

from segocr.diskfaults import disk_error
from segocr.inbox import moving
from segocr.inbox.arrivals import Arrival, Ledger, State
from segocr.inbox.freeplace import free_place, is_there, moved_to
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
    try:
        place = _settle_for_good(inbox, places, arrival, state)
        if state is State.FAILED:
            reasons = moving.Reasons(arrival.path, arrival.sha256, arrival.attempts, code or arrival.problem)
            moving.write_reasons(places.failed / _day(arrival) / f"{arrival.id}.json", reasons)
        moving.remove_empty(places.claimed(arrival.id, arrival.name).parent)
    except OSError as error:
        raise disk_error(error, "file what was processed") from error
    return place


def _settle_for_good(inbox: Inbox, places: Places, arrival: Arrival, state: State) -> Path | None:
    here = places.claimed(arrival.id, arrival.name)  # never the inbox: a new file may stand there
    folder = (places.failed if state is State.FAILED else places.done) / _day(arrival)
    if _is_left(arrival, here, folder):
        return Path(arrival.inbox) / arrival.path
    place = None
    if state is not State.FAILED and inbox.after is After.DELETE:
        here.unlink(missing_ok=True)
    else:
        # Foreign bytes under its name are this arrival's affair alone: they stay, and it takes another.
        place = free_place(arrival, here, folder / moving.name_with_id(arrival.id, arrival.name))
        moving.settle_in(here, place)
    return place


def _is_left(arrival: Arrival, here: Path, folder: Path) -> bool:
    """Whether a file was not taken out of its inbox, whatever the settings say since."""
    if arrival.place is not None or arrival.sha256 is not None:  # what is hashed has its place noted
        return arrival.place is None
    # Empty or unreadable: a crash came, perhaps, between its move and the note of that.
    return not is_there(here) and moved_to(arrival, folder) is None


def _day(arrival: Arrival) -> str:
    return arrival.received_at.date().isoformat()


def file_ended(inbox: Inbox, places: Places, ledger: Ledger, owner: str) -> None:
    """File what ended and was not filed; call it where nobody under this name is about to do so."""
    for arrival in ledger.unfiled(owner):
        if arrival.inbox == inbox.key:
            file_away(inbox, places, ledger, arrival, arrival.state)
