"""Recognition: from crops to readings. Which lines, which way is up, and a second look where one pays.

A page is read the way its regions' long sides suggest, or turned by 180° where the lines of a zone stand in
the wrong order (``upright``). Only where nothing on it makes sense that way is it read again the other way
up, and the page's regions vote as a whole: one illegible line does not turn alone.
Where a field takes the best of several regions, the surest one is read first, and the others only if it gives
no answer, or if they may be of another document. A line that is still in doubt gets a bounded number of
second looks (another height, the unfitted quadrilateral, the fields of another class; see ``looks``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.constraints.lengths import known_length
from segocr.crops import Crop, Margins, strip
from segocr.deciding.preferences import answered, asked, decided, with_decision
from segocr.finding.elsewhere import elsewhere
from segocr.geometry import Points
from segocr.reading import lines
from segocr.reading.looks import FIRST, LONGER, LONGEST, LOWER, LOWEST, ORDER, TALLER, UNFITTED, Best, Look
from segocr.reading.upright import stands_on_its_head
from segocr.readings import Reading
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import FieldSpec, Template

CropReadings = Mapping[str, tuple[Reading, ...]]
"""Field name to the readings of one crop's lines, in reading order."""

SETTLED = 0.6
"""A reading of this confidence settles which way is up."""
_IN_DOUBT = 0.9
"""A reading below this confidence gets a second look, unless its template accepts it as it is."""
_CUT_OFF = 1.02
"""A line so many times as long for its height as its region was shown in part, or among others."""
_NONE_OF_IT = 12.0
"""Nats. A place with a frame of its own that costs more at the first look holds none of its field's texts: of
the 274 plates of train as many are read right with 8 and with no limit."""
_MOVED = 1.0
"""A corner must move by so many pixels of the patch for another look to be worth a reading."""
UPRIGHT = 5.0
"""Natural logarithm of how much more usual pages are that stand upright as far as their lines tell."""


@dataclass(slots=True)
class _Line:
    """One line on its way."""

    crop: Crop
    quad: Points
    specs: Sequence[FieldSpec]
    enough: float = _IN_DOUBT
    direction: int = 0
    lattice: bytes = b""
    best: list[Best] = field(default_factory=list)
    _seen: dict[str, Points] = field(default_factory=dict)

    def shown(self, look: Look) -> Points:
        """Return the quad of a look; finding a line's ends takes a few milliseconds, so it is done once."""
        if look.name not in self._seen:
            self._seen[look.name] = look.quad(self.crop, self.quad)
        return self._seen[look.name]

    def follow(self, look: Look) -> None:
        """Take the quad of a look for the line's own."""
        self.quad = self.shown(look)
        self._seen.clear()

    def cut(self, direction: int, look: Look) -> tuple[NDArray[np.uint8], Points]:
        """Return the strip and the quad in the patch that it shows, in reading direction."""
        quad = self.shown(look)
        quad = geometry.turned(quad) if direction else quad
        own = self.specs[0].crop
        margins = Margins(own.along + look.wider.along, own.across + look.wider.across)
        return strip(self.crop, quad, margins), quad

    def is_cut_off(self) -> bool:
        """Whether the print goes on well beyond the region's ends, or is much lower than the region."""
        width, height = geometry.quad_size(self.quad)
        longer, lower = geometry.quad_size(self.shown(LONGER))
        return longer / max(lower, 1.0) >= _CUT_OFF * width / max(height, 1.0)

    def differs(self, look: Look) -> bool:
        """Whether a look would show anything that no look before it did."""
        before = [self.quad, *(quad for name, quad in self._seen.items() if name != look.name)]
        moved = min(float(np.abs(self.shown(look) - quad).max()) for quad in before)
        return look.wider != FIRST.wider or moved >= _MOVED

    def is_known(self, specs: Sequence[FieldSpec], look: Look, *, turn: bool) -> bool:
        """Whether the strip of a look is the one that its region was found by, so that it is read already."""
        own = self.specs[0].crop
        return (
            bool(self.lattice)
            and look is FIRST
            and not turn
            and self.direction == 0
            and Margins(own.along, own.across) == Margins()
            # Strips of known length are narrowed before they are read.
            and not any(known_length(one) for spec in specs for one in asked(spec) if one is not None)
        )

    @property
    def second_looks(self) -> Sequence[Look]:
        """The looks that may follow the first: those at the print, or at what has a frame of its own."""
        if not self.specs[0].crop.fit:
            if self.best and all(best.decoded.cost > _NONE_OF_IT for best in self.best):
                return ()
            # Of two looks that agree a third one would be outvoted.
            agreed = bool(self.best) and all(
                len({one.spelled for one in best.looks}) == 1 for best in self.best
            )
            return (LOWER,) if agreed else (LOWER, LOWEST)
        # Of a line whose ends are known nothing shorter or longer is better, however surely it is read.
        if self.crop.region.lines:
            return (TALLER,)
        # A text that fits and that two looks have read is not read better with the line cut in a worse way.
        agreed = bool(self.best) and all(best.agreed and best.rank >= 2 for best in self.best)
        return (LONGER, LONGEST) if agreed else (LONGER, LONGEST, UNFITTED, TALLER)

    @property
    def class_name(self) -> str:
        return self.crop.region.class_name

    @property
    def one_answer(self) -> bool:
        """Whether its fields take one region only."""
        return all(spec.instances == "best" for spec in self.specs)

    @property
    def evidence(self) -> float:
        return _evidence(self.best)

    @property
    def settled(self) -> bool:
        return any(best.rank >= 2 and best.confidence >= SETTLED for best in self.best)

    @property
    def in_doubt(self) -> bool:
        return all(best.rank < 2 or best.confidence < self.enough for best in self.best)


def _evidence(bests: Sequence[Best]) -> float:
    """Return the log-probability of what a line says one way up, whatever its fields would have it say.

    A text that was cut out with its neighbours fits no pattern upright, and an amount may fit upside down.
    """
    return max(best.decoded.raw_log_prob for best in bests)


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
    leading = [_leading(page) for page in found]
    _guess_direction(leading)
    reader.read_first(_flat(leading))
    reader.complete([line for lines in leading if not any(_settled(lines)) for line in lines])
    reader.turn([lines for lines in leading if lines and not _is_told(lines)])
    reader.read_first(
        [line for page, first in zip(found, leading, strict=True) for line in _next(page, first)]
    )
    for look in ORDER:
        doubtful = [line for page in found for line in _unanswered(page) if line.best]
        reader.look_again([line for line in doubtful if look in line.second_looks], look)
    reader.swap_classes([[line for line in _flat(page) if line.best] for page in found])
    return [[_by_field(crop_lines, model) for crop_lines in page] for page in found]


def _leading(page: _Page) -> list[_Line]:
    """Return the lines to read first: where a field takes the best region only, those of the surest one."""
    surest: dict[str, Crop] = {}
    for crop in (line.crop for line in _flat(page)):
        if crop.region.score > surest.setdefault(crop.region.class_name, crop).region.score:
            surest[crop.region.class_name] = crop
    return [line for line in _flat(page) if not line.one_answer or line.crop is surest[line.class_name]]


def _next(page: _Page, leading: Sequence[_Line]) -> list[_Line]:
    """Return other lines, turned as the page is: of classes not answered yet, and of another document."""
    unanswered = set(map(id, _unanswered(page)))
    others = [line for line in _flat(page) if not line.best]
    second = elsewhere([line.crop.region for line in others], [line.crop.region for line in leading])
    rest = [line for line, its in zip(others, second, strict=True) if its or id(line) in unanswered]
    for line in rest:
        line.direction = leading[0].direction
    return rest


def _unanswered(page: _Page) -> list[_Line]:
    """Return the lines in doubt, but for those whose class needs no second answer."""
    answered = {lines[0].class_name for lines in page if lines and not any(line.in_doubt for line in lines)}
    return [
        line
        for line in _flat(page)
        if line.in_doubt and not (line.one_answer and line.class_name in answered)
    ]


def _flat(lists: Sequence[Sequence[_Line]]) -> list[_Line]:
    return [line for lines in lists for line in lines]


def _settled(page: Sequence[_Line]) -> list[bool]:
    return [line.settled for line in page]


def _guess_direction(pages: Sequence[Sequence[_Line]]) -> None:
    """Have pages read upside down first that seem to stand so, unless they were read upright to be found."""
    for page in pages:
        if not any(line.lattice for line in page) and stands_on_its_head(
            [(line.crop, line.specs) for line in page]
        ):
            for line in page:
                line.direction = 180


def _may_turn(page: Sequence[_Line]) -> bool:
    """Whether any reading could turn a page: no text is more probable than certain."""
    return bool(page[0].direction) or -sum(line.evidence for line in page) > UPRIGHT


def _is_told(page: Sequence[_Line]) -> bool:
    """Whether a page's lines tell which way is up: one is enough upright, all must agree upside down."""
    return all(_settled(page)) if page[0].direction else any(_settled(page))


def _find_lines(
    pages: Sequence[Sequence[Crop]], template: Template, steps: Steps, model: OcrModel
) -> list[_Page]:
    def specs(crop: Crop) -> Sequence[FieldSpec]:
        return template.fields_of(crop.region.class_name)

    many = [
        crop
        for page in pages
        for crop in page
        if not crop.region.lines and any(spec.lines == "many" for spec in specs(crop))
    ]
    enough = min(_IN_DOUBT, template.accept.confidence)
    detected = steps.detect([crop.patch for crop in many], model) if many else []
    quads = {
        id(crop): lines.ordered(crop, [line.polygon for line in polygons])
        for crop, polygons in zip(many, detected, strict=True)
    }
    return [
        [
            [
                _Line(crop, quad, specs(crop), enough, lattice=lattice)
                for quad, lattice in zip(
                    quads.get(id(crop)) or crop.lines or [_one_line(crop, specs(crop))],
                    chain(crop.region.lattices, repeat(b"")),
                    strict=False,
                )
            ]
            for crop in page
        ]
        for page in pages
    ]


def _one_line(crop: Crop, specs: Sequence[FieldSpec]) -> Points:
    return lines.single(crop) if specs[0].crop.fit else crop.quad


class _Reader:
    """Rounds of reading; each is one call of the host for all lines that need it."""

    def __init__(self, steps: Steps, model: OcrModel) -> None:
        self._steps = steps
        self._model = model

    def read_first(self, wanted: Sequence[_Line]) -> None:
        """Read every line the way its long side suggests."""
        for line, bests in zip(wanted, self._read(wanted, FIRST), strict=True):
            line.best = bests

    def complete(self, wanted: Sequence[_Line]) -> None:
        """Follow lines that were cut off to their ends: a part of a text fits no pattern either way up."""
        cut_off = [line for line in wanted if LONGER in line.second_looks and line.is_cut_off()]
        for line, bests in zip(cut_off, self._read(cut_off, LONGER), strict=True):
            nothing = all(best.decoded.text is None for best in line.best)
            taken = nothing or any(map(Best.beaten_by, line.best, bests))
            line.best = [
                (new if taken else old).after(old, new, LONGER)
                for old, new in zip(line.best, bests, strict=True)
            ]
            if taken:
                line.follow(LONGER)

    def turn(self, pages: Sequence[Sequence[_Line]]) -> None:
        """Read pages the other way up; turn those for whose regions together it is the more probable way."""
        pages = [page for page in pages if _may_turn(page)]
        turned = iter(self._read([line for page in pages for line in page], FIRST, turn=True))
        for page in pages:
            other = [next(turned) for _ in page]
            gain = sum(_evidence(bests) - line.evidence for line, bests in zip(page, other, strict=True))
            if gain > (-UPRIGHT if page[0].direction else UPRIGHT):
                for line, bests in zip(page, other, strict=True):
                    line.best, line.direction = bests, 180 - line.direction

    def look_again(self, wanted: Sequence[_Line], look: Look) -> None:
        """Cut lines otherwise and take what is better by a margin."""
        wanted = [line for line in wanted if line.differs(look) and look.name not in line.best[0].tries]
        for line, bests in zip(wanted, self._read(wanted, look), strict=True):
            line.best = [old.with_look(new, look) for old, new in zip(line.best, bests, strict=True)]

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
        for line, bests in zip(wanted, self._call(wanted, specs, FIRST), strict=True):
            line.best += [replace(best, tries=("class",)) for best in bests if best.rank >= 2]

    def _read(self, wanted: Sequence[_Line], look: Look, *, turn: bool = False) -> list[list[Best]]:
        return self._call(wanted, [line.specs for line in wanted], look, turn=turn)

    def _call(
        self,
        wanted: Sequence[_Line],
        specs: Sequence[Sequence[FieldSpec]],
        look: Look,
        *,
        turn: bool = False,
    ) -> list[list[Best]]:
        if not wanted:
            return []
        known = [line.is_known(own, look, turn=turn) for line, own in zip(wanted, specs, strict=True)]
        constraints = [[constraint for spec in own for constraint in asked(spec)] for own in specs]
        cuts = [
            line.cut(180 - line.direction if turn else line.direction, look)
            for line, is_known in zip(wanted, known, strict=True)
            if not is_known
        ]
        unknown = [own for own, is_known in zip(constraints, known, strict=True) if not is_known]
        read = self._steps.read([strip for strip, _ in cuts], unknown, self._model) if cuts else []
        answers = iter(zip(read, (quad for _, quad in cuts), strict=True))
        found = []
        for line, own, under, is_known in zip(wanted, specs, constraints, known, strict=True):
            if is_known:
                lattice, quad, decodings = line.lattice, line.quad, decided(line.lattice, under)
            else:
                answer, quad = next(answers)
                lattice, decodings = answer.lattice, answer.decoded
            each = iter(decodings)
            found.append([Best(spec, answered(spec, each, lattice), lattice, quad) for spec in own])
        return found


def _by_field(crop_lines: Sequence[_Line], model: OcrModel) -> CropReadings:
    found: dict[str, list[Reading]] = {}
    for place, line in enumerate(crop_lines[:: -1 if crop_lines[0].direction else 1]):  # as the page reads
        for best in line.best:
            found.setdefault(best.spec.name, []).append(_reading(line, best, place, model))
    return {name: tuple(readings) for name, readings in found.items()}


def _reading(line: _Line, best: Best, place: int, model: OcrModel) -> Reading:
    reading = Reading(
        region=line.crop.region,
        quad=geometry.transform(line.crop.to_page, best.quad),
        direction=line.direction,
        model=model.name,
        lattice=best.lattice,
        tries=(line.crop.region.cut, *best.tries[1:]) if line.crop.region.cut else best.tries,
        line=place,
    )
    return with_decision(reading, best.spec, best.decoded)
