"""A document on its way through the stages: what is known of it so far, and why it will have no values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from segocr.crops import Crop
from segocr.documents import Document
from segocr.errors import DocumentError, HostDied, HostTimeout
from segocr.geometry import FlatShapeError
from segocr.pages import Page, PageInfo
from segocr.reading.recognition import CropReadings
from segocr.readings import Reading
from segocr.records import Problem, failure

Failure = DocumentError | HostDied | HostTimeout | FlatShapeError


@dataclass(slots=True)
class Work:
    """One document on its way through the stages.

    Attributes:
        path: As it was given.
        document: Known once its bytes are.
        media_type: Known once it is opened.
        pages: Sizes of the pages.
        crops: By page, the regions cut out of it.
        readings: By page and crop, the readings by field.
        failure: Why there will be no values.
        timings: Seconds by step.
        kept: By page, its JPEG for overlays and reports, if somebody wants them.
        unchosen: Readings of regions that lie on the place of a better read one.
    """

    path: Path
    document: Document | None = None
    media_type: str | None = None
    pages: list[PageInfo] = field(default_factory=list)
    crops: list[list[Crop]] = field(default_factory=list)
    readings: list[list[CropReadings]] = field(default_factory=list)
    failure: Problem | None = None
    timings: dict[str, float] = field(default_factory=dict)
    kept: list[bytes] = field(default_factory=list)
    unchosen: list[Reading] = field(default_factory=list)

    def fail(self, error: Failure) -> None:
        """Note why there will be no values, and drop what was found so far."""
        if isinstance(error, FlatShapeError):  # of some other shape than regions, which are looked at before
            error = DocumentError(f"a shape on one of its pages has no area: {error}", code="internal")
        self.failure = failure(error)
        self.pages, self.crops, self.readings, self.kept = [], [], [], []

    def fail_to_open(self, error: DocumentError | HostDied | HostTimeout) -> None:
        """Note that it cannot be opened; where a host ended over it, and a new one, too, it is to blame."""
        self.fail(error if isinstance(error, DocumentError) else _undecodable(error))

    def spend(self, step: str, seconds: float) -> None:
        """Add to the time that a step took."""
        self.timings[step] = self.timings.get(step, 0.0) + seconds

    def shown_pages(self) -> Iterator[Page]:
        """Yield the kept pages, one at a time."""
        for info, jpeg in zip(self.pages, self.kept, strict=False):
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            yield Page(info.number, np.asarray(image, dtype=np.uint8), info.dpi)


def _undecodable(error: HostDied | HostTimeout) -> DocumentError:
    if isinstance(error, HostTimeout) or "SIGXCPU" in error.message:
        return DocumentError("opening it takes longer than is allowed", code="too-slow")
    return DocumentError(
        "decoding it ends the process that does it: it is damaged, or needs more memory than is allowed",
        code="unreadable",
    )
