"""Several constraints on one strip: a narrower one is not searched for where the wider one's text will do."""

from dataclasses import replace

import numpy as np

from segocr.constraints import Constraint, compile_constraint
from segocr.constraints.deciding import NARROWED_WITHIN, decide, decide_each
from segocr.constraints.lattice import Lattice

ALPHABET = ("", "A", "B", "0", "1")


def lattice(*frames: dict[str, float]) -> Lattice:
    """Return a lattice with a blank between the characters."""
    rows = []
    for frame in frames:
        rows += [[frame.get(symbol, 1e-9) for symbol in ALPHABET], [1.0, *[1e-9] * (len(ALPHABET) - 1)]]
    table = np.array(rows)
    log_probs = np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    return Lattice.expand(Lattice.compress(log_probs, ALPHABET))


def pair(wide: str, narrow: str) -> tuple[Constraint, Constraint]:
    wider = compile_constraint(wide, print_name="none")
    return wider, replace(compile_constraint(narrow, print_name="none"), narrows=wider.digest)


def test_what_the_wider_one_reads_is_the_narrower_ones_reading_if_it_accepts_it() -> None:
    wide, narrow = pair("[AB01]{2}", "[AB][01]")
    general, usual = decide_each(lattice({"A": 0.8, "0": 0.2}, {"1": 1.0}), [wide, narrow])
    assert usual is general
    assert usual.text == "A1"


def test_the_narrower_one_is_searched_for_where_it_refuses_the_wider_ones_text() -> None:
    wide, narrow = pair("[AB01]{2}", "[AB][01]")
    strip = lattice({"A": 0.2, "0": 0.8}, {"1": 1.0})
    general, usual = decide_each(strip, [wide, narrow])
    assert (general.text, usual.text) == ("01", "A1")
    assert usual.log_prob == decide(strip, narrow).log_prob


def test_a_narrower_text_that_is_much_dearer_is_not_looked_for() -> None:
    wide, narrow = pair("[AB01]{2}", "[AB][01]")
    strip = lattice({"A": np.exp(-NARROWED_WITHIN - 2), "0": 1.0}, {"1": 1.0})
    general, usual = decide_each(strip, [wide, narrow])
    assert (general.text, usual.text, usual.reason) == ("01", None, "too-dear")
    assert decide(strip, narrow).text == "A1"


def test_where_the_wider_one_finds_nothing_the_narrower_one_is_not_searched_for() -> None:
    wide, narrow = pair("[AB01]{9}", "[AB]{9}")
    general, usual = decide_each(lattice({"A": 1.0}), [wide, narrow])
    assert general.text is None
    assert usual is general


def test_constraints_that_do_not_narrow_each_other_are_decided_apart() -> None:
    wide, narrow = pair("[AB01]{2}", "[AB][01]")
    strip = lattice({"A": 0.8, "0": 0.2}, {"1": 1.0})
    alone = replace(narrow, narrows="")
    general, other, plain = decide_each(strip, [wide, alone, None])
    assert other is not general
    assert (general.text, other.text, plain.text) == ("A1", "A1", "A1")
    assert [one.text for one in decide_each(strip, [narrow])] == ["A1"]


def test_what_a_constraint_narrows_travels_with_it() -> None:
    wide, narrow = pair("[AB01]{2}", "[AB][01]")
    assert Constraint.from_wire(narrow.to_wire()).narrows == wide.digest
    assert narrow.digest != replace(narrow, narrows="").digest
