"""The best texts of a graph, best first: A* over texts, guided by exact scores of the rest of the way."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segocr.constraints.ctc import Floats, Frames
from segocr.constraints.errors import ConstraintError
from segocr.constraints.graph import Graph, ToGo

_MOST_BEGINNINGS = 50_000
"""Beginnings of texts that are looked at, some kilobytes each; lines of print need a few thousand."""
_ALIKE = 9
"""Decimals, nats: scores that agree in so many differ by rounding alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """One accepted text.

    Attributes:
        symbols: columns of `Frames.symbols`, in order.
        viterbi: log-probability of its best alignment.
    """

    symbols: tuple[int, ...]
    viterbi: float


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A beginning of texts, with its scores after each number of frames.

    Attributes:
        symbols: the columns read so far; where several count as one, the first of them.
        parent: the beginning without its last character.
        state: where the beginning leads.
        reading: by symbol of the last character, float64 ``(frames + 1,)``: best score ending on it.
        resting: float64 ``(frames + 1,)``: its best score ending on a blank.
    """

    symbols: tuple[int, ...]
    parent: "_Prefix | None"
    state: int
    reading: tuple[tuple[int, Floats], ...]
    resting: Floats

    def entry(self, symbol: int) -> Floats:
        """Best score after each number of frames, when ``symbol`` is to follow: not straight after itself."""
        best = self.resting
        for last, scores in self.reading:
            if last != symbol:
                best = np.maximum(best, scores)
        return best


class TextSearch:
    """Enumerates the texts of a graph by the score of their best alignment.

    A beginning's priority is its best score joined with the exact best rest of the way, so texts come out in
    order and no beginning is visited that no better text needs.
    """

    def __init__(self, graph: Graph, to_go: ToGo, frames: Frames, alike: list[int]) -> None:
        """Prepare the sums.

        Args:
            graph: what may follow what.
            to_go: from `best_to_go` on the same graph.
            frames: the posteriors.
            alike: by symbol, a number that is the same for symbols that make no difference between texts.
        """
        self.graph = graph
        self.frames = frames
        self.alike = alike
        self.ahead = np.ascontiguousarray(to_go.node[:-1].T)
        length = len(frames.blank)
        self.blank_sums = np.concatenate(([0.0], np.cumsum(frames.blank)))
        self.symbol_sums = np.zeros((len(frames.kept), length + 1))
        np.cumsum(frames.symbols.T, axis=1, out=self.symbol_sums[:, 1:])

    def texts(self, floor: float) -> Iterator[Found]:
        """Texts with a score of at least ``floor``, best first, each once.

        Raises:
            ConstraintError: ``search-limit``: too many beginnings are as good as the best.
        """
        root = _Prefix((), None, 0, (), self.blank_sums)
        count = itertools.count()
        # Entries: minus the score, whether it goes on, a tie breaker, the beginning, and the arcs that
        # lengthen it (none: it ends here). Of beginnings with one score the latest goes first: where nothing
        # is legible any digit is as good as any other, and to look at all of one length would never end.
        queue: list[tuple[float, bool, int, _Prefix, tuple[int, ...]]] = []

        def push(prefix: _Prefix) -> None:
            for score, arcs in self._choices(prefix, floor):
                if score >= floor and score > -np.inf:
                    heapq.heappush(queue, (round(-score, _ALIKE), bool(arcs), -next(count), prefix, arcs))

        push(root)
        looked = 0
        while queue:
            score, _, _, prefix, arcs = heapq.heappop(queue)
            if arcs:
                if (looked := looked + 1) > _MOST_BEGINNINGS:
                    raise ConstraintError("too many texts are as good as the best", "search-limit")
                push(self._lengthen(prefix, arcs))
            else:
                yield Found(_spelling(prefix), -score)

    def _choices(self, prefix: _Prefix, floor: float) -> Iterator[tuple[float, tuple[int, ...]]]:
        """How a beginning can go on, with the best score of each way; not what is below a floor."""
        if self.graph.accepting[prefix.state]:
            ends = [float(scores[-1]) for _, scores in prefix.reading]
            yield max(float(prefix.resting[-1]), *ends, -np.inf), ()
        first, last = self.graph.first[prefix.state], self.graph.first[prefix.state + 1]
        if first == last:
            return
        after = prefix.resting
        for _, scores in prefix.reading:
            after = np.maximum(after, scores)
        scores_of = (self.ahead[self.graph.node[first:last]] + after[:-1]).max(axis=1)
        likely = np.flatnonzero(scores_of >= floor)
        arcs, symbols = likely + first, self.graph.symbol[first:last][likely].tolist()
        repeated = {symbol for symbol, _ in prefix.reading}
        groups: dict[int, list[int]] = {}
        best: dict[int, float] = {}
        for arc, symbol, score in zip(arcs.tolist(), symbols, scores_of[likely].tolist(), strict=True):
            exact = score
            if symbol in repeated:
                exact = float((self.ahead[self.graph.node[arc]] + prefix.entry(symbol)[:-1]).max())
            group = self.alike[symbol]
            groups.setdefault(group, []).append(arc)
            best[group] = max(best.get(group, -np.inf), exact)
        for group, members in groups.items():
            yield best[group], tuple(members)

    def _lengthen(self, prefix: _Prefix, arcs: tuple[int, ...]) -> _Prefix:
        """The beginning with one more character."""
        reading: list[tuple[int, Floats]] = []
        either: Floats | None = None
        for arc in arcs:
            symbol = int(self.graph.symbol[arc])
            sums = self.symbol_sums[symbol]
            scores = np.full(len(sums), -np.inf)
            gained = np.maximum.accumulate(prefix.entry(symbol)[:-1] - sums[:-1])
            np.add(gained, sums[1:], out=scores[1:])
            reading.append((symbol, scores))
            either = scores if either is None else np.maximum(either, scores)
        assert either is not None
        resting = np.full(len(either), -np.inf)
        gained = np.maximum.accumulate(either[:-1] - self.blank_sums[:-1])
        np.add(gained, self.blank_sums[1:], out=resting[1:])
        state = int(self.graph.target[arcs[0]])
        return _Prefix((*prefix.symbols, reading[0][0]), prefix, state, tuple(reading), resting)


def _spelling(prefix: _Prefix) -> tuple[int, ...]:
    """The symbols of the best alignment, where several count as one; else those of the beginning."""
    chain: list[_Prefix] = []
    while prefix.parent is not None:
        chain.append(prefix)
        prefix = prefix.parent
    if all(len(link.reading) == 1 for link in chain):
        return chain[0].symbols if chain else ()
    chosen: list[int] = []
    frame = len(prefix.resting) - 1
    place, symbol = 0, _likelier(chain[0], frame, None)
    while place < len(chain):
        frame -= 1
        if symbol < 0:
            symbol = _likelier(chain[place], frame, None)
            continue
        stay = float(dict(chain[place].reading)[symbol][frame])
        before = chain[place + 1] if place + 1 < len(chain) else prefix
        if float(before.entry(symbol)[frame]) > stay or frame == 0:
            chosen.append(symbol)
            place, symbol = place + 1, _likelier(before, frame, symbol)
    return tuple(reversed(chosen))


def _likelier(prefix: _Prefix, frame: int, excluded: int | None) -> int:
    """The symbol on which a beginning best ends after so many frames; -1 for a blank."""
    best, score = -1, float(prefix.resting[frame])
    for symbol, scores in prefix.reading:
        if symbol != excluded and float(scores[frame]) > score:
            best, score = symbol, float(scores[frame])
    return best
