"""A pattern as a check: so that a check of one part of a text brings its own layout along."""

from collections.abc import Hashable
from dataclasses import dataclass

from segocr.constraints.automaton import Automaton


@dataclass(frozen=True)
class Layout:
    """The state is the automaton's."""

    automaton: Automaton
    name: str = "layout"
    layouts: tuple[str, ...] = ()
    start: int = 0

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """One edge of the automaton."""
        assert isinstance(state, int)
        following = self.automaton.step(state, character)
        return None if following < 0 else following

    def accepts(self, state: Hashable) -> bool:
        """An accepting state."""
        assert isinstance(state, int)
        return bool(self.automaton.accepting[state])
