"""Spaces between words that were nearly read are put in; nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from segocr.constraints import compile_constraint, decode, greedy
from segocr.constraints.spaces import CONFIDENCE, LEAST

ALPHABET = ["", *"ABé1.中", " "]


def frames(text: str, between: dict[int, float]) -> np.ndarray:
    """Log-posteriors of a text of which each character is followed by a blank.

    Args:
        text: of characters of the alphabet.
        between: the space's posterior in the blank after a character, by its place.
    """
    rows = []
    for place, character in enumerate(text):
        rows.append({character: 1.0})
        share = between.get(place, 0.0)
        rows.append({"": 1.0 - share, " ": share})
    table = np.full((len(rows), len(ALPHABET)), 1e-9)
    for row, shares in zip(table, rows, strict=True):
        for symbol, share in shares.items():
            row[ALPHABET.index(symbol)] = max(share, 1e-9)
    return np.log(table).astype(np.float32)


NEARLY = float(np.exp(LEAST)) * 1.2
HARDLY = float(np.exp(LEAST)) * 0.8


@pytest.mark.parametrize(
    ("text", "between", "expected"),
    [
        ("ABAB", {1: NEARLY}, "AB AB"),
        ("ABéA", {1: NEARLY, 2: NEARLY}, "AB é A"),
        ("ABAB", {1: HARDLY}, "ABAB"),
        ("ABAB", {1: 0.9}, "AB AB"),  # read as it is
        ("AB1A", {1: NEARLY, 2: NEARLY}, "AB1A"),
        ("A.BA", {1: NEARLY}, "A.BA"),
        ("中中AB", {0: NEARLY, 1: NEARLY}, "中中AB"),
        ("ABAB", {3: NEARLY}, "ABAB"),
        ("A", {0: NEARLY}, "A"),
    ],
)
def test_words_are_parted_where_a_space_was_nearly_read(
    text: str, between: dict[int, float], expected: str
) -> None:
    read = greedy(frames(text, between), ALPHABET)
    assert read.text == read.raw == expected
    assert len(read.confidences) == len(read.spans) == len(expected)


def test_a_space_put_in_is_as_sure_as_such_spaces_are() -> None:
    read = greedy(frames("ABAB", {1: NEARLY}), ALPHABET)
    assert read.confidences[2] == CONFIDENCE
    assert read.posterior == CONFIDENCE
    assert read.spans[2] == (3, 3)


def test_adjacent_frames_leave_room_for_a_space() -> None:
    log_probs = frames("AB", {})[[0, 2]]
    log_probs[1, ALPHABET.index(" ")] = LEAST + 0.1
    assert greedy(log_probs, ALPHABET).text == "A B"


def test_a_text_that_must_fit_a_pattern_is_left_to_its_pattern() -> None:
    read = decode(frames("ABAB", {1: NEARLY}), ALPHABET, compile_constraint("[AB]{4}"))
    assert read.text == read.raw == "ABAB"


def test_an_alphabet_without_spaces_is_read_as_before() -> None:
    log_probs = frames("ABAB", {1: NEARLY})[:, :-1]
    assert greedy(log_probs, ALPHABET[:-1]).text == "ABAB"
