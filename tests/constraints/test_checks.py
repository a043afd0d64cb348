"""Check digits against python-stdnum, worked examples of the standards, and their own completion."""

import re
import string
from collections.abc import Callable
from importlib.resources import files

import pytest
import stdnum.ean
import stdnum.iban
import stdnum.isbn
import stdnum.iso6346
import stdnum.iso7064.mod_11_2
import stdnum.iso7064.mod_11_10
import stdnum.iso7064.mod_37_36
import stdnum.iso7064.mod_97_10
import stdnum.issn
import stdnum.luhn
from hypothesis import given, settings
from hypothesis import strategies as st

from segocr.constraints import CHECKS, ConstraintError, compile_constraint, complete, validate
from segocr.constraints.checks.iban import STRUCTURES
from segocr.constraints.checks.mrz import check_digit, td1_composite_holds

DIGITS = string.digits
ALNUM = string.digits + string.ascii_uppercase

ORACLES: list[tuple[str, Callable[[str], bool], str, str]] = [
    ("luhn", stdnum.luhn.is_valid, DIGITS, "d{2,19}"),
    # The standard's two check characters are digits; python-stdnum takes letters there too.
    (
        "iso7064_mod97_10",
        lambda text: text[-2:].isdigit() and stdnum.iso7064.mod_97_10.is_valid(text),
        ALNUM,
        "l{3,25}",
    ),
    ("iso7064_mod11_2", stdnum.iso7064.mod_11_2.is_valid, DIGITS, "d{2,18}"),
    ("iso7064_mod37_36", stdnum.iso7064.mod_37_36.is_valid, ALNUM, "l{2,20}"),
    ("iso7064_mod11_10", stdnum.iso7064.mod_11_10.is_valid, DIGITS, "d{2,18}"),
    ("ean13", stdnum.ean.is_valid, DIGITS, "d{13}"),
    ("ean8", stdnum.ean.is_valid, DIGITS, "d{8}"),
    ("upc_a", stdnum.ean.is_valid, DIGITS, "d{12}"),
    ("gtin14", stdnum.ean.is_valid, DIGITS, "d{14}"),
    ("issn", stdnum.issn.is_valid, DIGITS, "d{8}"),
    ("isbn10", stdnum.isbn.is_valid, DIGITS, "d{10}"),
]


@pytest.mark.parametrize(("name", "oracle", "alphabet", "shape"), ORACLES, ids=[row[0] for row in ORACLES])
def test_random_texts_are_judged_as_python_stdnum_does(
    name: str, oracle: Callable[[str], bool], alphabet: str, shape: str
) -> None:
    low, _, high = shape[2:-1].partition(",")

    @settings(max_examples=80, deadline=None)
    @given(body=st.text(alphabet, min_size=int(low), max_size=int(high or low)))
    def compare(body: str) -> None:
        assert validate(name, body) == bool(oracle(body))
        # A random text seldom holds, so the same with its last character completed.
        for last in (*alphabet, "X"):
            text = body[:-1] + last
            assert validate(name, text) == bool(oracle(text)), text

    compare()


@settings(max_examples=60, deadline=None)
@given(
    owner=st.text(string.ascii_uppercase, min_size=3, max_size=3),
    kind=st.sampled_from("UJZ"),
    serial=st.text(DIGITS, min_size=6, max_size=6),
)
def test_container_numbers_are_judged_as_python_stdnum_does(owner: str, kind: str, serial: str) -> None:
    for digit in DIGITS:
        text = owner + kind + serial + digit
        assert validate("iso6346", text) == stdnum.iso6346.is_valid(text)


CLASSES = {"n": DIGITS, "a": string.ascii_uppercase, "c": ALNUM}


def registered() -> dict[str, list[tuple[int, str]]]:
    """What python-stdnum knows of each country's accounts: runs of a length and a class."""
    registry = files("stdnum").joinpath("iban.dat").read_text()
    structures = re.findall(r'^([A-Z]{2}) .*bban="([^"]+)"', registry, re.MULTILINE)
    return {
        country: [(int(count), kind) for count, kind in re.findall("([0-9]+)!([nac])", bban)]
        for country, bban in structures
    }


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(sorted(registered())), st.integers(0, 99))
def test_ibans_are_judged_as_python_stdnum_does(data: st.DataObject, country: str, head: int) -> None:
    account = "".join(
        data.draw(st.text(CLASSES[kind], min_size=count, max_size=count))
        for count, kind in registered()[country]
    )
    # Remainders leave 02 to 98; python-stdnum takes 00, 01 and 99 for 97, 98 and 02.
    text = f"{country}{head:02d}{account}"
    right = 2 <= head <= 98 and stdnum.iban.is_valid(text, check_country=False)
    assert validate("iban", text) == right
    completed = complete("iban", f"{country}??{account}")
    assert completed is not None
    assert 2 <= int(completed[2:4]) <= 98
    assert stdnum.iban.is_valid(completed, check_country=False)

    place = data.draw(st.integers(0, len(account) - 1))
    changed = account[:place] + data.draw(st.sampled_from(ALNUM)) + account[place + 1 :]
    completed = complete("iban", f"{country}??{changed}")
    fits = re.fullmatch(
        "".join(f"[{CLASSES[kind]}]{{{count}}}" for count, kind in registered()[country]), changed
    )
    assert (completed is not None) == (fits is not None)


def test_the_countries_of_ibans_are_those_of_python_stdnum_with_their_structures() -> None:
    own = {
        country: "".join(kind * int(count) for count, kind in re.findall("([0-9]+)([nac])", structure))
        for structure, countries in STRUCTURES.items()
        for country in countries.split()
    }
    assert own == {
        country: "".join(kind * count for count, kind in runs) for country, runs in registered().items()
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Mod 97 holds in all of them: German accounts have digits only, Georgian ones letters first, and
        # remainders leave 02 to 98.
        ("iban", "DE8441239O92I19288I957"),
        ("iban", "DE9155647I249438103815"),
        ("iban", "DE00370400440532013147"),
        ("iban", "DE99370400440532013111"),
        ("iban", "GE40BJHL4CUCEEVI31L8OV"),
        # Of any vehicle the last four are digits, and no model year is called Z or 0.
        ("vin", "1M8GDM9A1KP04Z788"),
        ("vin", "1M8GDM9A30P042788"),
        ("vin", "1M8GDM9A7ZP042788"),
    ],
)
def test_what_nobody_can_have_issued_is_refused_although_its_check_digits_hold(name: str, text: str) -> None:
    assert not validate(name, text)
    assert not compile_constraint(checks=[name]).accepts(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("luhn", "79927398713"),
        ("luhn", "4111 1111 1111 1111"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iso6346", "CSQU3054383"),
        ("vin", "1M8GDM9AXKP042788"),
        ("vin", "5YJSA1H12FFP71790"),
        ("ean13", "4006381333931"),
        ("isbn10", "0-306-40615-2"),
        ("isbn10", "097522980X"),
        ("isbn13", "978-3-16-148410-0"),
        ("issn", "0378-5955"),
        ("issn", "2434-561X"),
        ("iso7064_mod11_2", "0000 0002 1694 233X"),
        ("iso7064_mod11_2", "0000-0002-1825-0097"),
        ("iso7064_mod97_10", "5493001KJTIIGC8Y1R12"),
        # The specimens of ICAO Doc 9303, parts 4 to 7.
        ("mrz_td3_line1", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
        ("mrz_td3_line2", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        ("mrz_td1_line1", "I<UTOD231458907<<<<<<<<<<<<<<<"),
        ("mrz_td1_line1", "I<UTOD23145890<7349<<<<<<<<<<<"),
        ("mrz_td1_line2", "7408122F1204159UTO<<<<<<<<<<<6"),
        ("mrz_td1_line3", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
        ("mrz_td2_line1", "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"),
        ("mrz_td2_line2", "D231458907UTO7408122F1204159<<<<<<<6"),
        ("mrv_a_line1", "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
        ("mrv_a_line2", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"),
        ("mrv_b_line1", "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"),
        ("mrv_b_line2", "L8988901C4XXX4009078F9612109<<<<<<<<"),
    ],
)
def test_published_examples_hold_and_break_with_any_changed_check_digit(name: str, text: str) -> None:
    assert validate(name, text)
    assert compile_constraint(checks=[name]).accepts(text)
    if "line1" in name or "line3" in name:
        return
    broken = [
        text[:place] + other + text[place + 1 :]
        for place, old in enumerate(text)
        for other in "0123456789"
        if old.isdigit() and other != old
    ]
    still = [other for other in broken if validate(name, other)]
    optional = name in ("mrv_a_line2", "mrv_b_line2", "mrz_td1_line2")
    assert len(still) <= (len(broken) // 4 if optional else 2), still


def test_an_empty_personal_number_may_have_either_check_digit() -> None:
    front = "L898902C36UTO7408122F1204159" + "<" * 14
    zero, filler = complete("mrz_td3_line2", front + "0?"), complete("mrz_td3_line2", front + "<?")
    assert zero is not None
    assert filler is not None
    assert zero[-1] == filler[-1] == check_digit(front[:10] + front[13:20] + front[21:] + "<")
    assert not validate("mrz_td3_line2", "L898902C36UTO7408122F1204159ZE184226B<<<<<<0")


def test_two_long_numbers_of_td2_and_td1_hold_with_their_continuation() -> None:
    long_number = "D23145890734"
    digit = check_digit(long_number)
    front = f"{long_number[:9]}<UTO7408122F1204159{long_number[9:]}{digit}<<<"
    completed = complete("mrz_td2_line2", front + "?")
    assert completed is not None
    wrong = str((int(digit) + 1) % 10)
    assert (
        complete("mrz_td2_line2", f"{long_number[:9]}<UTO7408122F1204159{long_number[9:]}{wrong}<<<?") is None
    )


def test_the_composite_digit_of_td1_covers_both_lines() -> None:
    assert td1_composite_holds("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6")
    assert not td1_composite_holds("I<UTOD231458907<<<<<<<<<<<<<<1", "7408122F1204159UTO<<<<<<<<<<<6")


def test_parts_of_fixed_layouts_are_named() -> None:
    line1 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    line2 = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    one = {
        name: line1[slice(*span)]
        for name, span in compile_constraint(checks=["mrz_td3_line1"]).parts(line1).items()
    }
    two = {
        name: line2[slice(*span)]
        for name, span in compile_constraint(checks=["mrz_td3_line2"]).parts(line2).items()
    }
    assert one == {"document_type": "P<", "issuer": "UTO", "surname": "ERIKSSON", "given_names": "ANNA<MARIA"}
    assert two == {
        "document_number": "L898902C3",
        "nationality": "UTO",
        "birth_date": "740812",
        "sex": "F",
        "expiry_date": "120415",
        "personal_number": "ZE184226B<<<<<",
    }


def test_a_padded_country_and_fillers_in_a_date_are_accepted() -> None:
    for front in ("C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<", "L898902C36UTO74<<<<?F1204159<<<<<<<<<<<<<<"):
        number = front[:9] + "?" + front[10:19] + "?" + front[20:27] + "?" + front[28:]
        assert complete("mrz_td3_line2", number + "??") is not None


def test_a_check_of_one_part_brings_its_layout_along() -> None:
    constraint = compile_constraint(
        r"(?P<card>[\d ]+)/(?P<rest>\d+)", checks=[{"name": "luhn", "over": "card"}]
    )
    assert constraint.accepts("79927398713/1")
    assert not constraint.accepts("79927398714/1")
    assert not constraint.accepts("7992  7398713/1")


def test_an_ambiguous_or_unknown_part_is_refused() -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(r"(?P<n>\d+)\d+", checks=[{"luhn": {"over": "n"}}])
    assert caught.value.code == "ambiguous-part"
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(r"\d+", checks=[{"luhn": {"over": "n"}}])
    assert caught.value.code == "unknown-part"


def test_unknown_checks_name_the_nearest_one() -> None:
    with pytest.raises(ConstraintError, match="did you mean 'luhn'") as caught:
        compile_constraint(r"\d+", checks=["lunh"])
    assert caught.value.code == "unknown-check"


def test_a_weighted_scheme_of_ones_own_equals_the_built_in_one() -> None:
    own = {"weighted": {"weights": [1, 3] * 6 + [1], "modulus": 10}}
    constraint = compile_constraint(r"\d{13}", checks=[own])
    assert constraint.accepts("4006381333931")
    assert not constraint.accepts("4006381333932")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weights": [], "modulus": 10},
        {"weights": [1], "modulus": 1},
        {"weights": ["a"], "modulus": 10},
        {"weights": [1], "modulus": 10, "wieghts": 1},
        {"weights": [True], "modulus": 10},
        {"weights": [1], "modulus": 10, "values": {"X": "ten"}},
        {"weights": [1], "modulus": 10, "values": {"XY": 10}},
        {"weights": [1], "modulus": 10, "repeat": "no"},
        {"weights": [1], "modulus": 10, "skip": 5},
        {"weights": [1], "modulus": 10, "over": ["a"]},
    ],
)
def test_a_wrong_weighted_scheme_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_constraint(r"\d", checks=[{"weighted": options}])
    assert caught.value.code == "bad-check"


def test_every_check_has_a_layout_that_accepts_something() -> None:
    for name in CHECKS:
        assert not compile_constraint(checks=[name]).automaton.accepts_everything


def test_only_what_is_shown_to_be_impossible_is_refused_as_such() -> None:
    # Only the digit 9 satisfies it, one character of very many.
    only_nine = {"weighted": {"weights": [1], "modulus": 10, "remainder": 9}}
    assert compile_constraint(".", checks=[only_nine]).accepts("9")
    own_letter = {"weighted": {"weights": [1], "modulus": 100, "remainder": 77, "values": {"Ω": 77}}}
    assert compile_constraint(".", checks=[own_letter]).accepts("Ω")


def test_a_search_for_one_accepted_text_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segocr.constraints.compiling.MAX_PROOF_STATES", 2_000)
    even = {"weighted": {"weights": [2, 4, 6], "modulus": 1000, "repeat": True, "remainder": 1}}
    with pytest.raises(ConstraintError, match="no text was found") as caught:
        compile_constraint(".{1,900}", checks=[even])
    assert caught.value.code == "pattern-too-large"


SCALARS = st.none() | st.booleans() | st.integers(-5, 2000) | st.floats() | st.text(max_size=3) | st.dates()
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(SCALARS, SCALARS, max_size=3)
OPTIONS = {key: VALUES for key in ("remainder", "values", "repeat", "skip", "over", "name")}
SCHEMES = st.fixed_dictionaries(
    {"weights": st.lists(st.integers(-9, 9), min_size=1, max_size=3), "modulus": st.integers(2, 99)},
    optional=OPTIONS,
)
NAMES = st.sampled_from(["luhn", "weighted", "iban", "no such check", "name"])


@settings(max_examples=300, deadline=None)
@given(
    check=st.dictionaries(NAMES, VALUES, max_size=2) | st.fixed_dictionaries({"weighted": SCHEMES | VALUES}),
    pattern=st.sampled_from([r"\d{3}", r"(?P<a>\d+)x", "[A-Z0-9]{2,5}", None]),
)
def test_whatever_a_template_writes_as_a_check_is_one_or_a_mistake(
    check: dict[str, object], pattern: str | None
) -> None:
    try:
        constraint = compile_constraint(pattern, checks=[check])
    except ConstraintError as error:
        assert error.message
        assert error.code
    else:
        assert constraint.check_automata[0][0].name
