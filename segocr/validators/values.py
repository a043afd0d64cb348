"""Text → value of a field's type, in its canonical text; then the field's validators."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.validators import dates, numbers
from segocr.validators.failures import INVALID, Refused
from segocr.validators.normalise import normalised
from segocr.validators.own import run_own
from segocr.validators.registry import VALIDATORS, Value

TYPES = ("text", "integer", "decimal", "money", "date", "time", "enum", "boolean")
TRUE_WORDS = ("true", "yes", "y", "1", "x", "on")
FALSE_WORDS = ("false", "no", "n", "0", "off")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a text came to.

    Attributes:
        value: Of the field's type; None if the text has none.
        canonical: Its canonical text: ISO date, plain decimal, ``true``/``false``.
        verdict: None, ``doubtful`` or ``invalid``: the worst that was said.
        problems: (code, message).
    """

    value: Value | None
    canonical: str | None
    verdict: str | None
    problems: tuple[tuple[str, str], ...]


def judge(text: str, spec: dict[str, Any], today: dt.date, folder: Path | None) -> Judged:
    """Normalise a text, make a value of its type and run the field's validators.

    Args:
        text: What was accepted as read.
        spec: The field as sent by the orchestrator (``segocr.fields``).
        today: The arrival's day.
        folder: The workspace's own validators; None if it has none.
    """
    clean = normalised(text, spec["normalise"])
    if spec["ignore_spaces"] and spec["type"] != "text":
        clean = _without_spaces(clean)
    try:
        value, canonical = typed(clean, spec, today)
    except Refused as refused:
        return Judged(None, None, INVALID, ((refused.code, refused.message),))
    said: list[Refused] = []
    for name, *given in spec["validators"]:
        try:
            _run(name, given, (value, canonical), spec["type"], today, folder)
        except Refused as refused:
            said.append(refused)
    verdicts = {refused.verdict for refused in said}
    worst = INVALID if INVALID in verdicts else next(iter(verdicts), None)
    return Judged(value, canonical, worst, tuple((refused.code, refused.message) for refused in said))


def _run(
    name: str, given: list[Any], typed: tuple[Value, str], kind: str, today: dt.date, folder: Path | None
) -> None:
    value, canonical = typed
    if name in VALIDATORS:
        validator = VALIDATORS[name]
        validator.test(value, canonical, validator.prepare(given[0] if given else None, kind), today)
    elif folder is not None:
        run_own(folder, name, canonical, given)
    else:
        raise Refused("unknown-validator", f"there is no validator {name!r}")


def typed(text: str, spec: dict[str, Any], today: dt.date) -> tuple[Value, str]:
    """Return the value that a normalised text has in the field's type, and its canonical text.

    Raises:
        Refused: It has none.
    """
    kind = spec["type"]
    if not text:
        raise Refused("empty-text", "nothing is left to make a value from")
    if kind in _NUMBERS:
        number = _NUMBERS[kind](text, numbers.locale_named(spec["locale"]))
        return number, numbers.plain(number)
    if kind == "date":
        day = dates.date_from(
            text, spec["formats"], today=today, century=spec["century"], bounds=spec["bounds"]
        )
        return day, day.isoformat()
    if kind == "time":
        time = dates.time_from(text, spec["formats"])
        return time, time.isoformat()
    if kind == "enum":
        return _member(text, spec)
    if kind == "boolean":
        return _truth(text)
    return text, text


_NUMBERS = {"integer": numbers.integer_from, "decimal": numbers.decimal_from, "money": numbers.money_from}


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def as_compared(text: str, *, ignore_case: bool, ignore_spaces: bool) -> str:
    """Return what a text and the entries of an enumeration have in common where they are the same."""
    text = _without_spaces(text) if ignore_spaces else text
    return text.casefold() if ignore_case else text


def _member(text: str, spec: dict[str, Any]) -> tuple[str, str]:
    allowed: dict[str, str] = spec["enum"]
    ignored = {key: spec[key] for key in ("ignore_case", "ignore_spaces")}
    wanted = as_compared(text, **ignored)
    for printed, value in allowed.items():
        if as_compared(printed, **ignored) == wanted:
            return value, value
    raise Refused("not-listed", f"{text!r} is not one of: {', '.join(allowed)}")


def _truth(text: str) -> tuple[bool, str]:
    word = text.casefold()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS, "true" if word in TRUE_WORDS else "false"
    raise Refused("not-a-boolean", f"{text!r} is neither yes nor no")
