"""Arrivals: dropped files, where each stands, and what has to be remembered of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class State(StrEnum):
    """Where an arrival stands: received → claimed → extracting → extracted | needs_review | failed."""

    RECEIVED = "received"
    CLAIMED = "claimed"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as one sweep saw it.

    Attributes:
        path: Relative to the inbox.
        size: Bytes.
        mtime_ns: Time of its last change, nanoseconds; its writer can set it to anything.
        ctime_ns: The same by its file system's own clock, with changes of its name and rights. Not compared:
            two sightings are of the same file without it.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One dropped file.

    Attributes:
        id: Its own; part of every path that segocr gives it.
        inbox: The inbox's key.
        path: Relative to the inbox, as it was dropped.
        size: Bytes.
        mtime_ns: Time of its last change, nanoseconds.
        state: Where it stands.
        attempts: How often its processing was started while it alone could be to blame.
        received_at: When it was first seen.
        steady_since: Since when size and mtime are the same.
        place: Where the file lies now; None: still in the inbox.
        sha256: Its digest, once claimed.
        template: Its template, once known.
        problem: Code of what last went wrong.
    """

    id: uuid.UUID
    inbox: str
    path: str
    size: int
    mtime_ns: int
    state: State
    attempts: int
    received_at: datetime
    steady_since: datetime
    place: Path | None = None
    sha256: str | None = None
    template: str | None = None
    problem: str | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def file(self) -> Path:
        """Where it can be read now."""
        return self.place or Path(self.inbox) / self.path


@dataclass(frozen=True, slots=True)
class Moved:
    """A claimed file in its place, hashed: ready to be extracted."""

    id: uuid.UUID
    place: Path | None
    sha256: str


class Ledger(Protocol):
    """What the inbox has to remember; each call is one transaction. ``db.arrivals`` keeps it."""

    def now(self) -> datetime:
        """Return the time by which everything is judged."""

    def waiting(self, inbox: str) -> dict[str, Arrival]:
        """Return the received arrivals of an inbox by path."""

    def known(self, inbox: str, sightings: Sequence[Sighting]) -> set[str]:
        """Return the paths of those that were taken before, unchanged since."""

    def receive(self, inbox: str, sightings: Sequence[Sighting]) -> None:
        """Remember new files, and begin anew to wait for changed ones; what is being moved is not new."""

    def vanished(self, ids: Sequence[uuid.UUID]) -> None:
        """Drop received arrivals whose files are gone."""

    def claim(self, ids: Sequence[uuid.UUID], owner: str, seconds: float) -> list[Arrival]:
        """Take received arrivals for ``owner``; those that somebody else took are left out."""

    def renew(self, owner: str, ids: Sequence[uuid.UUID], seconds: float) -> set[uuid.UUID]:
        """Prolong leases; return the ids that ``owner`` still holds."""

    def moved(self, moves: Sequence[Moved]) -> None:
        """Note claimed files that lie in their place; they are free to be extracted. Twice does no harm."""

    def give_back(self, ids: Sequence[uuid.UUID], owner: str | None = None) -> None:
        """Let claimed arrivals be received again: their files are in the inbox.

        With ``owner``, those that somebody else holds by now are left to him.
        """

    def abandoned(self, owner: str, inbox: str, seconds: float) -> list[Arrival]:
        """Return an inbox's claimed arrivals that never reached their place, held for ``owner`` from now on.

        They were this owner's, or nobody's: their leases have ended.
        """

    def end(self, arrival: uuid.UUID, state: State, code: str | None, message: str | None) -> None:
        """Note how it ended."""

    def unfiled(self, owner: str) -> list[Arrival]:
        """Return ended arrivals whose files still lie where they were worked on: own ones, and nobody's."""

    def filed(self, places: Mapping[uuid.UUID, Path | None]) -> None:
        """Note where ended arrivals' files lie for good, if only in their inboxes; None: nowhere any more."""
