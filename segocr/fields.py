"""Fields: readings → the values of a template's fields, and what the record is worth.

The validate host chooses, converts and judges; here its answer is joined with the evidence, and the statuses
follow: the worst of the readings, the validators and the confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from segocr.deciding.acceptance import about_readings, is_acceptable, what_acceptance_lacks, worth_of
from segocr.deciding.readingorder import in_reading_order
from segocr.readings import Candidate, Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Problem, RecordStatus, Severity
from segocr.templates.spec import FieldSpec, Template
from segocr.validators.mrz import part_meaning

Candidates = Mapping[str, Sequence[Candidate]]

_ORDER = (FieldStatus.OK, FieldStatus.CORRECTED, FieldStatus.DOUBTFUL, FieldStatus.INVALID)
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class PartResult:
    """All field values of one record to be.

    Attributes:
        fields: Every field of the template, in its order; a tuple of one, except for ``instances: all``.
        problems: Those of the record as a whole.
        status: complete or partial.
        accepted: Every required field is accepted and no error rule fails.
        unchosen: Readings of candidates that no value was made from; evidence all the same.
    """

    fields: dict[str, tuple[FieldValue, ...]]
    problems: tuple[Problem, ...]
    status: RecordStatus
    accepted: bool
    unchosen: tuple[Reading, ...] = ()


def field_values(
    template: Template,
    parts: Sequence[Candidates],
    *,
    validate: Callable[[dict[str, Any]], dict[str, Any]],
    day: date,
) -> list[PartResult]:
    """Make the field values of records.

    Args:
        template: What to make.
        parts: One mapping a record, from the name of a field that is read to its candidates.
        validate: Asks the validate host (``segocr.steps.validate.python.handle`` is what answers).
        day: The arrival's day: what ``today`` means.

    Returns:
        One result a part, in order.
    """
    if not parts:
        return []
    ordered = [in_reading_order(part) for part in parts]
    answer = validate(validate_request(template, ordered, day))
    return [_result(template, part, judged) for part, judged in zip(ordered, answer["parts"], strict=True)]


def validate_request(template: Template, parts: Sequence[Candidates], day: date) -> dict[str, Any]:
    """Return what the validate host is asked (form: ``segocr.steps.validate.python``)."""
    asked = [
        {
            name: [_candidate_as_json(candidate, template.fields[name]) for candidate in candidates]
            for name, candidates in part.items()
        }
        for part in parts
    ]
    return _request(template, asked, day)


def texts_request(
    template: Template, parts: Sequence[Mapping[str, Sequence[str]]], day: date
) -> dict[str, Any]:
    """Return what the validate host is asked about texts that nobody read: as if each were read for certain.

    Args:
        template: What they are fields of.
        parts: One mapping a record, from the name of a field that is read to its texts; the lines of one text
            are separated by line breaks.
        day: What ``today`` means.
    """
    fields = template.fields
    asked = [
        {name: [_text_as_json(text, fields[name]) for text in texts] for name, texts in part.items()}
        for part in parts
    ]
    return _request(template, asked, day)


def _text_as_json(text: str, spec: FieldSpec) -> dict[str, Any]:
    parts = _named_parts(text, spec)
    return {"text": text, "merit": 0.0, "standing": 0, "parts": parts, "score": 1.0, "place": (1, 0.0, 0.0)}


def _request(template: Template, parts: list[dict[str, Any]], day: date) -> dict[str, Any]:
    folder = template.validators_folder
    return {
        "day": day.isoformat(),
        "folder": None if folder is None else str(folder),
        "fields": {name: spec_as_json(spec) for name, spec in template.fields.items()},
        "rules": [{"name": rule.name, "expression": rule.expression} for rule in template.rules],
        "parts": parts,
    }


def spec_as_json(spec: FieldSpec) -> dict[str, Any]:
    """Return a field as the validate host is told of it."""
    return {
        "type": spec.type,
        "formats": list(spec.formats),
        "bounds": None if spec.bounds is None else list(spec.bounds),
        "locale": spec.locale,
        "enum": None if spec.enum is None else dict(spec.enum),
        "ignore_case": spec.ignore_case,
        "ignore_spaces": spec.ignore_spaces,
        "normalise": list(spec.normalise),
        "validators": [_plain(list(validator)) for validator in spec.validators],
        "instances": spec.instances,
        "lines": spec.lines,
        "century": spec.century,
        "from": spec.from_,
        "part": spec.part,
    }


def _plain(value: Any) -> Any:
    """Return an argument as JSON can carry it: YAML's dates, and its ``.inf`` and ``.nan``, become text."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _candidate_as_json(candidate: Candidate, spec: FieldSpec) -> dict[str, Any]:
    text = _text_of(candidate, spec)
    return {
        "text": text,
        "merit": _merit(candidate),
        "standing": 2 - min(reading.status.worth for reading in candidate),
        "parts": _named_parts(text, spec),
        "score": _score(candidate),
        "place": (candidate[0].region.page, *_middle(candidate)),
    }


def _text_of(candidate: Candidate, spec: FieldSpec) -> str | None:
    texts = [reading.text for reading in candidate if reading.text is not None]
    separator = "\n" if spec.lines == "many" else " "
    return separator.join(texts) if texts else None


def _merit(candidate: Candidate) -> float:
    """Natural log of confidence times score, less the constraint's cost: the greater the better."""
    confidence = min(reading.confidence for reading in candidate)
    return math.log(max(_score(candidate) * confidence, _LEAST)) - sum(reading.cost for reading in candidate)


def _score(candidate: Candidate) -> float:
    return min(reading.region.score for reading in candidate)


def _named_parts(text: str | None, spec: FieldSpec) -> dict[str, tuple[str, str]]:
    """Return the parts of a text by name: the characters and what they mean; both empty for one left out."""
    if text is None or spec.constraint is None:
        return {}
    left_out = spec.constraint.part_names if spec.constraint.accepts(text) else ()
    zone = any(isinstance(check, str) and check.startswith(("mrz_", "mrv_")) for check in spec.checks)
    found = {name: text[first:last] for name, (first, last) in spec.constraint.parts(text).items()}
    known = {name: (cut, part_meaning(cut, name) if zone else cut) for name, cut in found.items()}
    return {name: ("", "") for name in left_out} | known


def _middle(candidate: Candidate) -> tuple[float, float]:
    polygon = candidate[0].region.polygon
    x, y = (polygon.min(axis=0) + polygon.max(axis=0)) / 2
    return float(x), float(y)


def _result(template: Template, part: Candidates, judged: dict[str, Any]) -> PartResult:
    fields = {
        name: _values(template, spec, part.get(spec.from_ or name, ()), judged["fields"][name])
        for name, spec in template.fields.items()
    }
    problems = (*_lacking(template, fields), *_broken_rules(template, judged["rules"]))
    complete = all(
        problem.code not in ("required-missing", "required-invalid", "nothing-found") for problem in problems
    )
    accepted = complete and not any(problem.severity is Severity.ERROR for problem in problems)
    # A part that one entry of a list leaves out is no reason for doubt; if all do, it is required-missing.
    accepted = accepted and all(
        value.accepted or value.status is FieldStatus.MISSING
        for name, values in fields.items()
        if template.fields[name].required
        for value in values
    )
    status = RecordStatus.COMPLETE if complete else RecordStatus.PARTIAL
    return PartResult(fields, problems, status, accepted, _unchosen(template, part, judged["fields"]))


def _values(
    template: Template, spec: FieldSpec, candidates: Sequence[Candidate], judged: list[dict[str, Any]]
) -> tuple[FieldValue, ...]:
    values = tuple(_value(template, spec, candidates, one, ordinal) for ordinal, one in enumerate(judged))
    if values or spec.is_list:
        return values
    return (_missing(spec, 0),)


def _missing(spec: FieldSpec, ordinal: int) -> FieldValue:
    return FieldValue(
        spec.name, spec.type, None, None, None, FieldStatus.MISSING, False, 0.0, ordinal=ordinal
    )


def _value(
    template: Template, spec: FieldSpec, candidates: Sequence[Candidate], judged: dict[str, Any], ordinal: int
) -> FieldValue:
    if not judged["candidates"]:
        return _missing(spec, ordinal)
    chosen = [candidates[place] for place in judged["candidates"]]
    readings = tuple(reading for candidate in chosen for reading in candidate)
    statuses, confidence = worth_of(template, spec, readings)
    problems = [Problem(code, message, spec.name) for code, message in judged["problems"]]
    status = _status(statuses, judged)
    lacks = [
        *what_acceptance_lacks(template.accept, spec, confidence, readings),
        *_rivals(template, spec, [candidates[place] for place in judged["rivals"]]),
    ]
    if status in (FieldStatus.OK, FieldStatus.CORRECTED):
        problems += lacks
        if any(problem.severity is Severity.ERROR for problem in lacks):
            status = FieldStatus.DOUBTFUL
    problems += about_readings(spec, readings, statuses)
    separator = "\n" if spec.lines == "many" else " "
    return FieldValue(
        name=spec.name,
        type=spec.type,
        value=judged["value"],
        text=judged["text"],
        raw=separator.join(reading.raw for reading in readings),
        status=status,
        accepted=status in (FieldStatus.OK, FieldStatus.CORRECTED),
        confidence=confidence,
        cost=sum(reading.cost for reading in readings),
        ordinal=ordinal,
        readings=readings,
        problems=tuple(problems),
    )


def _rivals(template: Template, spec: FieldSpec, rivals: Sequence[Candidate]) -> list[Problem]:
    """Return what is to be said of other values; an error if one would have been accepted as well."""
    if not rivals:
        return []
    message = f"{1 + len(rivals)} different values were found; the best was taken"
    if not any(is_acceptable(template, spec, rival) for rival in rivals):
        return [Problem("several-candidates", message, spec.name, Severity.WARNING)]
    ways = "`instances: all` keeps all of them, `pages: {each: record}` makes a record a page"
    return [Problem("several-candidates", f"{message}, but another is as good: {ways}", spec.name)]


def _status(read: set[ReadingStatus], judged: dict[str, Any]) -> FieldStatus:
    said = [FieldStatus(status.value) for status in read]
    if judged["verdict"] is not None:
        said.append(FieldStatus(judged["verdict"]))
    if judged["value"] is None:
        said.append(FieldStatus.INVALID)
    return max(said, key=_ORDER.index)


def _lacking(template: Template, fields: Mapping[str, tuple[FieldValue, ...]]) -> list[Problem]:
    problems: list[Problem] = []
    for name, spec in template.fields.items():
        if not spec.required or any(value.value is not None for value in fields[name]):
            continue
        if all(value.status is FieldStatus.MISSING for value in fields[name]):
            problems.append(Problem("required-missing", f"{name} is required and was not found", name))
        else:
            problems.append(Problem("required-invalid", f"{name} is required and has no valid value", name))
    if not any(value.readings for values in fields.values() for value in values):
        problems.append(Problem("nothing-found", "no field was found"))
    return problems


def _broken_rules(template: Template, outcomes: list[dict[str, str]]) -> list[Problem]:
    problems: list[Problem] = []
    for rule, outcome in zip(template.rules, outcomes, strict=True):
        if outcome["verdict"] == "failed":
            problems.append(
                Problem("rule-failed", f"rule {rule.name} fails: {rule.expression}", None, rule.severity)
            )
        elif outcome["verdict"] == "not-evaluated":
            message = f"rule {rule.name} was not evaluated: {outcome['reason']}"
            problems.append(Problem("rule-not-evaluated", message, None, Severity.WARNING))
    return problems


def _unchosen(
    template: Template, part: Candidates, judged: Mapping[str, list[dict[str, Any]]]
) -> tuple[Reading, ...]:
    readings: list[Reading] = []
    for name, candidates in part.items():
        taken = {place for one in judged[name] for place in one["candidates"]}
        readings += [r for place, candidate in enumerate(candidates) if place not in taken for r in candidate]
    return tuple(readings)
