"""Posteriors in a kilobyte or two: what a strip is read from, now and whenever its constraint changes.

By frame, the symbols within `KEPT_NATS` of the best one (at most `KEPT_SYMBOLS`) with their distance from it,
and one floor for all other symbols: the geometric mean of what they had. The symbols themselves are kept, so
nothing else is needed to read the strip again. A frame's probabilities sum to 1 again when they are unpacked.
Form, little-endian, everything after the version deflated::

    u8   version
    u16  frames, u8 local symbols - 1, u16 bytes of their texts
    …    texts of the local symbols in UTF-8, each ended by a NUL; the first one is the blank
    u8   by frame: how many symbols follow
    u8   by frame: floor, in steps of 1/2 nat below the best
    u8   by frame and symbol, best first: local symbol
    u8   the same, but for the best: place in `LOSSES`, nats below the best
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segocr.constraints.errors import ConstraintError

VERSION = 2
KEPT_NATS = 12.0
KEPT_SYMBOLS = 16
MAX_LOCAL = 256

LOSSES = np.concatenate((np.arange(0, 4, 0.125), np.arange(4, 8, 0.25), np.arange(8, 12.5, 0.5))).astype(
    np.float32
)
"""float32, ascending: distances from a frame's best symbol that are told apart, finer where they decide."""

_BETWEEN = (LOSSES[1:] + LOSSES[:-1]) / 2
_FLOOR_STEPS = 2.0
_LOWEST = 24.0
"""Nats below the best from which on a symbol's own value says nothing; it would only drag the mean."""
_COUNTS = struct.Struct("<HBH")
_LONGEST = _COUNTS.size + 0xFFFF + 0xFFFF * (1 + 2 * KEPT_SYMBOLS)
"""Bytes of the longest lattice, inflated."""
_END = "\0"


@dataclass(frozen=True, slots=True)
class Lattice:
    """Posteriors over the few symbols that had a chance.

    Attributes:
        log_probs: float32 ``(frames, len(alphabet))``, natural logarithms; column 0 is the blank.
        alphabet: the symbols kept, the blank first.
        floor: float32 ``(frames,)``, log-probability of every other symbol.
    """

    log_probs: npt.NDArray[np.float32]
    alphabet: tuple[str, ...]
    floor: npt.NDArray[np.float32]

    def with_symbols(self, symbols: Sequence[str]) -> "Lattice":
        """The same with further symbols, at the floor; those that are kept already are passed over."""
        known = set(self.alphabet)
        extra = tuple(dict.fromkeys(symbol for symbol in symbols if symbol not in known))
        if not extra:
            return self
        below = np.repeat(self.floor[:, None], len(extra), axis=1)
        return Lattice(np.hstack((self.log_probs, below)), self.alphabet + extra, self.floor)

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
        if frames == 0:
            body = _COUNTS.pack(0, 0, 1) + _END.encode()
        else:
            body = _pack(np.asarray(log_probs, dtype=np.float32), alphabet, columns)
        return bytes([VERSION]) + zlib.compress(body, 9)

    @classmethod
    def expand(cls, data: bytes) -> "Lattice":
        """Unpack posteriors.

        Args:
            data: from `compress`.

        Raises:
            ConstraintError: another version (``lattice-version``), or damaged (``lattice-damaged``).
        """
        if len(data) < 2:
            raise ConstraintError("the lattice is damaged: it is too short", "lattice-damaged")
        if data[0] != VERSION:
            message = f"the lattice has version {data[0]}, this code reads {VERSION}"
            raise ConstraintError(message, "lattice-version")
        try:
            return _unpack(_inflated(data[1:]))
        except (zlib.error, struct.error, ValueError, IndexError) as error:
            raise ConstraintError(f"the lattice is damaged: {error}", "lattice-damaged") from error


def _pack(
    log_probs: npt.NDArray[np.float32], alphabet: Sequence[str], columns: npt.NDArray[np.int64] | None
) -> bytes:
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
    places = np.zeros(int(local.max()) + 1, dtype=np.uint8)
    places[local] = np.arange(len(local))
    codes = np.maximum(np.searchsorted(_BETWEEN, loss[rank > 0]), 1).astype(np.uint8)
    own = local if columns is None else columns[local]
    texts = "".join(alphabet[place] + _END for place in own.tolist()).encode("utf-8", "surrogatepass")
    return b"".join(
        (
            _COUNTS.pack(len(best), len(local) - 1, len(texts)),
            texts,
            np.bincount(frame, minlength=len(best)).astype(np.uint8).tobytes(),
            _floor_steps(log_probs, top, frame, column).tobytes(),
            places[column].tobytes(),
            codes.tobytes(),
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


def _floor_steps(
    log_probs: npt.NDArray[np.float32],
    top: npt.NDArray[np.float32],
    frame: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """How far below the best symbol the others of each frame are, on average."""
    loss = np.minimum(top[:, None] - log_probs, np.float32(_LOWEST))
    loss[frame, column] = 0.0
    others = log_probs.shape[1] - np.bincount(frame, minlength=len(top))
    mean = np.where(others > 0, loss.sum(axis=1) / np.maximum(others, 1), _LOWEST)
    steps: npt.NDArray[np.uint8] = np.rint(mean * _FLOOR_STEPS).astype(np.uint8)
    return steps


def _inflated(packed: bytes) -> bytes:
    """At most as many bytes as a lattice can have: damaged ones are not to fill the memory."""
    stream = zlib.decompressobj()
    body = stream.decompress(packed, _LONGEST)
    if not stream.eof:
        message = f"it ends too soon, or has more than {_LONGEST} bytes"
        raise ValueError(message)
    return body


def _unpack(body: bytes) -> Lattice:
    frames, last, length = _COUNTS.unpack_from(body)
    at = _COUNTS.size + length
    texts = body[_COUNTS.size : at].decode("utf-8", "surrogatepass").split(_END)[:-1]
    numbers = np.frombuffer(body, dtype=np.uint8, offset=at)
    count, floor = numbers[: 2 * frames].reshape(2, frames)
    entries = int(count.sum(dtype=np.int64))
    rest = numbers[2 * frames :]
    if len(texts) != last + 1 or len(rest) != 2 * entries - frames or not count.all():
        message = f"{frames} frames, {entries} symbols and {last + 1} texts do not fit {len(body)} bytes"
        raise ValueError(message)
    frame = np.repeat(np.arange(frames), count)
    is_best = np.diff(frame, prepend=-1) > 0
    losses = np.zeros(entries, dtype=np.float32)
    losses[~is_best] = LOSSES[rest[entries:]]
    below = np.repeat(-floor[:, None].astype(np.float32) / np.float32(_FLOOR_STEPS), last + 1, axis=1)
    below[frame, rest[:entries]] = -losses
    sums = np.bincount(frame, np.exp(-losses.astype(np.float64)), minlength=frames)
    scale = np.log(sums).astype(np.float32)
    return Lattice(
        below - scale[:, None], tuple(texts), -floor.astype(np.float32) / np.float32(_FLOOR_STEPS) - scale
    )
