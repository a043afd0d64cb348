"""Parts: which characters of a line belong to its field, where the line says more than the field.

A constrained field is what its pattern accepts. For the others it is learned word by word: a registration
number in brackets after a name looks the same on most pages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segocr.templates import FieldSpec, Template
from segocr.textlines.evidence import Match, constrained_fields, with_what_goes_on
from segocr.textlines.features import PageEvidence
from segocr.textlines.head import WORD_FEATURES, Forest, Head
from segocr.textlines.lines import TextLine
from segocr.textlines.widening import widened

Floats = NDArray[np.float32]
Span = tuple[int, int]
Spans = dict[str, list[Span | None]]
"""By class, for each line of a page the characters that would belong to it; None for all of them."""
Words = Callable[[str, int], Floats]
"""Tells of a line's text and a class's number how probably each word belongs to the field, ``(words,)``."""

WORD = re.compile(r"[(\[]?(?:[^\s(\[:=#]|(?<=\d):(?=\d))+[:=#]*|[(\[][:=#]*|[:=#]+")
"""Words part at white space, and behind what stands between a caption and its value: ``No:1234`` is two."""
LEAST_REQUIRED = 0.02
"""A required field takes its best line from this probability on."""
_LEAST_PROBABLE = 0.05
_SUREST = 0.02
"""A word is never surer than this to belong to the part, or not to."""
_KEPT = 0.7
"""Nats by which it must be likelier that a word does not belong to the part, for it to be left out: half of a
name is wrong and looks right. On two thirds of train, each third read by a head of the rest, 294 names of
companies are right without, 302 with 0.7 and with 1.4; of those accepted, 8 and 2 are wrong."""


def learned_classes(template: Template) -> list[str]:
    """Return the classes whose parts are learned: no field of theirs has a constraint."""
    constrained = {spec.class_name for spec in constrained_fields(template)}
    return [name for name in template.classes if name not in constrained]


def spans_of(
    template: Template,
    page: PageEvidence,
    lines: Sequence[TextLine],
    probabilities: Floats,
    head: Head,
    words: Words | None = None,
) -> Spans:
    """Say for each class and line which characters would belong to the class.

    Args:
        template: Its constraints.
        page: What they accept in the page's lines.
        lines: The lines.
        probabilities: ``float32 (n, 1 + classes)``; of lines that no class takes the matches are not widened,
            and the words of improbable lines are not looked at.
        head: Its second forest knows words.
        words: Tells them instead; None: the head does.
    """
    taken = probabilities[:, 1:] >= min(LEAST_REQUIRED, head.card.least)
    spans: Spans = {
        name: _matched(template, name, page, lines, taken[:, number])
        for number, name in enumerate(template.classes)
    }
    if head.parts is not None:
        tell = words or partial(_told, head.parts)
        for number, place in asked_of(template, probabilities):
            spans[template.classes[number]][place] = _learned(lines[place].text, number, tell)
    return spans


def asked_of(template: Template, probabilities: Floats) -> Iterator[tuple[int, int]]:
    """Yield (number of a class, place of a line) for each line of which some words may be the field.

    Args:
        template: Its classes.
        probabilities: As for ``spans_of``.
    """
    for name in learned_classes(template):
        number = template.classes.index(name)
        for place in np.flatnonzero(probabilities[:, 1 + number] >= _LEAST_PROBABLE).tolist():
            yield number, place


def _told(forest: Forest, text: str, number: int) -> Floats:
    return forest.tell(word_features(text, number))[:, 1]


def _matched(
    template: Template, name: str, page: PageEvidence, lines: Sequence[TextLine], taken: NDArray[np.bool_]
) -> list[Span | None]:
    """Return the longest matches of the fields of a class, whole ones first, with what could be theirs.

    Of a line that is not taken it is the match alone: what is beside it is dear to find out.
    """
    best: list[tuple[Match, FieldSpec] | None] = [None] * len(lines)
    for spec in template.fields_of(name):
        for place, match in enumerate(page.matches.get(spec.name, ())):
            known = best[place]
            if match is not None and (known is None or _rank(match) > _rank(known[0])):
                best[place] = match, spec
    return [
        None if found is None else _span(line, *found) if is_taken else (found[0].start, found[0].end)
        for line, found, is_taken in zip(lines, best, taken.tolist(), strict=True)
    ]


def _rank(match: Match) -> tuple[bool, int]:
    return match.whole, match.end - match.start


def _span(line: TextLine, match: Match, spec: FieldSpec) -> Span:
    """Return what is read of a line for a match.

    Of something longer, such as a date and a time without a space between, the match is read with a character
    of the rest: so there is a value to look at, and leaving that character out is too dear to be accepted.
    """
    low, high = widened(line, (match.start, match.end), spec)
    if match.whole:
        return low, high
    first, after = with_what_goes_on(line.text, match.start, match.end)
    return min(low, first), max(high, after)


def _learned(text: str, number: int, tell: Words) -> Span | None:
    """Return the run of words that most probably is the field; None for the whole line."""
    words = list(WORD.finditer(text))
    if len(words) < 2:
        return None
    inside = tell(text, number)
    best, total, start, chosen = -math.inf, 0.0, 0, (0, len(words))
    for place, share in enumerate(np.clip(inside, _SUREST, 1 - _SUREST).tolist()):
        if total <= 0:
            total, start = 0.0, place
        total += math.log(share / (1 - share)) + _KEPT
        if total > best:
            best, chosen = total, (start, place + 1)
    if best <= 0 or chosen == (0, len(words)):
        return None
    return words[chosen[0]].start(), words[chosen[1] - 1].end()


def word_features(text: str, number: int) -> Floats:
    """Return ``float32 (words, f)``: what each word of a line looks like, and its neighbours.

    Args:
        text: Of the line.
        number: Of the class that the line belongs to, from 0.
    """
    words = list(WORD.finditer(text))
    own = np.array([_look(text, word.start(), word.group()) for word in words], np.float32)
    if not len(own):
        return np.zeros((0, WORD_FEATURES), np.float32)
    nobody = np.full((1, own.shape[1]), -1, np.float32)
    before, after = np.concatenate([nobody, own[:-1]]), np.concatenate([own[1:], nobody])
    place = np.arange(len(words), dtype=np.float32)
    digits_before = np.concatenate([[0], np.cumsum(own[:, 1] > 0)[:-1]])
    where = np.stack(
        [place, len(words) - 1 - place, np.full(len(words), len(words)), np.full(len(words), number),
         [word.start() / len(text) for word in words], digits_before], axis=1
    )  # fmt: skip
    return np.concatenate([own, before, after, where], axis=1).astype(np.float32)


def _look(text: str, start: int, word: str) -> list[float]:
    size = len(word)
    depth = text[: start + 1].count("(") - text[:start].count(")")
    return [
        size, sum(c.isdigit() for c in word) / size, sum(c.isalpha() for c in word) / size,
        sum(c.isupper() for c in word) / size, word[0] in "([", word[-1] in ")]", depth > 0,
        word[-1] in ":.,;-", "-" in word, any(c in ":/=#" for c in word),
    ]  # fmt: skip
