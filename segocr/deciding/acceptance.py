"""Acceptance: what readings are worth as a value of a field, and what a template's `accept` finds lacking."""

from __future__ import annotations

from collections.abc import Sequence

from segocr.deciding.doubts import doubt_of
from segocr.deciding.marginals import part_worth
from segocr.readings import Reading, ReadingStatus
from segocr.records import Problem
from segocr.templates.spec import Accept, FieldSpec, Template


def worth_of(
    template: Template, spec: FieldSpec, readings: Sequence[Reading]
) -> tuple[set[ReadingStatus], float]:
    """Return the statuses and the confidence, 0–1, of readings that are one value of a field."""
    worths = [_worth(template, spec, reading) for reading in readings]
    confidence = min(confidence for _, confidence in worths)
    if _fits_anything(spec):
        # Nothing but the region's score says that it is this field's text.
        confidence = min(confidence, *(reading.region.score for reading in readings))
    return {status for status, _ in worths}, confidence


def is_acceptable(template: Template, spec: FieldSpec, readings: Sequence[Reading]) -> bool:
    """Say whether readings by themselves would be accepted as a value of a field."""
    statuses, confidence = worth_of(template, spec, readings)
    fits = all(status.fits for status in statuses)
    return fits and not what_acceptance_lacks(template.accept, spec, confidence, readings)


def what_acceptance_lacks(
    accept: Accept, spec: FieldSpec, confidence: float, readings: Sequence[Reading]
) -> list[Problem]:
    """Return a problem for each of the template's conditions that a field's value does not meet."""
    lacks: list[Problem] = []
    if confidence < accept.confidence:
        message = f"confidence {confidence:.2f} is below {accept.confidence:g}"
        lacks.append(Problem("low-confidence", message, spec.name))
    score = min(reading.region.score for reading in readings)
    if score < accept.score:
        message = f"its region's score {score:.2f} is below {accept.score:g}: it may be other text"
        lacks.append(Problem("low-score", message, spec.name))
    return lacks


def about_readings(
    spec: FieldSpec, readings: Sequence[Reading], statuses: set[ReadingStatus]
) -> list[Problem]:
    """Return what is wrong with the readings themselves."""
    if ReadingStatus.INVALID in statuses or any(reading.text is None for reading in readings):
        return [Problem("unreadable-text", "no text that the field's constraint accepts was read", spec.name)]
    if ReadingStatus.DOUBTFUL in statuses:
        doubts = [] if spec.from_ else filter(None, (doubt_of(reading, spec) for reading in readings))
        if doubt := next(iter(doubts), ""):
            return [Problem("doubtful-reading", doubt, spec.name)]
        cost = max(reading.cost for reading in readings)
        message = (
            f"the accepted text is much less likely than what was read, or a rival is near (cost {cost:.1f})"
        )
        return [Problem("doubtful-reading", message, spec.name)]
    return []


def _fits_anything(spec: FieldSpec) -> bool:
    """Whether much else on a page would do for a field: any text, any number."""
    author_says = spec.from_ or spec.pattern or spec.checks or spec.lookup is not None
    return not author_says and spec.type not in ("date", "time", "enum")


def _worth(template: Template, spec: FieldSpec, reading: Reading) -> tuple[ReadingStatus, float]:
    """Return status and confidence of a reading, or of the part of it that the field is made from."""
    constraint = None if spec.from_ is None else template.fields[spec.from_].constraint
    if constraint is None or spec.part is None:
        return reading.status, reading.confidence
    return part_worth(reading, spec.part, constraint)
