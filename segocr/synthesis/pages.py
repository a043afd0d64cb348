"""Labelled pages that can be redrawn: what each line says, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.evaluation.labels import Label, LabelledDocument, Polygon
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.prints import LEAST_LIKENESS, LinePrint, line_quad, match_print
from segocr.synthesis.redrawing import NewLine, fits, redraw
from segocr.synthesis.typefaces import Typeface

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """A label that can be redrawn.

    Attributes:
        lines: How its lines are printed, in reading order.
        again: How the same value, if it is one line, is printed elsewhere.
    """

    lines: tuple[LinePrint, ...]
    again: tuple[LinePrint, ...]

    @property
    def text(self) -> str:
        """What it says, its lines separated by line breaks."""
        return "\n".join(line.text for line in self.lines)

    def fits(self, text: str, to_right: bool) -> bool:
        """Whether another text, of as many lines, has room."""
        return all(fits(line) for line in self.new_lines(text, to_right))

    def new_lines(self, text: str, to_right: bool) -> list[NewLine]:
        """Return what is to be printed for another text, of as many lines; its repetitions last."""
        texts = text.split("\n")
        lines = [NewLine(p, t, to_right) for p, t in zip(self.lines, texts, strict=True)]
        return lines + [NewLine(p, texts[0], to_right) for p in self.again]


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """A labelled page, and of each of its labels how it is printed; None for one that must stay as it is."""

    document: LabelledDocument
    prints: tuple[PrintedLabel | None, ...]


def study_page(
    document: LabelledDocument, faces: Sequence[Typeface], any_case: frozenset[str]
) -> PrintedPage:
    """Find out how the labelled lines of a page are printed.

    Args:
        document: The page.
        faces: Typefaces to choose from.
        any_case: Classes whose values may be printed in capital or small letters, however they are labelled.

    Raises:
        UsageError: The picture cannot be opened.
    """
    page = read_picture(document.path)
    found = (_printed(page, label, faces, label.class_name in any_case) for label in document.labels)
    return PrintedPage(document, tuple(found))


def _printed(page: Picture, label: Label, faces: Sequence[Typeface], any_case: bool) -> PrintedLabel | None:
    texts = lines_of(label.value, label.polygons)
    if texts is None or not label.scored or (label.alternatives and len(texts) > 1):
        return None
    found = []
    places = [*zip(label.polygons, texts, strict=True), *((p, texts[0]) for p in label.alternatives)]
    for polygon, text in places:
        spellings = dict.fromkeys([text, text.title(), text.upper()] if any_case else [text])
        printed = match_print(page, polygon, list(spellings), faces)
        if printed is None or printed.likeness < LEAST_LIKENESS:
            return None
        found.append(printed)
    return PrintedLabel(tuple(found[: len(texts)]), tuple(found[len(texts) :]))


def lines_of(value: str, polygons: Sequence[Polygon]) -> list[str] | None:
    """Share the words of a value among its lines, so that wider lines have more characters.

    Returns:
        One text a polygon; None if there are fewer words than lines, or no words.
    """
    words = value.split()
    if not words or len(words) < len(polygons):
        return None
    widths = np.array([_width(polygon) for polygon in polygons])
    wanted = widths / widths.sum() * len(value)
    ends = np.cumsum([len(word) + 1 for word in words])
    # best[k][n]: the least sum of squared errors with which the first n words fill the first k lines.
    best = {(0, 0): (0.0, 0)}
    for k in range(1, len(polygons) + 1):
        for n in range(k, len(words) + 1):
            options = [
                (best[k - 1, m][0] + (_length(ends, m, n) - wanted[k - 1]) ** 2, m)
                for m in range(k - 1, n)
                if (k - 1, m) in best
            ]
            best[k, n] = min(options)
    lines, n = [], len(words)
    for k in range(len(polygons), 0, -1):
        m = best[k, n][1]
        lines.append(" ".join(words[m:n]))
        n = m
    return lines[::-1]


def _length(ends: NDArray[np.int64], first: int, last: int) -> float:
    return float(ends[last - 1] - (ends[first - 1] if first else 0) - 1)


def _width(polygon: Polygon) -> float:
    quad = line_quad(polygon)
    return max(float(np.linalg.norm(quad[1] - quad[0])), 1.0)


def redraw_page(
    printed: PrintedPage, texts: Sequence[str | None], to_right: frozenset[str]
) -> tuple[Picture, tuple[Label, ...]]:
    """Print new texts on a page.

    Args:
        printed: The page.
        texts: Of each label the new text, its lines separated by line breaks; None: it stays.
        to_right: Classes whose texts end where the old ones ended.

    Returns:
        The new page and its labels.

    Raises:
        UsageError: The picture cannot be opened.
        ValueError: A text has no room; ``PrintedLabel.fits`` tells.
    """
    document, new = printed.document, []
    for label, known, text in zip(document.labels, printed.prints, texts, strict=True):
        if known is not None and text is not None:
            new.append(known.new_lines(text, label.class_name in to_right))
        else:
            new.append([])
    page, quads = redraw(read_picture(document.path), [line for lines in new for line in lines])
    places = iter(quads)
    labels = []
    for label, text, lines in zip(document.labels, texts, new, strict=True):
        corners = [next(places) for _ in lines]
        labels.append(_relabelled(label, text, corners) if lines and text is not None else label)
    return page, tuple(labels)


def _relabelled(label: Label, text: str, corners: Sequence[Polygon | None]) -> Label:
    given = [quad for quad in corners if quad is not None]
    if len(given) < len(corners):
        raise ValueError(f"{text!r} has no room where {label.value!r} stood")
    count = len(label.polygons)
    value = " ".join(text.split("\n"))
    return Label(label.class_name, value, tuple(given[:count]), tuple(given[count:]))
