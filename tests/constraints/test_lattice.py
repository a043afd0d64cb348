"""Lattices: small, and as good as the posteriors for any later constraint."""

import zlib

import numpy as np
import pytest
from drawn_posteriors import ALPHABET, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.constraints import ConstraintError, compile_constraint, decode
from segocr.constraints.deciding import decide
from segocr.constraints.lattice import KEPT_NATS, KEPT_SYMBOLS, Lattice

LINE = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 40), sharpness=st.sampled_from([1.0, 4.0, 10.0]))
def test_kept_symbols_come_back_within_a_step_and_others_at_the_floor(
    seed: int, frames: int, sharpness: float
) -> None:
    noise = np.random.default_rng(seed).normal(size=(frames, len(ALPHABET))) * sharpness
    log_probs = (noise - np.log(np.exp(noise).sum(axis=1, keepdims=True))).astype(np.float32)
    back = Lattice.expand(Lattice.compress(log_probs, ALPHABET))
    assert back.alphabet[0] == ALPHABET[0]
    best = log_probs.argmax(axis=1)
    assert [back.alphabet[column] for column in back.log_probs.argmax(axis=1)] == [
        ALPHABET[column] for column in best
    ]
    loss = log_probs.max(axis=1, keepdims=True) - log_probs
    rank = loss.argsort(axis=1).argsort(axis=1)
    for column, text in enumerate(back.alphabet):
        if ALPHABET.count(text) > 1:
            continue
        place = ALPHABET.index(text)
        kept = back.log_probs.max(axis=1) - back.log_probs[:, column]
        inside = (loss[:, place] <= KEPT_NATS) & (rank[:, place] < KEPT_SYMBOLS)
        # Steps are 1/8 nat below 4 nats, 1/4 below 8, 1/2 above; a tie with the best becomes one step.
        assert np.all(np.abs(kept - loss[:, place])[inside] <= 0.26)
        assert np.allclose(back.log_probs[~inside, column], back.floor[~inside])


def test_frames_are_probabilities_again() -> None:
    back = Lattice.expand(Lattice.compress(drawn(LINE, {3: {"B": 0.2}}), ALPHABET))
    assert np.exp(back.log_probs.astype(np.float64)).sum(axis=1) == pytest.approx(1.0, abs=1e-3)


def test_a_line_takes_a_kilobyte_and_reads_the_same_under_other_constraints() -> None:
    log_probs = drawn(LINE, {3: {"B": 0.2}, 11: {"0": 0.01, "Q": 0.02}}, floor=1e-6)
    data = Lattice.compress(log_probs, ALPHABET)
    assert len(data) < 1000
    back = Lattice.expand(data)
    for constraint in (
        None,
        compile_constraint(r"[A-Z0-9<]{44}"),
        compile_constraint(checks=["mrz_td3_line2"]),
        compile_constraint(r"[A-Z0-9<]{3}B.*"),
    ):
        one = decode(log_probs, ALPHABET, constraint)
        other = decide(back, constraint)
        assert (one.text, one.raw, one.edits, one.spans) == (other.text, other.raw, other.edits, other.spans)
        assert other.cost == pytest.approx(one.cost, abs=0.2)


def test_characters_that_had_no_chance_can_still_be_asked_for() -> None:
    back = Lattice.expand(Lattice.compress(drawn("AB"), ALPHABET))
    assert "X" not in back.alphabet
    found = decide(back, compile_constraint("AX"))
    assert found.text == "AX"
    assert found.cost > KEPT_NATS


def test_what_the_recogniser_never_heard_of_is_dear_too() -> None:
    back = Lattice.expand(Lattice.compress(drawn("AB"), ALPHABET))
    found = decide(back, compile_constraint("A漢"))
    assert found.cost > KEPT_NATS


def test_no_frames_make_an_empty_lattice() -> None:
    data = Lattice.compress(np.zeros((0, len(ALPHABET)), dtype=np.float32), ALPHABET)
    assert Lattice.expand(data).log_probs.shape[0] == 0
    assert decide(Lattice.expand(data), compile_constraint("A")).text is None


def test_what_is_not_this_lattice_is_refused_with_the_reason() -> None:
    data = Lattice.compress(drawn("AB"), ALPHABET)
    for damaged, code in (
        (bytes([99]) + data[1:], "lattice-version"),
        (data[:-4], "lattice-damaged"),
        (b"", "lattice-damaged"),
        # Fifty megabytes in fifty kilobytes: the memory is not filled with them.
        (data[:1] + zlib.compress(bytes(50_000_000), 9), "lattice-damaged"),
    ):
        with pytest.raises(ConstraintError) as caught:
            Lattice.expand(damaged)
        assert caught.value.code == code


@settings(max_examples=150, deadline=None)
@given(noise=st.binary(max_size=60))
def test_foreign_bytes_never_crash(noise: bytes) -> None:
    data = Lattice.compress(drawn("AB"), ALPHABET)
    with pytest.raises(ConstraintError):
        Lattice.expand(data[:1] + zlib.compress(noise))
