"""What a document may ask for, and what opening one of its pages gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segocr.steps.protocol import Refusal

_MAX_SIDE = 65_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Rendering resolution (dots per inch), largest page (million pixels), largest number of pages."""

    dpi: float
    max_megapixels: float
    max_pages: int

    def check_size(self, width: float, height: float) -> None:
        """Refuse a page by its stated size in pixels, before a pixel is decoded.

        Raises:
            Refusal: ``too-large`` or ``unreadable`` (no size at all).
        """
        if width < 1 or height < 1:
            raise Refusal("document", "unreadable", f"a page of {width:.0f} x {height:.0f} pixels")
        if width * height > self.max_megapixels * 1e6 or max(width, height) > _MAX_SIDE:
            raise Refusal(
                "document",
                "too-large",
                f"a page of {width:.0f} x {height:.0f} pixels; "
                f"the limit is {self.max_megapixels:g} megapixels",
            )

    def check_pages(self, pages: int) -> None:
        """Refuse a document by its number of pages.

        Raises:
            Refusal: ``too-many-pages`` or ``unreadable`` (none).
        """
        if pages < 1:
            raise Refusal("document", "unreadable", "a document without pages")
        if pages > self.max_pages:
            raise Refusal(
                "document", "too-many-pages", f"more than {self.max_pages} pages; that is the limit"
            )


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """One page: ``uint8 (H, W, 3)`` BGR upright; dots per inch if known; pages in its document."""

    image: NDArray[np.uint8]
    dpi: float | None
    pages: int


def check_number(number: int, pages: int) -> None:
    """Refuse a page that the document lacks.

    Raises:
        Refusal: ``no-such-page``: the orchestrator's mistake, or the file changed between two pages.
    """
    if not 1 <= number <= pages:
        raise Refusal("document", "no-such-page", f"page {number} of {pages}")
