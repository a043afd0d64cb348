"""A rule compares an enumeration with values that it can have."""

from __future__ import annotations

import pytest

from segocr.validators.members import check_members
from segocr.validators.rules import ExpressionError, parse_expression

VALUES = {"state": ("paid", "open"), "states": ("paid", "open")}


@pytest.mark.parametrize(
    "text",
    [
        "state == 'paid' or 'open' != state",
        "state in ['paid', 'open', name] and 'paid' in states and states == ['open']",
        "upper(state) == 'PAID' and starts_with(state, 'pa') and state < 'q'",
        "'pai' in state and state in 'paid or open'",
        "name == 'anything' and name in ['x']",
    ],
)
def test_values_that_it_has_and_other_comparisons_are_content(text: str) -> None:
    check_members(parse_expression(text), VALUES, {"states"})


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("state == 'storniert'", 9),
        ("name == 'x' and 'storniert' != state", 16),
        ("state not in ['paid', 'storniert']", 22),
        ("'storniert' in states", 0),
        ("name == state == 'storniert'", 17),
    ],
)
def test_a_value_that_it_never_has_is_a_mistake(text: str, position: int) -> None:
    with pytest.raises(ExpressionError, match="is never 'storniert'") as caught:
        check_members(parse_expression(text), VALUES, {"states"})
    assert caught.value.position == position
    assert caught.value.hint == "known: paid, open"
