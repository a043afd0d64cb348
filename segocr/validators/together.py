"""One record, one document: where a file shows several of a kind, a record's values come from one of them.

Each field by itself may well find its best candidate on another document than its neighbour does: the name of
one passport, the number of the other. What the values of one document have in common is where they stand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

SERIOUS = 0.5
"""A candidate may be of another document if its region's score is such a share of the best one's."""
_MOST = 40
"""Of so many candidates of a field, the best ones, each is tried with the nearest ones of the others."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a field could have.

    Attributes:
        canonical: The value; None if there is none.
        level: 0 good, -1 doubtful, -2 invalid.
        merit: The greater the better, among those of one level.
        score: Of its region, 0–1.
        place: Page, x and y of its middle.
    """

    canonical: str | None
    level: int
    merit: float
    score: float
    place: tuple[int, float, float]


Fields = Mapping[str, Sequence[Option]]
Choice = dict[str, int]


def chosen_together(fields: Fields) -> Choice:
    """Return which option each field takes, by place in its sequence.

    A field takes its best one. Where two fields would each find a serious one nearer to what the other has
    taken, there are several documents: all fields with more than one serious option then take those around
    one place, where the worst value is best.

    Args:
        fields: Those that take one value, each with at least one option.
    """
    best = {
        name: max(range(len(options)), key=lambda at: (options[at].level, options[at].merit))
        for name, options in fields.items()
    }
    serious = {name: _serious(options, options[best[name]].score) for name, options in fields.items()}
    several = [name for name, places in serious.items() if len(places) > 1]
    if not any(_is_crossed(fields, best, serious, pair) for pair in combinations(several, 2)):
        return best
    serious = {name: _promising(fields, best, serious, name) for name in several}
    around = [
        {other: _nearest(fields, serious[other], other, fields[name][place]) for other in several}
        for name in several
        for place in serious[name]
    ]
    return best | max(around, key=lambda choice: _worth(fields, choice))


def rivals_of(options: Sequence[Option], taken: int) -> tuple[int, ...]:
    """Return which options are values as good as the one taken, and others."""
    mine = options[taken]
    return tuple(
        place
        for place, option in enumerate(options)
        if option.level == mine.level == 0
        and option.canonical is not None
        and option.canonical != mine.canonical
    )


def _serious(options: Sequence[Option], score: float) -> list[int]:
    return [place for place, option in enumerate(options) if option.score >= SERIOUS * score]


def _promising(fields: Fields, choice: Choice, serious: Mapping[str, Sequence[int]], name: str) -> list[int]:
    """Return the best serious options of a field, and those nearest to what each other field would take."""
    options, places = fields[name], serious[name]
    good = sorted(places, key=lambda place: (options[place].level, options[place].merit), reverse=True)
    near = (_nearest(fields, places, name, fields[other][choice[other]]) for other in serious)
    return sorted({*good[:_MOST], *near})


def _is_crossed(
    fields: Fields, choice: Choice, serious: Mapping[str, Sequence[int]], pair: tuple[str, str]
) -> bool:
    """Say whether each of two fields has a serious option nearer to what the other one has taken."""
    taken = {name: fields[name][choice[name]] for name in pair}
    one, other = pair
    apart = _apart(taken[one], taken[other])
    return all(
        any(_apart(fields[mine][place], taken[its]) < apart for place in serious[mine])
        for mine, its in ((one, other), (other, one))
    )


def _nearest(fields: Fields, places: Sequence[int], name: str, to: Option) -> int:
    return min(places, key=lambda place: _apart(fields[name][place], to))


def _apart(one: Option, other: Option) -> tuple[int, float]:
    """Return by how many pages two options are apart, and by how many pixels."""
    (page, x, y), (its_page, its_x, its_y) = one.place, other.place
    return abs(page - its_page), math.hypot(x - its_x, y - its_y)


def _worth(fields: Fields, choice: Choice) -> tuple[int, int, float]:
    options = [fields[name][place] for name, place in choice.items()]
    levels = [option.level for option in options]
    return min(levels), sum(levels), sum(option.merit for option in options)
