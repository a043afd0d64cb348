"""The work folder, known again: only in the right one does a missing file mean that somebody took it away.

An empty folder in ``work/`` is named by an id that ``.work.json``, beside ``work/``, holds too. Where a disk
is not mounted, or ``work/`` was renamed and made anew, this mark is not there. The mark is a folder and no
file, so that nobody counts it among the claimed files. ``.work.json`` also says where the workspace lay when
it was last looked at: so it shows when somebody moved it.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import SegocrError

FILE = ".work.json"
MISSING = "work-missing"
"""Code of what keeps documents waiting while ``work/`` is away."""
PAUSE_SECONDS = 50.0
"""For how long a document whose file is away rests before it is looked for again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a work folder: the id in its mark, and the workspace it lay in."""

    id: str
    workspace: Path


def known_work(work: Path) -> Known | None:
    """Return what is remembered of the work folder at this path; None: nothing, or nothing legible."""
    try:
        kept = json.loads((work.parent / FILE).read_text(encoding="utf-8"))
        return Known(str(uuid.UUID(kept["id"])), Path(kept["workspace"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def is_right(work: Path) -> bool:
    """Whether the folder at this path has the mark that is remembered."""
    known = known_work(work)
    with suppress(OSError):  # a disk that does not answer
        return known is not None and _mark(work, known.id).is_dir()
    return False


def adopt_work(work: Path) -> None:
    """Make the folder at this path the right one, whatever was remembered before.

    Raises:
        OSError: It cannot be written.
    """
    # Always a new id: the folder of before, come back with another one's files missing, is not taken for it.
    name = str(uuid.uuid4())
    _mark(work, name).mkdir(parents=True)
    remember_work(work, name)


def remember_work(work: Path, name: str) -> None:
    """Write down the id in the mark of a work folder, and where its workspace lies now."""
    partial = work.parent / f"{FILE}.{os.getpid()}"
    partial.write_text(json.dumps({"id": name, "workspace": str(work.parent)}) + "\n", encoding="utf-8")
    partial.replace(work.parent / FILE)


def work_missing(work: Path) -> SegocrError:
    """Return the error for a work folder that is not there, or is another one."""
    if (known := known_work(work)) is None:
        with suppress(OSError):
            remember_work(work, str(uuid.uuid4()))
        known = known_work(work)
    gone = (
        f"; if it is gone for good, let its documents fail: mkdir -p {_mark(work, known.id)}" if known else ""
    )
    error = SegocrError(
        f"{work} is away, or is not the folder that files were claimed into",
        code=MISSING,
        hint=f"mount it or give it its name back, and all goes on by itself{gone}",
    )
    error.transient = True
    return error


def _mark(work: Path, name: str) -> Path:
    return work / f".segocr-{name}"
