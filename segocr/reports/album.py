"""The pages that reports show: kept small and compressed until their record comes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.documents import Document
from segocr.pages import Page
from segocr.records import Record

LONG_SIDE = 2400
"""Pages are kept at most so large (pixels): a printed line of an A4 page is then about 25 px high."""
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as reports keep it.

    Attributes:
        number: 1-based place in the document.
        scale: Kept pixels for one page pixel, at most 1.
        jpeg: The picture, compressed.
    """

    number: int
    scale: float
    jpeg: bytes

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, ``uint8 (h, w, 3)`` BGR."""
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        return np.asarray(decoded, dtype=np.uint8)


class Album:
    """Pages waiting for their record; ``keep`` is the pipeline's ``on_page``."""

    def __init__(self) -> None:
        self._pages: dict[str, dict[int, KeptPage]] = defaultdict(dict)

    def keep(self, document: Document, page: Page) -> None:
        """Keep a smaller copy of a page."""
        self._pages[document.sha256][page.number] = shrink(page)

    def take(self, record: Record) -> Mapping[int, KeptPage]:
        """Return the record's pages by number, and forget them.

        Of a document with one record a page, the pages of its later records stay.
        """
        if record.sha256 is None or record.sha256 not in self._pages:
            return {}
        kept = self._pages[record.sha256]
        numbers = [page.number for page in record.pages] if record.pages else list(kept)
        taken = {number: kept.pop(number) for number in numbers if number in kept}
        if not kept:
            del self._pages[record.sha256]
        return taken

    def __len__(self) -> int:
        """Return how many pages are waiting."""
        return sum(len(pages) for pages in self._pages.values())


def shrink(page: Page) -> KeptPage:
    """Return the copy of a page that reports keep."""
    height, width = page.image.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    image = page.image if scale == 1.0 else resized(page.image, scale)
    return KeptPage(page.number, scale, encoded(image, _QUALITY))


def resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return ``image`` made smaller by averaging, at least one pixel wide and high."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def encoded(image: NDArray[np.uint8], quality: int) -> bytes:
    """Return ``image`` as JPEG of a quality in 1–100."""
    done, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be written as JPEG")
    return bytes(buffer)
