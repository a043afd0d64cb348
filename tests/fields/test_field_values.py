"""Readings become field values: chosen, judged, with their evidence; the record's status follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_fields import CORRECTED, DAY, DOUBTFUL, INVALID, OK, line, result, single, template

from segocr.fields import field_values
from segocr.readings import ReadingStatus
from segocr.records import FieldStatus, RecordStatus, regions_of
from segocr.steps.validate.python import handle


def test_every_field_is_there_even_if_nothing_was_read(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {required: true}\n  b: {instances: all}\n  c: {from: a}\n")
    found = result(made, {})
    assert found.fields["a"][0].status is FieldStatus.MISSING
    assert found.fields["b"] == ()
    assert found.fields["c"][0].value is None
    assert [problem.code for problem in found.problems] == ["required-missing", "nothing-found"]
    assert (found.status, found.accepted) == (RecordStatus.PARTIAL, False)


@pytest.mark.parametrize(
    ("status", "confidence", "expected", "accepted"),
    [
        (OK, 0.95, FieldStatus.OK, True),
        (CORRECTED, 0.95, FieldStatus.CORRECTED, True),
        (DOUBTFUL, 0.99, FieldStatus.DOUBTFUL, False),
        (INVALID, 0.99, FieldStatus.INVALID, False),
        (OK, 0.89, FieldStatus.DOUBTFUL, False),
    ],
)
def test_status_and_acceptance(
    tmp_path: Path, status: ReadingStatus, confidence: float, expected: FieldStatus, accepted: bool
) -> None:
    value = single(template(tmp_path, "  a: {}\n"), (line("x", status=status, confidence=confidence),))
    assert (value.status, value.accepted, value.value) == (expected, accepted, "x")
    assert bool(value.problems) is not accepted


def test_a_field_is_worth_what_its_worst_line_is(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {lines: many, normalise: [collapse_spaces]}\n")
    value = single(
        made, (line("one"), line("two", y=20, line=1, status=CORRECTED, confidence=0.92, cost=0.5))
    )
    assert (value.value, value.text, value.raw) == ("one two", "one\ntwo", "one\ntwo")
    # Its regions were found with 0.9: where any text will do, it is worth no more than they are.
    assert (value.status, value.confidence, value.cost) == (FieldStatus.CORRECTED, 0.9, 0.5)
    assert len(value.readings) == 2


def test_a_text_that_no_constraint_accepts_is_kept_as_raw(tmp_path: Path) -> None:
    value = single(template(tmp_path, "  a: {}\n"), (line(None, raw="smudge", status=INVALID),))
    assert (value.value, value.text, value.raw, value.status) == (None, None, "smudge", FieldStatus.INVALID)
    assert [problem.code for problem in value.problems] == ["unreadable-text"]


def test_a_text_without_a_value_is_kept(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {type: date, formats: [dd/MM/yyyy], required: true}\n")
    found = result(made, {"a": [(line("31/02/2018"),)]})
    [value] = found.fields["a"]
    assert (value.value, value.text, value.status) == (None, "31/02/2018", FieldStatus.INVALID)
    assert [problem.code for problem in value.problems] == ["no-such-day"]
    assert [problem.code for problem in found.problems] == ["required-invalid"]
    assert found.status is RecordStatus.PARTIAL


def test_the_best_candidate_is_not_merely_the_highest_region(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {type: date, formats: [dd/MM/yyyy]}\n")
    candidates = (
        (line("32/01/2018", score=0.99),),
        (line("01/02/2018", score=0.6, cost=4.0, status=CORRECTED),),
        (line("03/02/2018", score=0.5),),
        (line("04/02/2018", score=0.98, status=DOUBTFUL, cost=9.0),),
    )
    value = single(made, *candidates)
    assert value.value == "2018-02-03"


def test_what_was_not_chosen_stays_as_evidence(tmp_path: Path) -> None:
    found = result(
        template(tmp_path, "  a: {}\n"), {"a": [(line("x", score=0.5),), (line("x", score=0.9, y=50),)]}
    )
    assert found.fields["a"][0].readings[0].region.score == 0.9
    assert found.fields["a"][0].problems == ()
    assert [reading.region.score for reading in found.unchosen] == [0.5]


def test_instances_are_put_in_reading_order(tmp_path: Path) -> None:
    part = {
        "a": [(line("d", page=2),), (line("c", y=40),), (line("b", x=200, y=3),), (line("a", x=10, y=6),)],
    }
    values = {}
    for instances in ("all", "join", "first"):
        found = result(template(tmp_path, f"  a: {{instances: {instances}}}\n"), part)
        values[instances] = [(value.ordinal, value.value) for value in found.fields["a"]]
    assert values["all"] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert values["join"] == [(0, "a b c d")]
    assert values["first"] == [(0, "a")]


def test_parts_come_from_the_patterns_own_names(tmp_path: Path) -> None:
    fields = "  a: {pattern: '(?P<year>[0-9]{4})/(?P<number>[0-9]+)'}\n"
    fields += (
        "  year: {from: a, part: year, type: integer}\n  number: {from: a, part: number, type: integer}\n"
    )
    found = result(template(tmp_path, fields), {"a": [(line("2024/0017", status=CORRECTED, cost=1.5),)]})
    assert [found.fields[name][0].value for name in ("year", "number")] == ["2024", "17"]
    assert found.fields["number"][0].text == "0017"
    assert found.fields["number"][0].status is FieldStatus.CORRECTED
    assert found.fields["number"][0].readings == found.fields["a"][0].readings


def test_validators_make_a_value_doubtful_or_invalid(tmp_path: Path) -> None:
    validators = "[{not_after: today}, {not_before: 2020-01-01}]"
    fields = f"  a: {{type: date, formats: [dd/MM/yyyy], validators: {validators}}}\n"
    made = template(tmp_path, fields)
    assert single(made, (line("22/11/2026"),)).accepted
    late = single(made, (line("23/11/2026"),))
    assert (late.value, late.status, late.accepted) == ("2026-11-23", FieldStatus.DOUBTFUL, False)
    assert [problem.code for problem in late.problems] == ["too-late"]
    assert [problem.code for problem in single(made, (line("31/12/2019"),)).problems] == ["too-early"]


RULES = """\
rules:
  - {name: sum, expression: 'near(total, net + tax, 0.01)', severity: %s}
"""
SUM = "  net: {type: money, required: true}\n  tax: {type: money}\n  total: {type: money, required: true}\n"


@pytest.mark.parametrize(("severity", "accepted"), [("error", False), ("warning", True)])
def test_a_rule_that_fails_keeps_a_record_from_being_accepted(
    tmp_path: Path, severity: str, accepted: bool
) -> None:
    made = template(tmp_path, SUM, RULES % severity)
    part = {"net": [(line("1.10"),)], "tax": [(line("2.20"),)], "total": [(line("3.30"),)]}
    assert result(made, part).problems == ()
    part["total"] = [(line("3.32"),)]
    found = result(made, part)
    assert [(problem.code, problem.severity.value) for problem in found.problems] == [
        ("rule-failed", severity)
    ]
    assert (found.status, found.accepted) == (RecordStatus.COMPLETE, accepted)


def test_a_rule_with_a_missing_operand_says_so_and_blocks_nothing(tmp_path: Path) -> None:
    made = template(tmp_path, SUM, RULES % "error")
    found = result(made, {"net": [(line("1.10"),)], "total": [(line("9"),)]})
    assert [problem.code for problem in found.problems] == ["rule-not-evaluated"]
    assert "tax has no value" in found.problems[0].message
    assert found.accepted


def test_a_doubtful_required_field_keeps_a_record_from_being_accepted(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {required: true}\n  b: {}\n")
    assert result(made, {"a": [(line("x"),)], "b": [(line("y", status=DOUBTFUL),)]}).accepted
    found = result(made, {"a": [(line("x", status=DOUBTFUL),)]})
    assert (found.status, found.accepted) == (RecordStatus.COMPLETE, False)


@pytest.mark.parametrize(
    ("text", "suffix", "serial"),
    [("A12-X", "X", "12"), ("A12", None, "12"), ("A-X", "X", None)],
)
def test_a_part_that_a_text_may_leave_out_is_missing(
    tmp_path: Path, text: str, suffix: str | None, serial: str | None
) -> None:
    fields = (
        "  a: {pattern: 'A(?P<serial>[0-9]*)(-(?P<suffix>X))?'}\n"
        "  serial: {from: a, part: serial}\n  suffix: {from: a, part: suffix}\n"
    )
    found = result(template(tmp_path, fields), {"a": [(line(text),)]})
    for name, wanted in (("serial", serial), ("suffix", suffix)):
        [value] = found.fields[name]
        assert (value.value, value.status) == (wanted, FieldStatus.OK if wanted else FieldStatus.MISSING)
    assert found.accepted


def test_a_passport_without_given_names_has_none(tmp_path: Path) -> None:
    parts = "  given: {from: a, part: given_names}\n  name: {from: a, part: surname}\n"
    fields = f"  a: {{checks: [mrz_td3_line1]}}\n{parts}"
    found = result(template(tmp_path, fields), {"a": [(line("P<UTOARKFREITH".ljust(44, "<")),)]})
    assert [found.fields[name][0].value for name in ("name", "given")] == ["ARKFREITH", None]
    assert found.fields["given"][0].status is FieldStatus.MISSING


def test_many_parts_are_judged_in_one_call(tmp_path: Path) -> None:
    calls = []

    def counted(request: dict[str, Any]) -> dict[str, Any]:
        calls.append(len(request["parts"]))
        return handle(request)

    made = template(tmp_path, "  a: {}\n")
    found = field_values(made, [{"a": [(line(str(n)),)]} for n in range(5)], validate=counted, day=DAY)
    assert [part.fields["a"][0].value for part in found] == list("01234")
    assert calls == [5]
    assert field_values(made, [], validate=counted, day=DAY) == []


def test_the_request_is_json_and_comes_back_the_same(tmp_path: Path) -> None:
    import json

    def over_the_wire(request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(handle(json.loads(json.dumps(request)))))
        return answer

    made = template(
        tmp_path, "  a: {type: date, formats: [dd/MM/yyyy], validators: [{not_before: 2020-01-01}]}\n"
    )
    part = {"a": [(line("01/02/2021"),)]}
    direct = field_values(made, [part], validate=handle, day=DAY)
    assert field_values(made, [part], validate=over_the_wire, day=DAY) == direct


def test_below_the_score_that_the_template_asks_for_nothing_is_accepted(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {pattern: '[A-Z0-9]{4,8}'}\n", "accept: {score: 0.5}\n")
    assert single(made, (line("AB1234", score=0.5),)).accepted
    other_text = single(made, (line("SERVICE", score=0.4),))
    assert (other_text.status, other_text.value) == (FieldStatus.DOUBTFUL, "SERVICE")
    assert [problem.code for problem in other_text.problems] == ["low-score"]


def test_a_region_of_several_lines_is_evidence_once(tmp_path: Path) -> None:
    made = template(tmp_path, "  a: {lines: many}\n")
    found = result(made, {"a": [(line("ONE"), line("TWO"))]}).fields["a"][0]
    assert len(found.readings) == 2
    assert len(regions_of(found)) == 1
