"""New texts that look like given ones: letters for letters, digits for digits, words for words.

A field's own constraint, where it has one, accepts every text that comes out of ``reworded``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from segocr.constraints.lengths import lengths_to_go
from segocr.constraints.product import Constraint, ProductState
from segocr.constraints.walking import Steps, walk

_VOWELS = "AEIOU"
_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))
_TRIES = 30_000
_MISSING, _NEVER = 3, 1_000_000
"""Cost of a character too many or too few; of what cannot be."""
_KEPT = 0.7
"""Share of the shortest words that stay as they are: ``NO.``, ``LTD``."""
_BORROWED = 0.6
"""Share of the other words that are taken from other examples."""


def reworded(like: str, source: random.Random) -> str:
    """Return a text of the same shape: vowels for vowels, consonants, digits; all else stays."""
    return "".join(_same_kind(character, source) for character in like)


def rearranged(like: str, words: Sequence[str], source: random.Random) -> str:
    """Return a text that reads like an example: its words exchanged for others of about the same length.

    Args:
        like: The example.
        words: Those of all examples.
        source: Of chance.
    """
    return " ".join(_other_word(word, words, source) for word in like.split())


def accepted(constraint: Constraint, like: str, source: random.Random) -> str | None:
    """Return a text that a constraint accepts, as like an example as it allows.

    A walk through pattern and check digits together, deeper first: at each step the characters are tried
    first with which the text can stay most like the example; a dead end is left again.

    Args:
        constraint: What to accept.
        like: The example; white space in it stays where it is if the constraint ignores spaces.
        source: Of chance.

    Returns:
        None if no accepted text was found in a bounded number of steps.
    """
    bare = "".join(like.split()) if constraint.ignore_spaces else like
    found = _walk(constraint, bare, source)
    if found is None or bare == like or len(found) != len(bare):
        return found
    characters = iter(found)
    return "".join(character if character.isspace() else next(characters) for character in like)


def bare_text(constraint: Constraint, text: str) -> str:
    """Return a text as ``Constraint.accepts`` wants it: without spaces where they are ignored."""
    return "".join(text.split()) if constraint.ignore_spaces else text


def _walk(constraint: Constraint, like: str, source: random.Random) -> str | None:
    costs = _costs(constraint, like)

    def following(text: str, state: ProductState) -> Steps:
        return _following(constraint, state, len(text), like, costs, source)

    def ends(text: str, state: ProductState) -> bool:
        """Whether nothing that could follow would make it more like the example."""
        place = min(len(text), len(like))
        return costs[place][state[0]] >= _MISSING * (len(like) - place)

    return walk(constraint, following, ends, _TRIES)


def _costs(constraint: Constraint, like: str) -> list[list[int]]:
    """Return, by place in the example and state, how unlike the rest must be at least, without checks."""
    automaton = constraint.automaton
    ranges = automaton.class_ranges()
    costs = [[_MISSING * length if length >= 0 else _NEVER for length in lengths_to_go(constraint)]]
    for place in reversed(range(len(like))):
        unlike = {
            klass: min(_unlike(character, like[place]) for character in _characters(spans, like[place]))
            for klass, spans in ranges.items()
        }
        after = costs[-1]
        end = _MISSING * (len(like) - place)
        costs.append(
            [
                min(
                    end if automaton.accepting[state] else _NEVER,
                    min(
                        (unlike[klass] + after[target] for (klass, _), target in edges.items()),
                        default=_NEVER,
                    ),
                )
                for state, edges in enumerate(automaton.edges)
            ]
        )
    return costs[::-1]


def _following(
    constraint: Constraint,
    state: ProductState,
    place: int,
    like: str,
    costs: Sequence[Sequence[int]],
    source: random.Random,
) -> Steps:
    """Yield the characters that can follow with the states after them, those most like the example first."""
    model = like[place] if place < len(like) else ""
    after_costs = costs[min(place + 1, len(like))]
    ranges = constraint.automaton.class_ranges()
    choices = [
        (_unlike(character, model) + after_costs[target], source.random(), character, label, target)
        for (klass, label), target in constraint.automaton.edges[state[0]].items()
        if after_costs[target] < _NEVER
        for character in _characters(ranges[klass], model)
    ]
    for _, _, character, label, target in sorted(choices):
        after = constraint.step_checks(state[1], character, label)
        if after is not None:
            yield character, (target, after)


def _characters(ranges: Sequence[tuple[int, int]], model: str) -> list[str]:
    """Return the printable characters of a class, the model's own; of others, the first few."""
    plain = [c for low, high in ranges for c in map(chr, range(max(low, 0x20), min(high, 0x7E) + 1))]
    if model and model not in _PRINTABLE and any(low <= ord(model) <= high for low, high in ranges):
        plain.append(model)
    return plain or [chr(code) for low, high in ranges for code in range(low, min(high, low + 40) + 1)]


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    if not character.isalpha():
        return character
    kind = "vowel" if character.upper() in _VOWELS else "consonant"
    return kind if character.isupper() else kind + " small"


def _unlike(character: str, model: str) -> int:
    """Say how far a character is from the model's kind: 0 the same, 1 the same alphabet, 2 another."""
    if not model:
        return _MISSING
    if _kind(character) == _kind(model):
        return 0
    both_letters = character.isalpha() and model.isalpha() and character.isupper() == model.isupper()
    return 1 if both_letters else 2


def _same_kind(character: str, source: random.Random) -> str:
    if character.isdecimal():
        return source.choice("0123456789")
    if not ("A" <= character.upper() <= "Z"):
        return character
    letters = _VOWELS if character.upper() in _VOWELS else "BCDFGHJKLMNPRSTVWZ"
    other = source.choice(letters)
    return other if character.isupper() else other.lower()


def _other_word(word: str, words: Sequence[str], source: random.Random) -> str:
    if len(word) <= 3 and word.isalpha() and source.random() < _KEPT:
        return word
    alike = [other for other in words if abs(len(other) - len(word)) <= 1 and _shape(other) == _shape(word)]
    if len(alike) > 3 and source.random() < _BORROWED:
        return source.choice(alike)
    return reworded(word, source)


def _shape(word: str) -> tuple[str, str]:
    """Return what the ends of a word are: words of one shape can stand for each other."""
    return _sort(word[0]), _sort(word[-1])


def _sort(character: str) -> str:
    if character.isdecimal():
        return "digit"
    if character.isalpha():
        return "capital" if character.isupper() else "small"
    return character
