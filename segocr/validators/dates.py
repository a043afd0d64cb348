"""Dates and times by format, and which century two digits of a year mean."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence, Set
from contextlib import suppress
from functools import cache

from segocr.validators.failures import Refused

CENTURIES = ("past", "near", "future")
# Years from the arrival's day on, between which a two-digit year means one day only.
_WINDOWS = {"past": (-100, 0), "future": (-20, 80)}
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_TOKENS = re.compile(r"yyyy|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|a|'[^']*'|[^A-Za-z']")
_SPACES = re.compile(r"(?:\\s\*)+")
"""Runs of spaces in a format's pattern: one is enough, and many are tried in all the ways there are."""
_PARTS = {
    "yyyy": r"(?P<year>\d{4})", "yy": r"(?P<short>\d{2})",
    "MM": r"(?P<month>\d{2})", "M": r"(?P<month>\d{1,2})",
    "MMM": r"(?P<name>[A-Za-z]{3})\.?", "MMMM": r"(?P<name>[A-Za-z]{3,9})",
    "dd": r"(?P<day>\d{2})", "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{2})", "H": r"(?P<hour>\d{1,2})", "hh": r"(?P<half>\d{2})", "h": r"(?P<half>\d{1,2})",
    "mm": r"(?P<minute>\d{2})", "ss": r"(?P<second>\d{2})", "a": r"(?P<noon>[AaPp]\.?[Mm]\.?)",
}  # fmt: skip


class FormatError(ValueError):
    """A date format that cannot be understood; the message says why."""


@cache
def format_pattern(layout: str) -> re.Pattern[str]:
    """Compile a format such as ``dd/MM/yyyy`` (letters as in Unicode TR 35; text in single quotes).

    White space may stand or lack where the format has a space, quoted or not; letters' case is free.

    Raises:
        FormatError: An unknown letter, or the same part twice.
    """
    at, pieces = 0, []
    while at < len(layout):
        token = _TOKENS.match(layout, at)
        if token is None:
            raise FormatError(
                f"{layout[at:]!r} is not understood in {layout!r}; letters go into single quotes"
            )
        literal = token[0].strip("'") if token[0].startswith("'") else token[0]
        pieces.append(_PARTS.get(token[0]) or r"\s*".join(map(re.escape, literal.split(" "))))
        at = token.end()
    try:
        pattern = _SPACES.sub(r"\\s*", "".join(pieces))
        return re.compile(pattern, re.ASCII | re.IGNORECASE)  # digits are 0 to 9
    except re.error as error:
        raise FormatError(f"{layout!r} names a part twice") from error


def has_short_year(layout: str) -> bool:
    """Whether a format has a year of two digits, whose century it does not say."""
    return "short" in format_pattern(layout).groupindex


_NEEDED = {"date": ("year|short", "month|name", "day"), "time": ("hour|half", "minute")}
_OF_A_TIME = frozenset({"hour", "half", "minute", "second", "noon"})


def check_format(layout: str, kind: str) -> None:
    """Refuse a format that does not say what a value needs, or from which two people would read two values.

    Args:
        layout: The format.
        kind: ``date`` or ``time``.

    Raises:
        FormatError: It is not understood, lacks a part, or has one that does not fit the others.
    """
    said = format_pattern(layout).groupindex.keys()
    for part in _NEEDED[kind]:
        if not said & set(part.split("|")):
            raise FormatError(f"{layout!r} does not say the {part.split('|')[0]}")
    if kind == "time" and (fault := _fault_of_clock(said)):
        raise FormatError(f"{layout!r} {fault}")


def _fault_of_clock(said: Set[str]) -> str | None:
    """Say what keeps a format's parts from being one time of day, or None."""
    if said - _OF_A_TIME:
        return "has parts of a date"
    if {"hour", "half"} <= said:
        return "says the hour twice"
    if "half" in said and "noon" not in said:
        return "does not say 'a' (am or pm); hours of 0 to 23 are HH or H"
    if "noon" in said and "half" not in said:
        return "says 'a' (am or pm), so its hours are of 1 to 12: hh or h"
    return None


def date_from(
    text: str,
    formats: Sequence[str],
    *,
    today: dt.date,
    century: str = "near",
    bounds: Sequence[str] | None = None,
) -> dt.date:
    """Read a date in the first format that fits and names a day that exists and is allowed.

    Args:
        text: As printed.
        formats: In order of preference.
        today: The arrival's day.
        century: Which of the days within the bounds a two-digit year means: ``past`` (the one of the last
            hundred years, until today), ``near`` (the one nearest to today) or ``future`` (the one of the
            hundred years that began 20 years ago).
        bounds: The first and the last day that there may be, ``YYYY-MM-DD``; None for any.

    Raises:
        Refused: ``not-a-date``; ``no-such-day`` if it fits a format but is not in the calendar;
            ``out-of-bounds`` if it is, but the bounds, or the century within them, do not allow it.
    """
    span = (dt.date.min, dt.date.max) if bounds is None else _span(*bounds)
    code, message = "not-a-date", f"{text!r} is not a date in any of: {', '.join(formats)}"
    for layout in formats:
        found = format_pattern(layout).fullmatch(text.strip())
        if found is None:
            continue
        try:
            days = _days(found.groupdict(), span)
        except ValueError:
            code, message = "no-such-day", f"{text!r} names a day that does not exist"
            continue
        allowed = [day for day in days if span[0] <= day <= span[1]]
        day = _meant(allowed, today, century) if has_short_year(layout) else next(iter(allowed), None)
        if day is not None:
            return day
        code, message = "out-of-bounds", f"{text!r} names no day that the field's bounds and century allow"
    raise Refused(code, message)


def _span(first: str, last: str) -> tuple[dt.date, dt.date]:
    return dt.date.fromisoformat(first), dt.date.fromisoformat(last)


def _days(parts: dict[str, str | None], span: tuple[dt.date, dt.date]) -> list[dt.date]:
    """Return the days that a text may mean: one, or one in each century of which the span has a part.

    Raises:
        ValueError: No such day exists.
    """
    month = int(parts.get("month") or 0) or _month(parts.get("name") or "")
    day = int(parts["day"] or 0)
    if parts.get("year"):
        return [dt.date(int(parts["year"] or 0), month, day)]
    days = []
    for century in range(span[0].year // 100, span[1].year // 100 + 1):
        with suppress(ValueError):  # 29 February exists in some centuries only, a year 0 in none
            days.append(dt.date(century * 100 + int(parts["short"] or 0), month, day))
    if not days:
        raise ValueError(parts)
    return days


def _month(name: str) -> int:
    fitting = [at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower())]
    if len(fitting) != 1:
        raise ValueError(name)
    return fitting[0]


def _meant(days: Sequence[dt.date], today: dt.date, century: str) -> dt.date | None:
    """Return which of the days of a two-digit year is meant; None if none is."""
    if century == "near":
        return min(days, key=lambda day: abs(day - today), default=None)
    since, until = (_years_on(today, years) for years in _WINDOWS[century])
    return next((day for day in days if since < day <= until), None)


def _years_on(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def time_from(text: str, formats: list[str]) -> dt.time:
    """Read a time of day.

    Raises:
        Refused: ``not-a-time``.
    """
    for layout in formats:
        found = format_pattern(layout).fullmatch(text.strip())
        if found is None:
            continue
        try:
            return _clock(found.groupdict())
        except ValueError:
            continue
    raise Refused("not-a-time", f"{text!r} is not a time in any of: {', '.join(formats)}")


def _clock(parts: dict[str, str | None]) -> dt.time:
    hour = int(parts.get("hour") or 0)
    if half := parts.get("half"):
        if not 1 <= int(half) <= 12:
            raise ValueError(half)
        hour = int(half) % 12 + (12 if (parts["noon"] or "").lower().startswith("p") else 0)
    return dt.time(hour, int(parts["minute"] or 0), int(parts.get("second") or 0))
