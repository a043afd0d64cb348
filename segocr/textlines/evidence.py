"""Evidence: what each field's constraint accepts within the lines of a page.

A field's pattern, format, list or check digits say more about a line than any example: does it hold a string
that the field accepts, how much of the line is that, and what had to be set right for it?
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segocr.constraints import Constraint
from segocr.constraints.confusions import SHARES, TWINS
from segocr.templates import FieldSpec, Template

Ints = NDArray[np.int64]

_SPACE_COSTS = 2.0
"""A space that a match leaps over counts against it like so many characters: columns are no one number."""
_MISREAD = 5.0
"""What a misread, missing or superfluous character costs, natural logarithm …"""
_LEAST_MISREAD = 6
"""… in texts of so many characters at least: in shorter ones it could be anything."""
_MOST_WAYS = 600
"""A line in which an automaton goes more ways than these is not searched for texts with a misread character:
each way has as many again for each character that could have been another one. Machine-readable lines have
some 100, loose patterns of words thousands."""
_BEGINS_OR_GOES_ON = frozenset(".,/-:'")
"""Beside these a match is probably a part of something longer."""
_AS_DIGIT = {read: (printed, share) for (read, printed), share in SHARES.items() if printed.isdigit()}


@dataclass(frozen=True, slots=True)
class Match:
    """The best string in a line that a field's constraint accepts.

    Attributes:
        start: Its first character in the line's text …
        end: … and the one after its last.
        text: As accepted: look-alikes set right, spaces left out where they are ignored.
        whole: Whether it is not a part of a longer word or number.
        cost: What setting characters right took, natural logarithm.
    """

    start: int
    end: int
    text: str
    whole: bool
    cost: float


def constrained_fields(template: Template) -> tuple[FieldSpec, ...]:
    """Return the fields that are read and do not accept just any text, in the template's order."""
    return tuple(
        spec
        for spec in template.fields.values()
        if spec.class_name is not None
        and spec.constraint is not None
        and not spec.constraint.automaton.accepts_everything
    )


def find_matches(texts: Sequence[str], constraint: Constraint) -> list[Match | None]:
    """Find in each text the best string that a constraint accepts.

    Args:
        texts: Lines as read.
        constraint: Its check digits count as well.

    Returns:
        One a text; None where nothing in it is accepted, even with look-alikes set right. Where no text has a
        whole match, one character of a match may be misread, missing or superfluous.
    """
    found = _search(texts, texts, constraint)
    second = [place for place, match in enumerate(found) if match is None or not match.whole]
    corrected = [with_digits(texts[place]) for place in second]
    for place, match in zip(
        second, _search([texts[place] for place in second], corrected, constraint), strict=True
    ):
        if match is not None and (found[place] is None or match.whole):
            found[place] = match
    if not any(match is not None and match.whole for match in found):
        corrected = [with_digits(text) for text in texts]
        for place, match in enumerate(_search(texts, corrected, constraint, near=True)):
            if match is not None and match.whole and len(match.text) >= _LEAST_MISREAD:
                found[place] = replace(match, cost=match.cost + _MISREAD)
    return found


def whole_matches(texts: Sequence[str], constraint: Constraint) -> list[Match | None]:
    """Find in each text the best string that a constraint accepts as it was read, if it is whole."""
    return [match if match and match.whole else None for match in _search(texts, texts, constraint)]


def with_digits(text: str) -> str:
    """Return a text of the same length with look-alikes of digits set right in words that hold digits."""
    text = "".join(TWINS.get(character, character) for character in text)
    words = text.split(" ")
    return " ".join(
        "".join(_AS_DIGIT.get(character, (character, 1.0))[0] for character in word)
        if any(character.isdigit() for character in word)
        else word
        for word in words
    )


def _search(
    read: Sequence[str], texts: Sequence[str], constraint: Constraint, *, near: bool = False
) -> list[Match | None]:
    """Search texts for accepted strings; ``read`` is what they were before anything was set right.

    ``near`` asks for strings that one misread character keeps from being accepted; check digits then wait for
    the reading.
    """
    compact = [_without_spaces(text) if constraint.ignore_spaces else _places(text) for text in texts]
    starts, ends, owner = _accepted(
        ["".join(texts[line][place] for place in places) for line, places in enumerate(compact)],
        constraint,
        near=near,
    )
    best: list[Match | None] = [None] * len(texts)
    ranks = [(-math.inf, 0)] * len(texts)
    for start, end, line in zip(starts.tolist(), ends.tolist(), owner.tolist(), strict=True):
        places = compact[line]
        first, after = places[start], places[end - 1] + 1
        length = end - start
        rank = (_rank(texts[line], first, after, length), first)
        if rank <= ranks[line]:
            continue
        text = "".join(texts[line][place] for place in places[start:end])
        if constraint.checks and not near and not constraint.accepts(text):
            continue
        ranks[line] = rank
        whole = _is_whole(texts[line], first, after)
        best[line] = Match(
            first, after, text, whole, _cost(read[line][first:after], texts[line][first:after])
        )
    return best


def _rank(text: str, start: int, end: int, length: int) -> float:
    spaces = end - start - length
    return length - _SPACE_COSTS * spaces + (1000.0 if _is_whole(text, start, end) else 0.0)


def with_what_goes_on(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a match with the characters beside it for which it is a part of something longer."""
    return start - _goes_on(text, start - 1, start - 2), end + _goes_on(text, end, end + 1)


def _is_whole(text: str, start: int, end: int) -> bool:
    return not (_goes_on(text, start - 1, start - 2) or _goes_on(text, end, end + 1))


def _goes_on(text: str, place: int, beyond: int) -> int:
    """Return how many characters from a place on show that a word or number goes on there; 0: it does not."""
    if not 0 <= place < len(text):
        return 0
    if text[place].isalnum():
        return 1
    further = text[beyond] if 0 <= beyond < len(text) else " "
    if text[place] == ":" and beyond < place and further.isalpha():
        return 0  # ``DATE:02/02/2018``: a label
    return 2 if text[place] in _BEGINS_OR_GOES_ON and further.isalnum() else 0


def _cost(read: str, corrected: str) -> float:
    return sum(
        -math.log(_AS_DIGIT[one][1]) if one in _AS_DIGIT else 1.0
        for one, other in zip(read, corrected, strict=True)
        if one != other
    )


def _places(text: str) -> list[int]:
    return list(range(len(text)))


def _without_spaces(text: str) -> list[int]:
    return [place for place, character in enumerate(text) if not character.isspace()]


def _accepted(texts: Sequence[str], constraint: Constraint, *, near: bool = False) -> tuple[Ints, Ints, Ints]:
    """Return start, end and text of every accepted string of the automaton, from all starts at once."""
    table, accepting, bounds, classes = _dense(constraint)
    codes = np.array([ord(character) for text in texts for character in (*text, "\0")], np.int64)
    if not len(codes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    klass = classes[np.searchsorted(bounds, codes, side="right") - 1]
    sizes = np.array([len(text) + 1 for text in texts])
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = np.repeat(np.arange(len(texts)), sizes)
    klass[first + sizes - 1] = -1
    places = np.arange(len(codes))
    starts = places
    if near:  # only what is whole counts then, and that begins with a word
        letters = np.array([character.isalnum() for text in texts for character in (*text, "\0")], bool)
        starts = places[~np.concatenate([[False], letters[:-1]])]
    walked = _walk(_Walk(starts, starts, np.zeros(len(starts), np.int64)), klass, table)
    if near:
        ways = np.bincount(owner[walked.start], minlength=len(texts))
        few = ways[owner[walked.start]] <= _MOST_WAYS
        walked = _Walk(walked.at[few], walked.start[few], walked.state[few])
        ends = first + sizes - 1
        walked = _walk(_misread(walked, table, ends[owner]), klass, table)
    done = accepting[walked.state] & (walked.at > walked.start)
    begin, end = walked.start[done], walked.at[done]
    line = owner[begin]
    return begin - first[line], end - first[line], line


@dataclass(frozen=True, slots=True)
class _Walk:
    """Ways through an automaton, ``int64 (n,)`` each: place reached, place begun at, state."""

    at: Ints
    start: Ints
    state: Ints


def _walk(seeds: _Walk, klass: Ints, table: Ints) -> _Walk:
    """Follow characters as far as the automaton goes; returns every step of every way, the first included."""
    at, start, state = seeds.at, seeds.start, seeds.state
    steps = [seeds]
    while len(at):
        after = np.where(klass[at] >= 0, table[state, np.maximum(klass[at], 0)], -1)
        alive = after >= 0
        at, start, state = at[alive] + 1, start[alive], after[alive]
        steps.append(_Walk(at, start, state))
    return _Walk(
        np.concatenate([step.at for step in steps]),
        np.concatenate([step.start for step in steps]),
        np.concatenate([step.state for step in steps]),
    )


def _misread(walked: _Walk, table: Ints, ends: Ints) -> _Walk:
    """Return where ways go on if one character more is misread, missing or superfluous; each once."""
    number, klass = np.nonzero(table[walked.state] >= 0)
    at, start, following = walked.at[number], walked.start[number], table[walked.state[number], klass]
    # Misread: on by one character and to any next state. Missing: to any next state. Superfluous: on by one.
    every = np.concatenate(
        [
            np.stack([at + 1, start, following], axis=1),
            np.stack([at, start, following], axis=1),
            np.stack([walked.at + 1, walked.start, walked.state], axis=1),
        ]
    )
    every = np.unique(every[(every[:, 0] <= ends[every[:, 1]]) & (every[:, 2] >= 0)], axis=0)
    return _Walk(every[:, 0], every[:, 1], every[:, 2])


@lru_cache(maxsize=64)
def _dense(constraint: Constraint) -> tuple[Ints, NDArray[np.bool_], Ints, Ints]:
    """Return next state by (state, class), -1 for none; accepting states; bounds and classes."""
    automaton = constraint.automaton
    classes = np.array(automaton.classes, np.int64)
    table = np.full((automaton.states, int(classes.max(initial=0)) + 1), -1, np.int64)
    table[automaton.source, automaton.klass] = automaton.target
    return table, np.asarray(automaton.accepting), np.array(automaton.bounds, np.int64), classes
