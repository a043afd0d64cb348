"""Real calendar dates in given formats, as pattern trees (29 February in leap years only).

A format is made of ``yyyy`` ``yy`` (year), ``MMMM`` ``MMM`` (the month's English name, or its first three
letters, in title or upper case), ``MM`` ``M`` (month), ``dd`` ``d`` (day). A single letter means "no
leading zero needed nor allowed". Other characters stand for themselves; letters among them must be in
single quotes. A two-digit year stands for every year within the bounds that ends in it; which of them is
meant is decided later (``segocr.validators.dates``).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from segocr.constraints.charsets import single
from segocr.constraints.errors import ConstraintError
from segocr.constraints.syntax import Chars, Choice, Node, Repeat
from segocr.constraints.syntax import Sequence as SequenceNode

FIRST_YEAR, LAST_YEAR = 1900, 2099
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TOKEN = re.compile(r"yyyy|yy|MMMM|MMM|MM|M|dd|d|'[^']*'|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Box:
    """Dates that are every combination of these days, months and years."""

    days: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]


def date_tree(formats: Sequence[str], *, not_before: str | None = None, not_after: str | None = None) -> Node:
    """The pattern tree of all real dates in any of the formats.

    Args:
        formats: see the module's text.
        not_before: earliest date, ``YYYY-MM-DD``; 1900-01-01 without it.
        not_after: latest date, ``YYYY-MM-DD``; 2099-12-31 without it.

    Raises:
        ConstraintError: a format lacks day, month or year or holds something unknown, or no date is left.
    """
    low = _bound(not_before, date(FIRST_YEAR, 1, 1))
    high = _bound(not_after, date(LAST_YEAR, 12, 31))
    if low > high:
        raise ConstraintError(f"no date lies between {low} and {high}", "empty-product")
    boxes = list(_boxes(low, high))
    options = [_format_box(tokens, box) for tokens in map(_tokens, formats) for box in boxes]
    return Choice(tuple(options))


def _bound(text: str | None, otherwise: date) -> date:
    if text is None:
        return otherwise
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConstraintError(f"{text!r} is not a date YYYY-MM-DD", "date-format") from error


def _tokens(form: str) -> list[str]:
    tokens = _TOKEN.findall(form)
    kinds = [token[0] for token in tokens if re.fullmatch("y+|M+|d+", token)]
    if sorted(kinds) != ["M", "d", "y"]:
        message = f"the date format {form!r} needs exactly one day (dd), month (MM) and year (yyyy or yy)"
        raise ConstraintError(message, "date-format")
    for token in tokens:
        if len(token) == 1 and token.isalpha() and token not in "Md":
            known = "yyyy yy MMMM MMM MM M dd d, other letters in quotes"
            raise ConstraintError(
                f"the date format {form!r} holds {token!r}; known are {known}", "date-format"
            )
    return tokens


def _boxes(low: date, high: date) -> Iterable[_Box]:
    """Split the real dates from low to high into boxes."""
    months = tuple(range(1, 13))
    first_whole = low.year if (low.month, low.day) == (1, 1) else low.year + 1
    last_whole = high.year if (high.month, high.day) == (12, 31) else high.year - 1
    years = tuple(range(first_whole, last_whole + 1))
    for year in {low.year, high.year} - set(years):
        for month in months:
            first = max(low, date(year, month, 1))
            last = min(high, _last_day(year, month))
            if first <= last:
                yield _Box(tuple(range(first.day, last.day + 1)), (month,), (year,))
    if not years:
        return
    yield _Box(tuple(range(1, 29)), months, years)
    yield _Box((29, 30), tuple(month for month in months if month != 2), years)
    yield _Box((31,), (1, 3, 5, 7, 8, 10, 12), years)
    leap = tuple(year for year in years if _last_day(year, 2).day == 29)
    if leap:
        yield _Box((29,), (2,), leap)


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _format_box(tokens: list[str], box: _Box) -> Node:
    spelled = {
        "yyyy": lambda: [f"{year:04d}" for year in box.years],
        "yy": lambda: sorted({f"{year % 100:02d}" for year in box.years}),
        "MMMM": lambda: [form for month in box.months for form in _cases(_MONTHS[month - 1])],
        "MMM": lambda: [form for month in box.months for form in _cases(_MONTHS[month - 1][:3])],
        "MM": lambda: [f"{month:02d}" for month in box.months],
        "M": lambda: [str(month) for month in box.months],
        "dd": lambda: [f"{day:02d}" for day in box.days],
        "d": lambda: [str(day) for day in box.days],
    }
    items: list[Node] = []
    for token in tokens:
        texts = spelled[token]() if token in spelled else [token.strip("'") or "'"]
        items.append(_any_of(texts))
    return SequenceNode(tuple(items))


def _cases(name: str) -> list[str]:
    return list(dict.fromkeys([name, name.title(), name.upper()]))


def _any_of(texts: Iterable[str]) -> Node:
    """A choice among texts that shares their beginnings."""
    by_first: dict[str, list[str]] = {}
    ends = False
    for text in texts:
        if text:
            by_first.setdefault(text[0], []).append(text[1:])
        else:
            ends = True
    options = tuple(SequenceNode((Chars(single(first)), _any_of(rests))) for first, rests in by_first.items())
    tree = options[0] if len(options) == 1 else Choice(options)
    if not options:
        return SequenceNode(())
    return Repeat(tree, 0, 1) if ends else tree
