"""Replaying: the fields of a stored record decided again from its lattices, without pixels or models.

Whatever of a template decides a text or a value (patterns, checks, lists, validators, rules, thresholds) can
change; what decides which strips were read (classes, lines, crops, models) cannot: those records stay as they
are, with the reason. ``today`` is the day on which the document arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from segocr.constraints import ConstraintError
from segocr.deciding.candidates import chosen, left_out
from segocr.deciding.preferences import answered, asked, decided, decided_by, with_decision
from segocr.fields import PartResult, field_values
from segocr.readings import Candidate, Reading
from segocr.recipes import replayed
from segocr.records import Problem, Record
from segocr.replayable import sources_of, why_not
from segocr.templates import FieldSpec, Template

Validate = Callable[[dict[str, Any]], dict[str, Any]]

_TOGETHER = 32
"""Records judged in one call of the validate host."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value, or the acceptance of the record (``field`` None), before and after.

    ``before`` and ``after`` are (value, status), or None where there was or is none.
    """

    field: str | None
    ordinal: int
    before: tuple[str | None, str] | None
    after: tuple[str | None, str] | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a stored record.

    Attributes:
        before: As it was stored.
        after: Decided again; None if that is not possible, or if there is nothing to store.
        changes: What differs.
        problem: Why it stays as it is; None if it does not, or if nothing that decides has changed.
    """

    before: Record
    after: Record | None
    changes: tuple[Change, ...] = ()
    problem: Problem | None = None


def replay(
    records: Sequence[Record],
    template: Template,
    *,
    validate: Validate,
    verify: bool = False,
) -> Iterator[Replayed]:
    """Decide stored records again.

    Args:
        records: Of this template, as stored, with their readings.
        template: As it is now.
        validate: Asks the validate host (``Steps.validate``).
        verify: Whether readings are decided from their lattices even where nothing that decides them has
            changed; without that they are taken as they are, which is the same and faster.

    Yields:
        One for each record, in order.
    """
    for start in range(0, len(records), _TOGETHER):
        yield from _replay_together(records[start : start + _TOGETHER], template, validate, verify)


def _replay_together(
    records: Sequence[Record], template: Template, validate: Validate, verify: bool
) -> list[Replayed]:
    results: list[Replayed | None] = [None] * len(records)
    decided: list[tuple[int, _Decided]] = []
    for place, record in enumerate(records):
        problem = why_not(record, template)
        if problem is None:
            begun = time.perf_counter()
            try:
                found, unused = _readings_again(record, template, verify)
            except ConstraintError as error:
                problem = Problem("no-lattice", f"a reading cannot be decided again: {error.message}")
            else:
                kept, dropped = chosen(found, template.lists)
                seconds = time.perf_counter() - begun
                decided.append((place, _Decided(record, kept, (*dropped, *unused), seconds)))
        if problem is not None:
            results[place] = Replayed(record, None, problem=problem)
    # One call of the host has one day.
    decided.sort(key=lambda item: item[1].before.day)
    for day, group in groupby(decided, key=lambda item: item[1].before.day):
        items = list(group)
        parts = [one.candidates for _, one in items]
        answers = field_values(template, parts, validate=validate, day=date.fromisoformat(day))
        for (place, one), answer in zip(items, answers, strict=True):
            results[place] = _compared(one.before, one.record(answer, template), template)
    return [result for result in results if result is not None]


@dataclass(frozen=True, slots=True)
class _Decided:
    """A record whose readings are decided again, and whose values are not yet."""

    before: Record
    candidates: Mapping[str, Sequence[Candidate]]
    unchosen: tuple[Reading, ...]
    seconds: float

    def record(self, result: PartResult, template: Template) -> Record:
        unchosen = (*result.unchosen, *self.unchosen)
        return replace(
            self.before,
            recipe=replayed(self.before.recipe, template),
            status=result.status,
            accepted=result.accepted,
            problems=(*result.problems, *left_out(template.lists, result.fields, unchosen)),
            fields=result.fields,
            lists=template.lists,
            timings={"replay": self.seconds},
            unchosen=unchosen,
        )


def _readings_again(
    record: Record, template: Template, verify: bool
) -> tuple[dict[str, list[Candidate]], list[Reading]]:
    """Return the candidates of each field, decided again; and the readings that no field uses.

    Raises:
        ConstraintError: A lattice is missing, damaged or of another version.
    """
    sources = sources_of(record, template)
    by_source: dict[str, dict[int, list[Reading]]] = {}
    for reading in _in_order(record):
        by_region = by_source.setdefault(reading.field, {})
        by_region.setdefault(id(reading.region), []).append(reading)
    found: dict[str, list[Candidate]] = {}
    unused: list[Reading] = []
    for spec in template.fields.values():
        for lines in by_source.get(sources.get(spec.name, ""), {}).values():
            own = [line for line in lines if line.field == spec.name or _of_class(line, spec)]
            again = tuple(_decided_again(line, spec, verify) for line in own)
            # A line of another class counts only where it fits: it was tried because nothing else did.
            fits = [_of_class(line, spec) or line.status.fits for line in again]
            fitting = tuple(line for line, fit in zip(again, fits, strict=True) if fit)
            unused += [line for line, fit in zip(again, fits, strict=True) if not fit]
            if fitting:
                found.setdefault(spec.name, []).append(fitting)
    used = {source for name, source in sources.items() if name == source}
    for source, regions in by_source.items():
        if source not in used and source in record.recipe.facts["reading"]["strips"]["fields"]:
            unused += [line for lines in regions.values() for line in lines]
    return found, unused


def _in_order(record: Record) -> list[Reading]:
    """Return every reading once, in the order in which regions are found: by page, the surest first."""
    chosen_ones = [one for values in record.fields.values() for value in values for one in value.readings]
    every = {id(one): one for one in (*chosen_ones, *record.unchosen)}.values()
    place = {key: number for number, key in enumerate(dict.fromkeys(id(one.region) for one in every))}
    return sorted(
        every, key=lambda one: (one.region.page, -one.region.score, place[id(one.region)], one.line)
    )


def _of_class(reading: Reading, spec: FieldSpec) -> bool:
    return reading.region.class_name == spec.class_name


def _decided_again(reading: Reading, spec: FieldSpec, verify: bool) -> Reading:
    if reading.decided_by == decided_by(spec) and not verify:
        return reading if reading.field == spec.name else replace(reading, field=spec.name)
    return with_decision(
        reading, spec, answered(spec, iter(decided(reading.lattice, asked(spec))), reading.lattice)
    )


def _compared(before: Record, after: Record, template: Template) -> Replayed:
    """Say what differs; where nothing that decides has changed, nothing may."""
    changes = tuple(_changes(before, after))
    known = before.recipe.facts
    if any(known[part] != after.recipe.facts[part] for part in ("template", "deciding")):
        return Replayed(before, after, changes)
    if not changes:
        return Replayed(before, None)
    differing = ", ".join(_described(change) for change in changes)
    message = (
        f"decided again, it differs ({differing}), although neither template {template.name} nor segocr has "
        "changed since: its rows were altered, or segocr is at fault"
    )
    return Replayed(before, None, changes, Problem("replay-differs", message))


def _described(change: Change) -> str:
    if change.field is None:
        return f"accepted: {_shown(change.before)} → {_shown(change.after)}"
    return f"{change.field}: {_shown(change.before)} → {_shown(change.after)}"


def _shown(one: tuple[str | None, str] | None) -> str:
    if one is None:
        return "none"
    value, status = one
    return status if value is None else f"{value!r} {status}"


def _changes(before: Record, after: Record) -> Iterator[Change]:
    old, new = _values(before), _values(after)
    for name, ordinal in dict.fromkeys((*new, *old)):
        if old.get((name, ordinal)) != new.get((name, ordinal)):
            yield Change(name, ordinal, old.get((name, ordinal)), new.get((name, ordinal)))
    if before.accepted != after.accepted:
        yield Change(None, 0, (None, _acceptance(before)), (None, _acceptance(after)))


def _values(record: Record) -> dict[tuple[str, int], tuple[str | None, str]]:
    return {
        (value.name, value.ordinal): (value.value, value.status.value)
        for values in record.fields.values()
        for value in values
    }


def _acceptance(record: Record) -> str:
    return "accepted" if record.accepted else "needs review"
