"""One place on a page gives one candidate, and a list takes only what was found and read with confidence."""

import numpy as np
import pytest

from segocr import geometry
from segocr.deciding.candidates import LEAST_WORTH, instances, shared_part, without_overlaps
from segocr.readings import Reading, ReadingStatus
from segocr.regions import Region


def candidate(
    x: float, text: str, *, status: str = "ok", confidence: float = 0.9, page: int = 1
) -> tuple[Reading]:
    quad = geometry.rectangle(100, 20) + np.array([x, 0])
    region = Region(page, "plate", 0.9, quad.astype(np.float32))
    return (Reading(region, quad, 0, text, text, ReadingStatus(status), confidence),)


@pytest.mark.parametrize(
    ("shift", "shared"),
    [(0, 1.0), (50, 0.5), (100, 0.0), (300, 0.0)],
)
def test_the_shared_part_is_of_the_smaller_quad(shift, shared):
    a = geometry.rectangle(100, 20)
    assert shared_part(a, a + np.array([shift, 0])) == pytest.approx(shared, abs=1e-3)


def test_a_quad_inside_a_larger_one_is_shared_whole():
    inside = geometry.rectangle(100, 20) + np.array([50, 30])
    assert shared_part(geometry.rectangle(400, 200), inside) == pytest.approx(1.0, abs=1e-3)


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
