"""Deciding what a strip says from its lattice: the one way, whether it was just read or long ago.

Hosts decide from the lattice that they hand out and not from the posteriors themselves. So what is kept of a
strip decides the same again, and a changed constraint as it would have been decided at first.
"""

from segocr.constraints.binding import named_characters
from segocr.constraints.decoded import Decoded
from segocr.constraints.lattice import Lattice
from segocr.constraints.product import Constraint
from segocr.constraints.search import decode, greedy


def decide(lattice: Lattice, constraint: Constraint | None) -> Decoded:
    """Read a strip.

    Characters that the constraint names and that had no chance anywhere take the floor of each frame: the
    reading is dear then, but it is one.

    Args:
        lattice: what the recogniser made of the strip.
        constraint: what is accepted; None reads greedily.
    """
    if constraint is None:
        return greedy(lattice.log_probs, lattice.alphabet)
    whole = lattice.with_symbols(named_characters(constraint))
    return decode(whole.log_probs, whole.alphabet, constraint)
