"""Patterns: the language of Python's ``re`` where both know the notation, errors instead of crashes."""

import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.constraints import ConstraintError, PatternError, compile_constraint
from segocr.constraints.automaton import determinise
from segocr.constraints.nfa import build_nfa, find_parts
from segocr.constraints.syntax import parse

pieces = st.recursive(
    st.sampled_from(["a", "b", "c", "[ab]", "[^a]", r"\d", "1", ".", r"\.", ""]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(pattern=pieces, texts=st.lists(st.text("abc1.", max_size=7), max_size=12))
def test_the_same_texts_match_as_with_re(pattern: str, texts: list[str]) -> None:
    expected = re.compile(pattern)
    automaton = determinise(build_nfa(parse(pattern)))
    for text in texts:
        assert automaton.accepts(text) == bool(expected.fullmatch(text)), (pattern, text)


@settings(max_examples=200, deadline=None)
@given(pattern=pieces, texts=st.lists(st.text("abBA1.", max_size=7), max_size=12))
def test_the_same_texts_match_as_with_re_where_case_does_not_matter(pattern: str, texts: list[str]) -> None:
    expected = re.compile(pattern, re.IGNORECASE)
    automaton = determinise(build_nfa(parse(pattern), ignore_case=True))
    for text in texts:
        assert automaton.accepts(text) == bool(expected.fullmatch(text)), (pattern, text)


@settings(max_examples=200, deadline=None)
@given(
    pattern=st.sampled_from(
        [
            r"(?P<x>a*)(?P<y>a*)",
            r"(?P<x>a|ab)(?P<y>c|bcd)?",
            r"((?P<x>[ab]+),?)*(?P<y>c?)",
            r"(?P<x>a)?(?P<y>b)?[abc]*",
        ]
    ),
    text=st.text("abcd,", max_size=8),
)
def test_parts_lie_where_re_puts_them(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern, text)
    found = find_parts(build_nfa(parse(pattern)), text)
    if expected is None:
        assert found is None
        return
    assert found is not None
    for name in ("x", "y"):
        assert found.get(name, (-1, -1)) == expected.span(name)


@settings(max_examples=600, deadline=None)
@given(pattern=st.text(st.sampled_from(r"ab()[]{}|*+?^$.\-,:P<>=!0123dws" + string.punctuation), max_size=40))
def test_random_text_is_a_pattern_or_an_error_with_a_position(pattern: str) -> None:
    began = time.monotonic()
    try:
        compile_constraint(pattern)
    except PatternError as error:
        assert 0 <= error.position <= len(pattern)
        assert error.message
    assert time.monotonic() - began < 20.0


@pytest.mark.parametrize(
    ("pattern", "position", "word"),
    [
        ("^abc", 0, "whole text"),
        ("abc$", 3, "whole text"),
        (r"a\b", 1, "anchor"),
        (r"a(?=b)", 1, "look-around"),
        (r"a(?<!b)", 1, "look-around"),
        (r"(a)\1", 3, "back-references"),
        (r"(?P<n>a)(?P=n)", 8, "back-references"),
        ("a+?", 2, "lazy"),
        ("a++", 2, "possessive"),
        ("a**", 2, "two quantifiers"),
        ("(?i)a", 0, "ignore_case"),
        ("(ab", 0, "not closed"),
        ("ab)", 2, "closes no group"),
        ("[ab", 0, "not closed"),
        ("[z-a]", 1, "backwards"),
        (r"[\d-x]", 1, "single character"),
        ("[]", 0, "no character"),
        ("a{x}", 1, "count"),
        ("a{3,2}", 1, "impossible"),
        ("*a", 0, "nothing to repeat"),
        (r"\q", 0, "not known"),
        ("a\\", 1, "single '\\'"),
        (r"\x0", 0, "hexadecimal"),
        (r"(?P<a>x)(?P<a>y)", 8, "twice"),
        ("(" * 200 + "a" + ")" * 200, 80, "nest"),
        ("a{2000}", 1, "counts go up"),
        ("((a{1000}){1000}){1000}", 0, "steps"),
        ("(a|b)*a(a|b){30}", 0, "states"),
        (r"[^\s\S]", 0, "no text"),
    ],
)
def test_what_is_not_supported_says_so_and_where(pattern: str, position: int, word: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_constraint(pattern)
    assert caught.value.position == position
    assert word in caught.value.message


def test_a_pattern_that_accepts_everything_is_flagged() -> None:
    assert compile_constraint(".*").automaton.accepts_everything
    assert compile_constraint(r"(?:\d|\D)*").automaton.accepts_everything
    assert not compile_constraint(r"\d*").automaton.accepts_everything
    assert not compile_constraint(".+").automaton.accepts_everything


@pytest.mark.parametrize(
    ("pattern", "text", "accepted"),
    [
        (r"\d", "5", True),
        (r"\d", "٥", False),
        (r"\w+", "Łódź_9", True),
        (r"\w", "漢", False),
        (r"\W", "漢", True),
        (r"\s", "\u3000", True),
        (r"\u20ac\x41", "€A", True),
        (r"[\]\-\\]+", "]-\\", True),
        (r"[^\d]", "x", True),
        (r"[a\d-]+", "a-9", True),
        (".", "\n", False),
    ],
)
def test_escapes_mean_what_the_documentation_says(pattern: str, text: str, accepted: bool) -> None:
    assert compile_constraint(pattern).accepts(text) is accepted


def test_ignored_case_and_spaces_widen_the_pattern() -> None:
    assert compile_constraint("aB1", ignore_case=True).accepts("Ab1")
    assert compile_constraint("straße", ignore_case=True).accepts("STRAßE")
    without = compile_constraint("[^IOQ]{3}", ignore_case=True)
    assert [without.accepts(text) for text in ("IOQ", "ioq", "abQ", "ABc", "1+-")] == [False] * 3 + [True] * 2
    spaced = compile_constraint(r"DE\d{2} \d{4}", ignore_spaces=True)
    assert spaced.accepts("DE891234")
    assert not spaced.accepts("DE89 1234")


def test_minimal_automata_have_the_known_number_of_states() -> None:
    assert compile_constraint(r"\d{2}[/-]\d{2}[/-](\d{4}|\d{2})").automaton.states == 11
    assert compile_constraint(r"(a|b)*abb").automaton.states == 4
    assert compile_constraint(r"a|b|c").automaton.states == 2


def test_an_empty_product_names_both_sides() -> None:
    with pytest.raises(ConstraintError, match="satisfies both") as caught:
        compile_constraint(r"[A-Z]+", lookup=["one", "two"])
    assert caught.value.code == "empty-product"
    with pytest.raises(ConstraintError, match="luhn") as caught:
        compile_constraint(r"10", checks=["luhn"])
    assert caught.value.code == "empty-product"
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(r"\d{5}", checks=["ean13"])
    assert caught.value.code == "empty-product"
    assert caught.value.message == r"no text satisfies both the pattern '\d{5}' and the check ean13"
