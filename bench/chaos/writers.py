"""What is dropped: good pictures no two of which are the same, copies of them, broken files; and how."""

from __future__ import annotations

import errno
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

SETTLE = 4.0
"""``settle_seconds`` of the campaign's inbox."""
_PAUSE = SETTLE / 4
_COPIES, _BROKEN = 0.10, 0.05


class Kind(StrEnum):
    """Good: a record of its own. Copy: the bytes of a good one again. Broken: exactly one failure."""

    GOOD = "good"
    COPY = "copy"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file to drop: which inbox, the path in it, its bytes, and what should become of it."""

    inbox: int
    path: str
    content: bytes
    kind: Kind

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def plan(
    count: int, samples: Sequence[tuple[str, bytes]], plain: float, inboxes: int, dice: random.Random
) -> list[Dropped]:
    """Return what to drop, in order: 5 % broken, 10 % copies.

    Args:
        count: How many files.
        samples: Folder in the inbox, and a good JPEG's bytes.
        plain: Share (0–1) of the good ones that are small pictures with nothing in them: cheap to read.
        inboxes: How many there are to choose from.
        dice: Decides.
    """
    files: list[Dropped] = []
    good: list[Dropped] = []
    for number in range(count):
        folder, picture = dice.choice(samples)
        inbox = dice.randrange(inboxes)
        chance = dice.random()
        if chance < _BROKEN or number == 1:
            suffix, content = dice.choice(_BREAKS)(picture, number)
            files.append(Dropped(inbox, f"{folder}/broken-{number}.{suffix}", content, Kind.BROKEN))
        elif good and (chance < _BROKEN + _COPIES or number == 2):
            twin = dice.choice(good)
            path = f"{twin.path.partition('/')[0]}/copy-{number}.jpg"
            files.append(Dropped(inbox, path, twin.content, Kind.COPY))
        else:
            content = _own(_plain(number) if dice.random() < plain else picture, number)
            good.append(Dropped(inbox, f"{folder}/good-{number}.jpg", content, Kind.GOOD))
            files.append(good[-1])
    return files


def _plain(number: int) -> bytes:
    """Return a small JPEG of one colour."""
    colour = (number % 256, number // 256 % 256, 128)
    _, encoded = cv2.imencode(".jpg", np.full((120, 160, 3), colour, np.uint8))
    return encoded.tobytes()


def _own(picture: bytes, number: int) -> bytes:
    """Return a JPEG with a comment in it: other bytes, the same picture."""
    comment = f"number {number}".encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]


_BREAKS: tuple[Callable[[bytes, int], tuple[str, bytes]], ...] = (
    lambda picture, number: ("jpg", _own(picture, number)[:300]),  # cut in its header
    lambda _, number: ("jpg", f"this is no picture, and it is number {number}".encode()),
    lambda _, number: ("pdf", b"%PDF-1.7\n%" + str(number).encode() + b"\nnothing follows"),
    lambda _, number: ("png", b"\x89PNG\r\n\x1a\n" + number.to_bytes(4, "big") * 50),
)


def drop_all(
    inboxes: Sequence[Path], files: Sequence[Dropped], seconds: float, dice: random.Random
) -> threading.Thread:
    """Begin to drop files over a time, several at once; returns the thread that does."""
    ways = [dice.choice(_WAYS) for _ in files]
    moments = sorted(dice.uniform(0, seconds) for _ in files)

    def run() -> None:
        start = time.monotonic()
        dropping: list[Future[None]] = []
        with ThreadPoolExecutor(8) as pool:
            for file, way, moment in zip(files, ways, moments, strict=True):
                time.sleep(max(0.0, start + moment - time.monotonic()))
                dropping.append(pool.submit(_drop, way, inboxes[file.inbox] / file.path, file.content))
        for one in dropping:
            one.result()

    thread = threading.Thread(target=run, name="writers")
    thread.start()
    return thread


def _drop(way: Callable[[Path, bytes], None], path: Path, content: bytes) -> None:
    """Write a file; while the disk is full, remove what is half written and try again, as programs do."""
    while True:
        try:
            way(path, content)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            for half in (path, _partial(path)):
                half.unlink(missing_ok=True)
            time.sleep(1)
        else:
            return


def _at_once(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _slowly(path: Path, content: bytes) -> None:
    """Write in pieces, with pauses shorter than what counts as settled."""
    with path.open("wb") as file:
        for piece in _pieces(content, 6):
            file.write(piece)
            file.flush()
            time.sleep(_PAUSE / 4)


def _pausing(path: Path, content: bytes) -> None:
    """Write a half, wait, open again, write the rest."""
    first, second = _pieces(content, 2)
    path.write_bytes(first)
    time.sleep(_PAUSE)
    with path.open("ab") as file:
        file.write(second)


def _renaming(path: Path, content: bytes) -> None:
    """Write under a name that is passed over, then rename."""
    partial = _partial(path)
    _slowly(partial, content)
    partial.rename(path)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _placeholder_first(path: Path, content: bytes) -> None:
    """Make an empty file, and fill it later."""
    path.touch()
    time.sleep(2 * SETTLE)
    path.write_bytes(content)


def _pieces(content: bytes, count: int) -> Iterator[bytes]:
    size = -(-len(content) // count)
    for number in range(count):
        yield content[number * size : (number + 1) * size]


_WAYS = (_at_once, _slowly, _pausing, _renaming, _placeholder_first)
