"""What types say about their texts."""

from __future__ import annotations

import pytest

from segocr.constraints import compile_constraint
from segocr.templates.implied import number_pattern


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("12.50", True),
        ("RM 12.50", True),
        ("RM12.50", True),
        ("Rs. 100", False),  # currencies are written in capitals
        ("RS. 100", True),
        ("US$ 8", True),
        ("12.50 EUR", True),
        ("12.500 OMR", True),
        ("12.5 M", True),
        ("-$8.00", True),
        ("1,234.50-", True),
        # A 0, 1 or 2 beside the amount is a digit, not a currency that looks like one.
        ("12.5O", False),
        ("I4.85", False),
        ("Z5.00", False),
        ("RMI4.90", False),
        ("RMZ1.80", False),
    ],
)
def test_an_amount_may_name_its_currency_but_its_digits_are_digits(text: str, accepted: bool) -> None:
    assert compile_constraint(number_pattern("money", "en")).accepts(text) is accepted
