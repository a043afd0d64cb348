"""What constraints find within lines: whole words, look-alikes, one misread character, check digits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.constraints import compile_constraint
from segocr.textlines.evidence import find_matches

DATE = compile_constraint(pattern=r"\d{2}/\d{2}/(\d{4}|\d{2})", ignore_spaces=True)
MONEY = compile_constraint(pattern=r"(RM)?\d+\.\d{2}", ignore_spaces=True)
CARD = compile_constraint(pattern=r"\d{8}", checks=["luhn"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DATE: 12/03/2018 10:22", "12/03/2018"),
        ("12 / 03 / 2018", "12/03/2018"),
        ("O2/1O/18", "02/10/18"),
        ("12/03/2018/7", None),
        ("", None),
        ("no date at all", None),
    ],
)
def test_a_date_is_found_whole_or_not_at_all(text: str, found: str | None) -> None:
    (match,) = find_matches([text], DATE)
    if found is None:
        assert match is None or not match.whole
    else:
        assert match is not None
        assert match.whole
        assert match.text == found


def test_a_number_does_not_reach_over_columns() -> None:
    (match,) = find_matches(["2 X 5.00   10.00"], MONEY)
    assert match is not None
    assert (match.text, match.start, match.end) == ("10.00", 11, 16)


def test_a_misread_character_is_not_looked_for_where_a_pattern_goes_too_many_ways() -> None:
    names = compile_constraint(pattern=r"[A-Za-z ]+ (GmbH|Ltd)")
    long = "the quick brown fox jumps over the lazy dog and runs on and on " * 3
    assert find_matches([long + "Gmb#"], names) == [None]
    assert find_matches([long], names) == [None]
    (match,) = find_matches([long + "GmbH"], names)
    assert match is not None
    (match,) = find_matches(["Fox Gmb#"], names)  # few ways
    assert match is not None


def test_one_misread_character_counts_only_where_nothing_matches() -> None:
    alone = find_matches(["02~05-18", "02/O5~18", "hello"], DATE)
    assert [match is not None for match in alone] == [False, True, False]
    assert alone[1] is not None
    assert alone[1].cost > 0
    beside = find_matches(["02/05/18", "02/05~18"], DATE)
    assert beside[0] is not None
    assert beside[0].cost == 0
    assert beside[1] is None or not beside[1].whole


def test_check_digits_decide() -> None:
    valid, invalid = find_matches(["NO 12345674", "NO 12345678"], CARD)
    assert valid is not None
    assert valid.text == "12345674"
    assert invalid is None


@given(st.lists(st.text("0123/ aO", max_size=14), max_size=4))
def test_free_matches_are_what_a_regular_expression_accepts(texts: list[str]) -> None:
    for text, match in zip(texts, find_matches(texts, DATE), strict=True):
        exact = re.search(r"(?<![\w/])\d{2}/\d{2}/(\d{4}|\d{2})(?![\w/])", text)
        if exact:
            assert match is not None
            assert match.whole
        if match is not None and match.cost == 0:
            assert DATE.accepts(match.text)
            assert text[match.start : match.end].replace(" ", "") == match.text
