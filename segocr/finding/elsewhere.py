"""Elsewhere on a page: regions as sure as the one that a field takes, at places of their own.

There may be a second document of the kind. Its lines are read as well, not to choose from, but so that a
record is made from one of the two and says that there is another (``segocr.validators.together``).
"""

from __future__ import annotations

from collections.abc import Sequence

from segocr import geometry
from segocr.deciding.candidates import SAME_PLACE
from segocr.overlaps import shared_part
from segocr.regions import Region
from segocr.validators.together import SERIOUS


def elsewhere(regions: Sequence[Region], taken: Sequence[Region]) -> list[bool]:
    """Say which regions of a page are probably of another document than those taken.

    Args:
        regions: Of classes of which a field takes one region.
        taken: The surest of each class.
    """
    surest = {region.class_name: region.score for region in taken}
    places = [geometry.minimum_rectangle(region.polygon) for region in taken]
    said = []
    for region in regions:
        quad = geometry.minimum_rectangle(region.polygon)
        is_apart = all(shared_part(quad, place) < SAME_PLACE for place in places)
        said.append(is_apart and region.score >= SERIOUS * surest.get(region.class_name, 1.0))
        if said[-1]:
            places.append(quad)
    return said
