"""Minimal deterministic automata over characters: the form in which patterns, lists and dates are combined.

An automaton does not know any recogniser's alphabet. Characters fall into *classes* (ranges of code
points that no part of the automaton tells apart); edges carry a class and, where a check reads only
a named part, a *label* that says which of those parts the character belongs to.
"""

import base64
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from segocr.constraints.charsets import MAX_CODE_POINT, CharSet
from segocr.constraints.errors import ConstraintError, PatternError
from segocr.constraints.nfa import Nfa

MAX_STATES = 20_000
MAX_SECONDS = 10.0

S = TypeVar("S", bound=Hashable)

IntArray = npt.NDArray[np.int32]
Edges = list[dict[tuple[int, int], int]]
"""By state: (class, label) → next state."""


@dataclass(frozen=True)
class Automaton:
    """A trimmed deterministic automaton; state 0 is the start.

    Attributes:
        bounds: ascending code points; class ``classes[i]`` holds from ``bounds[i]`` up to the next one.
        classes: class of each range, -1 for characters with no edge anywhere.
        accepting: bool ``(states,)``.
        source: int32 ``(edges,)``, ascending.
        klass: int32 ``(edges,)``, the class each edge takes.
        label: int32 ``(edges,)``, bit mask over the parts that checks refer to.
        target: int32 ``(edges,)``.
    """

    bounds: tuple[int, ...]
    classes: tuple[int, ...]
    accepting: npt.NDArray[np.bool_]
    source: IntArray
    klass: IntArray
    label: IntArray
    target: IntArray

    @property
    def states(self) -> int:
        """The number of states."""
        return len(self.accepting)

    @cached_property
    def edges(self) -> Edges:
        """The edges as one dictionary a state."""
        table: Edges = [{} for _ in range(self.states)]
        for source, klass, label, target in zip(
            self.source.tolist(), self.klass.tolist(), self.label.tolist(), self.target.tolist(), strict=True
        ):
            table[source][klass, label] = target
        return table

    @property
    def accepts_everything(self) -> bool:
        """Whether every text without line breaks is accepted, so that the automaton restricts nothing."""
        return (
            self.states == 1
            and bool(self.accepting[0])
            and self.class_of(0x41) >= 0
            and len(self.source) == (len({klass for klass in self.classes if klass >= 0}))
            and all(klass >= 0 or _only_line_breaks(low, high) for low, high, klass in self._ranges())
        )

    @property
    def accepts_only_the_empty_text(self) -> bool:
        """Whether no text with a character is accepted."""
        return len(self.source) == 0

    def _ranges(self) -> Iterable[tuple[int, int, int]]:
        ends = (*(bound - 1 for bound in self.bounds[1:]), MAX_CODE_POINT)
        return zip(self.bounds, ends, self.classes, strict=True)

    def class_of(self, code_point: int) -> int:
        """The class of a character, -1 where no edge takes it."""
        return self.classes[bisect_right(self.bounds, code_point) - 1]

    def class_ranges(self) -> dict[int, list[tuple[int, int]]]:
        """The ranges of code points of each class."""
        return self._class_ranges

    @cached_property
    def _class_ranges(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for low, high, klass in self._ranges():
            if klass >= 0:
                found.setdefault(klass, []).append((low, high))
        return found

    def step(self, state: int, character: str) -> int:
        """The state after one more character, -1 where there is none."""
        klass = self.class_of(ord(character))
        for (candidate, _), target in self.edges[state].items():
            if candidate == klass:
                return target
        return -1

    def accepts(self, text: str) -> bool:
        """Whether the whole text is accepted."""
        state = 0
        for character in text:
            state = self.step(state, character)
            if state < 0:
                return False
        return bool(self.accepting[state])

    def to_wire(self) -> dict[str, object]:
        """A JSON-able form; the edges are packed."""
        table = np.stack([self.source, self.klass, self.label, self.target]).astype("<i4")
        return {
            "bounds": list(self.bounds),
            "classes": list(self.classes),
            "states": self.states,
            "accepting": np.flatnonzero(self.accepting).tolist(),
            "edges": base64.b64encode(zlib.compress(table.tobytes(), 6)).decode("ascii"),
        }

    @classmethod
    def from_wire(cls, wire: dict[str, object]) -> "Automaton":
        """The automaton that `to_wire` packed."""
        packed = zlib.decompress(base64.b64decode(str(wire["edges"])))
        table = np.frombuffer(packed, dtype="<i4").reshape(4, -1).astype(np.int32)
        accepting = np.zeros(int(str(wire["states"])), dtype=np.bool_)
        accepting[np.array(wire["accepting"], dtype=np.int64)] = True
        bounds, classes = wire["bounds"], wire["classes"]
        if not isinstance(bounds, list) or not isinstance(classes, list):
            raise ConstraintError("the packed automaton is damaged", "bad-wire")
        return cls(tuple(bounds), tuple(classes), accepting, table[0], table[1], table[2], table[3])


def _only_line_breaks(low: int, high: int) -> bool:
    return low >= 0x0A and high <= 0x0D


def partition(
    charsets: Iterable[CharSet],
) -> tuple[tuple[int, ...], tuple[int, ...], dict[CharSet, list[int]]]:
    """Split the code points into classes that no charset tells apart.

    Returns:
        bounds and classes as in `Automaton`, and for each charset the classes it is made of.
    """
    distinct = list(dict.fromkeys(charsets))
    changes: dict[int, list[tuple[int, bool]]] = {0: []}
    for number, charset in enumerate(distinct):
        for low, high in charset:
            changes.setdefault(low, []).append((number, True))
            if high < MAX_CODE_POINT:
                changes.setdefault(high + 1, []).append((number, False))
    bounds, classes = [], []
    known: dict[frozenset[int], int] = {}
    inside: set[int] = set()
    for bound in sorted(changes):
        for number, enters in sorted(changes[bound], key=lambda change: change[1]):
            (inside.add if enters else inside.discard)(number)
        bounds.append(bound)
        classes.append(known.setdefault(frozenset(inside), len(known)) if inside else -1)
    members: dict[CharSet, list[int]] = {charset: [] for charset in distinct}
    for signature, klass in known.items():
        for number in signature:
            members[distinct[number]].append(klass)
    return tuple(bounds), tuple(classes), members


def determinise(nfa: Nfa, labels: dict[str, int] | None = None) -> Automaton:
    """The minimal automaton of a pattern.

    Args:
        nfa: the pattern's automaton.
        labels: bit by part name, for the parts that checks refer to.

    Raises:
        PatternError: it would have more than `MAX_STATES` states or take too long, or it accepts nothing.
    """
    labels = labels or {}
    bounds, classes, members = partition(charset for charset in nfa.charset if charset is not None)
    closures = _Closures(nfa)
    mask = [sum(labels[name] for name in names if name in labels) for names in nfa.parts]

    def expand(subset: frozenset[int]) -> dict[tuple[int, int], frozenset[int]]:
        reached: dict[tuple[int, int], set[int]] = {}
        for state in subset:
            charset = nfa.charset[state]
            if charset is None:
                continue
            for klass in members[charset]:
                reached.setdefault((klass, mask[state]), set()).update(closures.of(nfa.target[state]))
        return {key: frozenset(states) for key, states in reached.items()}

    edges, accepting = explore(frozenset(closures.of(0)), expand, lambda subset: nfa.final in subset)
    try:
        return finish(edges, accepting, bounds, classes)
    except ConstraintError as error:
        raise PatternError("the pattern accepts no text at all", 0, error.code) from error


class _Closures:
    """The states that matter (a character edge, or final) reached by empty edges, remembered by state."""

    def __init__(self, nfa: Nfa) -> None:
        self.nfa = nfa
        self.known: dict[int, frozenset[int]] = {}

    def of(self, state: int) -> frozenset[int]:
        if state not in self.known:
            seen, stack = {state}, [state]
            while stack:
                for following in self.nfa.empty[stack.pop()]:
                    if following not in seen:
                        seen.add(following)
                        stack.append(following)
            self.known[state] = frozenset(
                found for found in seen if self.nfa.charset[found] is not None or found == self.nfa.final
            )
        return self.known[state]


def explore(
    start: S,
    expand: Callable[[S], dict[tuple[int, int], S]],
    accept: Callable[[S], bool],
    limit: int = MAX_STATES,
) -> tuple[Edges, list[bool]]:
    """Number the states reachable from a start.

    Raises:
        PatternError: more than ``limit`` states, or more than `MAX_SECONDS`.
    """
    deadline = time.monotonic() + MAX_SECONDS
    number: dict[S, int] = {start: 0}
    queue = [start]
    edges: Edges = []
    for state in queue:
        following: dict[tuple[int, int], int] = {}
        for key, target in expand(state).items():
            if target not in number:
                number[target] = len(queue)
                queue.append(target)
            following[key] = number[target]
        edges.append(following)
        if len(queue) > limit or time.monotonic() > deadline:
            message = f"the automaton would have more than {limit} states, or take too long; make it simpler"
            raise PatternError(message, 0, "pattern-too-large")
    return edges, [accept(state) for state in queue]


def finish(
    edges: Edges, accepting: list[bool], bounds: tuple[int, ...], classes: tuple[int, ...]
) -> Automaton:
    """Trim, minimise and pack an automaton whose states are all reachable from state 0.

    Raises:
        ConstraintError: with code ``accepts-nothing``.
    """
    edges = _without_dead_ends(edges, accepting)
    block = _equivalent(edges, accepting)
    number = {block[0]: 0}
    order = [0]
    for state in order:
        for target in edges[state].values():
            if block[target] not in number:
                number[block[target]] = len(order)
                order.append(target)
    rows = [
        (number[block[state]], klass, label, number[block[target]])
        for state in order
        for (klass, label), target in sorted(edges[state].items())
    ]
    table = np.array(rows, dtype=np.int32).reshape(-1, 4)
    final = np.array([accepting[state] for state in order], dtype=np.bool_)
    columns = [np.ascontiguousarray(table[:, column]) for column in range(4)]
    return Automaton(bounds, classes, final, columns[0], columns[1], columns[2], columns[3])


def _without_dead_ends(edges: Edges, accepting: list[bool]) -> Edges:
    """Drop the edges into states from which no accepting state can be reached."""
    before: list[list[int]] = [[] for _ in edges]
    for source, following in enumerate(edges):
        for target in following.values():
            before[target].append(source)
    alive = [state for state, accepts in enumerate(accepting) if accepts]
    living = set(alive)
    for state in alive:
        for source in before[state]:
            if source not in living:
                living.add(source)
                alive.append(source)
    if 0 not in living:
        raise ConstraintError("nothing is accepted", "accepts-nothing")
    return [{key: target for key, target in following.items() if target in living} for following in edges]


def _equivalent(edges: Edges, accepting: list[bool]) -> list[int]:
    """By state, the number of its class of equivalent states (Moore's refinement).

    Stops early where it takes too long: the automaton is then right, only not minimal.
    """
    deadline = time.monotonic() + MAX_SECONDS
    tails = _acyclic_classes(edges, accepting)
    if tails is not None:
        return tails
    block = [int(accepts) for accepts in accepting]
    count = len(set(block))
    while True:
        known: dict[Hashable, int] = {}
        refined = [
            known.setdefault(
                (block[state], tuple(sorted((key, block[target]) for key, target in following.items()))),
                len(known),
            )
            for state, following in enumerate(edges)
        ]
        if len(known) == count:
            return refined
        if time.monotonic() > deadline:
            return list(range(len(edges)))
        block, count = refined, len(known)


def _acyclic_classes(edges: Edges, accepting: list[bool]) -> list[int] | None:
    """Equivalence in one pass from the ends, for automata without cycles; None where there is a cycle."""
    waiting = [len(following) for following in edges]
    before: list[list[int]] = [[] for _ in edges]
    for source, following in enumerate(edges):
        for target in following.values():
            before[target].append(source)
    ready = [state for state, count in enumerate(waiting) if count == 0]
    block = [-1] * len(edges)
    known: dict[Hashable, int] = {}
    for state in ready:
        tail = tuple(sorted((key, block[target]) for key, target in edges[state].items()))
        block[state] = known.setdefault((accepting[state], tail), len(known))
        for source in before[state]:
            waiting[source] -= 1
            if waiting[source] == 0:
                ready.append(source)
    return block if len(ready) == len(edges) else None


def intersect(one: Automaton, other: Automaton, limit: int = MAX_STATES) -> Automaton:
    """The automaton of the texts that both accept; labels of both are kept.

    Raises:
        ConstraintError: with code ``accepts-nothing`` where they have no text in common.
        PatternError: the product is too large.
    """
    bounds = tuple(sorted({*one.bounds, *other.bounds}))
    known: dict[tuple[int, int], int] = {}
    pairs: list[tuple[int, int]] = [(one.class_of(bound), other.class_of(bound)) for bound in bounds]
    classes = tuple(known.setdefault(pair, len(known)) if min(pair) >= 0 else -1 for pair in pairs)
    by_one: dict[int, list[tuple[int, int]]] = {}
    for (first, second), klass in known.items():
        by_one.setdefault(first, []).append((second, klass))
    seconds: list[dict[int, list[tuple[int, int]]]] = []
    for following in other.edges:
        by_class: dict[int, list[tuple[int, int]]] = {}
        for (klass, label), target in following.items():
            by_class.setdefault(klass, []).append((label, target))
        seconds.append(by_class)

    def expand(state: tuple[int, int]) -> dict[tuple[int, int], tuple[int, int]]:
        reached: dict[tuple[int, int], tuple[int, int]] = {}
        for (first, label), target in one.edges[state[0]].items():
            for second, klass in by_one.get(first, ()):
                for other_label, other_target in seconds[state[1]].get(second, ()):
                    reached[klass, label | other_label] = (target, other_target)
        return reached

    def accept(state: tuple[int, int]) -> bool:
        return bool(one.accepting[state[0]] and other.accepting[state[1]])

    edges, accepting = explore((0, 0), expand, accept, limit)
    return finish(edges, accepting, bounds, classes)
