"""Dates and times by format, and the century of two digits."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.validators.dates import CENTURIES, FormatError, check_format, date_from, time_from
from segocr.validators.failures import Refused

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "formats", "value"),
    [
        ("31/12/2018", ["dd/MM/yyyy"], "2018-12-31"),
        ("3 JAN 2018", ["d MMM yyyy"], "2018-01-03"),
        ("3Jan2018", ["d MMM yyyy"], "2018-01-03"),
        ("January 3, 2018", ["MMMM d, yyyy"], "2018-01-03"),
        ("02-01-18", ["MM-dd-yy", "dd-MM-yy"], "2018-02-01"),
        ("20-01-18", ["MM-dd-yy", "dd-MM-yy"], "2018-01-20"),
        ("29.02.2020", ["dd.MM.yyyy"], "2020-02-29"),
        ("on 1/2/2020", ["'on' d/M/yyyy"], "2020-02-01"),
        ("3 de May 2018", ["d' de 'MMMM yyyy"], "2018-05-03"),
        ("3deMay2018", ["d' de 'MMMM yyyy"], "2018-05-03"),
        ("3 DE MAY 2018", ["d' de 'MMMM yyyy"], "2018-05-03"),
        ("2018年5月3日", ["yyyy'年'M'月'd'日'"], "2018-05-03"),
    ],
)
def test_the_first_format_that_fits_is_taken(text: str, formats: list[str], value: str) -> None:
    assert date_from(text, formats, today=TODAY).isoformat() == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31/02/2018", "no-such-day"),
        ("29/02/2019", "no-such-day"),
        ("00/01/2019", "no-such-day"),
        ("1/1/2019", "not-a-date"),
        ("01/01/19", "not-a-date"),
        ("", "not-a-date"),
        ("01/01/2019 x", "not-a-date"),
        ("٠١/٠١/٢٠١٩", "not-a-date"),
        ("01/01/0000", "no-such-day"),
    ],
)
def test_what_is_no_date_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        date_from(text, ["dd/MM/yyyy"], today=TODAY)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "century", "value"),
    [
        ("261122", "past", "2026-11-22"),
        ("261123", "past", "1926-11-23"),
        ("000101", "past", "2000-01-01"),
        ("270101", "future", "2027-01-01"),
        ("070101", "future", "2007-01-01"),
        ("060101", "future", "2106-01-01"),
        ("180101", "near", "2018-01-01"),
        ("760101", "near", "2076-01-01"),
        ("770101", "near", "1977-01-01"),
        ("000229", "near", "2000-02-29"),
    ],
)
def test_the_century_of_two_digits(text: str, century: str, value: str) -> None:
    assert date_from(text, ["yyMMdd"], today=TODAY, century=century).isoformat() == value


@pytest.mark.parametrize(
    ("text", "century", "bounds", "value"),
    [
        ("600605", "near", ("1950-01-01", "2005-12-31"), "1960-06-05"),  # 2060 is nearer, but is not read
        ("050605", "near", ("1950-01-01", "2005-12-31"), "2005-06-05"),
        ("600605", "near", ("1925-01-01", "2125-12-31"), "2060-06-05"),
        ("600605", "past", ("1925-01-01", "2125-12-31"), "1960-06-05"),
        ("600605", "future", ("1925-01-01", "2125-12-31"), "2060-06-05"),
        ("880605", "near", ("1801-01-01", "1899-12-31"), "1888-06-05"),
        ("050607", "past", ("2006-01-01", "2020-12-31"), "2007-06-05"),
    ],
)
def test_bounds_decide_before_the_century(
    text: str, century: str, bounds: tuple[str, str], value: str
) -> None:
    read = date_from(text, ["yyMMdd", "ddMMyy"], today=TODAY, century=century, bounds=bounds)
    assert read.isoformat() == value


@pytest.mark.parametrize(
    ("text", "century", "bounds"),
    [
        ("261122", "past", ("1925-01-01", "2025-12-31")),  # 2026 is out of bounds, 1926 a hundred years ago
        ("400605", "past", ("2000-01-01", "2050-12-31")),
        ("000605", "future", ("1950-01-01", "2005-12-31")),
        ("060605", "near", ("1950-01-01", "2005-12-31")),
        ("1949-12-31", "near", ("1950-01-01", "2005-12-31")),
        ("2006-01-01", "near", ("1950-01-01", "2005-12-31")),
    ],
)
def test_a_day_that_is_not_both_in_bounds_and_of_the_century_is_refused(
    text: str, century: str, bounds: tuple[str, str]
) -> None:
    with pytest.raises(Refused) as caught:
        date_from(text, ["yyMMdd", "yyyy-MM-dd"], today=TODAY, century=century, bounds=bounds)
    assert caught.value.code == "out-of-bounds"


@given(
    st.lists(st.dates(dt.date(1800, 1, 1), dt.date(2200, 12, 31)), min_size=2, max_size=2).map(sorted),
    st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)),
    st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)),
    st.sampled_from(CENTURIES),
)
def test_what_is_read_lies_within_the_bounds(
    ends: list[dt.date], today: dt.date, date: dt.date, century: str
) -> None:
    bounds = [end.isoformat() for end in ends]
    try:
        read = date_from(date.strftime("%d.%m.%y"), ["dd.MM.yy"], today=today, century=century, bounds=bounds)
    except Refused:
        assert century != "near" or not ends[0] <= date <= ends[1]
    else:
        assert ends[0] <= read <= ends[1]
        assert read.strftime("%d.%m.%y") == date.strftime("%d.%m.%y")


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)), st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)))
def test_every_date_is_read_back_on_any_day(today: dt.date, date: dt.date) -> None:
    assert date_from(date.strftime("%d/%m/") + f"{date.year:04d}", ["dd/MM/yyyy"], today=today) == date


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)), st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)))
def test_a_past_date_is_never_after_its_arrival(today: dt.date, date: dt.date) -> None:
    for century in CENTURIES:
        try:
            read = date_from(date.strftime("%y%m%d"), ["yyMMdd"], today=today, century=century)
        except Refused:
            assert (date.month, date.day) == (2, 29)
            continue
        assert (read.month, read.day, read.year % 100) == (date.month, date.day, date.year % 100)
        assert century != "past" or read <= today


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("09:05", "09:05:00"),
        ("23:59:59", "23:59:59"),
        ("9:05 pm", "21:05:00"),
        ("12:00 AM", "00:00:00"),
        ("12:30p.m.", "12:30:00"),
    ],
)
def test_times(text: str, value: str) -> None:
    assert time_from(text, ["HH:mm", "HH:mm:ss", "h:mm a"]).isoformat() == value


@pytest.mark.parametrize("text", ["24:00", "9:60", "13:00 pm", "", "noon"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        time_from(text, ["HH:mm", "h:mm a"])


@pytest.mark.parametrize("layout", ["dd/MM", "dd/dd/yyyy", "jj", "dd/MM/yyyy'", "yyyy-MM-mm"])
def test_formats_that_say_too_little_or_nonsense_are_refused(layout: str) -> None:
    with pytest.raises(FormatError):
        check_format(layout, "date")


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("HH", "does not say the minute"),
        ("hh:mm", "does not say 'a'"),
        ("h.mm", "does not say 'a'"),
        ("HH:mm a", "hh or h"),
        ("HH:hh:mm a", "says the hour twice"),
        ("dd HH:mm", "parts of a date"),
    ],
)
def test_formats_of_which_a_time_could_be_read_in_two_ways_are_refused(layout: str, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        check_format(layout, "time")


@pytest.mark.parametrize("layout", ["HH:mm", "H.mm", "hh:mm a", "h:mm:ss a", "HH:mm:ss", "HH'h'mm"])
def test_formats_of_times(layout: str) -> None:
    check_format(layout, "time")


def test_a_format_with_many_spaces_is_read_in_no_time() -> None:
    layout = f"dd{' ' * 60}MM' {' ' * 30}'yyyy"
    assert date_from("01 02 2020", [layout], today=dt.date(2024, 1, 1)) == dt.date(2020, 2, 1)
    assert date_from("01022020", [layout], today=dt.date(2024, 1, 1)) == dt.date(2020, 2, 1)
    with pytest.raises(Refused):
        date_from(f"01{' ' * 60}x", [layout], today=dt.date(2024, 1, 1))
    with pytest.raises(Refused):  # no literal backslash is taken for a pattern's
        date_from("01022020", [r"dd'\s*\s*'MMyyyy"], today=dt.date(2024, 1, 1))
