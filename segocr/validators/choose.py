"""Which of a field's candidates become its values, and what they are worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.validators.failures import DOUBTFUL, INVALID, Refused
from segocr.validators.values import Judged, judge


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value of a field.

    Attributes:
        candidates: Which candidates it was made from, by place.
        text: What was accepted as read; None if nothing was.
        judged: What it came to.
    """

    candidates: tuple[int, ...]
    text: str | None
    judged: Judged


_NOTHING = Judged(None, None, INVALID, ())


def choose(
    candidates: list[dict[str, Any]], spec: dict[str, Any], today: dt.date, folder: Path | None
) -> list[Chosen]:
    """Choose or join a field's candidates.

    Args:
        candidates: In reading order; each with ``text`` (None if nothing was accepted), ``merit`` (natural
            log of confidence and score, less the cost: the greater the better) and ``standing`` (the
            reading's own: 0 good, 1 doubtful, 2 invalid).
        spec: The field.
        today: The arrival's day.
        folder: The workspace's own validators.

    Returns:
        None, one, or for ``instances: all`` any number of values.
    """
    if not candidates:
        return []
    if spec["instances"] == "join":
        return [_joined(candidates, spec, today, folder)]
    if spec["instances"] == "first":
        return [_single(0, candidates[0], spec, today, folder)]
    singles = [_single(at, candidate, spec, today, folder) for at, candidate in enumerate(candidates)]
    return singles if spec["instances"] == "all" else [_best(singles, candidates)]


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


def _best(singles: list[Chosen], candidates: list[dict[str, Any]]) -> Chosen:
    """Take the best: first by what it is worth, then by merit; say so if another was as good a value."""

    def worth(chosen: Chosen) -> tuple[int, float]:
        candidate = candidates[chosen.candidates[0]]
        own = {None: 0, DOUBTFUL: 1, INVALID: 2}[chosen.judged.verdict]
        return -max(own, candidate["standing"]), candidate["merit"]

    best = max(singles, key=worth)
    level = worth(best)[0]
    rivals = {s.judged.canonical for s in singles if worth(s)[0] == level and s.judged.canonical is not None}
    if len(rivals) < 2 or level != 0:
        return best
    judged = best.judged
    said = ("several-candidates", f"{len(rivals)} different values were found; the best was taken")
    return Chosen(
        best.candidates,
        best.text,
        Judged(judged.value, judged.canonical, judged.verdict, (*judged.problems, said)),
    )


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
        One a value whose text has the part: a part that may be absent, or that is all fillers, is missing.
    """
    return [
        _derived(value, candidates, spec, today, folder)
        for value in source
        if value.text is not None and not _is_absent(value, candidates, spec["part"])
    ]


def _is_absent(source: Chosen, candidates: list[dict[str, Any]], part: str | None) -> bool:
    named = candidates[source.candidates[0]].get("parts", {})
    return part in named and not named[part][1]


def _derived(
    source: Chosen,
    candidates: list[dict[str, Any]],
    spec: dict[str, Any],
    today: dt.date,
    folder: Path | None,
) -> Chosen:
    try:
        text, meant = _part(source, candidates, spec["part"])
    except Refused as refused:
        return Chosen(
            source.candidates, None, Judged(None, None, INVALID, ((refused.code, refused.message),))
        )
    return Chosen(source.candidates, text, judge(meant, spec, today, folder))


def _part(source: Chosen, candidates: list[dict[str, Any]], part: str | None) -> tuple[str, str]:
    text = source.text or ""
    if part is None:
        return text, text
    named = candidates[source.candidates[0]].get("parts", {})
    if part not in named:
        raise Refused("no-part", f"{text!r} has no part {part!r}")
    characters, meaning = named[part]
    return characters, meaning
