"""What is dropped: good pictures no two of which are the same, copies of them, broken files; and how."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SETTLE = 3.0
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
    """A file to drop: its path relative to the inbox, its bytes, and what should become of it."""

    path: str
    content: bytes
    kind: Kind

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def plan(count: int, samples: Sequence[tuple[str, bytes]], dice: random.Random) -> list[Dropped]:
    """Return what to drop, in order: 5 % broken, 10 % copies.

    Args:
        count: How many files.
        samples: Folder in the inbox, and a good JPEG's bytes.
        dice: Decides.
    """
    files: list[Dropped] = []
    for number in range(count):
        folder, picture = dice.choice(samples)
        good = [one for one in files if one.kind is Kind.GOOD]
        chance = dice.random()
        if chance < _BROKEN or number == 1:
            suffix, content = dice.choice(_BREAKS)(picture, number)
            files.append(Dropped(f"{folder}/broken-{number}.{suffix}", content, Kind.BROKEN))
        elif good and (chance < _BROKEN + _COPIES or number == 2):
            twin = dice.choice(good)
            path = f"{twin.path.partition('/')[0]}/copy-{number}.jpg"
            files.append(Dropped(path, twin.content, Kind.COPY))
        else:
            files.append(Dropped(f"{folder}/good-{number}.jpg", _own(picture, number), Kind.GOOD))
    return files


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


def drop_all(inbox: Path, files: Sequence[Dropped], seconds: float, dice: random.Random) -> threading.Thread:
    """Begin to drop files over a time, several at once; returns the thread that does."""
    ways = [dice.choice(_WAYS) for _ in files]
    moments = sorted(dice.uniform(0, seconds) for _ in files)

    def run() -> None:
        start = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            for file, way, moment in zip(files, ways, moments, strict=True):
                time.sleep(max(0.0, start + moment - time.monotonic()))
                pool.submit(way, inbox / file.path, file.content).add_done_callback(_check)

    thread = threading.Thread(target=run, name="writers")
    thread.start()
    return thread


def _check(future: object) -> None:
    future.result()  # type: ignore[attr-defined]


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
    partial = path.with_name(path.name + ".part")
    _slowly(partial, content)
    partial.rename(path)


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
