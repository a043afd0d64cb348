"""Places: the folders that people drop files into, and where those files go."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from segocr.errors import ConfigurationError
from segocr.settings import Settings


class Ready(StrEnum):
    """How a file shows that its writer is done with it.

    ``settled``: it has not changed for a while. ``marker``: a file of its name and ``.done`` is beside it.
    ``renamed``: at once, because writers give it its name when it is whole.
    """

    SETTLED = "settled"
    MARKER = "marker"
    RENAMED = "renamed"


MARKER = ".done"


class After(StrEnum):
    """What becomes of a file once its record is stored."""

    DONE = "done"
    LEAVE = "leave"
    DELETE = "delete"


class Duplicates(StrEnum):
    """What becomes of bytes that have a record already: linked to it, refused, or processed anew."""

    LINK = "link"
    REFUSE = "refuse"
    AGAIN = "again"


IGNORED = (".*", "~$*", "*~", "*.tmp", "*.temp", "*.part", "*.partial", "*.crdownload", "*.download",
           "*.filepart", "*.!ut", "*.swp", "Thumbs.db", "desktop.ini")  # fmt: skip
"""Names that are never taken: hidden files, editors' and Office's own, downloads in progress."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """One folder that people drop files into.

    Attributes:
        folder: Absolute path.
        settle_seconds: A file counts as written when size and mtime stay the same for so long.
        stale_after: Seconds after which an empty or unreadable file counts as failed.
        after: What becomes of a file once its record is stored; ``leave`` claims by the ledger's row
            alone, and needs no right to write.
        ready: How a file shows that it is whole.
        duplicates: What becomes of bytes that have a record already.
        ignore: Patterns of names that are not taken, folders' included.
    """

    folder: Path
    settle_seconds: float = 5.0
    stale_after: float = 600.0
    after: After = After.DONE
    ready: Ready = Ready.SETTLED
    duplicates: Duplicates = Duplicates.LINK
    ignore: tuple[str, ...] = IGNORED

    @property
    def key(self) -> str:
        """How the ledger names it."""
        return str(self.folder)


@dataclass(frozen=True, slots=True)
class Places:
    """Where claimed, finished and failed files go: absolute folders outside of every inbox."""

    work: Path
    done: Path
    failed: Path

    @property
    def workspace(self) -> Path:
        """The folder that they lie in."""
        return self.work.parent

    def claimed(self, arrival: uuid.UUID, name: str) -> Path:
        """Return where a claimed file of this name lies."""
        return self.work / str(arrival) / name

    def now(self, arrival: uuid.UUID, place: Path) -> Path:
        """Return where a file lies that was put to ``place``: the workspace may have been moved since.

        Its arrival's id is in its path, so what is found below the present folders is it.
        """
        moved = self.workspace.joinpath(*place.parts[-3:])
        own = str(arrival) in (place.parent.name, place.name[: len(str(arrival))])
        return moved if own and not place.exists() and moved.exists() else place


def inboxes_in(settings: Settings) -> list[Inbox]:
    """Return the inboxes of a workspace."""
    return [
        Inbox(
            settings.inbox_folder(one),
            one.settle_seconds,
            one.stale_after,
            After(one.after),
            Ready(one.ready),
            Duplicates(one.duplicates),
            (*IGNORED, *one.ignore),
        )
        for one in settings.inbox
    ]


def places_in(settings: Settings) -> Places:
    """Return where a workspace's files go."""
    workspace = settings.workspace or Path.cwd()
    return Places(workspace / "work", workspace / "done", workspace / "failed")


def check_places(inboxes: Sequence[Inbox], places: Places) -> None:
    """Refuse folders that would feed themselves.

    Args:
        inboxes: All of them, as the settings list them: one that is named twice is seen here alone.
        places: Where files go.

    Raises:
        ConfigurationError: ``inbox-overlap`` if an output folder or another inbox is an inbox or lies in one,
            or an inbox in an output folder.
    """
    folders = [inbox.folder.resolve() for inbox in inboxes]
    outputs = [place.resolve() for place in (places.work, places.done, places.failed)]
    if twice := next((folder for folder in folders if folders.count(folder) > 1), None):
        raise _overlap(f"two inboxes are the folder {twice}")
    for index, folder in enumerate(folders):
        for other in (*outputs, *folders[:index], *folders[index + 1 :]):
            if other.is_relative_to(folder):
                raise _overlap(f"{other} lies inside the inbox {folder}")
        for output in outputs:
            if folder.is_relative_to(output):
                raise _overlap(f"the inbox {folder} lies inside {output}")


def check_writable(inbox: Inbox) -> None:
    """Refuse an inbox whose files could be read but never moved.

    Raises:
        ConfigurationError: ``inbox-read-only`` if files are to leave it and this user cannot write there.
    """
    writable = os.access(inbox.folder, os.W_OK | os.X_OK)
    if inbox.after is not After.LEAVE and inbox.folder.is_dir() and not writable:
        raise read_only(inbox.folder)


def _overlap(message: str) -> ConfigurationError:
    return ConfigurationError(
        message, code="inbox-overlap", hint="give the inbox a folder of its own in segocr.toml"
    )


def read_only(folder: Path) -> ConfigurationError:
    """Return the error for an inbox that files cannot be taken out of."""
    return ConfigurationError(
        f"no file can be taken out of {folder}: it is read-only for this user",
        code="inbox-read-only",
        hint='let this user write there, or set after = "leave" for this inbox in segocr.toml',
    )
