"""Lattices: small, and as good as the posteriors for any later constraint."""

import zlib

import numpy as np
import pytest
from drawn_posteriors import ALPHABET, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.constraints import ConstraintError, compile_constraint, decode
from segocr.constraints.lattice import KEPT_NATS, Lattice

LINE = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 40), sharpness=st.sampled_from([1.0, 4.0, 10.0]))
def test_kept_symbols_come_back_within_a_step_and_others_at_the_floor(
    seed: int, frames: int, sharpness: float
) -> None:
    noise = np.random.default_rng(seed).normal(size=(frames, len(ALPHABET))) * sharpness
    log_probs = (noise - np.log(np.exp(noise).sum(axis=1, keepdims=True))).astype(np.float32)
    back = Lattice.expand(Lattice.compress(log_probs, ALPHABET), ALPHABET)
    assert back.alphabet[0] == ALPHABET[0]
    best = log_probs.argmax(axis=1)
    assert [back.alphabet[column] for column in back.log_probs.argmax(axis=1)] == [
        ALPHABET[column] for column in best
    ]
    # Losses are kept in 1/16 nat; a loss below half a step becomes one step, so that the best symbol stays
    # the best.
    for column, text in enumerate(back.alphabet):
        if text == " ":
            continue
        loss = log_probs.max(axis=1) - log_probs[:, ALPHABET.index(text)]
        kept = back.log_probs.max(axis=1) - back.log_probs[:, column]
        assert np.all((np.abs(loss - kept) <= 1 / 16 + 1e-4) | (kept <= loss + 1 / 16))


def test_a_line_takes_a_kilobyte_and_reads_the_same_under_other_constraints() -> None:
    log_probs = drawn(LINE, {3: {"B": 0.2}, 11: {"0": 0.01, "Q": 0.02}}, floor=1e-6)
    data = Lattice.compress(log_probs, ALPHABET)
    assert len(data) < 2000
    back = Lattice.expand(data, ALPHABET)
    for constraint in (
        None,
        compile_constraint(r"[A-Z0-9<]{44}"),
        compile_constraint(checks=["mrz_td3_line2"]),
        compile_constraint(r"[A-Z0-9<]{3}B.*"),
    ):
        one = decode(log_probs, ALPHABET, constraint)
        other = decode(back.log_probs, back.alphabet, constraint)
        assert (one.text, one.raw, one.edits, one.spans) == (other.text, other.raw, other.edits, other.spans)
        assert other.cost == pytest.approx(one.cost, abs=0.2)


def test_characters_that_fell_to_the_floor_can_still_be_asked_for() -> None:
    back = Lattice.expand(Lattice.compress(drawn("AB"), ALPHABET), ALPHABET)
    found = decode(back.log_probs, back.alphabet, compile_constraint("AX"))
    assert found.text == "AX"
    assert found.cost > KEPT_NATS


def test_no_frames_make_an_empty_lattice() -> None:
    data = Lattice.compress(np.zeros((0, len(ALPHABET)), dtype=np.float32), ALPHABET)
    assert Lattice.expand(data, ALPHABET).log_probs.shape[0] == 0


def test_what_is_not_this_lattice_is_refused_with_the_reason() -> None:
    data = Lattice.compress(drawn("AB"), ALPHABET)
    for damaged, alphabet, code in (
        (data, (*ALPHABET, "x"), "lattice-alphabet"),
        (bytes([99]) + data[1:], ALPHABET, "lattice-version"),
        (data[:-4], ALPHABET, "lattice-damaged"),
        (b"", ALPHABET, "lattice-damaged"),
    ):
        with pytest.raises(ConstraintError) as caught:
            Lattice.expand(damaged, alphabet)
        assert caught.value.code == code


@settings(max_examples=150, deadline=None)
@given(noise=st.binary(max_size=60))
def test_foreign_bytes_never_crash(noise: bytes) -> None:
    data = Lattice.compress(drawn("AB"), ALPHABET)
    with pytest.raises(ConstraintError):
        Lattice.expand(data[:9] + zlib.compress(noise), ALPHABET)
