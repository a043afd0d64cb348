"""The graph that is searched: an automaton's edges over the symbols left, with CTC's repeats and blanks.

Nodes are (symbol just read, state reached); a *rest* is (blank just read, state). A node may stay,
go to rest, or go straight on to a node of another symbol; the same symbol again needs a rest between.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segocr.constraints.ctc import Floats, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Graph:
    """Arcs between states over symbols, sorted by (source, symbol).

    Attributes:
        accepting: bool ``(states,)``.
        source: int64 ``(arcs,)``.
        symbol: int64 ``(arcs,)``, columns of `Frames.symbols`.
        target: int64 ``(arcs,)``.
        label: int64 ``(arcs,)``, bit mask of the parts that the character belongs to.
        node: int64 ``(arcs,)``, the node each arc enters.
        node_symbol: int64 ``(nodes,)``.
        node_state: int64 ``(nodes,)``.
        repeat: int64 ``(nodes,)``, the arc that leaves the node's state with the node's own symbol, -1
            without one.
        first: int64 ``(states + 1,)``, first arc of each state, and the end.
    """

    accepting: Bools
    source: Ints
    symbol: Ints
    target: Ints
    label: Ints
    node: Ints
    node_symbol: Ints
    node_state: Ints
    repeat: Ints
    first: Ints


def build_graph(
    accepting: Bools, source: Ints, symbol: Ints, target: Ints, label: Ints, symbols: int
) -> Graph:
    """Sort arcs and number the nodes.

    Args:
        accepting: bool ``(states,)``.
        source: int64 ``(arcs,)``.
        symbol: int64 ``(arcs,)``.
        target: int64 ``(arcs,)``.
        label: int64 ``(arcs,)``.
        symbols: how many symbols there are.
    """
    keys = source * symbols + symbol
    order = np.argsort(keys, kind="stable")
    keys, source, symbol = keys[order], source[order], symbol[order]
    target, label = target[order], label[order]
    node_keys, node = np.unique(target * symbols + symbol, return_inverse=True)
    found = np.minimum(np.searchsorted(keys, node_keys), max(len(keys) - 1, 0)).astype(np.int64)
    repeat = np.where(keys[found] == node_keys, found, -1) if len(keys) else found
    first = np.searchsorted(source, np.arange(len(accepting) + 1))
    return Graph(
        accepting,
        source,
        symbol,
        target,
        label,
        node,
        node_keys % symbols,
        node_keys // symbols,
        repeat,
        first,
    )


@dataclass(frozen=True, slots=True)
class ToGo:
    """Best scores of the rest of the way.

    Attributes:
        node: float64 ``(frames + 1, nodes)``: the best score of frames ``t…`` when frame ``t`` reads the
            node's symbol.
        rest: float64 ``(frames + 1, states)``: the same when frame ``t`` is a blank in that state; at the end
            0 for accepting states.
    """

    node: Floats
    rest: Floats


def best_to_go(graph: Graph, blank: Floats, symbols: Floats) -> ToGo:
    """Exact backward Viterbi scores over the graph.

    Args:
        graph: what may follow what.
        blank: float64 ``(frames,)``.
        symbols: float64 ``(frames, kept)``.
    """
    frames, nodes = len(blank), len(graph.node_symbol)
    to_go = np.full((frames + 1, nodes), -np.inf)
    rest = np.full((frames + 1, len(graph.accepting)), -np.inf)
    rest[frames, graph.accepting] = 0.0
    leave = _Leaving(graph)
    emit = symbols[:, graph.node_symbol]
    for frame in range(frames - 1, -1, -1):
        after_node, after_rest = to_go[frame + 1], rest[frame + 1]
        onward, from_rest = leave.best(after_node)
        best = np.maximum(after_node, after_rest[graph.node_state])
        np.maximum(best, onward, out=best)
        np.add(best, emit[frame], out=to_go[frame])
        np.maximum(after_rest, from_rest, out=rest[frame])
        rest[frame] += blank[frame]
    return ToGo(to_go, rest)


def best_score(graph: Graph, to_go: ToGo) -> float:
    """The score of the best path from the start to an accepting state; -inf where there is none."""
    first = graph.node[graph.first[0] : graph.first[1]]
    return max(float(to_go.rest[0, 0]), float(to_go.node[0, first].max(initial=-np.inf)))


class _Leaving:
    """The best node to enter next, by state and by node (whose own symbol is excluded)."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        states = len(graph.accepting)
        self.busy = np.flatnonzero(np.diff(graph.first))
        self.starts = graph.first[self.busy]
        place = np.full(states, len(self.busy))
        place[self.busy] = np.arange(len(self.busy))
        self.place = place
        self.arc_place = place[graph.source]
        self.node_place = place[graph.node_state]
        self.repeats = np.flatnonzero(graph.repeat >= 0)
        self.repeat_arcs = graph.repeat[self.repeats]
        self.repeat_place = self.node_place[self.repeats]
        self.top = np.full(len(self.busy) + 1, -np.inf)
        self.second = np.full(len(self.busy) + 1, -np.inf)

    def best(self, values: Floats) -> tuple[Floats, Floats]:
        """Best value over the nodes that may follow: by node, and by state from a rest.

        Args:
            values: float64 ``(nodes,)``.
        """
        if len(self.busy) == 0:
            return np.full(len(values), -np.inf), np.full(len(self.place), -np.inf)
        entered = values[self.graph.node]
        self.top[:-1] = np.maximum.reduceat(entered, self.starts)
        by_node = self.top[self.node_place]
        if len(self.repeats):
            own = entered[self.repeat_arcs]
            is_top = entered == self.top[self.arc_place]
            others = np.maximum.reduceat(np.where(is_top, -np.inf, entered), self.starts)
            ties = np.add.reduceat(is_top, self.starts, dtype=np.int64) > 1
            self.second[:-1] = np.where(ties, self.top[:-1], others)
            top = by_node[self.repeats]
            by_node[self.repeats] = np.where(own == top, self.second[self.repeat_place], top)
        return by_node, self.top[self.place]


def arc_bounds(graph: Graph, to_go: ToGo, blank: Floats, symbols: Floats) -> Floats:
    """For each arc an upper bound of the best complete path through it.

    The forward half lets a symbol follow itself without a blank, which can only raise the bound.

    Args:
        graph: what may follow what.
        to_go: from `best_to_go` on the same graph.
        blank: float64 ``(frames,)``.
        symbols: float64 ``(frames, kept)``.
    """
    bounds = np.full(len(graph.source), -np.inf)
    if len(bounds) == 0:
        return bounds
    by_node = np.argsort(graph.node, kind="stable")
    node_starts = np.searchsorted(graph.node[by_node], np.arange(len(graph.node_symbol)))
    # Nodes are numbered by (state, symbol), so the nodes of one state lie together.
    reached = np.unique(graph.node_state)
    state_starts = np.searchsorted(graph.node_state, reached)
    reading = np.full(len(graph.node_symbol), -np.inf)
    resting = np.full(len(graph.accepting), -np.inf)
    resting[0] = 0.0
    emit = symbols[:, graph.node_symbol]
    for frame in range(len(blank)):
        state = resting.copy()
        state[reached] = np.maximum(state[reached], np.maximum.reduceat(reading, state_starts))
        leaving = state[graph.source]
        np.maximum(bounds, leaving + to_go.node[frame][graph.node], out=bounds)
        entering = np.maximum.reduceat(leaving[by_node], node_starts)
        reading = np.maximum(reading, entering) + emit[frame]
        resting = state + blank[frame]
    return bounds
