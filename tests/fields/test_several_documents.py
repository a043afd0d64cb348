"""A file that shows several documents of a kind: a record is made from one of them, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_fields import CORRECTED, DOUBTFUL, line, result, single, template

from segocr.fields import PartResult
from segocr.readings import Reading
from segocr.records import FieldStatus, Severity

NAMES = "  name: {pattern: '[A-Z]+', required: true}\n  number: {pattern: '[0-9]+', required: true}\n"


def values(found: PartResult) -> tuple[str | None, ...]:
    return tuple(found.fields[name][0].value for name in ("name", "number"))


def two(tmp_path: Path, names: list[Reading], numbers: list[Reading], fields: str = NAMES) -> PartResult:
    part = {"name": [(one,) for one in names], "number": [(one,) for one in numbers]}
    return result(template(tmp_path, fields), part)


@pytest.mark.parametrize(
    ("second", "far"), [({"page": 2}, 0.0), ({"page": 1}, 600.0)], ids=["two pages", "one page"]
)
def test_a_record_does_not_mix_two_documents(tmp_path: Path, second: dict[str, int], far: float) -> None:
    found = two(
        tmp_path,
        [line("ADA", confidence=0.99), line("BOB", y=far, confidence=0.95, **second)],
        [line("11", y=30, confidence=0.95), line("22", y=far + 30, confidence=0.99, **second)],
    )
    assert values(found) in (("ADA", "11"), ("BOB", "22"))
    assert not found.accepted
    for name in ("name", "number"):
        [value] = found.fields[name]
        assert value.status is FieldStatus.DOUBTFUL
        assert [(p.code, p.severity) for p in value.problems] == [("several-candidates", Severity.ERROR)]
    assert {reading.text for reading in found.unchosen} in ({"BOB", "22"}, {"ADA", "11"})


def test_where_each_document_has_one_good_value_both_come_from_one_and_the_record_is_not_accepted(
    tmp_path: Path,
) -> None:
    found = two(
        tmp_path,
        [line("ADA"), line("BOB", y=600, status=DOUBTFUL, cost=9.0)],
        [line("11", y=30, status=DOUBTFUL, cost=9.0), line("22", y=630)],
    )
    assert values(found) in (("ADA", "11"), ("BOB", "22"))
    assert not found.accepted


def test_a_document_read_well_is_taken_whole(tmp_path: Path) -> None:
    found = two(
        tmp_path,
        [line("ADA", status=DOUBTFUL, cost=9.0), line("BOB", y=600)],
        [line("11", y=30, status=DOUBTFUL, cost=9.0), line("22", y=630)],
    )
    assert values(found) == ("BOB", "22")
    assert found.accepted


def test_among_a_hundred_candidates_two_documents_are_told_apart(tmp_path: Path) -> None:
    places = [{"y": 60 * n, "page": 3} for n in range(99)]
    others = [(line("EVE", confidence=0.7, **place), line("7", **place)) for place in places]
    found = two(
        tmp_path,
        [*(name for name, _ in others), line("ADA", confidence=0.99), line("BOB", confidence=0.95, page=2)],
        [line("11", confidence=0.95, y=30), line("22", confidence=0.99, y=30, page=2)]
        + [number for _, number in others],
    )
    assert values(found) in (("ADA", "11"), ("BOB", "22"))
    assert not found.accepted


def test_what_is_far_from_the_rest_is_its_field_all_the_same(tmp_path: Path) -> None:
    found = two(
        tmp_path,
        [line("ADA")],
        [line("11", y=30, score=0.5), line("22", y=900, page=2, score=0.9)],
    )
    assert values(found) == ("ADA", "22")
    # A region of little score could be another field: it neither competes for a place nor goes unsaid.
    found = two(
        tmp_path,
        [line("ADA"), line("BOB", y=900, score=0.2)],
        [line("11", y=30, score=0.2), line("22", y=930)],
    )
    assert values(found) == ("ADA", "22")


@pytest.mark.parametrize(
    ("rival", "severity"),
    [
        (line("22", y=300), Severity.ERROR),
        (line("22", y=300, status=CORRECTED, cost=1.0), Severity.ERROR),
        (line("22", y=300, confidence=0.6), Severity.WARNING),
        (line("22", y=300, status=DOUBTFUL, cost=9.0), None),
        (line("11", y=300), None),
    ],
    ids=["as good", "as good once corrected", "unsure", "doubtful", "the same"],
)
def test_only_a_rival_that_would_be_accepted_keeps_a_value_from_being(
    tmp_path: Path, rival: Reading, severity: Severity | None
) -> None:
    value = single(template(tmp_path, "  a: {pattern: '[0-9]+'}\n"), (line("11"),), (rival,))
    assert value.value == "11"
    assert [(p.code, p.severity) for p in value.problems] == (
        [("several-candidates", severity)] if severity else []
    )
    assert value.accepted is (severity is not Severity.ERROR)


def test_a_part_is_as_doubtful_as_what_it_is_a_part_of_unless_the_rivals_share_it(tmp_path: Path) -> None:
    made = template(
        tmp_path,
        "  a: {pattern: '(?P<land>[A-Z]{2})(?P<number>[0-9]+)'}\n"
        "  land: {from: a, part: land}\n  number: {from: a, part: number}\n  whole: {from: a}\n",
    )
    found = result(made, {"a": [(line("DE11"),), (line("DE22", y=300),)]})
    accepted = {name: values[0].accepted for name, values in found.fields.items()}
    assert accepted == {"a": False, "land": True, "number": False, "whole": False}
