"""Free texts: what was read and how a field's texts usually go on, weighed against each other.

A name or an address has no pattern, but one knows it: ``JALAN`` and no ``JA LAN``, ``SDN BHD`` and no ``SDN
3HD``, a comma before the town and no full stop. The recogniser's posteriors and the field's wording together
choose a text in a prefix beam search (Hannun et al., "First-pass large vocabulary continuous speech
recognition", 2014). Case is left as it is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import Decoded
from segocr.constraints.ctc import FLOOR, align
from segocr.constraints.edits import find_edits
from segocr.constraints.lattice import Lattice
from segocr.constraints.search import RIVAL_WINDOW
from segocr.deciding.wording import ORDER, Wording, plain

WEIGHT = 0.3
"""Of the wording beside the print. On 180 receipts of train that it was not learned from, 0.3, 0.5 and 0.7
read 37, 36 and 33 more companies and addresses right, on balance."""
PER_CHARACTER = 0.3
"""Nats that a character is worth: without it the shortest text would be the most usual one."""
SPACE = 1.5
"""Nats that a space behind a letter is worth: recognisers see less of them than there are."""
BEAM = 12
CHANCE = 7.0
"""Nats below a frame's best symbol up to which a symbol has a chance."""
_NEVER = -1e30

_Beam = dict[str, tuple[float, float, float]]
"""By text so far: log-probability that it ends with a blank, and without, and what its wording is worth."""


def worded(read: Decoded, lattice: bytes, wording: Wording) -> Decoded:
    """Return the reading of a line without a constraint that its print and its wording together make likely.

    Args:
        read: Without the wording.
        lattice: Of the same strip.
        wording: Of its field.
    """
    whole = Lattice.expand(lattice)
    if not len(whole.log_probs) or not read.raw:
        return read
    ends = _ends(whole, wording)
    best = max(ends, key=lambda one: ends[one])
    if not best or not set(best) <= set(whole.alphabet[1:]):
        return read
    return _decoded(read, whole, best, *_worth(ends, best))


def _worth(ends: dict[str, float], best: str) -> tuple[float, float]:
    """Return the posterior of the best text and its margin in nats; a rival differs in more than case."""
    shares: dict[str, float] = {}
    for text, weight in ends.items():
        shares[text.casefold()] = shares.get(text.casefold(), 0.0) + math.exp(weight - ends[best])
    own = shares.pop(best.casefold())
    nearest = max(shares.values(), default=0.0)
    margin = min(RIVAL_WINDOW, math.log(own / nearest)) if nearest > 0 else RIVAL_WINDOW
    return own / (own + sum(shares.values())), max(0.0, margin)


def _decoded(read: Decoded, whole: Lattice, best: str, posterior: float, margin: float) -> Decoded:
    """Return what the print alone says of a text: where each character stands, and what it costs."""
    columns = [_column(whole, whole.alphabet.index(one)) for one in best]
    blank = _column(whole, 0)
    spans = tuple(align(blank, *_shared(best, columns)))
    path = _path(blank, columns, spans)
    peak = float(np.maximum(whole.log_probs.max(axis=1).astype(np.float64), FLOOR).sum())
    return Decoded(
        text=best,
        log_prob=path,
        viterbi=path,
        raw=read.raw,
        raw_log_prob=read.raw_log_prob,
        cost=max(0.0, peak - path),
        edits=find_edits(read.raw, best),
        rivals=(),
        margin=margin,
        posterior=posterior,
        confidences=tuple(
            float(min(1.0, math.exp(column[first : last + 1].max())))
            for column, (first, last) in zip(columns, spans, strict=True)
        ),
        spans=spans,
        raw_confidences=read.raw_confidences,
        raw_spans=read.raw_spans,
        frames=len(blank),
    )


def _column(whole: Lattice, symbol: int) -> NDArray[np.float64]:
    return np.maximum(whole.log_probs[:, symbol].astype(np.float64), FLOOR)


def _shared(text: str, columns: list[NDArray[np.float64]]) -> tuple[list[NDArray[np.float64]], list[int]]:
    """Return columns by kind of character and the kind of each: equal neighbours need a blank between."""
    kinds = list(dict.fromkeys(text))
    return [columns[text.index(kind)] for kind in kinds], [kinds.index(one) for one in text]


def _path(
    blank: NDArray[np.float64], columns: Sequence[NDArray[np.float64]], spans: Sequence[tuple[int, int]]
) -> float:
    total = float(blank.sum())
    for column, (first, last) in zip(columns, spans, strict=True):
        total += float((column[first : last + 1] - blank[first : last + 1]).sum())
    return total


def _ends(whole: Lattice, wording: Wording) -> dict[str, float]:
    """Return the texts at the end of the search with the logarithms of what each is worth."""
    beams: _Beam = {"": (0.0, _NEVER, 0.0)}
    chance = whole.log_probs >= whole.log_probs.max(axis=1, keepdims=True) - CHANCE
    goes_on = _weigher(wording)
    for row, inside in zip(whole.log_probs, chance, strict=True):
        symbols = [(number, float(row[number])) for number in np.flatnonzero(inside).tolist()]
        if len(symbols) == 1 and symbols[0][0] == 0:
            here = symbols[0][1]
            beams = {
                text: (_sum(blank, other) + here, _NEVER, worth)
                for text, (blank, other, worth) in beams.items()
            }
            continue
        beams = _step(beams, symbols, whole.alphabet, goes_on)
    ends: dict[str, float] = {}
    for text, (blank, other, worth) in beams.items():
        stripped = text.strip()
        weight = _sum(blank, other) + worth + WEIGHT * wording.log_prob(_before(stripped), " ")
        ends[stripped] = max(weight, ends.get(stripped, _NEVER))
    return ends


def _weigher(wording: Wording) -> Callable[[str, str], float]:
    def weigh(text: str, character: str) -> float:
        counted = plain(character)
        if len(counted) != 1:
            return -5.0
        worth = WEIGHT * wording.log_prob(_before(text), counted) + PER_CHARACTER
        return worth + SPACE if character == " " and text[-1].isalpha() else worth

    return weigh


def _before(text: str) -> str:
    return plain((" " + text[-ORDER:])[-(ORDER - 1) :])


def _step(
    beams: _Beam,
    symbols: Sequence[tuple[int, float]],
    alphabet: Sequence[str],
    goes_on: Callable[[str, str], float],
) -> _Beam:
    """Return the beams one frame later."""
    after: _Beam = {}

    def add(text: str, blank: float, other: float, worth: float) -> None:
        known = after.get(text)
        if known is not None:
            blank, other = _sum(known[0], blank), _sum(known[1], other)
        after[text] = blank, other, worth

    for text, (blank, other, worth) in beams.items():
        both = _sum(blank, other)
        for number, here in symbols:
            if number == 0:
                add(text, both + here, _NEVER, worth)
                continue
            character = alphabet[number]
            if character == " " and text[-1:] in ("", " "):  # several are one, and none at the beginning
                add(text, _NEVER, both + here, worth)
                continue
            before = both
            if text[-1:] == character:
                add(text, _NEVER, other + here, worth)
                before = blank
            if before <= _NEVER / 2:
                continue
            add(text + character, _NEVER, before + here, worth + goes_on(text, character))
    if len(after) <= BEAM:
        return after
    best = sorted(after.items(), key=lambda one: -(_sum(one[1][0], one[1][1]) + one[1][2]))
    return dict(best[:BEAM])


def _sum(one: float, other: float) -> float:
    """Return the logarithm of the sum of what two logarithms stand for."""
    if one < other:
        one, other = other, one
    return one if other <= _NEVER / 2 else one + math.log1p(math.exp(other - one))
