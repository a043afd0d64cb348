"""The registry of validators: name → what it needs and what it does.

A validator sees a value of its field's type and raises ``Refused`` when it is not content. ``prepare`` turns
the template's argument into what the validator uses; it is also how a template is checked, and runs nothing
foreign.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from segocr.validators.failures import DOUBTFUL, Refused
from segocr.validators.library_names import KINDS_OF_CHECK, PHONE_REGIONS

Value = Decimal | str | bool | dt.date | dt.time
NUMBERS = ("integer", "decimal", "money")
TEXTS = ("text", "enum")
_ISO = {"date": "2024-12-31", "time": "23:59"}


class ArgumentError(ValueError):
    """A validator's argument, as written in a template, cannot be used; the message says what is wanted."""


@dataclass(frozen=True, slots=True)
class Validator:
    """One kind of validation.

    Attributes:
        types: Field types that it can judge; empty for all.
        prepare: Argument as written, the field's type → argument as used; raises ``ArgumentError``.
        test: Value, its canonical text, argument, the arrival's day; raises ``Refused``.
    """

    types: tuple[str, ...]
    prepare: Callable[[Any, str], Any]
    test: Callable[[Value, str, Any, dt.date], None]


def _bound(argument: Any, kind: str) -> Any:
    """Return a bound of the field's type: a date (or ``today``) or an exact number."""
    if kind == "date":
        try:
            return "today" if argument == "today" else dt.date.fromisoformat(str(argument))
        except ValueError as error:
            raise ArgumentError("today or a date such as 2024-12-31") from error
    return _number(argument, kind)


def _number(argument: Any, _kind: str) -> Decimal:
    try:
        value = Decimal(str(argument))
    except InvalidOperation as error:
        raise ArgumentError("a number") from error
    if isinstance(argument, bool) or not value.is_finite():
        raise ArgumentError("a number")
    return value


def _pair(argument: Any, kind: str) -> tuple[Any, Any]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise ArgumentError("a list of two bounds: [lowest, highest]")
    low, high = _bound(argument[0], kind), _bound(argument[1], kind)
    if "today" not in (low, high) and low > high:
        raise ArgumentError("the lowest bound first: [lowest, highest]")
    return low, high


def _length(argument: Any, _kind: str) -> tuple[int, int]:
    bounds = argument if isinstance(argument, dict) else {"min": argument, "max": argument}
    low, high = bounds.get("min", 0), bounds.get("max", 1 << 30)
    whole = all(isinstance(bound, int) and not isinstance(bound, bool) for bound in (low, high))
    if not whole or set(bounds) - {"min", "max"} or not 0 <= low <= high:
        raise ArgumentError("a length such as 9, or {min: 2, max: 20}")
    return low, high


def _values(argument: Any, kind: str) -> frozenset[Value]:
    if not isinstance(argument, list) or not argument:
        raise ArgumentError("a list of values")
    return frozenset(_item(item, kind) for item in argument)


def _item(argument: Any, kind: str) -> Value:
    """Return a value of the field's type, so that 10 is one of them where 10.00 is printed."""
    if kind in NUMBERS:
        return _number(argument, kind)
    text = str(argument)
    try:
        if kind == "date":
            return dt.date.fromisoformat(text)
        if kind == "time":
            return dt.time.fromisoformat(text)
    except ValueError as error:
        raise ArgumentError(f"a list of values such as {_ISO[kind]}") from error
    if kind != "boolean":
        return text
    if text.lower() not in ("true", "false"):
        raise ArgumentError("a list of true or false")
    return text.lower() == "true"


def _region(argument: Any, _kind: str) -> str | None:
    if argument is None:
        return None
    if not isinstance(argument, str) or argument.upper() not in PHONE_REGIONS:
        raise ArgumentError("a country of two letters such as MY, or nothing for numbers with +")
    return argument.upper()


def _kind_of_check(argument: Any, _kind: str) -> str:
    if not isinstance(argument, str) or argument not in KINDS_OF_CHECK:
        raise ArgumentError("a kind of python-stdnum such as iban, imo or de.vat")
    return argument


def _resolved(bound: Any, today: dt.date) -> Any:
    return today if bound == "today" else bound


def _not_after(value: Any, text: str, bound: Any, today: dt.date) -> None:
    if value > _resolved(bound, today):
        raise Refused("too-late", f"{text} is after {_resolved(bound, today)}", DOUBTFUL)


def _not_before(value: Any, text: str, bound: Any, today: dt.date) -> None:
    if value < _resolved(bound, today):
        raise Refused("too-early", f"{text} is before {_resolved(bound, today)}", DOUBTFUL)


def _minimum(value: Any, text: str, bound: Decimal, _today: dt.date) -> None:
    if value < bound:
        raise Refused("below-minimum", f"{text} is less than {bound}", DOUBTFUL)


def _maximum(value: Any, text: str, bound: Decimal, _today: dt.date) -> None:
    if value > bound:
        raise Refused("above-maximum", f"{text} is more than {bound}", DOUBTFUL)


def _between(value: Any, text: str, bounds: tuple[Any, Any], today: dt.date) -> None:
    low, high = (_resolved(bound, today) for bound in bounds)
    if not low <= value <= high:
        raise Refused("out-of-range", f"{text} does not lie between {low} and {high}", DOUBTFUL)


def _has_length(_value: Any, text: str, bounds: tuple[int, int], _today: dt.date) -> None:
    low, high = bounds
    if not low <= len(text) <= high:
        wanted = f"{low}" if low == high else f"{low} to {high}" if high < 1 << 30 else f"at least {low}"
        raise Refused("wrong-length", f"{len(text)} characters instead of {wanted}")


def _one_of(value: Value, text: str, allowed: frozenset[Value], _today: dt.date) -> None:
    if value not in allowed:
        raise Refused("not-listed", f"{text!r} is not one of the {len(allowed)} allowed values")


def _none_of(value: Value, text: str, refused: frozenset[Value], _today: dt.date) -> None:
    if value in refused:
        raise Refused("listed-as-refused", f"{text!r} is one of the refused values")


def _check(_value: Any, text: str, kind: str, _today: dt.date) -> None:
    from segocr.validators.libraries import check_digits_hold

    if not check_digits_hold(text, kind):
        raise Refused("check-failed", f"{text!r} is not a valid {kind}: its check digits do not hold")


def _phone(_value: Any, text: str, region: str | None, _today: dt.date) -> None:
    from segocr.validators.libraries import is_phone_number

    if not is_phone_number(text, region):
        raise Refused("not-a-phone-number", f"{text!r} is not a phone number in use")


VALIDATORS: dict[str, Validator] = {
    "not_after": Validator(("date",), _bound, _not_after),
    "not_before": Validator(("date",), _bound, _not_before),
    "between": Validator(("date", *NUMBERS), _pair, _between),
    "min": Validator(NUMBERS, _number, _minimum),
    "max": Validator(NUMBERS, _number, _maximum),
    "length": Validator(TEXTS, _length, _has_length),
    "one_of": Validator((), _values, _one_of),
    "none_of": Validator((), _values, _none_of),
    "check": Validator(TEXTS, _kind_of_check, _check),
    "phone": Validator(TEXTS, _region, _phone),
}
