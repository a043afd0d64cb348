"""What reading one strip under a constraint yields."""

from dataclasses import dataclass
from typing import Any

Edit = tuple[int, str, str]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One strip read, with everything needed to judge how much the constraint bent the reading.

    All log-probabilities are natural logarithms of the recogniser's CTC posteriors; frames count
    from 0; spans are inclusive.

    Attributes:
        text: the accepted text; None where the constraint accepts nothing within the cost limit.
        log_prob: total log-probability of ``text`` over all alignments (-inf without a text).
        viterbi: log-probability of the best alignment of ``text`` (-inf without a text).
        raw: the unconstrained text: the best symbol of every frame, repeats and blanks removed.
        raw_log_prob: log-probability of that best path.
        cost: log-probability of the best path without the constraint minus ``viterbi``, at least 0: what the
            constraint took. That path is the raw one, unless confusable symbols were set right first
            (`confusions`). Without a text, a lower bound.
        edits: (position in ``text``, raw characters, accepted characters), in order.
        rivals: other accepted texts within `search.RIVAL_WINDOW` of the best alignment, with their
            total log-probabilities, best first.
        margin: ``log_prob`` minus that of the best rival, at most `search.RIVAL_WINDOW`, which it is
            where there is no rival, and at least 0: the raw text, where it is accepted, is taken although a
            rival is a little more probable.
        posterior: the share of ``text`` among the accepted texts found, 0–1; of an unconstrained text, the
            posterior of its least sure character.
        confidences: by character of ``text``, the highest posterior among its frames, 0–1; not calibrated.
        spans: by character of ``text``, its first and last frame.
        raw_confidences: the same by character of ``raw``.
        raw_spans: the same by character of ``raw``.
        rivals_near: how many rivals lie within `scores.NEAR_MARGIN`.
        frames: how many frames there were.
        reason: why there is no text: ``no-accepted-text``, ``too-dear`` or ``search-limit``; else empty.
    """

    text: str | None
    log_prob: float
    viterbi: float
    raw: str
    raw_log_prob: float
    cost: float
    edits: tuple[Edit, ...]
    rivals: tuple[tuple[str, float], ...]
    margin: float
    posterior: float
    confidences: tuple[float, ...]
    spans: tuple[Span, ...]
    raw_confidences: tuple[float, ...]
    raw_spans: tuple[Span, ...]
    rivals_near: int = 0
    frames: int = 0
    reason: str = ""

    @property
    def confidence(self) -> float:
        """How sure the text is, 0–1: its share among its rivals; 0 without a text.

        The rivals of an unconstrained text are not searched: its least sure character stands for them.
        """
        return 0.0 if self.text is None else self.posterior

    def to_wire(self) -> dict[str, Any]:
        """A JSON-able form; numbers are rounded to what they are worth."""
        return {
            "text": self.text,
            "log_prob": _finite(self.log_prob),
            "viterbi": _finite(self.viterbi),
            "raw": self.raw,
            "raw_log_prob": _finite(self.raw_log_prob),
            "cost": round(self.cost, 4),
            "edits": [list(edit) for edit in self.edits],
            "rivals": [[text, round(value, 4)] for text, value in self.rivals],
            "margin": round(self.margin, 4),
            "posterior": round(self.posterior, 6),
            "confidences": [round(value, 4) for value in self.confidences],
            "spans": [list(span) for span in self.spans],
            "raw_confidences": [round(value, 4) for value in self.raw_confidences],
            "raw_spans": [list(span) for span in self.raw_spans],
            "rivals_near": self.rivals_near,
            "frames": self.frames,
            "reason": self.reason,
        }

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> "Decoded":
        """The result that `to_wire` packed."""
        values = dict(wire)
        for name in ("log_prob", "viterbi", "raw_log_prob"):
            values[name] = float("-inf") if values[name] is None else float(values[name])
        for name in ("edits", "rivals", "spans", "raw_spans"):
            values[name] = tuple(tuple(item) for item in values[name])
        for name in ("confidences", "raw_confidences"):
            values[name] = tuple(values[name])
        return cls(**values)


def _finite(value: float) -> float | None:
    """The value rounded; None for minus infinity, which JSON lacks."""
    return None if value == float("-inf") else round(value, 4)
