"""How long accepted texts are; check digits, which change no length, are left out."""

from segocr.constraints.product import Constraint


def known_length(constraint: Constraint) -> int | None:
    """The length of every accepted text; None where they differ."""
    longest = longest_length(constraint)
    return longest if longest is not None and lengths_to_go(constraint)[0] == longest else None


def longest_length(constraint: Constraint) -> int | None:
    """Length of the longest text that the automaton accepts, checks left out; None where it has a cycle."""
    edges = constraint.automaton.edges
    longest = [0] * len(edges)
    state_of = [0] * len(edges)  # 0 new, 1 on the way, 2 done
    stack = [(0, False)]
    while stack:
        state, leaving = stack.pop()
        if leaving:
            longest[state] = max((1 + longest[target] for target in edges[state].values()), default=0)
            state_of[state] = 2
        elif state_of[state] == 0:
            state_of[state] = 1
            stack.append((state, True))
            for target in set(edges[state].values()):
                if state_of[target] == 1:
                    return None
                if state_of[target] == 0:
                    stack.append((target, False))
    return longest[0]


def lengths_to_go(constraint: Constraint) -> list[int]:
    """By state, how many characters the automaton needs at least to accept."""
    automaton = constraint.automaton
    before: list[list[int]] = [[] for _ in range(automaton.states)]
    for state, edges in enumerate(automaton.edges):
        for target in edges.values():
            before[target].append(state)
    queue = [state for state in range(automaton.states) if automaton.accepting[state]]
    lengths = [-1] * automaton.states
    for state in queue:
        lengths[state] = 0
    for state in queue:
        for earlier in before[state]:
            if lengths[earlier] < 0:
                lengths[earlier] = lengths[state] + 1
                queue.append(earlier)
    return lengths
