"""CTC itself: greedy reading, frames that can be merged, total probabilities and alignments."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLANK = 0
FLOOR = -230.0
"""Log-probabilities below this (1e-100) count as this, so that sums over frames stay finite."""


@dataclass(frozen=True, slots=True)
class Greedy:
    """The unconstrained reading.

    Attributes:
        text: best symbol a frame, repeats and blanks removed.
        log_prob: log-probability of that path.
        confidences: by character, the highest posterior among its frames.
        spans: by character, first and last frame.
    """

    text: str
    log_prob: float
    confidences: tuple[float, ...]
    spans: tuple[tuple[int, int], ...]


def read_greedily(log_probs: npt.NDArray[np.float32], alphabet: list[str]) -> Greedy:
    """The unconstrained reading of ``(frames, symbols)`` log-posteriors (symbol 0 is the blank).

    A symbol of several characters gives each of them its span and confidence.
    """
    if len(log_probs) == 0:
        return Greedy("", 0.0, (), ())
    best = log_probs.argmax(axis=1)
    peaks = log_probs[np.arange(len(best)), best]
    starts = np.flatnonzero(np.concatenate(([True], best[1:] != best[:-1])))
    tops = np.maximum.reduceat(peaks, starts)
    ends = np.append(starts[1:], len(best)) - 1
    texts: list[str] = []
    confidences: list[float] = []
    spans: list[tuple[int, int]] = []
    for symbol, first, last, top in zip(
        best[starts].tolist(), starts.tolist(), ends.tolist(), tops.tolist(), strict=True
    ):
        if symbol == BLANK:
            continue
        for character in alphabet[symbol]:
            texts.append(character)
            confidences.append(float(min(1.0, np.exp(top))))
            spans.append((first, last))
    total = float(np.maximum(peaks.astype(np.float64), FLOOR).sum())
    return Greedy("".join(texts), total, tuple(confidences), tuple(spans))


@dataclass(frozen=True, slots=True)
class Frames:
    """Posteriors over the symbols that can matter, with runs of undisputed frames merged.

    Attributes:
        blank: float64 ``(frames,)``, the blank (blank or space where spaces are ignored).
        symbols: float64 ``(frames, kept)``.
        kept: int64 ``(kept,)``, columns of the recogniser's alphabet.
        starts: int64 ``(frames + 1,)``, original frame at which each merged frame begins, and the end.
    """

    blank: Floats
    symbols: Floats
    kept: Ints
    starts: Ints


def merge_frames(blank: Floats, symbols: Floats, kept: Ints, top: Floats, limit: float) -> Frames:
    """Join neighbouring frames where a path that loses at most ``limit`` has no choice.

    A path that uses a symbol at a frame where that alone loses more than the limit loses more in all. So
    symbols that are nowhere within the limit are dropped, and neighbouring frames where the same single
    symbol is left become one: every path within the limit keeps its exact score, and no path gets a better
    one.

    Args:
        blank: float64 ``(frames,)``.
        symbols: float64 ``(frames, kept)``.
        kept: int64 ``(kept,)``, columns of the recogniser's alphabet.
        top: float64 ``(frames,)``, the best of blank and all symbols that the constraint can use.
        limit: nats.
    """
    least = top - limit
    inside = symbols >= least[:, None]
    blank_inside = blank >= least
    count = inside.sum(axis=1) + blank_inside
    first = inside.argmax(axis=1) if symbols.shape[1] else np.zeros(len(blank), dtype=np.int64)
    only = np.where(blank_inside, -1, first)
    begins = np.ones(len(blank), dtype=np.bool_)
    begins[1:] = ~((count[1:] == 1) & (count[:-1] == 1) & (only[1:] == only[:-1]))
    starts = np.flatnonzero(begins)
    return Frames(
        np.add.reduceat(blank, starts),
        np.add.reduceat(symbols, starts, axis=0),
        kept,
        np.append(starts, len(blank)).astype(np.int64),
    )


def total_log_probs(blank: Floats, columns: list[Floats], texts: list[list[int]]) -> list[float]:
    """Total log-probabilities of texts over all their alignments (the CTC forward algorithm).

    Args:
        blank: float64 ``(frames,)``, log-probability of the blank.
        columns: log-probabilities by symbol number, each float64 ``(frames,)``.
        texts: symbol numbers (into ``columns``) of each text.

    Returns:
        One value a text; -inf where there are too few frames for it.
    """
    longest = max(len(text) for text in texts)
    width = 2 * longest + 1
    frames = len(blank)
    emissions = np.zeros((frames, len(texts), width))
    emissions[:, :, 0::2] = np.exp(blank)[:, None, None]
    skips = np.zeros((len(texts), width))
    probabilities = [np.exp(column) for column in columns]
    for row, text in enumerate(texts):
        for place, symbol in enumerate(text):
            emissions[:, row, 2 * place + 1] = probabilities[symbol]
            if place and text[place - 1] != symbol:
                skips[row, 2 * place + 1] = 1.0
    alpha = np.zeros((len(texts), width + 2))
    alpha[:, 2] = 1.0
    now = alpha[:, 2:]
    logs = np.zeros(len(texts))
    for frame in range(frames):
        # Before the first frame only "nothing yet" is alive, from which the first symbol may follow too.
        step = (now + alpha[:, 1:-1] + skips * alpha[:, :-2]) * emissions[frame]
        scale = step.sum(axis=1)
        scale[scale == 0.0] = 1.0
        logs += np.log(scale)
        now[:] = step / scale[:, None]
    results: list[float] = []
    for row, text in enumerate(texts):
        last = 2 * len(text)
        ends = float(now[row, last] + (now[row, last - 1] if last else 0.0))
        results.append(float(logs[row] + np.log(ends)) if ends > 0.0 else float("-inf"))
    return results


def align(blank: Floats, columns: list[Floats], text: list[int]) -> list[tuple[int, int]]:
    """First and last frame of each symbol of a text in its best alignment.

    Args:
        blank: float64 ``(frames,)``.
        columns: log-probabilities by symbol number, each float64 ``(frames,)``.
        text: symbol numbers; must have an alignment.
    """
    if not text:
        return []
    width = 2 * len(text) + 1
    frames = len(blank)
    emissions = np.empty((frames, width))
    emissions[:, 0::2] = blank[:, None]
    emissions[:, 1::2] = np.stack([columns[symbol] for symbol in text], axis=1)
    skips = np.full(width, -np.inf)
    for place in range(1, len(text)):
        if text[place] != text[place - 1]:
            skips[2 * place + 1] = 0.0
    scores = np.full(width + 2, -np.inf)
    scores[2] = 0.0
    back = np.empty((frames, width), dtype=np.int8)
    options = np.empty((3, width))
    for frame in range(frames):
        options[0], options[1] = scores[2:], scores[1:-1]
        np.add(scores[:-2], skips, out=options[2])
        back[frame] = options.argmax(axis=0)
        np.add(options.max(axis=0), emissions[frame], out=scores[2:])
    return _trace(back, width - 1 if scores[-1] >= scores[-2] else width - 2, len(text))


def _trace(back: npt.NDArray[np.int8], place: int, length: int) -> list[tuple[int, int]]:
    """Walk back from the last place and collect the frames of each symbol."""
    spans = [(-1, -1)] * length
    for frame in range(len(back) - 1, -1, -1):
        if place % 2:
            last = spans[place // 2][1]
            spans[place // 2] = (frame, frame if last < 0 else last)
        place -= int(back[frame, place])
    return spans
