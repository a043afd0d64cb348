"""The search against brute force: every text, every alignment, on alphabets small enough to list them all."""

import itertools
import math
import re

import numpy as np
import numpy.typing as npt
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segocr.constraints import ConstraintError, compile_constraint, decode
from segocr.constraints.product import Constraint
from segocr.constraints.scores import CORRECTED_MARGIN
from segocr.constraints.search import RIVAL_WINDOW

PATTERNS = (
    r"a*b", r"[ab]+", r"(ab|ba)*", r"a?b?c?", r"a{2}b{0,2}", r"(a|bb|c)+", r".*", r"a|aa|aaa|b", r"[abc]{3}",
    r"(abc)?a*", "",
)  # fmt: skip


def posteriors(frames: int, symbols: int, seed: int, sharpness: float) -> npt.NDArray[np.float32]:
    """Random log-posteriors; sharpness 0 is uniform."""
    noise = np.random.default_rng(seed).normal(size=(frames, symbols)) * sharpness
    shifted = noise - np.log(np.exp(noise).sum(axis=1, keepdims=True))
    return shifted.astype(np.float32)


def spell(path: tuple[int, ...], alphabet: list[str]) -> str:
    """CTC: repeats, then blanks removed."""
    return "".join(alphabet[symbol] for symbol, _ in itertools.groupby(path) if symbol)


def by_text(
    log_probs: npt.NDArray[np.float32], alphabet: list[str], constraint: Constraint
) -> dict[str, tuple[float, float]]:
    """By accepted text: best alignment and total, from the list of all paths."""
    values = log_probs.astype(np.float64)
    scores: dict[str, list[float]] = {}
    for path in itertools.product(range(len(alphabet)), repeat=len(log_probs)):
        text = spell(path, alphabet)
        if constraint.ignore_spaces:
            text = text.replace(" ", "")
        scores.setdefault(text, []).append(
            float(sum(values[frame, symbol] for frame, symbol in enumerate(path)))
        )
    return {
        text: (max(found), math.log(sum(map(math.exp, found))))
        for text, found in scores.items()
        if constraint.accepts(text)
    }


def check_equal(
    log_probs: npt.NDArray[np.float32], alphabet: list[str], constraint: Constraint, best: int = 4
) -> None:
    """Compare a reading with the list of all paths."""
    expected = by_text(log_probs, alphabet, constraint)
    found = decode(log_probs, alphabet, constraint, best=best, max_cost=math.inf)
    if not expected:
        assert found.text is None
        assert found.reason == "no-accepted-text"
        return
    assert found.text is not None
    texts = [found.text, *(text for text, _ in found.rivals)]
    assert len(set(texts)) == len(texts)
    for text, total in [(found.text, found.log_prob), *found.rivals]:
        assert math.isclose(total, expected[text][1], abs_tol=1e-5)
    assert math.isclose(found.viterbi, expected[found.text][0], abs_tol=1e-5)
    ranked = sorted((viterbi for viterbi, _ in expected.values()), reverse=True)
    wanted = [score for score in ranked[:best] if score >= ranked[0] - RIVAL_WINDOW]
    got = sorted((expected[text][0] for text in texts), reverse=True)
    assert np.allclose(got[: len(wanted)], wanted, atol=1e-5)
    assert len(got) >= len(wanted)
    totals = [total for _, total in found.rivals]
    assert totals == sorted(totals, reverse=True)
    highest = max(found.log_prob, *totals, -math.inf)
    raw = found.raw.replace(" ", "") if constraint.ignore_spaces else found.raw
    raw_total = expected[raw][1] if raw in expected else -math.inf
    wanted_winner = {raw} if highest - raw_total < CORRECTED_MARGIN else {
        text for text in texts if math.isclose(expected[text][1], highest, abs_tol=1e-5)
    }  # fmt: skip
    assert found.text in wanted_winner
    assert found.margin >= 0.0


random_patterns = st.recursive(
    st.sampled_from(["a", "b", "c", "[ab]", "[^a]", ".", ""]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


shapes = {
    "seed": st.integers(0, 10**6),
    "frames": st.integers(1, 6),
    "sharpness": st.sampled_from([0.0, 1.0, 3.0, 12.0]),
}


@settings(max_examples=250, deadline=None)
@given(pattern=st.sampled_from(PATTERNS), **shapes)
def test_the_best_texts_of_a_pattern_are_those_of_brute_force(
    pattern: str, seed: int, frames: int, sharpness: float
) -> None:
    check_equal(posteriors(frames, 4, seed, sharpness), ["", "a", "b", "c"], compile_constraint(pattern))


@settings(max_examples=150, deadline=None)
@given(pattern=random_patterns, **shapes)
def test_random_patterns_are_searched_exactly_and_mean_what_re_means(
    pattern: str, seed: int, frames: int, sharpness: float
) -> None:
    log_probs = posteriors(min(frames, 5), 4, seed, sharpness)
    alphabet = ["", "a", "b", "c"]
    constraint = compile_constraint(pattern)
    check_equal(log_probs, alphabet, constraint)
    found = decode(log_probs, alphabet, constraint, max_cost=math.inf)
    for text in [found.text, *(text for text, _ in found.rivals)]:
        assert text is None or re.fullmatch(pattern, text), (pattern, text)


@settings(max_examples=120, deadline=None)
@given(
    weights=st.lists(st.integers(0, 3), min_size=1, max_size=3),
    modulus=st.integers(2, 4),
    remainder=st.integers(0, 3),
    repeat=st.booleans(),
    pattern=st.sampled_from([None, r"\d+", r"[01]*2?", r"\d{2,3}"]),
    **shapes,
)
def test_check_digits_are_searched_exactly(
    weights: list[int],
    modulus: int,
    remainder: int,
    repeat: bool,
    pattern: str | None,
    seed: int,
    frames: int,
    sharpness: float,
) -> None:
    options = {"weights": weights, "modulus": modulus, "remainder": remainder, "repeat": repeat}
    try:
        constraint = compile_constraint(pattern, checks=[{"weighted": options}])
    except ConstraintError as error:
        assert error.code == "empty-product"
        assume(False)
    check_equal(posteriors(frames, 4, seed, sharpness), ["", "0", "1", "2"], constraint)


@settings(max_examples=60, deadline=None)
@given(over=st.booleans(), **shapes)
def test_two_checks_at_once_are_searched_exactly(
    over: bool, seed: int, frames: int, sharpness: float
) -> None:
    first = {"weighted": {"weights": [1], "modulus": 3, "repeat": True, **({"over": "n"} if over else {})}}
    pattern = r"(?P<n>[012]+)a[012]*" if over else r"[012]+"
    second = {"weighted": {"weights": [1, 2], "modulus": 2, "repeat": True, "values": {"a": 1}}}
    constraint = compile_constraint(pattern, checks=[first, second])
    check_equal(posteriors(min(frames, 5), 5, seed, sharpness), ["", "0", "1", "2", "a"], constraint)


@settings(max_examples=60, deadline=None)
@given(pattern=st.sampled_from([r"a b", r"[ab]{2,3}", r"a+ ?b*"]), **shapes)
def test_ignored_spaces_part_characters_and_are_no_text(
    pattern: str, seed: int, frames: int, sharpness: float
) -> None:
    constraint = compile_constraint(pattern, ignore_spaces=True)
    check_equal(posteriors(frames, 4, seed, sharpness), ["", "a", "b", " "], constraint)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.text("abc", max_size=5), min_size=1, max_size=8), **shapes)
def test_a_list_is_searched_exactly(words: list[str], seed: int, frames: int, sharpness: float) -> None:
    check_equal(posteriors(frames, 4, seed, sharpness), ["", "a", "b", "c"], compile_constraint(lookup=words))


@settings(max_examples=80, deadline=None)
@given(pattern=st.sampled_from([r"[ab]{2,3}", r"a+b*", r"(ab)*"]), **shapes)
def test_cases_that_are_ignored_are_no_rivals(pattern: str, seed: int, frames: int, sharpness: float) -> None:
    alphabet = ["", "a", "A", "b"]
    log_probs = posteriors(min(frames, 6), 4, seed, sharpness)
    constraint = compile_constraint(pattern, ignore_case=True)
    expected = by_text(log_probs, alphabet, constraint)
    found = decode(log_probs, alphabet, constraint, max_cost=math.inf)
    if not expected:
        assert found.text is None
        return
    assert found.text is not None
    texts = [found.text, *(text for text, _ in found.rivals)]
    assert len({text.casefold() for text in texts}) == len(texts)
    folded: dict[str, float] = {}
    for text, (viterbi, _) in expected.items():
        folded[text.casefold()] = max(viterbi, folded.get(text.casefold(), -math.inf))
    best = max(folded.values())
    assert any(math.isclose(expected[text][0], best, abs_tol=1e-5) for text in texts)
    for text in texts:
        assert math.isclose(expected[text][0], folded[text.casefold()], abs_tol=1e-5)
