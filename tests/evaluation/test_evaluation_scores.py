from __future__ import annotations

import numpy as np
import pytest
from evaluation_samples import box
from hypothesis import given
from hypothesis import strategies as st

from segocr.evaluation.overlap import overlap
from segocr.evaluation.scores import Share, bootstrap_f1, edit_distance, f1_score


def test_wilsons_interval_of_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for count, total, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert Share(count, total).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_has_no_value() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)


def test_f1_counts_what_nobody_labelled_against_it() -> None:
    assert f1_score(8, 10, 10) == pytest.approx(0.8)
    assert f1_score(8, 12, 10) < f1_score(8, 10, 10)
    assert f1_score(0, 0, 0) == 1.0


def test_the_bootstrap_interval_holds_f1_and_narrows_with_documents() -> None:
    few = np.array([[1, 1, 1], [0, 1, 1]] * 10)
    low, high = bootstrap_f1(few)
    assert low < 0.5 < high
    more_low, more_high = bootstrap_f1(np.concatenate([few] * 16))
    assert (more_high - more_low) == pytest.approx((high - low) / 4, rel=0.25)


@given(st.text("ABC", max_size=6), st.text("ABC", max_size=6), st.text("ABC", max_size=6))
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_edit_distance_of_a_known_pair() -> None:
    assert edit_distance("KITTEN", "SITTING") == 3


def test_overlap_counts_areas_and_leaves_out_what_is_off_the_page() -> None:
    half = overlap([box(0, 0)], [box(50, 0)], (640, 480))
    assert half.iou == pytest.approx(1 / 3, abs=0.02)
    assert half.covered == pytest.approx(0.5, abs=0.02)
    two_lines = overlap([box(0, 0), box(0, 30)], [box(0, 0, 100, 50)], (640, 480))
    assert two_lines.covered == 1.0
    assert two_lines.iou == pytest.approx(40 / 50, abs=0.03)
    assert overlap([box(-50, 0)], [box(0, 0, 50)], (640, 480)).iou == pytest.approx(1.0, abs=0.02)
    assert overlap([box(0, 0)], [], (640, 480)).covered == 0.0
