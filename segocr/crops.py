"""Crops: rectified patches around regions, and the strips of text that are cut from them.

A patch holds its region upright with a margin on every side, so that a second look (another height, a
refitted quadrilateral) needs no page: pages are dropped as soon as their regions are cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.geometry import Matrix, Points
from segocr.pages import Page
from segocr.regions import Region

STRIP_HEIGHT = 48
"""Height of a strip in pixels: what PP-OCR recognisers take."""

_SURROUNDINGS = 0.9
"""Margin of a patch on every side, in heights of the region (of one line)."""
_LONGER = (1.0, 8.0)
"""Margin of a one-line patch at either end, in widths and in heights of the region, the larger of the two:
models often find only a part of a long line."""
_WORD = 4.0
"""Margin of a patch of known lines at either end, in heights of a line: words may go on there."""
_LINE_PIXELS = (48.0, 96.0)
"""A one-line region is this high in its patch, at least and at most."""
_LONGEST = 4096
_ENLARGED = 0.6
"""Source pixels a result pixel, up to which pictures are enlarged by a cubic spline."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A region's patch.

    Attributes:
        region: What was found.
        patch: ``uint8 (h, w, 3)`` BGR, upright as far as the region's long side tells.
        quad: ``(4, 2)`` the region in the patch.
        to_page: 3×3, patch pixels to page pixels.
    """

    region: Region
    patch: NDArray[np.uint8]
    quad: Points
    to_page: Matrix

    @property
    def lines(self) -> list[Points]:
        """The region's lines of text in the patch, ``(4, 2)`` each; empty where its engine knows none."""
        to_patch = np.linalg.inv(self.to_page).astype(np.float64)
        return [geometry.transform(to_patch, quad) for quad in self.region.lines]


@dataclass(frozen=True, slots=True)
class Margins:
    """What a strip takes beyond the quad, in line heights; both less and more cost accuracy."""

    along: float = 0.15
    across: float = 0.05


def cut(
    page: Page,
    region: Region,
    *,
    lines: int | None = 1,
    upright: float | None = None,
    followed: bool = True,
) -> Crop:
    """Cut the patch of a region out of its page.

    Args:
        page: The page it was found on.
        region: Its polygon may reach beyond the page; what lies outside is filled with the nearest pixels.
        lines: 1 for a region that is one line of text; None if the number is not known.
        upright: Reading direction in radians where it is known (near-square regions need it); that of the
            region's lines counts first.
        followed: Whether a line may be followed beyond the region's ends.
    """
    if region.lines:
        upright = geometry.reading_angle(region.lines[0])
    quad = geometry.order_corners(geometry.minimum_rectangle(region.polygon), upright=upright)
    width, height = geometry.quad_size(quad)
    line_height = min((geometry.quad_size(line)[1] for line in region.lines), default=height)
    scale = _scale(width, line_height, 1 if region.lines else lines)
    margin = _SURROUNDINGS * height if lines == 1 else min(0.25 * height, 40.0)
    ends = max(_LONGER[0] * width, _LONGER[1] * height) if lines == 1 and followed else margin
    if region.lines:
        margin, ends = max(margin, _SURROUNDINGS * line_height), max(ends, _WORD * line_height)
    start, end = (max(min(ends, reach), min(ends, margin)) for reach in _reach(quad, margin, page.image))
    wide = geometry.grown(quad, start, margin, end, margin)
    size = (max(8, round((width + start + end) * scale)), max(8, round((height + 2 * margin) * scale)))
    to_page = geometry.homography(geometry.rectangle(*size), wide)
    return Crop(
        region=region,
        patch=warp(page.image, to_page, size, shrink=1 / scale),
        quad=geometry.transform(np.linalg.inv(to_page).astype(np.float64), quad),
        to_page=to_page,
    )


def _reach(quad: Points, margin: float, image: NDArray[np.uint8]) -> tuple[float, float]:
    """Return how far the page goes on before the start of a line and after its end, in pixels along it.

    A machine-readable line is nearly as wide as its page: most of a patch with its whole margins would show
    what lies outside, and cutting those patches out took half of the time of segocr's own process.
    """
    along = quad[1] + quad[2] - quad[0] - quad[3]
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    axes = np.stack([along, [-along[1], along[0]]], axis=1)
    (u, v), its = (geometry.rectangle(*image.shape[1::-1]) @ axes).T, quad @ axes
    low, high = its[:, 1].min() - margin, its[:, 1].max() + margin
    inside = list(u[(v >= low) & (v <= high)])
    for first, last in zip(range(4), (1, 2, 3, 0), strict=True):
        for edge in (low, high):
            if (v[first] - edge) * (v[last] - edge) < 0:
                part = (edge - v[first]) / (v[last] - v[first])
                inside.append(u[first] + part * (u[last] - u[first]))
    if not inside:
        return 0.0, 0.0
    return float(its[:, 0].min() - min(inside)), float(max(inside) - its[:, 0].max())


def _scale(width: float, height: float, lines: int | None) -> float:
    least, most = _LINE_PIXELS
    scale = min(max(1.0, least / height), most / height) if lines == 1 else 1.0
    return min(scale, _LONGEST / (3 * width))


def strip(crop: Crop, quad: Points, margins: Margins = Margins()) -> NDArray[np.uint8]:
    """Cut one line of text out of a patch, ``strip_of`` its picture; the quad is in patch pixels."""
    return strip_of(crop.patch, quad, margins)


def strip_of(image: NDArray[np.uint8], quad: Points, margins: Margins = Margins()) -> NDArray[np.uint8]:
    """Cut one line of text out of a picture, upright in the quad's reading direction.

    Args:
        image: ``uint8 (H, W, 3)`` BGR.
        quad: ``(4, 2)`` in its pixels.
        margins: What to take beyond it.

    Returns:
        ``uint8 (48, w, 3)`` BGR, w in proportion.
    """
    height = geometry.quad_size(quad)[1]
    along, across = margins.along * height, margins.across * height
    wide = geometry.grown(quad, along, across, along, across)
    full_width, full_height = geometry.quad_size(wide)
    scale = STRIP_HEIGHT / max(full_height, 1.0)
    size = (int(np.clip(round(full_width * scale), STRIP_HEIGHT // 4, _LONGEST)), STRIP_HEIGHT)
    return warp(image, geometry.homography(geometry.rectangle(*size), wide), size, shrink=1 / scale)


def warp(
    image: NDArray[np.uint8], to_source: Matrix, size: tuple[int, int], *, shrink: float
) -> NDArray[np.uint8]:
    """Resample a part of a picture.

    Args:
        image: ``uint8 (H, W, 3)``.
        to_source: 3×3, from pixels of the result to pixels of ``image`` (both with corners at outer edges).
        size: (width, height) of the result.
        shrink: Source pixels a result pixel; above 1.5 the result is made larger first and then averaged,
            because sampling alone would skip pixels.
    """
    steps = int(np.ceil(shrink)) if shrink > 1.5 else 1
    fine = np.diag([1 / steps, 1 / steps, 1.0])
    # Near the picture's own size a cubic spline shows nothing more, and takes 2.7 times as long.
    flags = (cv2.INTER_CUBIC if shrink <= _ENLARGED else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    # OpenCV counts from pixel centres, our quads from outer edges: half a pixel on both sides.
    centre = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    matrix = np.linalg.inv(centre) @ to_source @ fine @ centre
    width, height = size
    result = cv2.warpPerspective(
        image, matrix, (width * steps, height * steps), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    if steps > 1:
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(result, dtype=np.uint8)
