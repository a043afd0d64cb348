"""A specimen passport's data page of an invented country, drawn flat, with its machine-readable zone."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.light import Light
from segocr.synthesis.scenes import CameraRecipe
from segocr.synthesis.specimens.lettering import Colour, text_width, write
from segocr.synthesis.specimens.mrz import Holder, mrz_lines
from segocr.synthesis.specimens.specimen import DrawnField, Specimen, photograph_on
from segocr.synthesis.specimens.surfaces import desk, noise, tinted

Picture = NDArray[np.uint8]

_INK: Colour = (38, 34, 34)
_SIZE = (1400, 961)
_SURNAMES = ["HARROW", "LINDQVIST", "OKONKWO", "MARCHETTI", "VAN DER ZEE", "TANAKA", "OLIVEIRA", "NOVAKOVA"]
_GIVEN = ["IRIS MAUD", "TOMAS", "ADAEZE", "GIULIA", "PIETER JAN", "HIRO", "JOANA BEATRIZ", "EVA"]
_TONES: list[Colour] = [(226, 214, 202), (204, 214, 228), (208, 224, 208), (228, 210, 220), (218, 222, 224)]
_ALPHABET = list("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")


def _some_day(years: tuple[int, int], rng: np.random.Generator) -> date:
    return date(int(rng.integers(*years)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))


def invent_holder(number: int, rng: np.random.Generator) -> Holder:
    """Invent a person; `number` picks the name, chance the rest."""
    return Holder(
        surname=_SURNAMES[number % len(_SURNAMES)],
        given_names=_GIVEN[number % len(_GIVEN)],
        number="".join(rng.choice(_ALPHABET, 9)),
        nationality="UTO",
        birth=_some_day((1948, 2007), rng),
        sex="FMFFMMFF"[number % 8],
        expiry=_some_day((2028, 2036), rng),
        personal_number="".join(rng.choice(_ALPHABET, 10)) if number % 3 == 0 else "",
    )


def _paper(rng: np.random.Generator) -> Picture:
    """Draw security paper: a soft tint with fine waves, and the fold of the book above the page."""
    width = _SIZE[0]
    tone = _TONES[int(rng.integers(len(_TONES)))]
    page = tinted(np.float32(1) + noise(_SIZE, (4, 3), rng) * np.float32(0.025), tone)
    x = np.linspace(0, width, 300)
    waves = tuple(int(c * 0.9) for c in tone)
    for k in range(34):
        swing = 40 * np.sin(x / rng.uniform(90, 210) + k * 0.35) + 14 * np.sin(x / 37 + k)
        line = np.column_stack([x, 150 + k * 24 + swing]).astype(np.int32)
        cv2.polylines(page, [line], False, waves, 1, cv2.LINE_AA)
    fold = int(rng.integers(112, 150))
    page[:fold] = (page[:1].mean() * 0.97,) * 3
    cv2.line(page, (0, fold), (width, fold), tuple(int(c * 0.72) for c in tone), 3, cv2.LINE_AA)
    write(page, "This passport remains the property of nobody", (240, 60), 26, (140, 130, 130), "sans")
    return page


def _portrait(page: Picture, rng: np.random.Generator) -> None:
    """Draw a figure where the photograph belongs: a head, hair, shoulders, no face of anybody."""
    left, top, right, bottom = 120, 300, 410, 660
    middle = (left + right) // 2
    box = np.full((bottom - top, right - left, 3), (214, 206, 196), np.uint8)
    skin = [(150, 178, 214), (96, 128, 172), (60, 84, 122)][int(rng.integers(3))]
    hair = [(24, 30, 40), (40, 74, 110), (150, 156, 160)][int(rng.integers(3))]
    at = middle - left
    cv2.ellipse(
        box,
        (at, 380),
        (150, 130),
        0,
        0,
        360,
        tuple(int(c) for c in rng.integers(40, 160, 3)),
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(box, (at, 150), (88, 108), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.rectangle(box, (at - 34, 220), (at + 34, 290), skin, -1)
    cv2.ellipse(box, (at, 172), (70, 92), 0, 0, 360, skin, -1, cv2.LINE_AA)
    for side in (-28, 28):
        cv2.circle(box, (at + side, 160), 7, (40, 36, 36), -1, cv2.LINE_AA)
    cv2.ellipse(box, (at, 205), (28, 14), 0, 20, 160, (70, 70, 150), 4, cv2.LINE_AA)
    page[top:bottom, left:right] = cv2.GaussianBlur(box, (0, 0), 1.2)


def _visual_zone(page: Picture, holder: Holder, rng: np.random.Generator) -> None:
    """Write the part that people read: names, dates, place, number."""
    accent = [(120, 60, 30), (60, 60, 140), (60, 100, 40)][int(rng.integers(3))]
    write(page, "UTOPIA", (160, 205), 40, accent, "serif-bold")
    write(page, "PASSPORT", (160, 245), 28, accent, "sans-bold")
    write(page, "REPUBLIC OF UTOPIA / SPECIMEN", (560, 200), 38, accent, "serif-bold")
    rows = [
        (250, "Type", "P", 470),
        (250, "Code", holder.nationality, 700),
        (250, "Passport No.", holder.number, 980),
        (318, "1. Surname", holder.surname, 470),
        (386, "2. Given names", holder.given_names, 470),
        (454, "3. Nationality", "UTOPIAN", 470),
        (522, "4. Date of birth", f"{holder.birth:%d %b %Y}".upper(), 470),
        (522, "5. Sex", holder.sex, 820),
        (590, "6. Place of birth", "NEW HARBOUR", 470),
        (590, "7. Authority", "UTOPIA CITY", 900),
        (658, "8. Date of expiry", f"{holder.expiry:%d %b %Y}".upper(), 470),
    ]
    for y, label, value, x in rows:
        write(page, label, (x, y), 16, accent, "sans")
        write(page, value, (x, y + 34), 30, _INK, "sans-bold" if x > 900 else "sans")


def draw_passport(holder: Holder, rng: np.random.Generator) -> Specimen:
    """Draw a flat data page of 1400×961 pixels with the fields ``mrz_line1`` and ``mrz_line2``."""
    page = _paper(rng)
    _portrait(page, rng)
    _visual_zone(page, holder, rng)
    size, left, top = int(rng.integers(29, 32)), int(rng.integers(155, 200)), int(rng.integers(765, 795))
    pitch = int(rng.integers(54, 62))
    fields = []
    for number, line in enumerate(mrz_lines(holder), start=1):
        if text_width(line, size, "ocr-b") > _SIZE[0] - left - 60:
            raise ValueError("the machine-readable zone is wider than its page")
        box = write(page, line, (left, top + (number - 1) * pitch), size, _INK, "ocr-b")
        fields.append(DrawnField(f"mrz_line{number}", line, (box,)))
    return Specimen(page, tuple(fields))


def passport_photos(count: int, seed: int) -> list[tuple[str, Specimen]]:
    """Draw `count` photos of passports on desks: tilted up to 40°, every fourth one upside down."""
    photos = []
    for number in range(count):
        rng = np.random.default_rng([seed, 1, number])
        page = draw_passport(invent_holder(number, rng), rng)
        light = Light(noise=(1.5, 3.0))
        recipe = CameraRecipe(page_scale=(0.66, 0.82), upside_down=float(number % 4 == 2), light=light)
        photos.append((f"passport-{number + 1}", photograph_on(page, desk(recipe.size, rng), recipe, rng)))
    return photos
