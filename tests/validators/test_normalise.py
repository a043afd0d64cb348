"""Normalisers take any text, and doing them twice changes nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.validators.normalise import NORMALISERS, normalised

IDEMPOTENT = sorted(
    NORMALISERS.keys() - {"upper", "lower", "title"}
)  # ß → SS, İ → i̇: Unicode's own exceptions


@given(st.text(max_size=60), st.sampled_from(IDEMPOTENT))
def test_twice_is_once(text: str, name: str) -> None:
    once = NORMALISERS[name](text)
    assert NORMALISERS[name](once) == once


@pytest.mark.parametrize(
    ("name", "text", "result"),
    [
        ("collapse_spaces", " a\n b\t\u00a0c ", "a b c"),
        ("remove_spaces", " a b\n", "ab"),
        ("upper", "aß", "ASS"),
        ("digits_only", "a1-٢", "12"),
        ("letters_digits_only", "AB-12·3", "AB123"),
        ("fold_accents", "Éáß", "Eaß"),
        ("ascii", "Zoë – “x” 5€", 'Zoe - "x" 5'),
        ("half_width", "１２ＡＢ", "12AB"),
        ("strip_punctuation", "(a.b): ", "a.b"),
    ],
)
def test_what_each_does(name: str, text: str, result: str) -> None:
    assert normalised(text, [name]) == result


def test_replacements_go_in_order() -> None:
    assert normalised("a", [{"replace": {"a": "b", "b": "c"}}, "upper"]) == "C"


def test_the_language_knows_every_normaliser() -> None:
    from typing import get_args

    from segocr.templates.written import Normaliser

    assert set(get_args(Normaliser)) == set(NORMALISERS)


def test_replacements_that_multiply_each_other_end_somewhere() -> None:
    table = {chr(97 + place): chr(98 + place) * 4 for place in range(25)}
    assert len(normalised("a", [{"replace": table}])) == 4**8
