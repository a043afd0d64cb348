"""A text becomes a value of its field's type, or a stable code says why not; validators then judge it."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from decimal import Decimal
from typing import Any

import pytest

from segocr.validators.failures import Refused
from segocr.validators.libraries import check_digits_hold
from segocr.validators.library_names import KINDS_OF_CHECK, PHONE_REGIONS
from segocr.validators.values import judge

TODAY = dt.date(2026, 11, 22)


def spec(kind: str, **given: Any) -> dict[str, Any]:
    plain = {
        "type": kind, "formats": ["dd/MM/yyyy"], "locale": "en", "enum": None, "ignore_case": False,
        "ignore_spaces": False, "normalise": [], "validators": [], "century": "near",
        "bounds": None,
    }  # fmt: skip
    return plain | given


@pytest.mark.parametrize(
    ("kind", "text", "canonical", "value"),
    [
        ("text", " a ", " a ", " a "),
        ("integer", "1,200", "1200", Decimal(1200)),
        ("decimal", "1,200.50", "1200.50", Decimal("1200.50")),
        ("money", "RM 0.50", "0.50", Decimal("0.50")),
        ("date", "03/04/2018", "2018-04-03", dt.date(2018, 4, 3)),
        ("boolean", "Yes", "true", True),
        ("boolean", "0", "false", False),
    ],
)
def test_each_type_has_its_value_and_canonical_text(
    kind: str, text: str, canonical: str, value: object
) -> None:
    judged = judge(text, spec(kind), TODAY, None)
    assert (judged.canonical, judged.value) == (canonical, value)
    assert judged.verdict is None


def test_an_enumeration_maps_what_is_printed_to_values() -> None:
    sizes = {"Small": "S", "Large": "L"}
    assert judge("Large", spec("enum", enum=sizes), TODAY, None).canonical == "L"
    assert judge("LARGE", spec("enum", enum=sizes), TODAY, None).problems[0][0] == "not-listed"
    assert judge("LARGE", spec("enum", enum=sizes, ignore_case=True), TODAY, None).canonical == "L"


def test_spaces_that_do_not_matter_do_no_harm() -> None:
    assert judge("12 / 05 / 2018", spec("date", ignore_spaces=True), TODAY, None).canonical == "2018-05-12"
    assert judge("12 / 05 / 2018", spec("date"), TODAY, None).canonical is None


def test_spaces_of_what_is_allowed_do_not_matter_either() -> None:
    ways = {"CASH SALE": "cash", "CREDIT CARD": "card"}
    for text in ("CASHSALE", "CASH SALE", "C ASH SALE"):
        assert judge(text, spec("enum", enum=ways, ignore_spaces=True), TODAY, None).canonical == "cash"
    assert judge("CASHSALE", spec("enum", enum=ways), TODAY, None).problems[0][0] == "not-listed"
    both = spec("enum", enum=ways, ignore_spaces=True, ignore_case=True)
    assert judge("creditcard", both, TODAY, None).canonical == "card"
    spoken = spec("date", formats=["dd' de 'MMMM yyyy"], ignore_spaces=True)
    assert judge("03 de May 2018", spoken, TODAY, None).canonical == "2018-05-03"


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("integer", "12a", "not-a-number"),
        ("integer", "1.5", "not-an-integer"),
        ("date", "soon", "not-a-date"),
        ("date", "31/02/2018", "no-such-day"),
        ("time", "25:00", "not-a-time"),
        ("boolean", "perhaps", "not-a-boolean"),
        ("text", "", "empty-text"),
    ],
)
def test_a_text_without_a_value_is_invalid(kind: str, text: str, code: str) -> None:
    judged = judge(text, spec(kind), TODAY, None)
    assert (judged.value, judged.verdict) == (None, "invalid")
    assert [said for said, _ in judged.problems] == [code]


@pytest.mark.parametrize(
    ("kind", "text", "validator", "code", "verdict"),
    [
        ("date", "23/11/2026", ["not_after", "today"], "too-late", "doubtful"),
        ("date", "22/11/2026", ["not_after", "today"], None, None),
        ("date", "31/12/1989", ["not_before", "1990-01-01"], "too-early", "doubtful"),
        ("date", "01/01/2020", ["between", ["2019-01-01", "today"]], None, None),
        ("decimal", "0.3", ["max", 0.3], None, None),
        ("decimal", "0.30001", ["max", 0.3], "above-maximum", "doubtful"),
        ("money", "-1", ["min", 0], "below-minimum", "doubtful"),
        ("integer", "11", ["between", [1, 10]], "out-of-range", "doubtful"),
        ("text", "abc", ["length", 3], None, None),
        ("text", "abcd", ["length", {"max": 3}], "wrong-length", "invalid"),
        ("text", "x", ["one_of", ["y"]], "not-listed", "invalid"),
        ("text", "x", ["none_of", ["x"]], "listed-as-refused", "invalid"),
        ("money", "10.00", ["one_of", [10, 20.5]], None, None),
        ("money", "20.50", ["one_of", [10, "20.5"]], None, None),
        ("money", "20.51", ["one_of", [10, 20.5]], "not-listed", "invalid"),
        ("money", "0.00", ["none_of", [0]], "listed-as-refused", "invalid"),
        ("date", "31/12/2024", ["none_of", ["2024-12-31"]], "listed-as-refused", "invalid"),
        ("boolean", "yes", ["one_of", [True]], None, None),
        ("text", "GB82 WEST 1234 5698 7654 32", ["check", "iban"], None, None),
        ("text", "GB82 WEST 1234 5698 7654 33", ["check", "iban"], "check-failed", "invalid"),
        ("text", "DE136695976", ["check", "de.vat"], None, None),
        ("text", "+60 3-2163 2400", ["phone"], None, None),
        ("text", "03-2163 2400", ["phone", "MY"], None, None),
        ("text", "03-2163 2400", ["phone"], "not-a-phone-number", "invalid"),
    ],
)
def test_validators(
    kind: str, text: str, validator: list[Any], code: str | None, verdict: str | None
) -> None:
    if validator[0] in ("check", "phone"):
        pytest.importorskip("stdnum" if validator[0] == "check" else "phonenumbers")
    judged = judge(text, spec(kind, validators=[validator]), TODAY, None)
    assert judged.value is not None
    assert judged.verdict == verdict
    assert [said for said, _ in judged.problems] == ([code] if code else [])


def test_times_of_day_are_compared_as_such() -> None:
    opening = spec("time", formats=["HH:mm"], validators=[["one_of", ["09:00", "13:30"]]])
    assert judge("13:30", opening, TODAY, None).verdict is None
    assert judge("13:31", opening, TODAY, None).verdict == "invalid"


def test_a_kind_of_check_that_the_installed_library_lacks_is_said() -> None:
    with pytest.raises(Refused) as caught:
        check_digits_hold("x", "nothing")
    assert caught.value.code == "unknown-check"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of modules that python-stdnum has renamed
def test_the_names_that_templates_are_checked_with_are_those_of_the_libraries() -> None:
    stdnum, phonenumbers = pytest.importorskip("stdnum"), pytest.importorskip("phonenumbers")
    modules = [module.name for module in pkgutil.walk_packages(stdnum.__path__, "stdnum.")]
    judging = {name for name in modules if hasattr(importlib.import_module(name), "is_valid")}
    assert {f"stdnum.{kind}" for kind in KINDS_OF_CHECK} == judging
    assert phonenumbers.SUPPORTED_REGIONS == PHONE_REGIONS
