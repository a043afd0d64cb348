"""What changed between the unconstrained reading and the accepted text, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from segocr.readings import Reading


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a reading: ``raw`` and ``text`` are the same, or what was read and what it became."""

    raw: str
    text: str

    @property
    def changed(self) -> bool:
        """Whether the constraint changed this piece."""
        return self.raw != self.text


def pieces(reading: Reading) -> tuple[Piece, ...]:
    """Return a reading in pieces that join to its raw and to its accepted text.

    A reading whose edits do not lead from one to the other is one changed piece: shown, never hidden.
    """
    if reading.text is None:
        return (Piece(reading.raw, ""),) if reading.raw else ()
    found = tuple(_by_edits(reading))
    if "".join(p.raw for p in found) == reading.raw and "".join(p.text for p in found) == reading.text:
        return found
    return (Piece(reading.raw, reading.text),)


def _by_edits(reading: Reading) -> Iterator[Piece]:
    place = 0
    for start, raw, text in sorted(reading.edits):
        if start > place:
            yield Piece(reading.raw[place:start], reading.raw[place:start])
        yield Piece(raw, text)
        place = start + len(raw)
    if place < len(reading.raw):
        yield Piece(reading.raw[place:], reading.raw[place:])
