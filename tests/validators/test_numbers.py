"""Numbers as people print them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.validators.failures import Refused
from segocr.validators.numbers import LOCALES, decimal_from, integer_from, locale_named, money_from, plain


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("1,234.56", "en", "1234.56"),
        ("1.234,56", "de", "1234.56"),
        ("1 234,56", "fr", "1234.56"),
        ("1\u202f234,56", "fr", "1234.56"),
        ("1'234.56", "de-CH", "1234.56"),
        ("1,23,456.70", "en-IN", "123456.70"),
        ("12", "en", "12"),
        ("0.10", "en", "0.10"),
        ("-3.5", "en", "-3.5"),
        ("3.50-", "en", "-3.50"),
        ("(3.50)", "en", "-3.50"),
        ("\u22123", "en", "-3"),
        ("+3", "en", "3"),
        ("1,234,567", "en", "1234567"),
        ("1.234", "de-AT", "1234"),
        ("\u0663.\u0665", "en", "3.5"),
        (" 7 ", "en", "7"),
    ],
)
def test_decimals_by_locale(text: str, locale: str, value: str) -> None:
    assert plain(decimal_from(text, locale_named(locale))) == value


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("1,23", "en"),
        ("1.23.4", "en"),
        ("1,2345", "en"),
        ("12,34,567", "en"),
        ("1.", "en"),
        (".5", "en"),
        ("", "en"),
        ("-", "en"),
        ("1e5", "en"),
        ("NaN", "en"),
        ("Infinity", "en"),
        ("1_000", "en"),
        ("O.5", "en"),
        ("1,234.5,6", "en"),
        ("1.234.56", "de"),
        ("--5", "en"),
        ("1 2", "en"),
        ("9" * 29, "en"),
        ("½", "en"),
        ("²", "en"),
    ],
)
def test_what_is_no_number_is_refused(text: str, locale: str) -> None:
    with pytest.raises(Refused) as caught:
        decimal_from(text, locale_named(locale))
    assert caught.value.code == "not-a-number"


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("RM 1,234.50", "en", "1234.50"),
        ("RM99.90", "en", "99.90"),
        ("$8.00", "en", "8.00"),
        ("-$8.00", "en", "-8.00"),
        ("US$ 8", "en", "8"),
        ("12,50 €", "de", "12.50"),
        ("€12,50", "de", "12.50"),
        ("12,50 EUR", "de", "12.50"),
        ("Rs. 100", "en-IN", "100"),
        ("9.90", "en", "9.90"),
        ("$-5.00", "en", "-5.00"),
        ("5.00-", "en", "-5.00"),
        ("R$ 1.234,00", "pt", "1234.00"),
        ("฿12.50", "en", "12.50"),
        ("R 12.50", "en", "12.50"),
        ("12.50 kr.", "en", "12.50"),
        ("$12.50 CAD", "en", "12.50"),
        ("(USD 3.50)", "en", "-3.50"),
        ("12,50 DEM", "de", "12.50"),
        ("B$ 12.50", "en", "12.50"),
        ("12,50 \N{EURO SIGN}", "de", "12.50"),
        ("12,50 zł", "pl", "12.50"),
        ("Kč 1 234,50", "cs", "1234.50"),
        ("-12,50zł.", "pl", "-12.50"),
    ],
)
def test_amounts_with_their_currency(text: str, locale: str, value: str) -> None:
    assert plain(money_from(text, locale_named(locale))) == value


@pytest.mark.parametrize(
    "text",
    [
        "12.50 CR",
        "12.50 DR",
        "RM12.50CR.",
        "1.5 M",
        "1.5M",
        "1.5 Cr",
        "50 p",
        "50¢",
        "12a",
        "12.50 R",
        "M 1.5",
        "1.5 K\N{EURO SIGN}",
        "T\N{EURO SIGN} 12",
    ],
)
def test_letters_that_are_no_currency_are_not_left_out(text: str) -> None:
    with pytest.raises(Refused, match="is no currency") as caught:
        money_from(text, locale_named("en"))
    assert caught.value.code == "not-a-number"


@pytest.mark.parametrize("text", ["TOTAL 5.00", "RM", "5.00 5.00", "RM5.00RM6", "$$5", "x" * 5000])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        money_from(text, locale_named("en"))


def test_an_integer_has_no_fraction() -> None:
    assert plain(integer_from("1,200", locale_named("en"))) == "1200"
    assert plain(integer_from("12.00", locale_named("en"))) == "12"
    with pytest.raises(Refused) as caught:
        integer_from("1.5", locale_named("en"))
    assert caught.value.code == "not-an-integer"


def printed(value: Decimal, tag: str) -> str:
    """Print a number with groups, as the locale does."""
    locale = LOCALES[tag]
    whole, _, fraction = plain(abs(value)).partition(".")
    head, groups = whole[:-3], [whole[-3:]]
    size = 2 if locale.pairs else 3
    while head:
        groups.insert(0, head[-size:])
        head = head[:-size]
    return (
        ("-" if value < 0 else "")
        + locale.groups[0].join(groups)
        + (locale.decimal + fraction if fraction else "")
    )


@given(st.decimals(-(10**15), 10**15, places=2), st.sampled_from(sorted(LOCALES)))
def test_what_a_locale_prints_is_read_back(value: Decimal, tag: str) -> None:
    text = printed(value, tag)
    assert decimal_from(text, LOCALES[tag]) == value
    assert money_from(text, LOCALES[tag]) == value


@given(st.text(max_size=40), st.sampled_from(sorted(LOCALES)))
def test_any_text_is_a_number_or_refused(text: str, tag: str) -> None:
    try:
        value = money_from(text, LOCALES[tag])
    except Refused:
        return
    assert value.is_finite()
    assert Decimal(plain(value)) == value
