"""One place on a page gives one candidate, and a list takes only what was found and read with confidence."""

from dataclasses import replace

import numpy as np

from segocr import geometry
from segocr.deciding.candidates import LEAST_WORTH, instances, left_out, without_overlaps
from segocr.readings import Reading, ReadingStatus
from segocr.records import FieldStatus, FieldValue, Severity
from segocr.regions import Region


def candidate(
    x: float, text: str, *, status: str = "ok", confidence: float = 0.9, page: int = 1
) -> tuple[Reading]:
    quad = geometry.rectangle(100, 20) + np.array([x, 0])
    region = Region(page, "plate", 0.9, quad.astype(np.float32))
    return (Reading(region, quad, 0, text, text, ReadingStatus(status), confidence),)


def test_what_fits_the_constraint_beats_what_does_not():
    good, bad = (
        candidate(0, "ABC123", confidence=0.7),
        candidate(10, "ABCI23", status="doubtful", confidence=0.9),
    )
    kept, dropped = without_overlaps([bad, good])
    assert kept == [good]
    assert dropped == list(bad)


def test_other_places_and_other_pages_stay_in_their_order():
    candidates = [candidate(0, "A"), candidate(200, "B"), candidate(0, "C", page=2)]
    kept, dropped = without_overlaps(candidates)
    assert kept == candidates
    assert dropped == []


def test_of_three_on_one_place_one_is_left():
    candidates = [candidate(x, "A", confidence=c) for x, c in ((0, 0.8), (20, 0.95), (40, 0.9))]
    kept, dropped = without_overlaps(candidates)
    assert kept == [candidates[1]]
    assert len(dropped) == 2


def test_a_list_takes_what_was_found_and_read_with_some_confidence():
    sure, unsure = candidate(0, "ABC123", confidence=0.9), candidate(300, "1LI1", confidence=LEAST_WORTH / 2)
    assert instances([unsure, sure]) == ([sure], list(unsure))
    assert instances([]) == ([], [])


def test_an_entry_that_was_found_and_is_not_in_its_list_is_told_of():
    def found(x: float, *, score: float = 0.9, name: str = "plate") -> Reading:
        (reading,) = candidate(x, "", status="invalid", confidence=0.0)
        return replace(reading, region=replace(reading.region, score=score), field=name)

    taken = (replace(candidate(0, "ABC123")[0], field="plate"),)
    value = FieldValue(
        "plate", "text", "ABC123", "ABC123", "ABC123", FieldStatus.OK, True, 0.9, readings=taken
    )
    fields = {"plate": (value,), "other": ()}
    beside, unsure, known = found(300), found(600, score=0.1), found(10)
    [problem] = left_out(["plate"], fields, [beside, found(305), unsure, known, found(900, name="other")])
    assert (problem.code, problem.field, problem.severity) == ("entry-left-out", "plate", Severity.WARNING)
    assert problem.message.startswith("1 more")
    assert left_out(["plate"], fields, [unsure, known]) == []
    assert left_out([], fields, [beside]) == []
