"""Dates and times by format, and which century two digits of a year mean."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Set
from functools import cache

from segocr.validators.failures import Refused

CENTURIES = ("past", "near", "future")
# Years before and after the arrival's day that a two-digit year may mean: a hundred years in all.
_WINDOWS = {"past": (100, 0), "near": (50, 50), "future": (20, 80)}
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_TOKENS = re.compile(r"yyyy|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|a|'[^']*'|[^A-Za-z']")
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
        return re.compile("".join(pieces), re.ASCII | re.IGNORECASE)  # digits are 0 to 9
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


def date_from(text: str, formats: list[str], *, today: dt.date, century: str = "near") -> dt.date:
    """Read a date in the first format that fits and names a day that exists.

    Args:
        text: As printed.
        formats: In order of preference.
        today: The arrival's day.
        century: What a two-digit year means: ``past`` (not after today), ``near`` (within 50 years of today)
            or ``future`` (from 20 years ago on).

    Raises:
        Refused: ``not-a-date``; ``no-such-day`` if it fits a format but is not in the calendar.
    """
    code, message = "not-a-date", f"{text!r} is not a date in any of: {', '.join(formats)}"
    for layout in formats:
        found = format_pattern(layout).fullmatch(text.strip())
        if found is None:
            continue
        try:
            return _day(found.groupdict(), today, century)
        except ValueError:
            code, message = "no-such-day", f"{text!r} names a day that does not exist"
    raise Refused(code, message)


def _day(parts: dict[str, str | None], today: dt.date, century: str) -> dt.date:
    month = int(parts.get("month") or 0) or _month(parts.get("name") or "")
    day = int(parts["day"] or 0)
    if parts.get("year"):
        return dt.date(int(parts["year"] or 0), month, day)
    return _with_century(int(parts["short"] or 0), month, day, today, century)


def _month(name: str) -> int:
    fitting = [at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower())]
    if len(fitting) != 1:
        raise ValueError(name)
    return fitting[0]


def _with_century(short: int, month: int, day: int, today: dt.date, century: str) -> dt.date:
    before, after = _WINDOWS[century]
    candidates = []
    for base in range(today.year // 100 - 1, today.year // 100 + 2):
        try:
            candidates.append(dt.date(base * 100 + short, month, day))
        except ValueError:  # 29 February exists in some centuries only
            continue
    first, last = _years_on(today, -before), _years_on(today, after)
    fitting = [date for date in candidates if first < date <= last]
    if not fitting:
        raise ValueError(short)
    return fitting[-1]


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
