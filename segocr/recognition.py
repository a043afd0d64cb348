"""Recognition: from crops to readings. Which lines, which way is up, and a second look where one pays.

A page is read the way its regions' long sides suggest. Only where nothing on it makes sense that way is it
read again turned by 180°, and the page's regions vote as a whole: one illegible line does not turn alone.
A line that is still in doubt gets a bounded number of second looks (another height, the unfitted
quadrilateral, the fields of another class); a later look is taken only if it wins by a margin, because
chance would otherwise choose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from segocr import geometry, lines
from segocr.constraints.decoded import Decoded
from segocr.constraints.scores import judge
from segocr.crops import Crop, Margins, strip
from segocr.geometry import Points
from segocr.readings import Reading, ReadingStatus
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import FieldSpec, Template

CropReadings = Mapping[str, tuple[Reading, ...]]
"""Field name to the readings of one crop's lines, in reading order."""

SETTLED = 0.6
"""A reading of this confidence settles which way is up."""
_IN_DOUBT = 0.9
"""A reading below this confidence gets a second look."""
_WINS_BY = 0.05
"""A later look must be this much more confident than the first."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One way of cutting a line's strip: which quad of the patch, with which margins."""

    name: str
    quad: Callable[[Crop, Points], Points] = lambda crop, quad: quad
    margins: Margins = Margins()  # noqa: RUF009 - frozen


_FIRST = _Look("first")
_SECOND = (
    _Look("longer", quad=lines.lengthened),
    _Look("taller", margins=Margins(along=0.3, across=0.18)),
    _Look("unfitted", quad=lambda crop, quad: crop.quad),
)
_RANK = {"ok": 3, "corrected": 2, "doubtful": 1, "invalid": 0}


@dataclass(slots=True)
class _Best:
    """The best reading of a line for one field so far, and the looks it took."""

    spec: FieldSpec
    decoded: Decoded
    lattice: bytes
    tries: tuple[str, ...] = (_FIRST.name,)

    @property
    def rank(self) -> int:
        return _RANK[judge(self.decoded)]

    @property
    def confidence(self) -> float:
        return self.decoded.confidence

    @property
    def evidence(self) -> float:
        """Log-probability of the accepted text; of none, the most that it could be."""
        if self.decoded.text is None:
            return self.decoded.raw_log_prob - self.decoded.cost
        return self.decoded.log_prob

    def beaten_by(self, other: _Best) -> bool:
        return other.rank > self.rank or (
            other.rank == self.rank and other.confidence >= self.confidence + _WINS_BY
        )


@dataclass(slots=True)
class _Line:
    """One line on its way."""

    crop: Crop
    quad: Points
    specs: Sequence[FieldSpec]
    direction: int = 0
    best: list[_Best] = field(default_factory=list)

    def strip(self, direction: int, look: _Look) -> NDArray[np.uint8]:
        quad = look.quad(self.crop, self.quad)
        return strip(self.crop, geometry.turned(quad) if direction else quad, look.margins)

    @property
    def evidence(self) -> float:
        return max(best.evidence for best in self.best)

    @property
    def settled(self) -> bool:
        return any(best.rank >= 2 and best.confidence >= SETTLED for best in self.best)

    @property
    def in_doubt(self) -> bool:
        return all(best.rank < 2 or best.confidence < _IN_DOUBT for best in self.best)


_Page = list[list[_Line]]
"""The lines of each crop of a page."""


def read_pages(
    pages: Sequence[Sequence[Crop]], template: Template, steps: Steps, model: OcrModel
) -> list[list[CropReadings]]:
    """Read the crops of some pages, all of them in as few calls of the host as possible.

    Args:
        pages: The crops of each page.
        template: Says which fields a class serves and what constrains them.
        steps: The OCR host.
        model: The recogniser.

    Returns:
        For each page and crop, the readings by field name.
    """
    found = _find_lines(pages, template, steps, model)
    reader = _Reader(steps, model)
    everything = [line for page in found for crop_lines in page for line in crop_lines]
    reader.read_first(everything)
    reader.turn([page for page in (_flat(page) for page in found) if page and not any(_settled(page))])
    for look in _SECOND:
        reader.look_again([line for line in everything if line.in_doubt], look)
    reader.swap_classes([_flat(page) for page in found])
    return [[_by_field(crop_lines, model) for crop_lines in page] for page in found]


def _flat(page: _Page) -> list[_Line]:
    return [line for crop_lines in page for line in crop_lines]


def _settled(page: Sequence[_Line]) -> list[bool]:
    return [line.settled for line in page]


def _find_lines(
    pages: Sequence[Sequence[Crop]], template: Template, steps: Steps, model: OcrModel
) -> list[_Page]:
    def specs(crop: Crop) -> Sequence[FieldSpec]:
        return template.fields_of(crop.region.class_name)

    many = [crop for page in pages for crop in page if any(spec.lines == "many" for spec in specs(crop))]
    detected = steps.detect([crop.patch for crop in many], model) if many else []
    quads = {
        id(crop): lines.ordered(crop, [line.polygon for line in polygons])
        for crop, polygons in zip(many, detected, strict=True)
    }
    return [
        [
            [
                _Line(crop, quad, specs(crop))
                for quad in (quads[id(crop)] if id(crop) in quads else [lines.single(crop)])
            ]
            for crop in page
        ]
        for page in pages
    ]


class _Reader:
    """Rounds of reading; each is one call of the host for all lines that need it."""

    def __init__(self, steps: Steps, model: OcrModel) -> None:
        self._steps = steps
        self._model = model

    def read_first(self, wanted: Sequence[_Line]) -> None:
        """Read every line the way its long side suggests."""
        for line, bests in zip(wanted, self._read(wanted, _FIRST), strict=True):
            line.best = bests

    def turn(self, pages: Sequence[Sequence[_Line]]) -> None:
        """Read pages upside down; turn those for whose regions together it is the more probable way."""
        turned = iter(self._read([line for page in pages for line in page], _FIRST, turn=True))
        for page in pages:
            other = [next(turned) for _ in page]
            gain = sum(
                max(best.evidence for best in bests) - line.evidence
                for line, bests in zip(page, other, strict=True)
            )
            if gain > 0:
                for line, bests in zip(page, other, strict=True):
                    line.best, line.direction = bests, 180

    def look_again(self, wanted: Sequence[_Line], look: _Look) -> None:
        """Cut lines otherwise and take what is better by a margin."""
        for line, bests in zip(wanted, self._read(wanted, look), strict=True):
            line.best = [
                replace(new if old.beaten_by(new) else old, tries=(*old.tries, look.name))
                for old, new in zip(line.best, bests, strict=True)
            ]

    def swap_classes(self, pages: Sequence[Sequence[_Line]]) -> None:
        """Try lines that fit no field of their class for fields that nothing on their page fits.

        A model confuses classes that look alike; a pattern does not.
        """
        wanted, specs = [], []
        for page in pages:
            fitted = {best.spec.name for line in page for best in line.best if best.rank >= 2}
            known = {spec.name: spec for line in page for spec in line.specs}
            unfitted = [spec for name, spec in known.items() if name not in fitted and spec.constraint]
            for line in page:
                others = [spec for spec in unfitted if spec not in line.specs]
                if others and not any(best.rank >= 2 for best in line.best):
                    wanted.append(line)
                    specs.append(others)
        for line, bests in zip(wanted, self._call(wanted, specs, _FIRST), strict=True):
            line.best += [replace(best, tries=("class",)) for best in bests if best.rank >= 2]

    def _read(self, wanted: Sequence[_Line], look: _Look, *, turn: bool = False) -> list[list[_Best]]:
        return self._call(wanted, [line.specs for line in wanted], look, turn=turn)

    def _call(
        self,
        wanted: Sequence[_Line],
        specs: Sequence[Sequence[FieldSpec]],
        look: _Look,
        *,
        turn: bool = False,
    ) -> list[list[_Best]]:
        if not wanted:
            return []
        strips = [line.strip(180 - line.direction if turn else line.direction, look) for line in wanted]
        constraints = [[spec.constraint for spec in line_specs] for line_specs in specs]
        return [
            [_Best(spec, decoded, strip.lattice) for spec, decoded in zip(own, strip.decoded, strict=True)]
            for own, strip in zip(specs, self._steps.read(strips, constraints, self._model), strict=True)
        ]


def _by_field(crop_lines: Sequence[_Line], model: OcrModel) -> CropReadings:
    found: dict[str, list[Reading]] = {}
    for place, line in enumerate(crop_lines):
        for best in line.best:
            found.setdefault(best.spec.name, []).append(_reading(line, best, place, model))
    return {name: tuple(readings) for name, readings in found.items()}


def _reading(line: _Line, best: _Best, place: int, model: OcrModel) -> Reading:
    decoded = best.decoded
    quad = geometry.transform(line.crop.to_page, line.quad)
    return Reading(
        region=line.crop.region,
        quad=geometry.turned(quad) if line.direction else quad,
        direction=line.direction,
        raw=decoded.raw,
        text=decoded.text,
        status=ReadingStatus(judge(decoded)),
        confidence=decoded.confidence,
        cost=decoded.cost,
        margin=decoded.margin,
        rivals=decoded.rivals,
        edits=decoded.edits,
        model=model.name,
        lattice=best.lattice,
        tries=best.tries,
        line=place,
    )
