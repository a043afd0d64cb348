"""Deciding what a strip says from its lattice: the one way, whether it was just read or long ago.

Hosts decide from the lattice that they hand out and not from the posteriors themselves. So what is kept of a
strip decides the same again, and a changed constraint as it would have been decided at first.
"""

from collections.abc import Sequence

from segocr.constraints.binding import named_characters
from segocr.constraints.decoded import Decoded
from segocr.constraints.lattice import Lattice
from segocr.constraints.product import Constraint
from segocr.constraints.search import MAX_COST, decode, greedy

NARROWED_WITHIN = 6.0
"""Nats: a narrower constraint's text that loses so much more than the wider one's best is not looked for."""


def decide(lattice: Lattice, constraint: Constraint | None, *, max_cost: float = MAX_COST) -> Decoded:
    """Read a strip.

    Characters that the constraint names and that had no chance anywhere take the floor of each frame: the
    reading is dear then, but it is one.

    Args:
        lattice: what the recogniser made of the strip.
        constraint: what is accepted; None reads greedily.
        max_cost: nats; a text that loses more than this is not looked for.
    """
    if constraint is None:
        return greedy(lattice.log_probs, lattice.alphabet)
    whole = lattice.with_symbols(named_characters(constraint))
    return decode(whole.log_probs, whole.alphabet, constraint, max_cost=max_cost)


def decide_each(lattice: Lattice, constraints: Sequence[Constraint | None]) -> list[Decoded]:
    """Read a strip under each of several constraints.

    A constraint that narrows an earlier one and accepts its text has the same best text: it gets that
    reading, with the rivals among all that the wider one accepts, and no search of its own. So it does where
    the wider one found nothing. Otherwise it is searched for near the wider one's best text only.

    Args:
        lattice: what the recogniser made of the strip.
        constraints: what is accepted; None reads greedily.
    """
    found: list[Decoded] = []
    wider: dict[str, Decoded] = {}
    for constraint in constraints:
        if constraint is None:
            found.append(decide(lattice, None))
            continue
        best = wider.get(constraint.narrows)
        if best is None or best.reason == "search-limit":
            known = decide(lattice, constraint)
        elif best.text is None or constraint.accepts(best.text):
            known = best
        else:
            known = decide(lattice, constraint, max_cost=min(MAX_COST, best.cost + NARROWED_WITHIN))
        wider[constraint.digest] = known
        found.append(known)
    return found
