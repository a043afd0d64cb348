"""What a constraint accepts and what it only just rejects: the functions of ``segocr constraint explain``."""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from segocr.constraints.charsets import CharSet, contains
from segocr.constraints.lengths import lengths_to_go, longest_length
from segocr.constraints.product import Constraint, ProductState
from segocr.constraints.walking import Steps, is_accepting, walk

MAX_EXPLORED = 20_000
_PREFERRED = "A0a1<B2b3 -/.,"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A constraint in figures and examples.

    Attributes:
        states: states of the automaton, without the checks.
        edges: its edges.
        characters: how many different characters can occur.
        checks: names of the checks that take part.
        shortest: length of the shortest accepted text; None where none was found.
        longest: length of the longest; None where there is no longest.
        accepts_everything: whether nothing is restricted.
        parts: the named parts.
        examples: accepted texts: the shortest one found, then random ones.
        near_misses: rejected texts that differ from an example in one place.
    """

    states: int
    edges: int
    characters: int
    checks: tuple[str, ...]
    shortest: int | None
    longest: int | None
    accepts_everything: bool
    parts: tuple[str, ...]
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


def explain(constraint: Constraint, *, examples: int = 5, near_misses: int = 5, seed: int = 0) -> Explanation:
    """Describe a constraint.

    Args:
        constraint: what to describe.
        examples: how many accepted texts to give at most.
        near_misses: how many rejected ones.
        seed: of the random choice.
    """
    automaton = constraint.automaton
    first = shortest_text(constraint)
    found = [] if first is None else [first]
    source = random.Random(seed)
    for text in itertools.islice(random_texts(constraint, source), 8 * examples):
        if text not in found and len(found) < examples:
            found.append(text)
    spans = automaton.class_ranges().values()
    return Explanation(
        states=automaton.states,
        edges=len(automaton.source),
        characters=sum(high - low + 1 for ranges in spans for low, high in ranges),
        checks=tuple(check.name for check, _ in constraint.check_automata),
        shortest=None if first is None else len(first),
        longest=longest_length(constraint),
        accepts_everything=automaton.accepts_everything and not constraint.checks,
        parts=tuple(dict.fromkeys(name for text in found for name in constraint.parts(text))),
        examples=tuple(found),
        near_misses=tuple(itertools.islice(rejected_neighbours(constraint, found, source), near_misses)),
    )


def shortest_text(constraint: Constraint) -> str | None:
    """One of the shortest accepted texts; None where `MAX_EXPLORED` states show none."""
    start = constraint.start()
    lengths = lengths_to_go(constraint)
    count = itertools.count()
    queue: list[tuple[int, int, str, ProductState]] = [(lengths[0], next(count), "", start)]
    seen = {start}
    while queue and len(seen) < MAX_EXPLORED:
        _, _, text, state = heapq.heappop(queue)
        if is_accepting(constraint, state):
            return text
        for character, following in _steps(constraint, state):
            if following not in seen:
                seen.add(following)
                # Deeper first among equals: the first text that is complete ends the search.
                entry = (len(text) + 1 + lengths[following[0]], -next(count), text + character, following)
                heapq.heappush(queue, entry)
    return None


def random_texts(constraint: Constraint, source: random.Random, most: int = 16) -> Iterator[str]:
    """Random accepted texts, without end unless none is found in a bounded number of steps.

    Args:
        constraint: what to accept.
        source: of randomness.
        most: length from which texts are brought to their end.
    """
    lengths = lengths_to_go(constraint)
    while True:
        text = _random_text(constraint, source, most, lengths)
        if text is None:
            return
        yield text


def rejected_neighbours(
    constraint: Constraint, texts: list[str], source: random.Random, tries: int = 2000
) -> Iterator[str]:
    """Rejected texts one change away from accepted ones, each once: a changed, lost or doubled character."""
    if not any(texts):
        return
    letters = sorted({character for text in texts for character in text} | set("0123456789OIlSB"))
    given: set[str] = set()
    for _ in range(tries):
        text = source.choice([text for text in texts if text])
        at = source.randrange(len(text))
        kept = text[:at], text[at + 1 :]
        changed = source.choice(
            [kept[0] + source.choice(letters) + kept[1], kept[0] + kept[1], text[: at + 1] + text[at:]]
        )
        if changed not in given and not constraint.accepts(changed):
            given.add(changed)
            yield changed


def _steps(constraint: Constraint, state: ProductState) -> Steps:
    """Every character that can follow, some of large classes only."""
    ranges = constraint.automaton.class_ranges()
    for (klass, label), target in constraint.automaton.edges[state[0]].items():
        for character in _samples(tuple(ranges[klass])):
            after = constraint.step_checks(state[1], character, label)
            if after is not None:
                yield character, (target, after)


def _shuffled_steps(constraint: Constraint, state: ProductState, source: random.Random) -> Steps:
    """The same in random order, computed only as far as it is asked for."""
    ranges = constraint.automaton.class_ranges()
    choices = [
        (character, label, target)
        for (klass, label), target in constraint.automaton.edges[state[0]].items()
        for character in _samples(tuple(ranges[klass]))
    ]
    source.shuffle(choices)
    for character, label, target in choices:
        after = constraint.step_checks(state[1], character, label)
        if after is not None:
            yield character, (target, after)


@lru_cache(maxsize=256)
def _samples(ranges: CharSet) -> tuple[str, ...]:
    """Up to some dozens of characters of a class, familiar ones first."""
    familiar = [character for character in _PREFERRED if contains(ranges, ord(character))]
    some = [chr(code) for low, high in ranges for code in range(low, min(high, low + 40) + 1)]
    ascii_ones = [chr(code) for code in range(0x21, 0x7F)]
    others = [
        character
        for character in dict.fromkeys([*ascii_ones, *some])
        if contains(ranges, ord(character)) and character.isprintable()
    ]
    # Only where nothing else is accepted is what cannot be seen an example.
    return tuple(dict.fromkeys([*familiar, *others])) or tuple(chr(low) for low, _ in ranges)


def _random_text(
    constraint: Constraint, source: random.Random, most: int, lengths: list[int], tries: int = 4_000
) -> str | None:
    """A random walk that goes home from a certain length on."""

    def following(text: str, state: ProductState) -> Steps:
        home = len(text) >= most and lengths[state[0]] > 0
        for character, after in _shuffled_steps(constraint, state, source):
            if not home or lengths[after[0]] < lengths[state[0]]:
                yield character, after

    def ends(text: str, _: ProductState) -> bool:
        return len(text) >= most or source.random() < 0.5

    return walk(constraint, following, ends, tries)
