"""What people print, of all that a field accepts: numbers without needless zeros, dates near an example's."""

from __future__ import annotations

import calendar
import datetime as dt
import random
import re

from segocr.templates.spec import FieldSpec
from segocr.validators.dates import date_from, format_pattern
from segocr.validators.failures import Refused
from segocr.validators.numbers import locale_named


def without_needless_zeros(text: str, like: str, locale: str, source: random.Random) -> str:
    """Return a number whose first digit is none before which nobody would print it: ``06,50``, ``00.152,97``.

    Args:
        text: A number as printed.
        like: The example; where it begins so (``007``), the text may.
        locale: Language tag: what stands between groups.
        source: Of chance: the digit that takes the zero's place.
    """
    needless = re.compile(rf"^[^0-9]*(0)[{re.escape(locale_named(locale).groups)}]?[0-9]")
    if needless.match(like) or not (found := needless.match(text)):
        return text
    at = found.start(1)
    return text[:at] + source.choice("123456789") + text[at + 1 :]


def moved_date(like: str, spec: FieldSpec, days: int, today: dt.date) -> str | None:
    """Return another day, printed as an example is.

    Args:
        like: The example.
        spec: The field; its formats are English.
        days: From the example's day on.
        today: What it means for a year of two digits.

    Returns:
        None if the example is no date of the field.
    """
    for layout in spec.formats:
        found = format_pattern(layout).fullmatch(like)
        if found is None:
            continue
        try:
            day = date_from(like, [layout], today=today, century=spec.century, bounds=spec.bounds)
            day += dt.timedelta(days)
        except (Refused, OverflowError):
            continue
        printed = _printed(day, layout, found["name"] if "name" in found.groupdict() else "")
        text = like
        for name in sorted(found.groupdict(), key=found.start, reverse=True):
            text = text[: found.start(name)] + printed[name] + text[found.end(name) :]
        return text
    return None


def _printed(day: dt.date, layout: str, like_name: str) -> dict[str, str]:
    """Return the parts of a day as a format prints them, the month's name in the example's case."""
    letters = re.sub("'[^']*'", "", layout)
    name = calendar.month_name[day.month]  # English, as formats are: no locale is ever set
    name = name if "MMMM" in letters else name[:3]
    return {
        "year": f"{day.year:04d}",
        "short": f"{day.year % 100:02d}",
        "month": f"{day.month:02d}" if "MM" in letters else str(day.month),
        "name": name.upper() if like_name.isupper() else name,
        "day": f"{day.day:02d}" if "dd" in letters else str(day.day),
    }
