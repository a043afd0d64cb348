"""Walking through pattern and check digits together to some accepted text; dead ends are left again."""

from collections.abc import Callable, Iterator

from segocr.constraints.product import Constraint, ProductState

Steps = Iterator[tuple[str, ProductState]]
"""Characters that can follow, each with the state after it, in the order in which they are tried."""


def is_accepting(constraint: Constraint, state: ProductState) -> bool:
    """Whether a text that leads here is accepted."""
    return bool(constraint.automaton.accepting[state[0]]) and constraint.checks_accept(state[1])


def walk(
    constraint: Constraint,
    following: Callable[[str, ProductState], Steps],
    ends: Callable[[str, ProductState], bool],
    tries: int,
) -> str | None:
    """The first accepted text found, deeper first.

    Args:
        constraint: what to accept.
        following: the steps from a text and its state; asked once each time the text is reached.
        ends: whether a text that is accepted is the one to return; where nothing follows, it is in any case.
        tries: how many steps to take, back or forth.

    Returns:
        None if there is none, or none was found.
    """
    start = constraint.start()
    path = [("", start, following("", start))]
    dead: set[tuple[int, ProductState]] = set()
    for _ in range(tries):
        text, state, steps = path[-1]
        accepted = is_accepting(constraint, state)
        if accepted and ends(text, state):
            return text
        for character, after in steps:
            if (len(text) + 1, after) not in dead:
                path.append((text + character, after, following(text + character, after)))
                break
        else:
            if accepted:
                return text
            dead.add((len(text), state))
            path.pop()
            if not path:
                return None
    return None
