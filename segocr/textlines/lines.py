"""The text lines of a page: detected at any tilt, put into reading order of their own frame, and read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.constraints import Decoded
from segocr.crops import Crop, Margins, strip
from segocr.geometry import Points
from segocr.pages import Page
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import LinePolygon, OcrModel
from segocr.textlines.layout import page_angle
from segocr.textlines.mending import parts_of_lines, united

MOST = 1200
"""Lines of a page that are looked at: the surest ones."""
_MARGINS = Margins()
_FRAME = 8.0
"""Pixels of a strip of height 48 that make one frame of the posteriors."""
_PROBES = 6
"""Lines read both ways up to tell whether a page stands on its head."""
PROBABLE = 0.9
"""Mean confidence above which a page need not be tried upside down."""
_AT_ONCE = 64
_GLANCE = 1152
"""Pixels of a page's longer side at which its lines are looked for first."""
_SMALL = 14.0
"""Pixels there: where a tenth of the lines is lower, smaller ones may be missing, and all is looked at anew.

At a glance 1,076 of 1,083 lines of 24 train receipts are found, at two thirds of the cost, and all 84 lines
of machine-readable zones on 42 flat passport pages are found whole; at 960 pixels 6 came in parts.
"""
_TENTH = 0.1


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text on a page.

    Attributes:
        quad: ``float64 (4, 2)`` TL, TR, BR, BL in reading direction, page pixels.
        score: 0–1, the detector's.
        text: The unconstrained reading; empty where there is none.
        confidence: 0–1, mean over the characters; 0 for an empty reading.
        bounds: ``float64 (len(text) + 1,)``, ascending: between which shares of the quad's length each
            character stands.
        lattice: Compact posteriors; empty where it was not read, or not by itself.
    """

    quad: Points
    score: float
    text: str = ""
    confidence: float = 0.0
    bounds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    lattice: bytes = b""

    @property
    def is_read(self) -> bool:
        """Whether it was read, be it that nothing was found in it, or as a part of a longer one."""
        return bool(self.lattice) or bool(self.text)

    def part(self, start: int, end: int) -> Points:
        """Return the quad of the characters from ``start`` to before ``end``."""
        left, right = float(self.bounds[start]), float(self.bounds[end])
        tl, tr, br, bl = self.quad
        return np.array(
            [
                tl + left * (tr - tl),
                tl + right * (tr - tl),
                bl + right * (br - bl),
                bl + left * (br - bl),
            ]
        )


def find_lines(
    pages: Sequence[Page], steps: Steps, model: OcrModel, *, in_full: bool = False, areas: bool = False
) -> list[list[TextLine]]:
    """Detect the text lines of pages; they are not read yet.

    Args:
        pages: Upright or not.
        steps: The OCR host.
        model: Its detector finds the lines.
        in_full: Look at whole large pages; otherwise only where a glance shows small text.
        areas: Look closely only where there is text, seen from afar: for pages with little of it.

    Returns:
        For each page its lines, best first, at most ``MOST``.
    """
    found = []
    detected = steps.detect([page.image for page in pages], model) if in_full else None
    for polygons in detected or _detected(pages, steps, model, areas=areas):
        best = sorted(polygons, key=lambda line: -line.score)[:MOST]
        lines = oriented([(line.score, geometry.order_corners(line.polygon)) for line in best])
        found.append(_mended(lines))
    return found


def _mended(lines: Sequence[TextLine]) -> list[TextLine]:
    """Return lines, none of them read yet, with those whole that were found in parts."""
    whole = []
    for parts in parts_of_lines([line.quad for line in lines]):
        quads = [lines[part].quad for part in parts]
        score = max(lines[part].score for part in parts)
        whole.append(TextLine(united(quads) if len(parts) > 1 else quads[0], score))
    return whole


def _detected(
    pages: Sequence[Page], steps: Steps, model: OcrModel, *, areas: bool
) -> list[list[LinePolygon]]:
    """Return the detector's lines of pages, in pixels of the page.

    Large pages are looked at in full only where a glance shows small text.
    """
    found: dict[int, list[LinePolygon]] = {}
    large = [number for number, page in enumerate(pages) if max(page.image.shape) > _GLANCE]
    if large:
        glances = steps.detect([pages[number].image for number in large], model, side=_GLANCE, areas=areas)
        found = {
            number: polygons
            for number, polygons in zip(large, glances, strict=True)
            if not _is_small(pages[number], [geometry.order_corners(line.polygon) for line in polygons])
        }
    rest = [number for number in range(len(pages)) if number not in found]
    if rest:
        images = [pages[number].image for number in rest]
        found |= zip(rest, steps.detect(images, model, areas=areas), strict=True)
    return [found[number] for number in range(len(pages))]


def was_glanced_at(page: Page, lines: Sequence[TextLine], *, areas: bool = False) -> bool:
    """Whether ``find_lines`` found the lines of a page at a glance, as far as they tell."""
    return areas or (max(page.image.shape) > _GLANCE and not _is_small(page, [line.quad for line in lines]))


def _is_small(page: Page, quads: Sequence[Points]) -> bool:
    scale = _GLANCE / max(page.image.shape)
    heights = [min(geometry.quad_size(quad)) * scale for quad in quads]
    return not heights or float(np.quantile(heights, _TENTH)) < _SMALL


def oriented(found: Sequence[tuple[float, Points]], known: Sequence[TextLine] = ()) -> list[TextLine]:
    """Return lines in the direction in which their page reads, as far as their long sides tell.

    Args:
        found: Score and ``(4, 2)`` corners in any direction.
        known: Other lines of the page, in reading direction, on its head perhaps.
    """
    angle = page_angle([quad for _, quad in found] + [line.quad for line in known])
    along = sum((line.quad[1] - line.quad[0] for line in known), np.zeros(2))
    on_its_head = along @ np.array([math.cos(angle), math.sin(angle)]) < 0
    quads = [geometry.order_corners(quad, upright=_own_angle(quad, angle)) for _, quad in found]
    return [
        TextLine(geometry.turned(quad) if on_its_head else quad, score)
        for quad, (score, _) in zip(quads, found, strict=True)
    ]


def _own_angle(quad: Points, angle: float) -> float | None:
    """Return the page's angle for lines too short to have one, or that read against the others."""
    width, height = geometry.quad_size(quad)
    own = geometry.reading_angle(quad)
    against = abs(math.cos(own - angle)) < math.cos(math.radians(30))
    return angle if width < 2 * height or not against else None


Choose = Callable[[Sequence[TextLine]], NDArray[np.bool_]]
"""Says which lines of a page are to be read, ``bool (n,)``."""


def every(lines: Sequence[TextLine]) -> NDArray[np.bool_]:
    """Have all lines read."""
    return np.ones(len(lines), bool)


Tell = Callable[[Sequence[TextLine]], bool]
"""Says whether what was read of lines leaves no doubt that they were read the right way up."""


def never(lines: Sequence[TextLine]) -> bool:
    """Leave it in doubt."""
    return False


def read_lines(
    page: Page,
    lines: Sequence[TextLine],
    steps: Steps,
    model: OcrModel,
    choose: Choose = every,
    is_upright: Tell = never,
) -> list[TextLine]:
    """Read lines of a page without constraints, the whole page upside down if it stands so.

    Args:
        page: Their page.
        lines: From ``find_lines``.
        steps: The OCR host.
        model: The recogniser.
        choose: Which lines are read, at least one; asked again for a page that stands on its head.
        is_upright: What it says counts more than how sure the readings are: of a page with a passport and,
            the other way up, a letter, the letter's lines are most.

    Returns:
        The lines in the same order with their readings; quads turned where the page stands on its head.
    """
    read = read_chosen(page, lines, choose(lines), steps, model)
    sure = [line.confidence for line in read if len(line.text) > 2]
    if not lines or (sure and float(np.mean(sure)) >= PROBABLE) or is_upright(read):
        return read
    probes = sorted(
        (place for place, line in enumerate(read) if line.is_read),
        key=lambda place: -geometry.quad_size(lines[place].quad)[0],
    )[:_PROBES]
    turned = [replace(line, quad=geometry.turned(line.quad)) for line in lines]
    other = _read(page, [turned[place] for place in probes], steps, model)
    surer = sum(map(_worth, other)) > sum(_worth(read[place]) for place in probes)
    if not surer and not is_upright(other):
        return read
    return read_chosen(page, turned, choose(turned), steps, model)


def read_chosen(
    page: Page, lines: Sequence[TextLine], mask: NDArray[np.bool_], steps: Steps, model: OcrModel
) -> list[TextLine]:
    """Return lines of a page with those of a mask ``bool (n,)`` read, the way their quads say."""
    places = np.flatnonzero(mask).tolist()
    read = list(lines)
    for place, line in zip(
        places, _read(page, [lines[place] for place in places], steps, model), strict=True
    ):
        read[place] = line
    return read


def _worth(line: TextLine) -> float:
    return line.confidence * len(line.text)


def whole_page(page: Page) -> Crop:
    """Return a page as the patch of one region, so that strips can be cut out of it anywhere."""
    height, width = page.image.shape[:2]
    quad = geometry.rectangle(width, height)
    region = Region(page.number, "", 1.0, quad.astype(np.float32))
    return Crop(region, page.image, quad, np.eye(3))


def _read(page: Page, lines: Sequence[TextLine], steps: Steps, model: OcrModel) -> list[TextLine]:
    patch = whole_page(page)
    read: list[TextLine] = []
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        strips = [strip(patch, line.quad, _MARGINS) for line in part]
        answers = steps.read(strips, [[None]] * len(part), model)
        for line, picture, answer in zip(part, strips, answers, strict=True):
            decoded = answer.decoded[0]
            read.append(
                replace(
                    line,
                    text=decoded.raw,
                    confidence=float(np.mean(decoded.raw_confidences)) if decoded.raw else 0.0,
                    bounds=_bounds(decoded, line.quad, picture.shape[1]),
                    lattice=answer.lattice,
                )
            )
    return read


def _bounds(decoded: Decoded, quad: Points, width: int) -> NDArray[np.float64]:
    """Return between which shares of the quad's length each character stands."""
    if not decoded.raw:
        return np.zeros(1)
    spans = np.array(decoded.raw_spans, np.float64)
    middles = (spans.sum(axis=1) + 1) / 2 * _FRAME / width
    own = geometry.quad_size(quad)
    margin = _MARGINS.along * own[1] / max(own[0], 1.0)
    middles = middles * (1 + 2 * margin) - margin
    between = (middles[1:] + middles[:-1]) / 2
    return np.maximum.accumulate(np.clip(np.concatenate([[0.0], between, [1.0]]), 0.0, 1.0))
