"""Statuses: cheap corrections are made, dear ones and close calls shown, a wrong pattern is never silent."""

import json
import math

import numpy as np
import pytest
from drawn_posteriors import ALPHABET, drawn

from segocr.constraints import Decoded, bind, compile_constraint, complete, decode, greedy, judge
from segocr.constraints.search import RIVAL_WINDOW


def test_a_reading_that_fits_is_left_alone() -> None:
    found = decode(drawn("AB12"), ALPHABET, compile_constraint(r"[A-Z]{2}\d{2}"))
    assert (found.text, found.raw, judge(found)) == ("AB12", "AB12", "ok")
    assert found.cost == pytest.approx(0.0, abs=1e-6)
    assert found.edits == ()
    assert found.confidence > 0.95


def test_a_misread_digit_is_corrected_at_a_small_cost() -> None:
    found = decode(drawn("1O.50", {1: {"0": 0.1}}), ALPHABET, compile_constraint(r"\d+\.\d{2}"))
    assert (found.raw, found.text, judge(found)) == ("1O.50", "10.50", "corrected")
    assert found.edits == ((1, "O", "0"),)
    assert 0.5 < found.cost < 5.0


@pytest.mark.parametrize(
    ("raw", "pattern"),
    [
        ("TOTAL 12.50", r"\d{2}/\d{2}/\d{4}"),
        ("12.50", r"[A-Z]{5}"),
        ("AB1234", r"\d{6}"),
        ("2024-01-05", r"\d{8}"),
        ("100", r"[A-Z]{3}"),
        ("ABCDEF", r"ABC"),
        ("ABC", r"[A-Z]{9}"),
    ],
)
def test_a_wrong_pattern_costs_and_is_never_accepted(raw: str, pattern: str) -> None:
    found = decode(drawn(raw), ALPHABET, compile_constraint(pattern))
    assert judge(found) in ("doubtful", "invalid")
    assert found.cost > 3.0
    assert found.raw == raw


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (":21/03/2018", "corrected"),
        ("(21/03/2018)", "corrected"),
        ("X21/03/2018", "doubtful"),
        ("21//03/2018", "doubtful"),
    ],
)
def test_punctuation_beside_the_value_is_no_doubt_but_a_character_is(raw: str, status: str) -> None:
    log_probs = drawn(raw, alphabet=(*ALPHABET, *":()"), floor=1e-4)
    found = decode(log_probs, (*ALPHABET, *":()"), compile_constraint(r"\d{2}/\d{2}/\d{4}"))
    assert (found.text, judge(found)) == ("21/03/2018", status)


@pytest.mark.parametrize(("raw", "place"), [(".40", 0), ("12.5", 4)])
def test_a_digit_that_was_not_read_is_not_put_at_an_end(raw: str, place: int) -> None:
    log_probs = drawn(raw)
    # The frame beyond the text could be a 1: half as probable as that nothing is there.
    log_probs[0 if place == 0 else -1, ALPHABET.index("1")] = math.log(0.3)
    found = decode(log_probs, ALPHABET, compile_constraint(r"\d+\.\d\d"))
    assert (found.raw, found.edits) == (raw, ((place, "", "1"),))
    assert found.cost < 4.0
    assert judge(found) == "doubtful"


def test_two_texts_that_both_satisfy_the_check_digit_are_doubtful() -> None:
    # 0 and 9 count the same in mod 9, so the check cannot tell.
    constraint = compile_constraint(r"\d{3}", checks=[{"weighted": {"weights": [1, 1, 1], "modulus": 9}}])
    found = decode(drawn("S18", {0: {"0": 0.2, "9": 0.19}}), ALPHABET, constraint)
    assert {found.text, found.rivals[0][0]} == {"018", "918"}
    assert judge(found) == "doubtful"
    assert found.rivals_near >= 1
    assert found.posterior == pytest.approx(0.2 / 0.39, abs=0.05)


@pytest.mark.parametrize(("frames", "text"), [(2, "3"), (5, "13")])
def test_a_raw_text_that_fits_gives_way_only_to_what_is_more_probable_by_a_margin(
    frames: int, text: str
) -> None:
    # A smear before the 3 that could be a 1, over several frames: none of them says so, all together do.
    rows = np.full((frames + 1, len(ALPHABET)), 1e-7)
    rows[:-1, 0], rows[:-1, ALPHABET.index("1")] = 0.55, 0.45
    rows[-1, ALPHABET.index("3")] = 1.0
    found = decode(np.log(rows).astype(np.float32), ALPHABET, compile_constraint(r"\d+"))
    assert found.raw == "3"
    assert found.text == text
    assert judge(found) == "doubtful"
    assert found.confidence == pytest.approx(math.exp(found.log_prob), abs=0.05)


def test_a_check_digit_decides_between_two_readings() -> None:
    constraint = compile_constraint(r"\d+", checks=["luhn"])
    found = decode(drawn("79927398773", {9: {"1": 0.2}}), ALPHABET, constraint)
    assert (found.text, judge(found)) == ("79927398713", "corrected")


def test_what_cannot_be_read_is_invalid_and_keeps_the_raw_text() -> None:
    short = decode(drawn("A"), ALPHABET, compile_constraint(r"[A-Z]{40}"))
    assert (short.text, short.raw, judge(short)) == (None, "A", "invalid")
    lacking = decode(drawn("A"), ALPHABET, compile_constraint("漢"), max_cost=math.inf)
    assert lacking.reason == "no-accepted-text"
    assert lacking.confidence == 0.0


def test_no_frames_read_the_empty_text_or_nothing() -> None:
    none = np.zeros((0, len(ALPHABET)), dtype=np.float32)
    assert decode(none, ALPHABET, compile_constraint("a?")).text == ""
    assert decode(none, ALPHABET, compile_constraint("a")).text is None
    assert greedy(none, ALPHABET).text == ""


def test_zero_probabilities_are_survived() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.exp(drawn("AB12")) > 0.5).astype(np.float32)
    found = decode(log_probs, ALPHABET, compile_constraint(r"[A-Z]{2}\d{2}"))
    assert (found.text, judge(found)) == ("AB12", "ok")


def test_spaces_that_are_ignored_cost_nothing() -> None:
    found = decode(drawn("12 34"), ALPHABET, compile_constraint(r"\d{4}", ignore_spaces=True))
    assert (found.text, found.raw, judge(found)) == ("1234", "12 34", "ok")
    assert found.cost == pytest.approx(0.0, abs=1e-6)


def test_a_look_alike_of_another_script_lends_all_its_evidence() -> None:
    found = decode(drawn("Ρ<UTO"), ALPHABET, compile_constraint(r"[A-Z<]{5}"))
    assert (found.raw, found.text) == ("Ρ<UTO", "P<UTO")
    assert found.cost == pytest.approx(0.0, abs=1e-3)


def test_in_a_machine_readable_zone_the_check_digits_tell_o_from_0() -> None:
    true = complete("mrz_td3_line2", "L8O89A2C3?UTO7408122F1204159ZE184226B<<<<<??")
    assert true is not None
    found = decode(
        drawn(true.replace("L8O8", "L808")), ALPHABET, compile_constraint(checks=["mrz_td3_line2"])
    )
    assert (found.text, found.edits, judge(found)) == (true, ((2, "0", "O"),), "corrected")


def test_where_the_check_digits_cannot_tell_either_the_line_is_doubtful() -> None:
    # The third and the sixth character weigh the same, so one O and one 0 may change places.
    true = complete("mrz_td3_line2", "L8O8902C3?UTO7408122F1204159ZE184226B<<<<<??")
    assert true is not None
    found = decode(
        drawn(true.replace("L8O8", "L808")), ALPHABET, compile_constraint(checks=["mrz_td3_line2"])
    )
    assert true in {found.text, *(text for text, _ in found.rivals)}
    assert judge(found) == "doubtful"


def test_spans_and_confidences_belong_to_the_characters() -> None:
    found = decode(drawn("A1", {1: {"7": 0.4}}), ALPHABET, compile_constraint(r"A7"))
    assert found.spans == ((1, 1), (3, 3))
    assert found.confidences[0] > 0.99
    assert found.confidences[1] == pytest.approx(0.4, abs=1e-3)
    assert found.raw_spans == ((1, 1), (3, 3))
    assert found.raw_confidences[1] == pytest.approx(0.6, abs=1e-3)


def test_a_reading_survives_the_wire() -> None:
    for pattern in (r"[A-Z]{2}\d{2}", r"\d{40}"):
        found = decode(drawn("AB12"), ALPHABET, compile_constraint(pattern))
        wired = Decoded.from_wire(json.loads(json.dumps(found.to_wire())))
        assert wired == Decoded.from_wire(wired.to_wire())
        assert (wired.text, wired.raw, wired.spans, judge(wired)) == (
            found.text,
            found.raw,
            found.spans,
            judge(found),
        )


def test_margins_never_pass_the_window() -> None:
    found = decode(drawn("AB12"), ALPHABET, compile_constraint("AB12"))
    assert found.margin == RIVAL_WINDOW
    assert found.rivals == ()


def test_binding_twice_costs_nothing() -> None:
    constraint = compile_constraint(r"[ab漢字]+")
    assert bind(constraint, ALPHABET) is bind(compile_constraint(r"[ab漢字]+"), ALPHABET)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="log_probs must be"):
        decode(np.zeros((3, 4), dtype=np.float32), ALPHABET, compile_constraint("a"))
