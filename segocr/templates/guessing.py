"""What a field's text looks like, guessed from labelled values: where a template's author begins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segocr.constraints.checks.registry import validate
from segocr.templates.implied import number_pattern
from segocr.validators.dates import date_from
from segocr.validators.failures import Refused

_FORMATS = (
    "dd/MM/yyyy", "dd.MM.yyyy", "dd-MM-yyyy", "yyyy-MM-dd", "yyyy/MM/dd", "dd MMMM yyyy", "d MMMM yyyy",
    "dd MMM yyyy", "d MMM yyyy", "MMMM d, yyyy", "MMM d, yyyy", "d/M/yyyy", "d.M.yyyy", "dd/MM/yy",
    "dd.MM.yy", "dd-MM-yy", "MM/dd/yyyy", "M/d/yyyy", "yyyyMMdd", "yyMMdd", "dd-MMM-yyyy", "d-MMM-yyyy",
    "dd/MMM/yyyy", "dd-MMM-yy", "dd MMM yy", "MMM dd, yyyy", "MMM d yyyy", "yyyy.MM.dd",
)  # fmt: skip
"""Of formats that fit equally many labels, the first is taken: day before month."""
_CHECKS = (
    "iban", "vin", "iso6346", "mrz_td3_line1", "mrz_td3_line2", "mrz_td1_line1", "mrz_td1_line2", "isbn13",
    "ean13", "upc_a", "gtin14", "sscc", "luhn",
)  # fmt: skip
_POINTS = {"en": ".", "de": ",", "fr": ",", "de-CH": "."}
"""One locale of each way to print amounts: its decimal sign; they differ in what groups digits, too."""
_TOKEN = re.compile(r"\d+|[A-Z]+|[-/.:_# ]")
_FEWEST, _MOST_SHAPES, _LONGEST = 5, 6, 40
_SHARE_ODD = 10
"""One value of so many, or one beside five, may be unlike the others: mistyped, or a remark instead."""
_SHOWN_ODD, _LONGEST_ODD = 3, 40


@dataclass(frozen=True, slots=True)
class Shown:
    """What the labels of a class show.

    Attributes:
        values: The labelled texts that are not empty.
        documents: How many documents have one.
        several: Whether a document has more than one.
        many_lines: Whether one of them has several lines.
    """

    values: tuple[str, ...]
    documents: int
    several: bool = False
    many_lines: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    """The lines of a field in YAML, and the labelled values that it would refuse."""

    lines: list[str]
    odd: list[str]


def guess(shown: Shown, documents: int) -> list[str]:
    """Return the lines of a field in YAML, without their indentation.

    Args:
        shown: What its labels show.
        documents: How many labelled documents there are.
    """
    values = shown.values if not shown.many_lines else ()
    lines = (_of_a_kind(values) or _pattern(values) if values else []) or _nothing()
    if shown.many_lines:
        lines.append("lines: many")
    if shown.several:
        lines.append("instances: all")
    if shown.documents == documents:
        lines.append("required: true")
    return lines


def _nothing() -> list[str]:
    return [
        "type: text                 # integer | decimal | money | date | time | enum | boolean",
        "# pattern: '[A-Z0-9]{6,9}'  # what every text of this field looks like; steers the reading",
        "normalise: [collapse_spaces]",
    ]


def _of_a_kind(values: Sequence[str]) -> list[str]:
    """Return the first kind that all values are of, else the first that nearly all are of."""
    kinds: tuple[Callable[[Sequence[str]], _Kind | None], ...] = (_date, _money, _checked, _decimal)
    found = [kind for of in kinds if (kind := of(values)) is not None]
    for most in (0, max(int(len(values) > _FEWEST), len(values) // _SHARE_ODD)):
        for kind in found:
            if len(kind.odd) <= most:
                return [*kind.lines, *_told(kind.odd)]
    return []


def _told(odd: Sequence[str]) -> list[str]:
    if not odd:
        return []
    texts = ", ".join(ascii(value[:_LONGEST_ODD]) for value in odd[:_SHOWN_ODD])
    more = f" and {len(odd) - _SHOWN_ODD} more" if len(odd) > _SHOWN_ODD else ""
    return [f"# unlike that, of the labels: {texts}{more}; mistyped, or is this field something else?"]


def _date(values: Sequence[str]) -> _Kind | None:
    left, taken = set(values), list[str]()
    while left:
        fits = {layout: {value for value in left if _is_day(value, layout)} for layout in _FORMATS}
        layout = max(_FORMATS, key=lambda one: len(fits[one]))
        if not fits[layout]:
            break
        taken.append(layout)
        left -= fits[layout]
    if not taken:
        return None
    formats = ", ".join(_quoted(one) if "," in one else one for one in taken)
    return _Kind(["type: date", f"formats: [{formats}]"], [value for value in values if value in left])


def _is_day(text: str, layout: str) -> bool:
    try:
        return 1900 <= date_from(text, [layout], today=dt.date.today()).year < 2100
    except Refused:
        return False


def _money(values: Sequence[str]) -> _Kind | None:
    """Return the first way of printing amounts that most labels have, each with two decimals."""
    compact = ["".join(value.split()) for value in values]
    found = []
    for texts, spaces in ((values, False), (compact, True)):
        for locale in _POINTS:
            pattern = re.compile(number_pattern("money", locale, 2))
            odd = [value for value, text in zip(values, texts, strict=True) if not pattern.fullmatch(text)]
            lines = ["type: money", f"locale: {locale}", *(["ignore_spaces: true"] if spaces else [])]
            found.append(_Kind(lines, odd))
    return min(found, key=lambda kind: len(kind.odd))


def _checked(values: Sequence[str]) -> _Kind | None:
    plain = ["".join(value.split()) for value in values]
    if len(set(plain)) < _FEWEST:
        return None
    spaces = any(" " in value for value in values)
    more = ["ignore_spaces: true", "normalise: [remove_spaces]"] if spaces else []
    found = [
        _Kind(
            [f"checks: [{name}]", *more],
            [value for value, text in zip(values, plain, strict=True) if not validate(name, text)],
        )
        for name in _CHECKS
    ]
    return min(found, key=lambda kind: len(kind.odd))


def _decimal(values: Sequence[str]) -> _Kind | None:
    """Return how numbers are printed, half of them with fractions; nothing where the sign could be either."""
    found = []
    for locale in _POINTS:
        pattern = re.compile(number_pattern("decimal", locale))
        odd = [value for value in values if not pattern.fullmatch(value)]
        found.append(_Kind(["type: decimal", f"locale: {locale}"], odd))
    best = min(found, key=lambda kind: len(kind.odd))
    signs = {_POINTS[kind.lines[1].split()[-1]] for kind in found if len(kind.odd) == len(best.odd)}
    if len(set(values)) < _FEWEST or len(signs) > 1:
        return None
    fractions = sum(bool(re.search(rf"\d{re.escape(*signs)}\d", value)) for value in values)
    return best if 2 * fractions >= len(values) else None


def _pattern(values: Sequence[str]) -> list[str]:
    """Return a pattern of the shapes of all values, numbers and letters; nothing for ordinary words."""
    if len(set(values)) < _FEWEST or not all(any(c.isdigit() for c in value) for value in values):
        return []
    shapes: dict[tuple[str, ...], list[list[str]]] = {}
    for value in values:
        tokens = _TOKEN.findall(value)
        if "".join(tokens) != value or len(value) > _LONGEST:
            return []
        shapes.setdefault(tuple(map(_kind, tokens)), []).append(tokens)
    if len(shapes) > _MOST_SHAPES:
        return []
    pattern = "|".join("".join(_places(kinds, tokens)) for kinds, tokens in shapes.items())
    return [f"pattern: {_quoted(pattern)}  # as the {len(values)} labels; widen it for what else occurs"]


def _kind(token: str) -> str:
    return "9" if token.isdigit() else "A" if token.isalpha() else token


def _places(kinds: Sequence[str], tokens: Sequence[Sequence[str]]) -> Iterator[str]:
    for place, kind in enumerate(kinds):
        texts = [one[place] for one in tokens]
        lengths = sorted({len(text) for text in texts})
        times = f"{{{lengths[0]}}}" if len(lengths) == 1 else f"{{{lengths[0]},{lengths[-1]}}}"
        if kind == "9":
            yield rf"\d{times}"
        elif kind == "A":
            yield texts[0] if len(set(texts)) == 1 else f"[A-Z]{times}"
        else:
            yield r"\." if kind == "." else kind


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
