"""Explanations: every example is accepted, every near miss is not."""

from typing import Any

import pytest

from segocr.constraints import compile_constraint
from segocr.constraints.explain import explain


@pytest.mark.parametrize(
    "options",
    [
        {"pattern": r"\d{2}[/-]\d{2}[/-](\d{4}|\d{2})"},
        {"pattern": r"[A-Z]{3}[UJZ]\d{7}", "checks": ["iso6346"]},
        {"checks": ["mrz_td3_line2"]},
        {"checks": ["iban"]},
        {"pattern": r"RM ?\d+\.\d{2}"},
        {"lookup": ["Aldi", "Tesco"]},
        {"date_formats": ["d MMM yyyy"]},
    ],
    ids=str,
)
def test_examples_are_accepted_and_near_misses_are_not(options: dict[str, Any]) -> None:
    constraint = compile_constraint(**options)
    found = explain(constraint)
    assert found.examples
    assert found.near_misses
    assert all(constraint.accepts(text) for text in found.examples)
    assert not any(constraint.accepts(text) for text in found.near_misses)
    assert found.shortest == len(found.examples[0]) == min(map(len, found.examples))


def test_figures_of_a_known_pattern() -> None:
    found = explain(compile_constraint(r"(?P<year>\d{4})(-\d{2})?"))
    assert (found.states, found.shortest, found.longest, found.characters, found.parts) == (
        8,
        4,
        7,
        11,
        ("year",),
    )
    assert explain(compile_constraint("a+")).longest is None
    assert explain(compile_constraint(".*")).accepts_everything


def test_explanations_repeat() -> None:
    constraint = compile_constraint(checks=["luhn"])
    assert explain(constraint, seed=3) == explain(constraint, seed=3)


def test_examples_can_be_seen() -> None:
    found = explain(compile_constraint(".{8}"))
    assert len(found.examples) == 5
    assert all(text.isprintable() for text in found.examples)
    # A pattern that only accepts what cannot be seen has an example all the same.
    assert explain(compile_constraint("a\\tb")).examples == ("a\tb",)
