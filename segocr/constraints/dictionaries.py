"""Lists of allowed texts as minimal acyclic automata."""

from collections.abc import Sequence

from segocr.constraints.automaton import Automaton, Edges, finish, partition
from segocr.constraints.charsets import both_cases, single
from segocr.constraints.errors import ConstraintError


def compile_lookup(
    texts: Sequence[str], *, ignore_case: bool = False, ignore_spaces: bool = False, limit: int = 200_000
) -> Automaton:
    """The minimal automaton of a list of texts.

    Args:
        texts: the allowed texts, some thousands.
        ignore_case: accept letters in either case.
        ignore_spaces: leave the texts' own spaces out.
        limit: most characters in the tree of all texts.

    Raises:
        ConstraintError: the list is empty or too long.
    """
    if not texts:
        raise ConstraintError("the list of allowed texts is empty", "empty-lookup")
    if ignore_spaces:
        texts = [text.replace(" ", "") for text in texts]
    if ignore_case:
        texts = [_fold(text) for text in texts]
    letters = sorted({character for text in texts for character in text})
    charsets = {letter: both_cases(single(letter)) if ignore_case else single(letter) for letter in letters}
    bounds, classes, members = partition(charsets.values())
    edges: Edges = [{}]
    accepting = [False]
    for text in dict.fromkeys(texts):
        ends = {0}
        for character in text:
            ends = {_child(edges, accepting, state, members[charsets[character]]) for state in ends}
        for state in ends:
            accepting[state] = True
        if len(edges) > limit:
            raise ConstraintError(
                f"the list of allowed texts has more than {limit} characters", "lookup-too-large"
            )
    return finish(edges, accepting, bounds, classes)


def _fold(text: str) -> str:
    """One spelling for all that differ in case, character by character."""
    folded = (character.lower() for character in text)
    return "".join(low if len(low) == 1 else character for low, character in zip(folded, text, strict=True))


def _child(edges: Edges, accepting: list[bool], state: int, classes: list[int]) -> int:
    """The one state that all of the character's classes lead to; added where it is new."""
    following = edges[state].get((classes[0], 0))
    if following is None:
        following = len(edges)
        edges.append({})
        accepting.append(False)
    for klass in classes:
        edges[state][klass, 0] = following
    return following
