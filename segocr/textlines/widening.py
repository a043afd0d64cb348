"""Widening: what stands beside a match and could belong to it is read with it.

A match is the longest text in a line that a constraint accepts as it was read: of ``1 234.50`` perhaps
234.50, of an amount behind a dash that without its sign, of goods behind a misread count the goods alone.
Cut out by itself it leaves no doubt. So the words beside it are taken in where the constraint accepts nearly
all of that: they are then read under it with the rest, and what it drops or changes has its cost. Labels
remain cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from segocr.constraints.automaton import Automaton
from segocr.templates import FieldSpec
from segocr.textlines.evidence import with_digits
from segocr.textlines.lines import TextLine
from segocr.validators.currencies import changes_amount
from segocr.validators.numbers import DASHES
from segocr.validators.registry import NUMBERS

Span = tuple[int, int]

_WORD = re.compile(r"\S+")
_MOST_WORDS = 3
"""Words that are taken in on either side: of ``12 345 678.00`` two."""
_NARROW = 1.5
"""A space is no wider than so many usual characters of its line; a wider one parts columns."""
_MOST_ERRORS = 2
_AS_HYPHEN = str.maketrans(dict.fromkeys(DASHES, "-"))
_BRACKETS = "()[]"
_DASH = re.compile(rf"[{DASHES}]\s+")
_GROUP = re.compile(r" (\w+)(?=\s|$)")
_LEAST_GROUPS = 3
"""Fewer of one size may be so by chance."""
_GROUPED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\s\d{3})+(?!\d)")


def widened(line: TextLine, span: Span, spec: FieldSpec) -> Span:
    """Return a match with the words beside it that could belong to it.

    Args:
        line: Its line.
        span: The first character of the match and the one after its last.
        spec: The field that it is a match of; what satisfies check digits is whole.
    """
    if spec.constraint is None or spec.constraint.checks:
        return span
    span = _with_groups(line.text, span) if spec.ignore_spaces else span
    text, words = line.text, _reached(line, span)
    lows = [span[0], *(word.start() for word in words if word.start() < span[0])]
    highs = [span[1], *(word.end() for word in words if word.end() > span[1])]
    wider = sorted(((low, high) for low in lows for high in highs), key=lambda one: one[0] - one[1])
    low, high = next((one for one in wider if one != span and _could_be(spec, text, span, one)), span)
    labels = [word.start() for word in words if word.start() < low]
    if labels and low < span[0] and (dash := _DASH.match(text, low)):
        # A sign, or what parts label and value: what follows is read, and in doubt (``is_behind_dash``).
        low = dash.end()
    return low, high


def is_behind_dash(text: str, span: Span, spec: FieldSpec) -> bool:
    """Whether a dash that could be a value's sign stands apart before what is read of a line."""
    before = text[: span[0]].rstrip()
    if span[0] == len(before) or not before.endswith(tuple(DASHES)) or before[-2:-1].strip():
        return False
    return spec.type in NUMBERS or _could_be(spec, text, span, (len(before) - 1, span[1]))


def _with_groups(text: str, span: Span) -> Span:
    """Return a match with the groups that go on where it ends, printed like ``DE33 9688 0979 5879 0637 43``.

    A pattern that is too short takes the first of them, and spaces do not part what ignores them.
    """
    low, high = span
    groups = text[low:high].split()
    size = len(groups[-1]) if groups else 0
    if len(groups) < _LEAST_GROUPS or size < 2 or any(len(group) != size for group in groups[1:]):
        return span
    while (more := _GROUP.match(text, high)) and len(more[1]) <= size:
        high = more.end()
        if len(more[1]) < size:
            break
    return low, high


def _reached(line: TextLine, span: Span) -> list[re.Match[str]]:
    """Return the words of a match and those beside it, no wide space between."""
    words = list(_WORD.finditer(line.text))
    inside = [at for at, word in enumerate(words) if word.start() < span[1] and word.end() > span[0]]
    if not inside:  # of spaces alone
        return []
    first, last = inside[0], inside[-1]
    for _ in range(_MOST_WORDS):
        if first > 0 and _is_narrow(line, words[first - 1].end(), words[first].start()):
            first -= 1
        if last + 1 < len(words) and _is_narrow(line, words[last].end(), words[last + 1].start()):
            last += 1
    return words[first : last + 1]


def _is_narrow(line: TextLine, start: int, end: int) -> bool:
    widths = np.diff(line.bounds)
    return bool(widths[start:end].sum() <= _NARROW * np.median(widths))


def _could_be(spec: FieldSpec, text: str, span: Span, wider: Span) -> bool:
    left, window, right = text[wider[0] : span[0]], text[slice(*wider)], text[span[1] : wider[1]]
    if left and not (_begins(left.split()[0]) or _changes(spec, left.split()[0], before=True)):
        return False
    ends = right in tuple(DASHES) or not right or _ends(right.split()[-1])
    if not ends and not _changes(spec, right.split()[-1], before=False):
        return False
    # A bracket whose other one stands further off is around more than this.
    return (_is_balanced(window) or not _is_balanced(text)) and _is_nearly_accepted(spec, window)


def _begins(word: str) -> bool:
    """Whether a word could be the beginning of a value: a number, a sign or a bracket, but no label."""
    if any(map(str.isdigit, word)):
        return word[-1] not in ".:)"
    return word in DASHES or word in _BRACKETS


def _ends(word: str) -> bool:
    return word in _BRACKETS or any(map(str.isdigit, word))


def _changes(spec: FieldSpec, word: str, *, before: bool) -> bool:
    return spec.type == "money" and changes_amount(word, before=before)


def _is_balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")


def _is_nearly_accepted(spec: FieldSpec, text: str) -> bool:
    bare = _bare(spec, text)
    return _nearly(spec, text) or (bare != text and _nearly(spec, bare))


def _bare(spec: FieldSpec, text: str) -> str:
    """Return a number without its sign and without letters that make it another one.

    A pattern that forgets them reads it with them, too: they are dear things to leave out there.
    """
    if spec.type not in NUMBERS:
        return text
    words = text.split(" ")
    if words and _changes(spec, words[0], before=True):
        words = words[1:]
    if words and _changes(spec, words[-1], before=False):
        words = words[:-1]
    return " ".join(words).strip(f"{DASHES}{_BRACKETS} ")


def _nearly(spec: FieldSpec, text: str) -> bool:
    if spec.type in NUMBERS or spec.ignore_spaces:
        # Digits that no space parts are one number; with a space they are if they stand in groups.
        text = _GROUPED.sub(lambda number: re.sub(r"\s", "", number.group()), text)
        if re.search(r"\d\s+\d", text):
            return False
    if spec.ignore_spaces:
        text = re.sub(r"\s", "", text)
    assert spec.constraint is not None
    text = text.translate(_AS_HYPHEN)
    return any(_nearly_accepts(spec.constraint.automaton, one) for one in (text, with_digits(text)))


def _nearly_accepts(automaton: Automaton, text: str) -> bool:
    """Whether a text is accepted but for a few missing or misread signs, spaces and letters' case.

    Its digits are taken as they are: another number is no misread one.
    """
    reached = _with_missing(automaton, [{0}, *(set[int]() for _ in range(_MOST_ERRORS))])
    for character in text:
        after: list[set[int]] = [{automaton.step(state, character) for state in states} for states in reached]
        for errors, states in enumerate(reached[:-1], start=1):
            for other in {character.lower(), character.upper()} - {character}:
                if len(other) == 1:  # ß has two letters for a capital
                    after[errors] |= {automaton.step(state, other) for state in states}
            if character.isspace():
                after[errors] |= states
            elif not character.isalnum() and character not in DASHES + _BRACKETS:
                after[errors] |= _next(automaton, states)
        reached = _with_missing(automaton, [states - {-1} for states in after])
    return any(automaton.accepting[state] for states in reached for state in states)


def _with_missing(automaton: Automaton, reached: list[set[int]]) -> list[set[int]]:
    for states, more in pairwise(reached):
        more |= _next(automaton, states)
    return reached


def _next(automaton: Automaton, states: Iterable[int]) -> set[int]:
    digits = {automaton.class_of(ord(digit)) for digit in "0123456789"}
    return {
        target
        for state in states
        for (klass, _), target in automaton.edges[state].items()
        if klass not in digits
    }
