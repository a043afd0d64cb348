"""What a check is to the search, and the shape that most of them share: weighted sums."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

DIGIT_VALUES: Mapping[str, int] = {str(digit): digit for digit in range(10)}
LETTER_VALUES: Mapping[str, int] = {chr(ord("A") + place): 10 + place for place in range(26)}
ALNUM_VALUES: Mapping[str, int] = {**DIGIT_VALUES, **LETTER_VALUES}


class Check(Protocol):
    """A check digit as an automaton that reads a text from left to right.

    Attributes:
        name: what the template calls it.
        layouts: patterns that every valid text matches; they take part in the constraint, and their
            named parts can be asked for.
        start: the first state.
    """

    @property
    def name(self) -> str:
        """What the template calls it."""

    @property
    def layouts(self) -> tuple[str, ...]:
        """Patterns that every valid text matches."""

    @property
    def start(self) -> Hashable:
        """The first state."""

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """The state after one more character; None where no valid text goes on so."""

    def accepts(self, state: Hashable) -> bool:
        """Whether a text that ends in this state is valid."""


@dataclass(frozen=True, slots=True)
class Equation:
    """A weighted sum that must leave a given residue.

    Attributes:
        weights: one a position; 0 where the position takes no part.
        modulus: of the sum.
        residue: what the whole sum must leave.
    """

    weights: tuple[int, ...]
    modulus: int
    residue: int = 0


@dataclass(frozen=True)
class Sums:
    """Weighted sums over the positions of a text of fixed length; several may overlap.

    A check digit takes part in its own sum with weight -1 (or +1, as its standard has it), so "the digit
    equals the sum" and "the sum with the digit leaves a residue" are the same thing.

    The state is the position and the residue of every sum that has begun and not ended.
    """

    name: str
    layouts: tuple[str, ...]
    values: tuple[Mapping[str, int], ...]
    equations: tuple[Equation, ...]
    skipped: str = ""
    start: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Open the state with one residue a sum."""
        object.__setattr__(self, "start", (0,) * (1 + len(self.equations)))

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        """The last position of each sum."""
        return tuple(
            max(place for place, weight in enumerate(equation.weights) if weight)
            for equation in self.equations
        )

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Add the character's value to every sum; a sum that ends wrong ends the text."""
        if character in self.skipped:
            return state
        assert isinstance(state, tuple)
        place = state[0]
        if place >= len(self.values):
            return None
        value = self.values[place].get(character)
        if value is None:
            return None
        after = [place + 1]
        for number, equation in enumerate(self.equations):
            residue = (state[number + 1] + equation.weights[place] * value) % equation.modulus
            if place == self._ends[number]:
                if residue != equation.residue % equation.modulus:
                    return None
                residue = 0
            after.append(residue)
        return tuple(after)

    def accepts(self, state: Hashable) -> bool:
        """The text is complete: every sum has ended well on the way."""
        assert isinstance(state, tuple)
        return bool(state[0] == len(self.values))


@dataclass(frozen=True)
class AllOf:
    """Several checks at once."""

    name: str
    layouts: tuple[str, ...]
    members: tuple[Check, ...]

    @property
    def start(self) -> Hashable:
        """All members' first states."""
        return tuple(member.start for member in self.members)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Every member goes on, or none."""
        assert isinstance(state, tuple)
        after = tuple(member.step(part, character) for member, part in zip(self.members, state, strict=True))
        return None if None in after else after

    def accepts(self, state: Hashable) -> bool:
        """Every member accepts."""
        assert isinstance(state, tuple)
        return all(member.accepts(part) for member, part in zip(self.members, state, strict=True))


@dataclass(frozen=True)
class AnyOf:
    """One of several checks, such as the short and the long form of a number."""

    name: str
    layouts: tuple[str, ...]
    members: tuple[Check, ...]

    @property
    def start(self) -> Hashable:
        """All members' first states."""
        return tuple(member.start for member in self.members)

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """Members that cannot go on drop out (None); the text ends when all have."""
        assert isinstance(state, tuple)
        after = tuple(
            None if part is None else member.step(part, character)
            for member, part in zip(self.members, state, strict=True)
        )
        return None if all(part is None for part in after) else after

    def accepts(self, state: Hashable) -> bool:
        """Any member accepts."""
        assert isinstance(state, tuple)
        return any(
            part is not None and member.accepts(part)
            for member, part in zip(self.members, state, strict=True)
        )


def cycle(weights: Sequence[int], length: int) -> tuple[int, ...]:
    """The weights, repeated to a length."""
    return tuple(weights[place % len(weights)] for place in range(length))
