"""One place on a page gives one candidate, and a list takes only what was found and read with confidence."""

import numpy as np

from segocr import geometry
from segocr.deciding.candidates import LEAST_WORTH, instances, without_overlaps
from segocr.readings import Reading, ReadingStatus
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
