"""What a rule is given of a record's fields."""

from __future__ import annotations

from typing import Any

import pytest
from test_judging import spec

from segocr.steps.validate.python import handle

FIELDS = {
    name: spec("money", lines="one", instances=instances, **{"from": None, "part": None})
    for name, instances in (("amounts", "all"), ("total", "best"))
}


def candidate(text: str | None) -> dict[str, Any]:
    return {"text": text, "merit": 0.0, "standing": 0, "parts": {}, "score": 0.9, "place": (1, 50.0, 20.0)}


def decided(amounts: list[str | None], expression: str) -> tuple[str, str]:
    """Return what became of a rule over these amounts and a total of 30.00."""
    part = {"amounts": [candidate(text) for text in amounts], "total": [candidate("30.00")]}
    request = {
        "day": "2026-11-22", "folder": None, "fields": FIELDS, "parts": [part],
        "rules": [{"name": "r", "expression": expression}],
    }  # fmt: skip
    [rule] = handle(request)["parts"][0]["rules"]
    return rule["verdict"], rule["reason"]


@pytest.mark.parametrize("unread", [None, "twelve"])
def test_a_list_of_which_an_entry_has_no_value_decides_nothing(unread: str | None) -> None:
    assert decided(["10.00", "20.00"], "near(total, sum(amounts), 0.01)") == ("held", "")
    lacking = ("not-evaluated", "an entry of amounts has no value")
    assert decided(["10.00", unread, "20.00"], "near(total, sum(amounts), 0.01)") == lacking
    assert decided(["10.00", unread, "20.00"], "present(amounts)") == ("held", "")


@pytest.mark.parametrize("amounts", [[], [None], ["twelve"]])
def test_a_list_is_present_where_an_entry_of_it_has_a_value(amounts: list[str | None]) -> None:
    assert decided(amounts, "present(amounts)") == ("failed", "")
    assert decided([*amounts, "10.00"], "present(amounts)") == ("held", "")


def test_of_an_empty_list_there_is_a_count_and_a_sum_but_no_least_value() -> None:
    assert decided([], "count(amounts) == 0 and sum(amounts) == 0") == ("held", "")
    assert decided([], "min(amounts) < total") == ("not-evaluated", "min of an empty list has no value")
