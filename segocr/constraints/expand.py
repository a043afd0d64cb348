"""From automata to the graph of one reading: edges over the symbols left, product with the checks."""

from itertools import pairwise

import numpy as np

from segocr.constraints.binding import BoundConstraint
from segocr.constraints.ctc import Ints
from segocr.constraints.errors import ConstraintError
from segocr.constraints.graph import Bools, Graph, build_graph
from segocr.constraints.product import Constraint

MAX_PRODUCT_ARCS = 400_000


def reading_graph(bound: BoundConstraint, kept: Ints) -> Graph:
    """The automaton's edges, one arc for each symbol that is left.

    Args:
        bound: the constraint over the recogniser's alphabet.
        kept: int64 ``(kept,)``, columns of the alphabet that are left.
    """
    automaton = bound.constraint.automaton
    classes = bound.klass[kept]
    order = np.argsort(classes, kind="stable")
    known = int(max(automaton.classes, default=-1)) + 1
    starts = np.searchsorted(classes[order], np.arange(known + 1))
    counts = np.diff(starts)
    per_edge = counts[automaton.klass]
    edge = np.repeat(np.arange(len(automaton.source)), per_edge)
    # Within each edge, count 0, 1, 2 … through the symbols of its class.
    within = np.arange(len(edge)) - np.repeat(np.cumsum(per_edge) - per_edge, per_edge)
    symbol = order[starts[automaton.klass[edge]] + within]
    source = automaton.source[edge].astype(np.int64)
    target = automaton.target[edge].astype(np.int64)
    label = automaton.label[edge].astype(np.int64)
    if len(source) > len(kept) * 64:
        inside = _useful(automaton.accepting, source, target)
        source, symbol, target, label = source[inside], symbol[inside], target[inside], label[inside]
    return build_graph(automaton.accepting, source, symbol, target, label, max(len(kept), 1))


def _useful(accepting: Bools, source: Ints, target: Ints) -> Bools:
    """Arcs on some way from the start to an accepting state."""
    reached = np.zeros(len(accepting), dtype=np.bool_)
    reached[0] = True
    ending = accepting.copy()
    return _spread(reached, source, target)[source] & _spread(ending, target, source)[target]


def _spread(marked: Bools, source: Ints, target: Ints) -> Bools:
    """Mark everything that arcs lead to from what is marked."""
    while True:
        new = target[marked[source]]
        new = new[~marked[new]]
        if len(new) == 0:
            return marked
        marked[new] = True


def select_arcs(graph: Graph, inside: Bools, symbols: int) -> Graph:
    """The graph with only some of its arcs.

    Args:
        graph: the graph.
        inside: bool ``(arcs,)``.
        symbols: how many symbols there are.
    """
    return build_graph(
        graph.accepting,
        graph.source[inside],
        graph.symbol[inside],
        graph.target[inside],
        graph.label[inside],
        symbols,
    )


def product_graph(constraint: Constraint, graph: Graph, texts: list[str]) -> Graph:
    """The graph in product with the checks: states are (graph state, states of the checks).

    Args:
        constraint: whose checks to apply.
        graph: the arcs left.
        texts: the character of each symbol.

    Raises:
        ConstraintError: the product has more than `MAX_PRODUCT_ARCS` arcs (code ``search-limit``).
    """
    checks = constraint.states_of_checks
    if len(checks.states) > checks.LIMIT:
        checks.clear()
    number: dict[tuple[int, int], int] = {(0, 0): 0}
    queue = [(0, 0)]
    sources: list[int] = []
    symbols: list[int] = []
    targets: list[int] = []
    arcs = _arcs_by_state(graph, texts)
    for place, (state, check) in enumerate(queue):
        steps = checks.steps[check]
        for symbol, target, key in arcs[state]:
            after = steps.get(key)
            if after is None:
                after = checks.step(check, key)
            if after < 0:
                continue
            pair = (target, after)
            reached = number.get(pair)
            if reached is None:
                reached = number[pair] = len(queue)
                queue.append(pair)
            sources.append(place)
            symbols.append(symbol)
            targets.append(reached)
        if len(sources) > MAX_PRODUCT_ARCS:
            raise ConstraintError("too many ways to satisfy the checks are left", "search-limit")
    accepting = np.array([bool(graph.accepting[state]) and checks.accepts(check) for state, check in queue])
    begins, ends = np.array(sources, dtype=np.int64), np.array(targets, dtype=np.int64)
    inside = _spread(accepting.copy(), ends, begins)[ends]
    return build_graph(
        accepting,
        begins[inside],
        np.array(symbols, dtype=np.int64)[inside],
        ends[inside],
        np.zeros(int(inside.sum()), dtype=np.int64),
        max(len(texts), 1),
    )


def _arcs_by_state(graph: Graph, texts: list[str]) -> list[list[tuple[int, int, tuple[str, int]]]]:
    """By state, each arc's symbol, target, and (character, label)."""
    rows = [
        (symbol, target, (texts[symbol], label))
        for symbol, target, label in zip(
            graph.symbol.tolist(), graph.target.tolist(), graph.label.tolist(), strict=True
        )
    ]
    ends = graph.first.tolist()
    return [rows[first:last] for first, last in pairwise(ends)]
