"""Plane geometry of quadrilaterals and perspective, in numpy only.

Points are ``float64 (n, 2)`` as (x, y) in pixels, origin top-left, y down. A quad is ``(4, 2)`` in the order
top-left, top-right, bottom-right, bottom-left *as seen in reading direction*. This module owns that order:
the OpenCV versions of the environments disagree on where ``boxPoints`` starts, so it is never asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Matrix = NDArray[np.float64]

_FLAT = 0.01
"""Pixels: what is no higher on average encloses no area that anything could be cut out of."""


class FlatShapeError(ValueError):
    """Points that enclose no area."""


def is_flat(points: ArrayLike) -> bool:
    """Say whether points lie on one line, or so near to one that they enclose no area.

    Args:
        points: ``(n, 2)``, n ≥ 1.
    """
    hull = convex_hull(points)
    if len(hull) < 3:
        return True
    length = float(np.ptp(hull, axis=0).max())
    return not polygon_area(hull) > _FLAT * length  # not a number, too


def polygon_area(polygon: ArrayLike) -> float:
    """Return the area of a simple polygon in square pixels (shoelace formula), never negative."""
    x, y = np.asarray(polygon, dtype=np.float64).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def convex_hull(points: ArrayLike) -> Points:
    """Return the convex hull of points, clockwise on the screen (Andrew's monotone chain).

    Args:
        points: ``(n, 2)``, n ≥ 1.
    """
    unique = np.unique(np.asarray(points, dtype=np.float64), axis=0)
    if len(unique) < 3:
        return unique

    def chain(ordered: list[list[float]]) -> list[list[float]]:
        kept: list[list[float]] = []
        for point in ordered:
            while len(kept) >= 2 and _turn(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    # Numbers of Python: one at a time, numpy's take ten times as long.
    ordered = unique.tolist()
    return np.array(chain(ordered) + chain(ordered[::-1]))


def _turn(a: list[float], b: list[float], c: list[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def minimum_rectangle(points: ArrayLike) -> Points:
    """Return the rectangle of least area around points, as a quad that reads along its long side.

    One side of it lies on a side of the convex hull (Freeman and Shapira 1975), so every hull edge is tried.

    Args:
        points: ``(n, 2)``, n ≥ 3.

    Raises:
        FlatShapeError: The points enclose no area.
    """
    hull = convex_hull(points)
    if len(hull) < 3:
        raise FlatShapeError("the points lie on one line")
    edges = np.roll(hull, -1, axis=0) - hull
    axes = edges / np.linalg.norm(edges, axis=1, keepdims=True)
    normals = np.stack([-axes[:, 1], axes[:, 0]], axis=1)
    along, across = hull @ axes.T, hull @ normals.T
    area = np.ptp(along, axis=0) * np.ptp(across, axis=0)
    best = int(np.argmin(area))
    u, v = along[:, best], across[:, best]
    corners = np.array([[u.min(), v.min()], [u.max(), v.min()], [u.max(), v.max()], [u.min(), v.max()]])
    return order_corners(corners @ np.stack([axes[best], normals[best]]))


def order_corners(quad: ArrayLike, *, upright: float | None = None) -> Points:
    """Order four corners as top-left, top-right, bottom-right, bottom-left.

    Text reads along the longer pair of sides, to the right (of a vertical one: downwards). With ``upright``,
    an angle that the text is known to have, the pair of sides nearest to it is taken instead: needed where
    a region is nearly square.

    Args:
        quad: ``(4, 2)`` corners of a convex quadrilateral in any order.
        upright: Angle of the reading direction in radians, 0 = to the right, clockwise on the screen.

    Returns:
        ``(4, 2)``.
    """
    points = np.asarray(quad, dtype=np.float64)
    centred = points - points.mean(axis=0)
    ring = points[np.argsort(np.arctan2(centred[:, 1], centred[:, 0]), kind="stable")]
    sides = np.roll(ring, -1, axis=0) - ring
    directions = sides - np.roll(sides, 2, axis=0)
    if upright is None:
        first = 0 if np.linalg.norm(directions[0]) >= np.linalg.norm(directions[1]) else 1
        if not _points_right(directions[first]):
            first += 2
    else:
        wanted = np.array([np.cos(upright), np.sin(upright)])
        first = int(np.argmax(directions @ wanted / np.maximum(np.linalg.norm(directions, axis=1), 1e-9)))
    return np.roll(ring, -first, axis=0)


def _points_right(direction: Points) -> bool:
    x, y = float(direction[0]), float(direction[1])
    return x > 1e-9 or (abs(x) <= 1e-9 and y > 0)


def turned(quad: Points) -> Points:
    """Return the quad that reads the same area upside down."""
    return np.roll(quad, 2, axis=0)


def reading_angle(quad: Points) -> float:
    """Return the angle of a quad's reading direction in radians, clockwise from the x axis, in (-π, π]."""
    direction = quad[1] + quad[2] - quad[0] - quad[3]
    return float(np.arctan2(direction[1], direction[0]))


def quad_size(quad: Points) -> tuple[float, float]:
    """Return (width, height) of a quad in pixels: mean lengths of its opposite sides."""
    side = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float(side[0] + side[2]) / 2, float(side[1] + side[3]) / 2


def grown(quad: Points, left: float, top: float, right: float, bottom: float) -> Points:
    """Move the sides of a quad outwards along its own axes (inwards where negative).

    Args:
        quad: ``(4, 2)``.
        left: Pixels before the start of the text; ``top``, ``right``, ``bottom`` alike.
        top: Pixels above.
        right: Pixels after its end.
        bottom: Pixels below.
    """
    tl, tr, br, bl = quad
    head, foot = _unit(tr - tl), _unit(br - bl)
    start, end = _unit(bl - tl), _unit(br - tr)
    return np.array(
        [
            tl - left * head - top * start,
            tr + right * head - top * end,
            br + right * foot + bottom * end,
            bl - left * foot + bottom * start,
        ]
    )


def _unit(vector: Points) -> Points:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def homography(source: ArrayLike, target: ArrayLike) -> Matrix:
    """Return the 3×3 matrix that maps four points onto four others (direct linear transformation).

    Args:
        source: ``(4, 2)``, no three on a line.
        target: ``(4, 2)``.

    Raises:
        FlatShapeError: Three of the source points lie on one line.
    """
    pairs = zip(np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64), strict=True)
    rows, values = [], []
    for (x, y), (u, v) in pairs:
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        solution = np.linalg.solve(np.array(rows), np.array(values))
    except np.linalg.LinAlgError as error:
        raise FlatShapeError("three of the four points lie on one line") from error
    return np.append(solution, 1.0).reshape(3, 3)


def transform(matrix: Matrix, points: ArrayLike) -> Points:
    """Apply a 3×3 perspective matrix to ``(n, 2)`` points."""
    xy = np.asarray(points, dtype=np.float64)
    mapped = np.column_stack([xy, np.ones(len(xy))]) @ matrix.T
    result: Points = mapped[:, :2] / mapped[:, 2:]
    return result


def rectangle(width: float, height: float) -> Points:
    """Return the quad of an upright picture of that size, corners at its outer edges."""
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
