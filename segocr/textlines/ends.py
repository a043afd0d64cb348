"""Ends: lines whose texts have a known length, followed to their ends and outlined at their print.

A detector widens small print to twice its height, and sees little in a row of fillers: of a machine-readable
line it may find a half. How many characters the line has, and how many of them were read, says how far to
follow it, and what is no such line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.constraints import Constraint
from segocr.constraints.binding import named_characters
from segocr.constraints.lengths import known_length
from segocr.geometry import Points
from segocr.pages import Page
from segocr.reading.refit import refit
from segocr.templates import Template
from segocr.textlines.lines import PROBABLE, TextLine, whole_page
from segocr.textlines.parts import Spans

_LACKING = 2
"""A line is followed if so many characters were not read: one may be two that look like it."""
_BESIDE = 0.3
"""How far beside a line its print may begin or end, in its heights: further off is its neighbour."""
_LONGER = 1.02
"""A line that was followed is so many times as long, or nothing more of it was found."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A line at its ends.

    Attributes:
        line: Unread where it is longer than what was read of it.
        outline: ``(4, 2)``, page pixels, close around the print.
    """

    line: TextLine
    outline: Points


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the one line of a class holds: so many characters, of these, none of them a space."""

    length: int
    characters: frozenset[str]

    def share_of(self, text: str) -> float:
        """Return how much of a text is a share of such a one, 0–1."""
        read = [character for character in text if not character.isspace()]
        # Upside down a filler is another sign, and most letters are no letters.
        fitting = sum(one in self.characters or not one.isalnum() for one in read)
        return float(min(fitting, self.length) / max(len(read), self.length))


@lru_cache(maxsize=256)
def _texts(constraint: Constraint) -> _Texts | None:
    """Return what texts of a known length a constraint accepts; None if their length is not known.

    Nor is it where they hold spaces, which are read or not.
    """
    length, named = known_length(constraint), set(named_characters(constraint))
    ranges = chain.from_iterable(constraint.automaton.class_ranges().values())
    every = sum(high - low + 1 for low, high in ranges) > len(named)
    if not length or every or any(map(str.isspace, named)):
        return None
    either = {one for character in named for one in (character.lower(), character.upper())}
    return _Texts(length, frozenset(either if constraint.ignore_case else named))


def _texts_of(template: Template, class_name: str) -> _Texts | None:
    specs = template.fields_of(class_name)
    if any(spec.lines == "many" or not spec.crop.fit for spec in specs):
        return None
    found = {_texts(spec.constraint) if spec.constraint else None for spec in specs}
    return found.pop() if len(found) == 1 else None


def line_length(template: Template, class_name: str) -> int | None:
    """Return how many characters the one line of a class has; None if that is not known."""
    texts = _texts_of(template, class_name)
    return None if texts is None else texts.length


def plausible(template: Template, lines: Sequence[TextLine], spans: Spans) -> NDArray[np.float32]:
    """Return ``float32 (n, 1 + classes)``: how well what was read of a line fits none and each class, 0–1.

    Of a class with texts of a known length it is the share of their characters that was read: letters that
    they cannot hold, such as small ones, do not count. It is squared where the line was read without doubts,
    that is upright. Of every other class it is 1.

    Args:
        template: Its constraints.
        lines: The lines.
        spans: Which characters would belong to a class: where it is a part of the line, that part counts.
    """
    shares = np.ones((len(lines), 1 + len(template.classes)), np.float32)
    for column, name in enumerate(template.classes, start=1):
        texts = _texts_of(template, name)
        if texts is not None:
            shares[:, column] = [
                texts.share_of(line.text[slice(*span)] if span else line.text)
                ** (2 if line.confidence >= PROBABLE else 1)
                for line, span in zip(lines, spans[name], strict=True)
            ]
    return shares


def characters_of(line: TextLine) -> int:
    """Return how many characters were read in a line, spaces apart."""
    return sum(not character.isspace() for character in line.text)


def ended(page: Page, line: TextLine, length: int) -> Ended:
    """Follow a line that lacks characters to its ends.

    Args:
        page: Its page.
        line: Read.
        length: Characters that it has.
    """
    patch, read = whole_page(page), characters_of(line)
    width, height = geometry.quad_size(line.quad)
    if 0 < read <= length - _LACKING:
        # No line is longer than its page.
        further = min((length - read + 1) * width / read, float(np.hypot(*page.image.shape[:2])))
        longer = refit(patch, line.quad, along=further / max(height, 1.0))
        if longer is not None and geometry.quad_size(longer)[0] >= _LONGER * width:
            return Ended(TextLine(longer, line.score), longer)
    outline = refit(patch, line.quad, along=_BESIDE)
    return Ended(line, line.quad if outline is None else outline)
