"""Which of a field's candidates become its values, and what they are worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segocr.validators.failures import DOUBTFUL, INVALID, Refused
from segocr.validators.together import Option, chosen_together, rivals_of
from segocr.validators.values import Judged, judge


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value of a field.

    Attributes:
        candidates: Which candidates it was made from, by place; none for a part that a text leaves out.
        text: What was accepted as read; None if nothing was.
        judged: What it came to.
        rivals: Candidates that gave another value as good.
    """

    candidates: tuple[int, ...]
    text: str | None
    judged: Judged
    rivals: tuple[int, ...] = ()


Candidates = list[dict[str, Any]]
_NOTHING = Judged(None, None, INVALID, ())
_ABSENT = Chosen((), None, Judged(None, None, None, ()))
_LEVELS = {None: 0, DOUBTFUL: -1, INVALID: -2}


def choose(
    part: dict[str, Candidates], specs: dict[str, dict[str, Any]], today: dt.date, folder: Path | None
) -> dict[str, list[Chosen]]:
    """Choose or join the candidates of all fields that are read.

    Args:
        part: By field, its candidates in reading order; each with ``text`` (None if nothing was accepted),
            ``merit`` (natural log of confidence and score, less the cost: the greater the better),
            ``standing`` (the reading's own: 0 good, 1 doubtful, 2 invalid), ``score`` of its region and
            ``place`` (page, x, y).
        specs: The fields.
        today: The arrival's day.
        folder: The workspace's own validators.

    Returns:
        By field none, one, or for ``instances: all`` any number of values.
    """
    chosen: dict[str, list[Chosen]] = {}
    singles: dict[str, list[Chosen]] = {}
    for name, spec in specs.items():
        candidates = part.get(name, [])
        if spec["instances"] == "join" and candidates:
            chosen[name] = [_joined(candidates, spec, today, folder)]
            continue
        taken = candidates[:1] if spec["instances"] == "first" else candidates
        made = [_single(at, candidate, spec, today, folder) for at, candidate in enumerate(taken)]
        chosen[name] = made
        if spec["instances"] == "best" and made:
            singles[name] = made
    options = {name: _options(made, part[name]) for name, made in singles.items()}
    for name, place in chosen_together(options).items():
        chosen[name] = [replace(singles[name][place], rivals=rivals_of(options[name], place))]
    return chosen


def _options(singles: list[Chosen], candidates: Candidates) -> list[Option]:
    return [
        Option(
            single.judged.canonical,
            min(_LEVELS[single.judged.verdict], -int(candidate["standing"])),
            candidate["merit"],
            candidate["score"],
            tuple(candidate["place"]),
        )
        for single, candidate in zip(singles, candidates, strict=True)
    ]


def _single(
    at: int, candidate: dict[str, Any], spec: dict[str, Any], today: dt.date, folder: Path | None
) -> Chosen:
    text = candidate["text"]
    return Chosen((at,), text, _NOTHING if text is None else judge(text, spec, today, folder))


def _joined(
    candidates: list[dict[str, Any]], spec: dict[str, Any], today: dt.date, folder: Path | None
) -> Chosen:
    separator = "\n" if spec["lines"] == "many" else " "
    texts = [candidate["text"] for candidate in candidates if candidate["text"] is not None]
    places = tuple(range(len(candidates)))
    if not texts:
        return Chosen(places, None, _NOTHING)
    text = separator.join(texts)
    return Chosen(places, text, judge(text, spec, today, folder))


def derive(
    source: list[Chosen],
    candidates: list[dict[str, Any]],
    spec: dict[str, Any],
    today: dt.date,
    folder: Path | None,
) -> list[Chosen]:
    """Make a field from a part of another field's values.

    Args:
        source: The other field's values.
        candidates: The other field's candidates; ``parts`` holds the parts that its constraint
            names, each as (characters, meaning).
        spec: The field, with ``part`` (None for the whole text).
        today: The arrival's day.
        folder: The workspace's own validators.

    Returns:
        One a value of the other field, in its order. Without candidates, so missing, if the text leaves the
        part out or has only fillers there; invalid if there is no text.
    """
    return [_derived(value, candidates, spec, today, folder) for value in source]


def _is_absent(source: Chosen, candidates: list[dict[str, Any]], part: str | None) -> bool:
    named = candidates[source.candidates[0]].get("parts", {})
    return part in named and not named[part][1]


def _other_parts(source: Chosen, candidates: list[dict[str, Any]], part: str | None) -> tuple[int, ...]:
    """Return which rivals of a value have another part."""
    if part is None:
        return source.rivals
    mine, *others = (
        candidates[at].get("parts", {}).get(part) for at in (source.candidates[0], *source.rivals)
    )
    return tuple(at for at, other in zip(source.rivals, others, strict=True) if other != mine)


def _derived(
    source: Chosen,
    candidates: list[dict[str, Any]],
    spec: dict[str, Any],
    today: dt.date,
    folder: Path | None,
) -> Chosen:
    if source.text is None:
        return Chosen(source.candidates, None, _NOTHING)
    if _is_absent(source, candidates, spec["part"]):
        return _ABSENT
    try:
        text, meant = _part(source, candidates, spec["part"])
    except Refused as refused:
        return Chosen(
            source.candidates, None, Judged(None, None, INVALID, ((refused.code, refused.message),))
        )
    rivals = _other_parts(source, candidates, spec["part"])
    return Chosen(source.candidates, text, judge(meant, spec, today, folder), rivals)


def _part(source: Chosen, candidates: list[dict[str, Any]], part: str | None) -> tuple[str, str]:
    text = source.text or ""
    if part is None:
        return text, text
    named = candidates[source.candidates[0]].get("parts", {})
    if part not in named:
        raise Refused("no-part", f"{text!r} has no part {part!r}")
    characters, meaning = named[part]
    return characters, meaning
