"""A page that was only glanced at is looked at in full; what is known already is not found anew."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from segocr.geometry import rectangle, turned
from segocr.pages import Page
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.textlines.closer import lines_in_full
from segocr.textlines.lines import find_lines, was_glanced_at

OCR = OcrModel("openvino", "PP-OCRv6_small")
WORDS = ("DELIVERY NOTE", "Harbour Street 12", "Total 48.20", "Thank you")


def page(width: int = 1600, height: int = 1200) -> Page:
    image = np.full((height, width, 3), 235, np.uint8)
    for number, words in enumerate(WORDS):
        place = (width // 8, height // 6 + number * height // 6)
        cv2.putText(image, words, place, cv2.FONT_HERSHEY_DUPLEX, 1.8, (30, 30, 30), 2, cv2.LINE_AA)
    return Page(1, image)


def test_known_lines_stay_as_they_are_and_lost_ones_are_found(steps: Steps) -> None:
    (found,) = find_lines([page()], steps, OCR)
    known = [replace(line, text=f"line {number}", lattice=b"read") for number, line in enumerate(found)]
    assert was_glanced_at(page(), known)
    again = lines_in_full(page(), known[1:], steps, OCR)
    assert len(again) == len(known)
    assert sorted(line.text for line in again) == sorted(["", *(line.text for line in known[1:])])
    (new,) = [line for line in again if not line.is_read]
    assert np.abs(new.quad - known[0].quad).max() < 12


def test_new_lines_read_as_the_known_ones_do(steps: Steps) -> None:
    upright = page()
    upside_down = Page(1, upright.image[::-1, ::-1].copy())
    (found,) = find_lines([upside_down], steps, OCR)
    known = [replace(line, quad=turned(line.quad), lattice=b"read") for line in found]
    again = lines_in_full(upside_down, known[1:], steps, OCR)
    (new,) = [line for line in again if not line.is_read]
    assert np.abs(new.quad - known[0].quad).max() < 12


def test_what_only_the_glance_showed_stays_and_nothing_comes_twice(steps: Steps) -> None:
    (found,) = find_lines([page()], steps, OCR)
    known = [replace(line, text=f"line {number}", lattice=b"read") for number, line in enumerate(found)]
    elsewhere = replace(known[0], quad=rectangle(300, 40) + np.array([1200, 1100]), text="elsewhere")
    again = lines_in_full(page(), [*known, replace(known[0], text="twin"), elsewhere], steps, OCR)
    assert sorted(line.text for line in again) == sorted(["elsewhere", *(line.text for line in known)])


def test_half_a_line_is_found_whole(steps: Steps) -> None:
    (found,) = find_lines([page()], steps, OCR)
    tl, tr, br, bl = found[0].quad
    half = replace(found[0], quad=np.array([tl, (tl + tr) / 2, (bl + br) / 2, bl]), lattice=b"read")
    again = lines_in_full(page(), [half, *found[1:]], steps, OCR)
    assert not any(line.is_read for line in again)
    assert any(np.abs(line.quad - found[0].quad).max() < 12 for line in again)


def test_what_was_seen_in_full_is_not_looked_at_again(steps: Steps) -> None:
    small = page(1000, 750)
    (found,) = find_lines([small], steps, OCR)
    assert not was_glanced_at(small, found)
    assert lines_in_full(small, found, steps, OCR) == []
    tiny = replace(found[0], quad=rectangle(100, 8) + 30)
    assert lines_in_full(page(), [tiny], steps, OCR) == []
