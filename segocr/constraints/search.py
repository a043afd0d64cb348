"""The most probable accepted text of one strip, exactly.

The search is over alignments: the winner is the accepted text whose best CTC alignment is most
probable among all accepted texts, and its rivals are the next distinct texts. No beam is used; what is left
out is left out by a bound:

1. With a limit on the loss against the best path over the constraint's symbols, symbols and frames that
   no path within the limit can use are dropped (`ctc.merge_frames`).
2. The exact best rest of the way from every node of the automaton (without check digits) is found backwards.
   Where there are checks, arcs through which no path within the limit leads are dropped, the checks are
   applied to those left, and the product is solved backwards.
3. Texts are enumerated best first, guided by these exact scores (`nbest`).

If the best accepted text loses more than the limit, the limit is raised and the search repeated. What is
found within the limit is exact, and everything within `RIVAL_WINDOW` of the winner is found. At the end the
total probabilities (all alignments) of winner and rivals are computed; where a rival's total is higher than
the total of the text with the best alignment, that rival is the winner. The raw text, where it is accepted,
gives way only to a text that is more probable by the margin that a correction needs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from segocr.constraints.binding import BoundConstraint, bind
from segocr.constraints.confusions import set_right
from segocr.constraints.ctc import (
    BLANK,
    FLOOR,
    Floats,
    Frames,
    Greedy,
    align,
    merge_frames,
    read_greedily,
    total_log_probs,
)
from segocr.constraints.decoded import Decoded
from segocr.constraints.edits import bare, find_edits
from segocr.constraints.errors import ConstraintError
from segocr.constraints.expand import product_graph, reading_graph, select_arcs
from segocr.constraints.graph import arc_bounds, best_score, best_to_go
from segocr.constraints.nbest import Found, TextSearch
from segocr.constraints.product import Constraint
from segocr.constraints.scores import NEAR_MARGIN, ranked_texts
from segocr.constraints.spaces import with_spaces

RIVAL_WINDOW = 5.0
"""Rivals are looked for within this many nats of the winner's best alignment; e^-5 is 0.7 %."""

FIRST_LIMIT = 5.5
"""Nats within which the first search looks: as far as the rivals of a text that loses nearly nothing. Most
readings that fit need no second one; with 8 nats machine-readable lines took up to 1.8 times as long."""

CHECK_STEP = 4.0
"""Nats beyond the best text without the checks within which one with them is looked for at least."""

CHECK_GROWTH = 1.4
"""By how much the limit grows while only the checks have nothing within it; their product is dear."""

FAR_LIMIT = 500.0
"""Nats; beyond this a limit is no limit."""

MAX_COST = 40.0
"""A text that loses more nats than this against the constraint's best symbols is not looked for."""

_ROUNDING = 1e-3
"""Posteriors come in single precision."""

_SLACK = 1e-7
"""Scores are sums in different order; a limit must not drop what lies exactly on it."""

LogProbs = npt.NDArray[np.float32] | npt.NDArray[np.float64]


def greedy(log_probs: LogProbs, alphabet: Sequence[str]) -> Decoded:
    """Read without a constraint, with the spaces that were nearly read: the raw text is the text, at no cost.

    Args:
        log_probs: float ``(frames, symbols)``, natural logarithms of CTC posteriors; column 0 is the blank.
        alphabet: the text of each column.
    """
    log_probs, symbols = np.asarray(log_probs, dtype=np.float32), list(alphabet)
    raw = with_spaces(read_greedily(log_probs, symbols), log_probs, symbols)
    return Decoded(
        text=raw.text,
        log_prob=raw.log_prob,
        viterbi=raw.log_prob,
        raw=raw.text,
        raw_log_prob=raw.log_prob,
        cost=0.0,
        edits=(),
        rivals=(),
        margin=RIVAL_WINDOW,
        posterior=min(raw.confidences, default=0.0),
        confidences=raw.confidences,
        spans=raw.spans,
        raw_confidences=raw.confidences,
        raw_spans=raw.spans,
        frames=len(log_probs),
    )


def decode(
    log_probs: LogProbs,
    alphabet: Sequence[str],
    constraint: "Constraint | BoundConstraint | None",
    *,
    best: int = 5,
    max_cost: float = MAX_COST,
) -> Decoded:
    """Read a strip under a constraint.

    Args:
        log_probs: float ``(frames, symbols)``, natural logarithms of CTC posteriors; column 0 is the blank.
        alphabet: the text of each column.
        constraint: what is accepted; None reads greedily.
        best: how many texts to find at most, the winner included.
        max_cost: nats; a text that loses more than this is not looked for.

    Returns:
        The reading; its ``text`` is None where nothing accepted was found, and ``reason`` says why.

    Raises:
        ValueError: the shape does not fit the alphabet.
    """
    if constraint is None:
        return greedy(log_probs, alphabet)
    if log_probs.ndim != 2 or log_probs.shape[1] != len(alphabet):
        message = f"log_probs must be (frames, {len(alphabet)}), not {log_probs.shape}"
        raise ValueError(message)
    bound = constraint if isinstance(constraint, BoundConstraint) else bind(constraint, alphabet)
    raw = read_greedily(np.asarray(log_probs, dtype=np.float32), list(bound.alphabet))
    log_probs = set_right(log_probs, bound.alphabet, bound.constraint.print_name)
    unbound = float(np.maximum(log_probs.max(axis=1, initial=FLOOR).astype(np.float64), FLOOR).sum())
    problem = _prepare(log_probs, bound, unbound)
    found, reason = _search(problem, best, max_cost)
    if not found:
        cost = max(0.0, unbound - problem.ceiling) + (max_cost if reason == "too-dear" else 0.0)
        return _unread(raw, cost, reason, len(log_probs))
    decoded = _result(problem, raw, found)
    # The limit above is against the constraint's own symbols; what was read in others counts as well.
    return decoded if decoded.cost <= max_cost else _unread(raw, decoded.cost, "too-dear", len(log_probs))


@dataclass(frozen=True, slots=True)
class _Problem:
    """One strip's posteriors over the symbols that the constraint can use.

    Attributes:
        bound: the constraint over the alphabet.
        usable: float32 ``(frames, usable)``, log-probabilities.
        blank: float64 ``(frames,)``, best of blank and, where spaces are ignored, space.
        blank_total: float64 ``(frames,)``, their sum.
        top: float64 ``(frames,)``, the best of the frame.
        ceiling: no accepted text has a better alignment than this.
        unbound: log-probability of the best path without a constraint.
    """

    bound: BoundConstraint
    usable: LogProbs
    blank: Floats
    blank_total: Floats
    top: Floats
    ceiling: float
    unbound: float

    def within(self, limit: float) -> Frames:
        """What a path can use that loses at most ``limit``."""
        least = (self.top - (limit + _ROUNDING)).astype(np.float32)
        columns = np.flatnonzero((self.usable >= least[:, None]).any(axis=0))
        symbols = np.maximum(self.usable[:, columns].astype(np.float64), FLOOR)
        return merge_frames(self.blank, symbols, self.bound.usable[columns], self.top, limit)

    def column(self, alphabet_column: int) -> Floats:
        """Log-probabilities of one symbol, float64 ``(frames,)``."""
        place = int(np.searchsorted(self.bound.usable, alphabet_column))
        return np.maximum(self.usable[:, place].astype(np.float64), FLOOR)


def _prepare(log_probs: LogProbs, bound: BoundConstraint, unbound: float) -> _Problem:
    usable = log_probs[:, bound.usable]
    blank = np.maximum(log_probs[:, BLANK].astype(np.float64), FLOOR)
    blank_total = blank
    if bound.space >= 0:
        # A space that is no part of the text parts characters exactly as a blank does.
        space = np.maximum(log_probs[:, bound.space].astype(np.float64), FLOOR)
        blank_total = np.logaddexp(blank, space)
        blank = np.maximum(blank, space)
    top = np.maximum(usable.max(axis=1, initial=FLOOR).astype(np.float64), blank)
    return _Problem(bound, usable, blank, blank_total, top, float(top.sum()), unbound)


@dataclass(frozen=True, slots=True)
class _Solution:
    """Texts found, with the frames that their symbols refer to.

    Attributes:
        frames: the frames.
        texts: best first; none where nothing is within the limit, or rivals of the best may lie beyond it.
        loss: what the best of them loses; infinity where nothing is within the limit.
        relaxed: no accepted text loses less than this, as far as the search went; infinity where it saw none.
    """

    frames: Frames | None
    texts: list[Found]
    loss: float = math.inf
    relaxed: float = math.inf

    def __bool__(self) -> bool:
        return bool(self.texts)


def _search(problem: _Problem, best: int, max_cost: float) -> tuple[_Solution, str]:
    """Raise the limit until the winner and everything within the rival window lie within it."""
    if len(problem.blank) == 0:
        accepts_empty = problem.bound.constraint.accepts("")
        texts = [Found((), 0.0)] if accepts_empty else []
        return _Solution(None, texts, 0.0), "" if accepts_empty else "no-accepted-text"
    limit, reaches_rivals = min(FIRST_LIMIT, max_cost), False
    while True:
        try:
            solution = _search_within(problem, limit, best, reaches_rivals=reaches_rivals)
        except ConstraintError as error:
            if error.code != "search-limit":
                raise
            return _Solution(None, []), "search-limit"
        if solution:
            return solution, ""
        if solution.loss < math.inf:
            limit, reaches_rivals = solution.loss + RIVAL_WINDOW, True
        elif limit >= max_cost:
            # Only an unlimited search proves that nothing at all is accepted (too few frames, no characters).
            return solution, "no-accepted-text" if max_cost == math.inf else "too-dear"
        else:
            limit = _next_limit(problem, limit, solution.relaxed, max_cost)
            if limit > max_cost:
                return solution, "too-dear"


def _next_limit(problem: _Problem, limit: float, relaxed: float, max_cost: float) -> float:
    """How far to look when nothing was found within a limit: no further than the pattern alone demands.

    More than ``max_cost`` where the pattern alone demands that.
    """
    if relaxed < math.inf:
        further = min(max_cost, max(relaxed + CHECK_STEP, limit * CHECK_GROWTH))
    else:
        loss = _loss_without_checks(problem, min(max_cost, FAR_LIMIT))
        if loss == math.inf and max_cost <= FAR_LIMIT:
            return math.inf
        further = min(max_cost, loss + RIVAL_WINDOW)
    return max_cost if further > FAR_LIMIT else further


def _loss_without_checks(problem: _Problem, limit: float) -> float:
    """What the best text loses that the pattern alone accepts; infinity if it is more than a limit."""
    frames = problem.within(limit + _SLACK)
    graph = reading_graph(problem.bound, frames.kept)
    loss = problem.ceiling - best_score(graph, best_to_go(graph, frames.blank, frames.symbols))
    return loss if loss <= limit else math.inf


def _search_within(problem: _Problem, limit: float, best: int, *, reaches_rivals: bool) -> _Solution:
    """The best texts among those that lose at most ``limit`` and are rivals of the best; all of it exact.

    Unless the limit is known to reach the rivals, none where some may lie beyond it: then only what the best
    one loses is told.
    """
    bound = problem.bound
    frames = problem.within(limit + _SLACK)
    graph = reading_graph(bound, frames.kept)
    floor = problem.ceiling - limit - _SLACK
    to_go = best_to_go(graph, frames.blank, frames.symbols)
    texts = [bound.alphabet[column] for column in frames.kept.tolist()]
    loss = relaxed = problem.ceiling - best_score(graph, to_go)
    if relaxed > limit:
        return _Solution(frames, [])
    if bound.constraint.checks:
        bounds = arc_bounds(graph, to_go, frames.blank, frames.symbols)
        left = select_arcs(graph, bounds >= floor, max(len(texts), 1))
        graph = product_graph(bound.constraint, left, texts)
        to_go = best_to_go(graph, frames.blank, frames.symbols)
        loss = problem.ceiling - best_score(graph, to_go)
        if loss > limit:
            return _Solution(frames, [], relaxed=relaxed)
    if not reaches_rivals and loss + RIVAL_WINDOW > limit:
        return _Solution(frames, [], loss, relaxed)
    alike = _alike(texts, bound.constraint.ignore_case)
    worth = max(floor, problem.ceiling - loss - RIVAL_WINDOW - _SLACK)
    found = islice(TextSearch(graph, to_go, frames, alike).texts(worth), best)
    return _Solution(frames, list(found), loss, relaxed)


def _alike(texts: list[str], ignore_case: bool) -> list[int]:
    """The same number for symbols that spell the same text."""
    known: dict[str, int] = {}
    return [known.setdefault(text.casefold() if ignore_case else text, len(known)) for text in texts]


def _result(problem: _Problem, raw: Greedy, solution: _Solution) -> Decoded:
    """Totals, alignment and comparison with the raw text."""
    bound = problem.bound
    kept = solution.frames.kept if solution.frames is not None else bound.usable[:0]
    used = sorted({symbol for found in solution.texts for symbol in found.symbols})
    place = {symbol: number for number, symbol in enumerate(used)}
    columns = [problem.column(int(kept[symbol])) for symbol in used]
    symbols = [[place[symbol] for symbol in found.symbols] for found in solution.texts]
    totals = total_log_probs(problem.blank_total, columns, symbols)
    spelled = [
        "".join(bound.alphabet[int(kept[symbol])] for symbol in found.symbols) for found in solution.texts
    ]
    ignored = " " if bound.constraint.ignore_spaces else ""
    ranked = ranked_texts(spelled, totals, bare(raw.text, ignored), bound.constraint.ignore_case)
    winner = ranked[0]
    spans = tuple(align(problem.blank, columns, symbols[winner]))
    confidences = tuple(
        float(min(1.0, math.exp(columns[symbol][first : last + 1].max())))
        for symbol, (first, last) in zip(symbols[winner], spans, strict=True)
    )
    rivals = tuple((spelled[number], totals[number]) for number in ranked[1:])
    shares = np.exp(np.array(totals) - totals[winner])
    margin = totals[winner] - rivals[0][1] if rivals else RIVAL_WINDOW
    viterbi = solution.texts[winner].viterbi
    return Decoded(
        text=spelled[winner],
        log_prob=totals[winner],
        viterbi=viterbi,
        raw=raw.text,
        raw_log_prob=raw.log_prob,
        cost=max(0.0, problem.unbound - viterbi),
        edits=find_edits(raw.text, spelled[winner], ignored),
        rivals=rivals,
        margin=min(RIVAL_WINDOW, max(0.0, margin)),
        posterior=float(1.0 / shares.sum()),
        confidences=confidences,
        spans=spans,
        raw_confidences=raw.confidences,
        raw_spans=raw.spans,
        rivals_near=sum(totals[winner] - total <= NEAR_MARGIN for _, total in rivals),
        frames=len(problem.blank),
    )


def _unread(raw: Greedy, cost: float, reason: str, frames: int) -> Decoded:
    """Nothing accepted was found; the raw text stays as evidence."""
    return Decoded(
        text=None,
        log_prob=-math.inf,
        viterbi=-math.inf,
        raw=raw.text,
        raw_log_prob=raw.log_prob,
        cost=cost,
        edits=(),
        rivals=(),
        margin=0.0,
        posterior=0.0,
        confidences=(),
        spans=(),
        raw_confidences=raw.confidences,
        raw_spans=raw.spans,
        frames=frames,
        reason=reason,
    )
