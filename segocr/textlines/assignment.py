"""Assignment: the lines of a whole page to the template's classes at once.

A class with one instance takes its best line, and no line serves two classes; a class with several lines
takes a run of neighbouring ones in its column; a class with any number of instances takes every line that is
probable enough, or every run. Where one field joins what another of its class takes apart, lines stay apart.
A second line as probable as a class's best is another candidate: a page may show two documents, and then a
person should know (``segocr.validators.together``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.templates import Template
from segocr.textlines.layout import Layout
from segocr.textlines.parts import LEAST_REQUIRED, Spans

Floats = NDArray[np.float32]

_ANOTHER, _LIKE = 0.5, 0.8
"""A class takes further lines, or runs of them, as other candidates if they are so probable, and are such a
share of what its best is."""
_SEEDS = 8
"""Lines of a field whose column a run is looked for in, the most probable ones."""
_FAR = 2.5
"""Lines of one field are no further apart than this, in line heights from middle to middle of their rows."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """One instance of a class.

    Attributes:
        class_name: The class.
        score: 0–1, mean probability of its lines.
        lines: Their numbers, in reading order.
        spans: For each line, which characters belong to it; None for the whole line.
        cut: How they were cut out, where that leaves a doubt (``segocr.deciding.doubts``), else empty.
    """

    class_name: str
    score: float
    lines: tuple[int, ...]
    spans: tuple[tuple[int, int] | None, ...]
    cut: str = ""


def assign(
    template: Template,
    layout: Layout,
    spans: Spans,
    probabilities: Floats,
    least: float,
) -> list[Assigned]:
    """Assign the lines of a page.

    Args:
        template: Its classes, and how many lines and instances their fields take.
        layout: Of the page's lines.
        spans: By class, for each line the characters that would belong to it.
        probabilities: ``float32 (n, 1 + classes)``, none first, then the template's classes.
        least: Probability from which a line belongs to a class of several lines or instances.
    """
    if not len(probabilities):
        return []
    free = np.ones(len(probabilities), bool)
    found = []
    for number, line in _single(template, probabilities, least):
        name = template.classes[number]
        found.append(_instance(name, [line], probabilities[:, 1 + number], spans))
        free[line] = False
    for number, name in enumerate(template.classes):
        mine = probabilities[:, 1 + number]
        if _takes_many_lines(template, name):
            for run in _runs(layout, np.where(free, mine, 0.0), least, template, name):
                found.append(_instance(name, run, mine, spans))
                free[run] = False
        elif _takes_any_number(template, name):
            others = np.delete(probabilities, [0, 1 + number], axis=1)
            chosen = np.flatnonzero((mine >= least) & (mine >= others.max(axis=1, initial=0.0)) & free)
            if not len(chosen) and _is_required(template, name):
                best = int(np.where(free, mine, 0.0).argmax())
                chosen = np.array([best] if free[best] and mine[best] >= LEAST_REQUIRED else [], np.int64)
            found += [_instance(name, [line], mine, spans) for line in chosen.tolist()]
    return found + _others(template, probabilities, spans, free, {one.class_name: one.score for one in found})


def _others(
    template: Template,
    probabilities: Floats,
    spans: Spans,
    free: NDArray[np.bool_],
    taken: Mapping[str, float],
) -> list[Assigned]:
    """Return further candidates of the classes that have taken one line."""
    most = probabilities[:, 1:].argmax(axis=1)
    return [
        _instance(name, [line], probabilities[:, 1 + number], spans)
        for number, name in enumerate(template.classes)
        if name in taken and not _takes_many_lines(template, name) and not _takes_any_number(template, name)
        for line in np.flatnonzero(free & (most == number)).tolist()
        if probabilities[line, 1 + number] >= max(_ANOTHER, _LIKE * taken[name])
    ]


def _takes_many_lines(template: Template, name: str) -> bool:
    return all(spec.lines == "many" or spec.instances == "join" for spec in template.fields_of(name))


def _takes_any_number(template: Template, name: str) -> bool:
    return any(spec.instances in ("all", "join") for spec in template.fields_of(name))


def _is_required(template: Template, name: str) -> bool:
    return any(spec.required for spec in template.fields_of(name))


def _single(template: Template, probabilities: Floats, least: float) -> list[tuple[int, int]]:
    """Return (class, line) of the classes that take one line, the surest pairs first, no line twice."""
    classes = [
        number
        for number, name in enumerate(template.classes)
        if not _takes_many_lines(template, name) and not _takes_any_number(template, name)
    ]
    chosen: list[tuple[int, int]] = []
    if not classes:
        return chosen
    mine = probabilities[:, [1 + number for number in classes]].copy()
    floor = [
        LEAST_REQUIRED if _is_required(template, template.classes[number]) else least for number in classes
    ]
    mine[mine < np.array(floor, np.float32)] = 0.0
    while mine.max(initial=0.0) > 0:
        line, place = np.unravel_index(int(mine.argmax()), mine.shape)
        chosen.append((classes[int(place)], int(line)))
        mine[line, :] = 0.0
        mine[:, place] = 0.0
    return chosen


def _runs(
    layout: Layout, mine: NDArray[np.floating[Any]], least: float, template: Template, name: str
) -> Iterator[list[int]]:
    """Yield the runs of lines of a class: the best one, others as probable, and for lists all there are."""
    best = _run(layout, mine, least, _is_required(template, name))
    if not best:
        return
    yield best
    many = any(spec.instances != "best" for spec in template.fields_of(name))
    enough = least if many else max(_ANOTHER, _LIKE * float(np.mean(mine[best])))
    while best:
        mine = mine.copy()
        mine[best] = 0.0
        best = _run(layout, mine, least, False)
        if not best or float(np.mean(mine[best])) < enough:
            return
        yield best


def _run(layout: Layout, mine: NDArray[np.floating[Any]], least: float, required: bool) -> list[int]:
    """Return the neighbouring lines of largest sum of log-odds above those of ``least``.

    They stand in the column of one of them: what is printed beside a block of lines does not end it.
    """
    odds = np.log(np.clip(mine, 1e-4, 1 - 1e-4) / (1 - np.clip(mine, 1e-4, 1 - 1e-4)))
    gain = odds - np.log(least / (1 - least))
    seeds = [line for line in np.argsort(-gain, kind="stable")[:_SEEDS].tolist() if gain[line] > 0]
    _, chosen = max(
        (_run_in_column(layout, gain, seed) for seed in seeds), default=(0.0, []), key=lambda one: one[0]
    )
    if not chosen and required and mine.max(initial=0.0) >= LEAST_REQUIRED:
        chosen = [int(mine.argmax())]
    return [line for line in chosen if gain[line] > 0] or chosen


def _run_in_column(layout: Layout, gain: NDArray[np.floating[Any]], seed: int) -> tuple[float, list[int]]:
    """Return the sum and the lines of the best run among those that share columns with one, or gain."""
    left, top, right, bottom = layout.boxes.T
    shares = (np.minimum(right, right[seed]) - np.maximum(left, left[seed])) > 0
    middles = (top + bottom) / 2
    best, run, total, chosen = 0.0, list[int](), 0.0, list[int]()
    for line in layout.order.tolist():
        if not shares[line] and gain[line] <= 0:
            continue
        if run and (total <= 0 or middles[line] - middles[run[-1]] > _FAR * layout.height):
            run, total = [], 0.0
        run.append(line)
        total += float(gain[line])
        if total > best:
            best, chosen = total, list(run)
    return best, chosen


def _instance(name: str, lines: Sequence[int], mine: NDArray[np.floating[Any]], spans: Spans) -> Assigned:
    score = float(np.clip(np.mean(mine[list(lines)]), 0.0, 1.0))
    return Assigned(name, score, tuple(lines), tuple(spans[name][line] for line in lines))
