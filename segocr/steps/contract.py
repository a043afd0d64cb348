"""What is asked of step hosts, and what comes back: the types of ``client.Steps``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import Decoded

Image = NDArray[np.uint8]
"""``uint8 (H, W, 3)`` BGR."""


SECONDS_A_PAGE = 1.0
"""What a page of a document adds to the time that opening all of it may take."""


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """How documents are opened: PDF resolution, and the limits of ``segocr.toml``.

    Seconds are for the whole document of one page; each further page may take ``SECONDS_A_PAGE`` more.
    """

    dpi: float = 200.0
    max_megapixels: float = 120.0
    max_pages: int = 500
    seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page of an opened document.

    Attributes:
        number: 1-based.
        image: ``uint8 (H, W, 3)`` BGR, upright, read-only.
        dpi: Resolution if known.
        pages: How many the document has.
        media_type: Such as ``image/jpeg``, told by content.
    """

    number: int
    image: Image
    dpi: float | None
    pages: int
    media_type: str


@dataclass(frozen=True, slots=True)
class SegmentModel:
    """A segmentation model.

    Attributes:
        engine: ``openvino`` (``.onnx``, or OpenVINO's ``.xml``) or ``ultralytics`` (``.pt``).
        path: Its file.
        image_size: Long side in pixels that pages are scaled to, a multiple of 32.
        confidence: Least score, 0–1.
        iou: Overlap (intersection over union of boxes) above which the lesser of two regions of a class is
            dropped.
        digest: What ``ModelInfo`` is to say of it: of another one there, nothing is taken. None: whatever is
            there, of a ``.pt`` nothing at all.
    """

    engine: str
    path: Path
    image_size: int = 640
    confidence: float = 0.25
    iou: float = 0.7
    digest: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OcrModel:
    """An OCR model.

    Attributes:
        engine: ``openvino`` or ``paddleocr``.
        name: A name (``PP-OCRv6_small``) or a directory.
        digest: What ``ModelInfo`` is to say of it; None: whatever is there.
    """

    engine: str
    name: str
    digest: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SegmentedRegion:
    """One region: the model's class, score 0–1, ``float32 (n, 2)`` polygon in page pixels, n >= 3."""

    class_name: str
    score: float
    polygon: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinePolygon:
    """One text line found on a page.

    Score 0–1, ``float32 (4, 2)`` corners in page pixels, order not promised.
    """

    score: float
    polygon: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model: SHA-256 of its files, classes (segmentation), size of the alphabet (OCR)."""

    digest: str
    classes: tuple[str, ...]
    alphabet: int


@dataclass(frozen=True, slots=True)
class StripReading:
    """One strip read.

    Attributes:
        decoded: A reading for each constraint that was asked for, in order.
        lattice: Compact posteriors, from which any other constraint can be decided later.
        posteriors: ``float32 (frames, alphabet)`` CTC posteriors if they were asked for.
    """

    decoded: tuple[Decoded, ...]
    lattice: bytes
    posteriors: NDArray[np.float32] | None = None
