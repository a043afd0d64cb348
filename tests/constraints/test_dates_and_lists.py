"""Dates are accepted if and only if the calendar has them; lists are accepted as they stand."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.constraints import Constraint, ConstraintError, compile_constraint

LONG = compile_constraint(date_formats=["dd/MM/yyyy"])


def real(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1900 <= year <= 2099


@settings(max_examples=500, deadline=None)
@given(year=st.integers(1890, 2110), month=st.integers(0, 13), day=st.integers(0, 32))
def test_only_dates_of_the_calendar_are_accepted(year: int, month: int, day: int) -> None:
    assert LONG.accepts(f"{day:02d}/{month:02d}/{year:04d}") == real(year, month, day)


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("29/02/2000", True),
        ("29/02/1900", False),
        ("29/02/2023", False),
        ("29/02/2024", True),
        ("31/04/2024", False),
    ],
)
def test_leap_days_follow_the_gregorian_rule(text: str, accepted: bool) -> None:
    assert LONG.accepts(text) is accepted


@settings(max_examples=100, deadline=None)
@given(
    start=st.dates(date(1950, 1, 1), date(2050, 1, 1)),
    length=st.integers(0, 900),
    shift=st.integers(-40, 940),
)
def test_bounds_are_kept_to_the_day(start: date, length: int, shift: int) -> None:
    end = start + timedelta(length)
    constraint = compile_constraint(
        date_formats=["yyyy-MM-dd"], not_before=start.isoformat(), not_after=end.isoformat()
    )
    for day in (start, end, start - timedelta(1), end + timedelta(1), start + timedelta(shift)):
        assert constraint.accepts(day.isoformat()) == (start <= day <= end)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("dd-MM-yy", "29-02-24", "29-02-23"),
        ("yyMMdd", "240229", "230229"),
        ("d MMM yyyy", "3 MAR 2020", "03 MAR 2020"),
        ("d MMM yyyy", "3 Mar 2020", "3 mar 2020"),
        ("MMMM d, yyyy", "December 25, 2020", "Decembre 25, 2020"),
        ("yyyy'T'M.d", "2020T2.29", "2021T2.29"),
    ],
)
def test_formats_mean_what_the_documentation_says(form: str, good: str, bad: str) -> None:
    constraint = compile_constraint(date_formats=[form])
    assert constraint.accepts(good)
    assert not constraint.accepts(bad)


@pytest.mark.parametrize("form", ["dd/MM", "dd/dd/yyyy/MM", "dd/mm/yyyy", ""])
def test_a_wrong_format_is_refused(form: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(date_formats=[form])
    assert caught.value.code == "date-format"


def test_a_date_format_and_a_pattern_intersect() -> None:
    constraint = compile_constraint(r"[\d/]+", date_formats=["dd/MM/yyyy", "dd-MM-yyyy"])
    assert constraint.accepts("01/02/2020")
    assert not constraint.accepts("01-02-2020")


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text("abcdé 1", max_size=8), min_size=1, max_size=30),
    other=st.text("abcdé 1", max_size=8),
)
def test_exactly_the_listed_texts_are_accepted(words: list[str], other: str) -> None:
    constraint = Constraint.from_wire(compile_constraint(lookup=words).to_wire())
    assert all(constraint.accepts(word) for word in words)
    assert constraint.accepts(other) == (other in words)


def test_a_list_without_case_and_spaces() -> None:
    constraint = compile_constraint(lookup=["Aldi Süd", "Tesco"], ignore_case=True, ignore_spaces=True)
    assert constraint.accepts("ALDISÜD")
    assert constraint.accepts("tesco")
    assert not constraint.accepts("aldi süd")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(lookup=[])
    assert caught.value.code == "empty-lookup"


def test_thousands_of_texts_share_their_states() -> None:
    words = [f"item {number:04d}" for number in range(5000)]
    assert compile_constraint(lookup=words).automaton.states <= 25
