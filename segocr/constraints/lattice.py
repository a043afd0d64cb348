"""Posteriors in a kilobyte or two: enough to read the strip again under any other constraint.

By frame, the symbols within `KEPT_NATS` of the best one (at most `KEPT_SYMBOLS`) with their distance from it
in steps of 1/16 nat, and one floor for all other symbols. Form, little-endian, everything after the header
deflated::

    u8   version
    8 B  beginning of the SHA-256 of the alphabet
    u16  frames, u8 local symbols - 1, u32 column of each local symbol (the first is the blank)
    u8   by frame: log-probability of the best symbol, in steps of 1/32 nat below 0
    u8   by frame: floor, in steps of 1/16 nat below the best
    u8   by frame: how many symbols follow
    u8   by frame and symbol, best first: local symbol
    u8   the same: steps of 1/16 nat below the best
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from segocr.constraints.errors import ConstraintError

VERSION = 1
KEPT_NATS = 12.0
KEPT_SYMBOLS = 16
MAX_LOCAL = 256

_DIGEST_BYTES = 8
_LOSS_STEPS = 16.0
_TOP_STEPS = 32.0
_HEADER = struct.Struct("<B8s")
_COUNTS = struct.Struct("<HB")
_ALWAYS = frozenset(map(chr, range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True)
class Lattice:
    """Posteriors over a reduced alphabet.

    Attributes:
        log_probs: float32 ``(frames, len(alphabet))``; column 0 is the blank.
        alphabet: the symbols kept, and the printable ASCII ones that the recogniser has.
    """

    log_probs: npt.NDArray[np.float32]
    alphabet: tuple[str, ...]

    @staticmethod
    def compress(
        log_probs: npt.NDArray[np.float32],
        alphabet: Sequence[str],
        columns: npt.NDArray[np.int64] | None = None,
    ) -> bytes:
        """Pack posteriors.

        Args:
            log_probs: float ``(frames, len(alphabet))``, natural logarithms; column 0 is the blank.
            alphabet: the text of each column.
            columns: ascending int64, which of the alphabet's columns ``log_probs`` has, the blank first;
                None for all of them.

        Raises:
            ValueError: more than 65,535 frames.
        """
        frames = len(log_probs)
        if frames > 0xFFFF:
            message = f"a strip of {frames} frames is too long for a lattice"
            raise ValueError(message)
        header = _HEADER.pack(VERSION, _digest(tuple(alphabet)))
        if frames == 0:
            return header + zlib.compress(_COUNTS.pack(0, 0) + struct.pack("<I", 0))
        return header + zlib.compress(_pack(np.asarray(log_probs, dtype=np.float32), columns), 9)

    @classmethod
    def expand(cls, data: bytes, alphabet: Sequence[str]) -> "Lattice":
        """Unpack posteriors; symbols that were not kept have their frame's floor.

        Args:
            data: from `compress`.
            alphabet: the same alphabet.

        Raises:
            ConstraintError: another version (``lattice-version``), another alphabet (``lattice-alphabet``),
                or damaged (``lattice-damaged``).
        """
        if len(data) < _HEADER.size:
            raise ConstraintError("the lattice is damaged: it is too short", "lattice-damaged")
        version, digest = _HEADER.unpack_from(data)
        if version != VERSION:
            message = f"the lattice has version {version}, this code reads {VERSION}"
            raise ConstraintError(message, "lattice-version")
        if digest != _digest(tuple(alphabet)):
            raise ConstraintError("the lattice was made with another alphabet", "lattice-alphabet")
        try:
            return _unpack(zlib.decompress(data[_HEADER.size :]), alphabet)
        except (zlib.error, struct.error, ValueError, IndexError) as error:
            raise ConstraintError(f"the lattice is damaged: {error}", "lattice-damaged") from error


@lru_cache(maxsize=8)
def _digest(alphabet: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(alphabet).encode()).digest()[:_DIGEST_BYTES]


def _pack(log_probs: npt.NDArray[np.float32], columns: npt.NDArray[np.int64] | None) -> bytes:
    best = log_probs.argmax(axis=1)
    top = log_probs[np.arange(len(best)), best]
    frame, column = np.nonzero(log_probs >= (top - KEPT_NATS)[:, None])
    loss = top[frame] - log_probs[frame, column]
    # The best symbol stays the first even where another one ties with it.
    loss[column == best[frame]] = -1.0
    order = np.lexsort((loss, frame))
    frame, column, loss = frame[order], column[order], loss[order]
    starts = np.searchsorted(frame, np.arange(len(best)))
    rank = np.arange(len(frame)) - starts[frame]
    local = _local_symbols(column, loss, rank)
    kept = (rank < KEPT_SYMBOLS) & np.isin(column, local)
    frame, column, loss, rank = frame[kept], column[kept], loss[kept], rank[kept]
    others = log_probs.copy()
    others[frame, column] = -np.inf
    floor = _steps(top - others.max(axis=1, initial=-1e4), _LOSS_STEPS)
    steps = np.where(rank == 0, 0, np.maximum(_steps(loss, _LOSS_STEPS), 1)).astype(np.uint8)
    places = np.zeros(int(local.max()) + 1, dtype=np.uint8)
    places[local] = np.arange(len(local))
    return b"".join(
        (
            _COUNTS.pack(len(best), len(local) - 1),
            (local if columns is None else columns[local]).astype("<u4").tobytes(),
            _steps(-top, _TOP_STEPS).tobytes(),
            floor.tobytes(),
            np.bincount(frame, minlength=len(best)).astype(np.uint8).tobytes(),
            places[column].tobytes(),
            steps.tobytes(),
        )
    )


def _local_symbols(
    column: npt.NDArray[np.int64], loss: npt.NDArray[np.float32], rank: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The columns that get a local number: the blank, then those nearest to being best somewhere."""
    inside = rank < KEPT_SYMBOLS
    found, place = np.unique(column[inside], return_inverse=True)
    nearest = np.full(len(found), np.inf)
    np.minimum.at(nearest, place, loss[inside])
    found = found[np.argsort(nearest, kind="stable")]
    return np.concatenate(([0], found[found != 0][: MAX_LOCAL - 1])).astype(np.int64)


def _steps(values: npt.NDArray[np.float32], steps: float) -> npt.NDArray[np.uint8]:
    counted: npt.NDArray[np.uint8] = np.clip(np.rint(values * steps), 0, 255).astype(np.uint8)
    return counted


def _unpack(body: bytes, alphabet: Sequence[str]) -> Lattice:
    frames, last = _COUNTS.unpack_from(body)
    at = _COUNTS.size
    local = np.frombuffer(body, dtype="<u4", count=last + 1, offset=at).astype(np.int64)
    at += 4 * len(local)
    numbers = np.frombuffer(body, dtype=np.uint8, offset=at)
    top, floor, count = numbers[: 3 * frames].reshape(3, frames)
    rest = numbers[3 * frames :]
    entries = int(count.sum(dtype=np.int64))
    if len(rest) != 2 * entries:
        message = f"{entries} symbols announced, {len(rest) / 2} found"
        raise ValueError(message)
    # Symbols that fell to the floor everywhere can still be asked for by another constraint.
    known = {alphabet[column] for column in local.tolist()}
    extra = [
        column for column, text in enumerate(alphabet) if column and text in _ALWAYS and text not in known
    ]
    columns = [*local.tolist(), *extra]
    best = -top.astype(np.float32) / np.float32(_TOP_STEPS)
    floors = (best - floor / _LOSS_STEPS).astype(np.float32)
    log_probs = np.repeat(floors[:, None], len(columns), axis=1)
    frame = np.repeat(np.arange(frames), count)
    log_probs[frame, rest[:entries]] = (best[frame] - rest[entries:] / _LOSS_STEPS).astype(np.float32)
    return Lattice(log_probs, tuple(alphabet[column] for column in columns))
