"""What kinds of values meet in a rule is known before any document is read."""

from __future__ import annotations

import time

import pytest

from segocr.validators.kinds import OF_THEIR_ARGUMENTS, SIGNATURES, check_kinds, kind_of_type
from segocr.validators.rules import FUNCTIONS, ExpressionError, parse_expression

FIELDS = {
    name: kind_of_type(field_type, many=many)
    for name, field_type, many in (
        ("net", "money", False),
        ("amounts", "money", True),
        ("issued", "date", False),
        ("days_of_work", "date", True),
        ("opened", "time", False),
        ("name", "text", False),
        ("paid", "boolean", False),
    )
}


@pytest.mark.parametrize(
    "text",
    [
        "net + 1 == -net * 2 % 3",
        "near(net, sum(amounts), 0.01) and not paid",
        "issued < today and issued in days_of_work and issued not in []",
        "days(today - issued) <= 30 or issued - today < today - issued",
        "issued + (today - issued) == date('2024-12-31')",
        "name + 'x' in ['a', upper(name)] and 'x' in name",
        "max(amounts) == max(net, 1) and min(days_of_work) >= min(issued, today)",
        "min(name, 'b') == 'a' and abs(net) == 1 and days(abs(today - issued)) < 3",
        "(net if paid else 0) >= 0",
        "paid if present(name) else true",
        "round(net) == round(net, 2) and length(name) == 3 and count(days_of_work) == 2",
        "amounts == [1, 2] or amounts == []",
        "opened == opened",
        "contains(name, 'x') == true",
    ],
)
def test_kinds_that_fit_are_content(text: str) -> None:
    check_kinds(parse_expression(text), FIELDS)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("net < issued", 0, "a number cannot be compared with a date"),
        ("paid and net == name", 9, "a number cannot be compared with a text"),
        ("issued in ['2024-12-25']", 0, "a date cannot be compared with a list (text)"),
        ("net not in ['5']", 0, "a number cannot be compared with a list (text)"),
        ("net in name", 0, "'in' wants a list, or two texts"),
        ("amounts in amounts", 0, "cannot be compared"),
        ("amounts == ['1']", 0, "a list (number) cannot be compared with a list (text)"),
        ("net + 1", 0, "a rule is a truth value, but this is a number"),
        ("net and paid", 0, "'and' and 'or' join a truth value"),
        ("not name", 4, "'not' wants a truth value"),
        ("-name == name", 1, "a sign wants a number"),
        ("issued + 30 > today", 0, "cannot be reckoned with"),
        ("today - issued + 30 == 1", 0, "days(...)"),
        ("name * 3 == name", 0, "cannot be reckoned with"),
        ("near(net, name, 1)", 10, "near takes a number, but this is a text"),
        ("sum(net) == 1", 4, "sum takes a list (number)"),
        ("sum(days_of_work) == 1", 4, "sum takes a list (number)"),
        ("max(net) == 1", 4, "max of one argument takes a list"),
        ("max(net, issued) == 1", 9, "values of one kind"),
        ("abs(name) == 1", 4, "abs wants a number"),
        ("[1, 'a'] == [1]", 4, "alike"),
        ("[amounts] == []", 1, "a list wants"),
        ("(1 if net else 2) == 1", 6, "'if' wants a truth value"),
        ("(1 if paid else name) == 1", 16, "'else'"),
        ("1 < net < issued", 4, "a number cannot be compared with a date"),
    ],
)
def test_kinds_that_do_not_fit_are_a_mistake_with_its_place(text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_kinds(parse_expression(text), FIELDS)
    assert message in caught.value.message
    assert caught.value.position == position


def test_every_function_has_its_kinds() -> None:
    assert {*SIGNATURES, *OF_THEIR_ARGUMENTS, "present"} == set(FUNCTIONS)
    assert all(len(kinds) == FUNCTIONS[name][2] for name, (kinds, _) in SIGNATURES.items())


@pytest.mark.parametrize(
    "text", ["(1==" * 60 + "1" + "==1)" * 60, "-" * 480 + "1 == 1", "not " * 120 + "paid"]
)
def test_long_and_deep_expressions_take_no_time(text: str) -> None:
    started = time.monotonic()
    try:
        check_kinds(parse_expression(text), FIELDS)
    except ExpressionError as error:
        assert error.message
    assert time.monotonic() - started < 1
