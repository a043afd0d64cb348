"""Where nothing is legible many texts are equally good: one is found soon, or the search gives up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.constraints import compile_constraint, decode, nbest

ALPHABET = ["", *"0123456789AB"]


def blurred(frames: int) -> NDArray[np.float32]:
    """Return posteriors in which any symbol is as probable as any other."""
    return np.full((frames, len(ALPHABET)), -np.log(len(ALPHABET)), np.float32)


@pytest.mark.parametrize("pattern", ["[0-9]{30}", "[0-9]{12}A[0-9]{12}", "([0-9]{5}[AB]){5}"])
def test_of_many_equal_texts_one_is_found_without_all_their_beginnings(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nbest, "_MOST_BEGINNINGS", 3000)
    constraint = compile_constraint(pattern)
    found = decode(blurred(90), ALPHABET, constraint)
    assert found.text is not None
    assert constraint.accepts(found.text)
    assert found.margin == pytest.approx(0.0, abs=1e-6)


def test_a_search_that_would_go_on_for_long_says_that_it_was_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nbest, "_MOST_BEGINNINGS", 20)
    found = decode(blurred(90), ALPHABET, compile_constraint("[0-9]{30}"))
    assert (found.text, found.reason) == (None, "search-limit")
