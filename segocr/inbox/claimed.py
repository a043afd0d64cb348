"""A claimed file: whether it is still what was hashed, and its way back into the inbox."""

from __future__ import annotations

from pathlib import Path

from segocr.documents import hashed, opened
from segocr.errors import DocumentError
from segocr.inbox import moving, nolinks
from segocr.inbox.arrivals import Arrival, Ledger


def digest_if_same(arrival: Arrival) -> str | None:
    """Return the file's digest if it still has the size and mtime of its last sighting, before and after."""
    root = Path(arrival.inbox)
    try:
        with opened(arrival.file, below=root if arrival.place is None else None) as descriptor:
            document = hashed(arrival.file, descriptor, max_bytes=arrival.size)
        found = nolinks.look(root, arrival.path) if arrival.place is None else arrival.place.lstat()
    except (OSError, DocumentError):
        return None
    same = (found.st_size, found.st_mtime_ns) == (arrival.size, arrival.mtime_ns)
    return document.sha256 if same else None


def is_unchanged(arrival: Arrival) -> bool:
    """Whether a claimed file still has the bytes that were hashed; ask before its record is committed."""
    digest = digest_if_same(arrival)
    return digest is not None and digest == arrival.sha256


def put_back(arrival: Arrival, ledger: Ledger, owner: str | None = None) -> None:
    """Return a claimed file to its inbox, where it settles again; a new file of its name is not replaced.

    With ``owner``, an arrival that somebody else holds by now stays his.
    """
    if arrival.place is not None and arrival.place.exists():
        moving.return_to(arrival.place, Path(arrival.inbox), arrival.path)
        moving.remove_empty(arrival.place.parent)
    ledger.give_back([arrival.id], owner)
