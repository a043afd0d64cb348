"""Validators that a library does better: check digits of many countries, phone numbers."""

from __future__ import annotations

import importlib

from segocr.validators.failures import Refused


def check_digits_hold(text: str, kind: str) -> bool:
    """Whether python-stdnum accepts a number.

    Args:
        text: The number; the library strips its usual separators.
        kind: A module of ``stdnum`` such as ``iban``, ``imo`` or ``de.vat``.

    Raises:
        Refused: ``unknown-check`` if the library has no such kind.
    """
    try:
        module = importlib.import_module(f"stdnum.{kind}")
        return bool(module.is_valid(text))
    except (ImportError, AttributeError) as error:
        raise Refused("unknown-check", f"python-stdnum knows no {kind!r}") from error


def is_phone_number(text: str, region: str | None) -> bool:
    """Whether libphonenumber takes a text for a number that can be in use.

    Args:
        text: As printed.
        region: Country of numbers without ``+``, two capital letters; None to demand ``+``.
    """
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False
