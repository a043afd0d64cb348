"""What keeps the service's processes from their work, for ``segocr status``: codes and times, no names.

Each process writes it into its own lock file, over what stands there: that needs no room on a full disk.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from segocr.diskfaults import disk_error
from segocr.errors import SegocrError
from segocr.service.logs import tell

RESTARTED_OFTEN = "restarted-often"
_ROOM = 4096
"""Bytes that are there from the first writing on."""
_KEPT_STARTS = 20
_MANY_RESTARTS = 3
_SPAN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that work waits for.

    Attributes:
        code: Stable identifier (docs/problems.md).
        inbox: Whose files wait; None: those of all.
        since: When it began, ISO 8601 in UTC.
    """

    code: str
    inbox: str | None
    since: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a process said of itself: when it was started lately (ISO 8601 in UTC), and its troubles."""

    starts: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def lock_file(workspace: Path, role: str) -> Path:
    """Return the file that the process of a role locks, and says its troubles in."""
    return workspace / f".{role}.lock"


class Report:
    """What one process says of itself; opening it says that it was started.

    Args:
        workspace: Where its lock file lies.
        role: What the process does.
        fresh: Whether the service starts, and not only this process anew: what was said before is over.
    """

    def __init__(self, workspace: Path, role: str, *, fresh: bool = False) -> None:
        before = Said() if fresh else read_report(workspace, role)
        self._starts = (*before.starts, _now())[-_KEPT_STARTS:]
        self._troubles = before.troubles
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(lock_file(workspace, role), flags, 0o600)
        self._write()

    def close(self) -> None:
        """Close the file; what was said stays."""
        os.close(self._file)

    def say(
        self,
        problems: Mapping[str | None, SegocrError],
        log: logging.Logger,
        *,
        also: Iterable[SegocrError] = (),
    ) -> None:
        """Say what work waits for now; what is new, and what is over, also goes to the log.

        Args:
            problems: All of them, by inbox; None: what keeps the files of all inboxes waiting.
            log: Of the process.
            also: What some files of any inbox wait for.
        """
        before = {(one.inbox, one.code): one for one in self._troubles}
        why = {(inbox, error.code): error.message for inbox, error in problems.items()}
        why |= {(None, error.code): error.message for error in also}
        present = {
            (inbox, code): before.get((inbox, code)) or Trouble(code, inbox, _now()) for inbox, code in why
        }
        for inbox, code in present.keys() - before.keys():
            tell(log, logging.ERROR, "paused", code=code, inbox=inbox, why=why[inbox, code])
        for inbox, code in before.keys() - present.keys():
            tell(log, logging.INFO, "goes on", code=code, inbox=inbox)
        if present != before:
            self._troubles = tuple(present.values())
            self._write()

    def _write(self) -> None:
        said = json.dumps({"starts": self._starts, "troubles": [asdict(one) for one in self._troubles]})
        size = os.fstat(self._file).st_size
        with suppress(OSError):  # a disk that is full already when this is first written
            os.pwrite(self._file, (said.ljust(max(size, _ROOM) - 1) + "\n").encode(), 0)


def read_report(workspace: Path, role: str) -> Said:
    """Return what the process of a role said last; nothing if it never did."""
    try:
        said = json.loads(lock_file(workspace, role).read_text(encoding="utf-8"))
        return Said(tuple(said["starts"]), tuple(Trouble(**one) for one in said["troubles"]))
    except (OSError, ValueError, KeyError, TypeError):  # it was never written, or by another version
        return Said()


def often_restarted(starts: Sequence[str], since: str) -> str | None:
    """Return when a process was first restarted lately if that came often, else None.

    Args:
        starts: Its starts, oldest first.
        since: When the service was started: what came before is its predecessor's.
    """
    first = max(since, (datetime.now(UTC) - _SPAN).isoformat())
    lately = [start for start in starts if start >= first]
    return lately[1] if len(lately) > _MANY_RESTARTS else None


def told(error: Exception) -> SegocrError:
    """Return an error that may be logged: of a fault of the program, its kind and where it came up.

    What any other exception says may hold a file's name or a field's value.
    """
    if isinstance(error, SegocrError):
        return error
    place = _place_of(error)
    # A connection that breaks is an OSError, too, and no fault of a disk.
    if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError | TimeoutError):
        return disk_error(error, f"go on ({place})")
    return SegocrError(f"unexpected {type(error).__name__} ({place})", code="internal")


def _place_of(error: Exception) -> str:
    """Return the last line of segocr's own that an exception went through."""
    root = Path(__file__).parents[1]
    own = [root / name for name in ("segocr", "db", "flows")]
    frames = [
        f"{Path(frame.filename).relative_to(root)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(folder) for folder in own)
    ]
    return frames[-1] if frames else "?"


def _now() -> str:
    return datetime.now(UTC).isoformat()
