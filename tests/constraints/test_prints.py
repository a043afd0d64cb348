"""What a recogniser mistakes in one print is set right before the search, and nothing else is."""

import math

import pytest
from drawn_posteriors import ALPHABET, drawn

from segocr.constraints import compile_constraint, decode, judge

SYMBOLS = (*ALPHABET, "Λ", "ヘ")
LINE = "P<DOMMARA<<ANA" + 30 * "<"


def posterior(log_odds: float) -> float:
    """The smaller of two probabilities whose logarithms differ by so much."""
    return math.exp(-log_odds)


@pytest.mark.parametrize("log_odds", [1.0, 4.0, 8.0])
def test_small_fillers_that_look_like_an_a_are_fillers_and_an_a_stays_one(log_odds: float) -> None:
    letters = {place: {"<": 1e-7} for place, character in enumerate(LINE) if character == "A"}
    fillers = {place: {"<": posterior(log_odds)} for place in (1, 9, 20, 21, 43)}
    read = "".join("A" if place in fillers else character for place, character in enumerate(LINE))
    found = decode(drawn(read, fillers | letters), ALPHABET, compile_constraint(checks=["mrz_td3_line1"]))
    assert found.raw == read
    assert found.text == LINE
    assert judge(found) == "corrected"


def test_in_other_prints_an_a_is_an_a() -> None:
    read = "AB<A"
    doubts = {3: {"<": posterior(4.0)}}
    found = decode(drawn(read, doubts), ALPHABET, compile_constraint("[A-Z<]{4}"))
    assert (found.text, judge(found)) == (read, "ok")


def test_angles_of_other_scripts_are_fillers_in_machine_readable_zones_only() -> None:
    read = LINE.replace("<<A", "Λ<A", 1)[:-2] + "ヘ<"
    zone = compile_constraint(checks=["mrz_td3_line1"])
    assert decode(drawn(read, alphabet=SYMBOLS), SYMBOLS, zone).text == LINE
    everyday = compile_constraint("[A-Z]<[A-Z<]+")
    assert judge(decode(drawn(read, alphabet=SYMBOLS), SYMBOLS, everyday)) in ("doubtful", "invalid")


@pytest.mark.parametrize(
    ("read", "printed", "log_odds", "text"),
    [("6", "G", 3.0, "G"), ("6", "G", 16.0, "6"), ("5", "S", 2.0, "S")],
)
def test_digits_that_letters_of_this_print_are_read_as(
    read: str, printed: str, log_odds: float, text: str
) -> None:
    log_probs = drawn(f"A{read}1", {1: {printed: posterior(log_odds)}}, floor=1e-9)
    found = decode(log_probs, ALPHABET, compile_constraint("[A-Z0-9]{3}", print_name="ocr_b"))
    assert found.text == f"A{text}1"
