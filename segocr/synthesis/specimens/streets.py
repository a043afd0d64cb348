"""Photos of cars in streets, every car with its plate."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.light import Light, photograph
from segocr.synthesis.specimens.cars import Stand, draw_car, fill, rounded
from segocr.synthesis.specimens.lettering import Colour
from segocr.synthesis.specimens.plates import draw_american, draw_brazilian, draw_european
from segocr.synthesis.specimens.specimen import DrawnField, Specimen
from segocr.synthesis.specimens.surfaces import noise, tinted

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

# Drawn at twice the size of the photo, so that edges come out as a lens would have them.
_DRAWN = (2000, 1500)
_PHOTO = (1000, 750)
_PAINTS: list[Colour] = [
    (120, 62, 40),
    (150, 150, 150),
    (48, 48, 52),
    (58, 60, 130),
    (70, 96, 70),
    (178, 176, 170),
]


def _street(rng: np.random.Generator) -> tuple[Picture, int]:
    """Draw a street without cars; returns it with the height of its horizon, pixels from the top."""
    width, height = _DRAWN
    horizon = int(height * rng.uniform(0.3, 0.42))
    leaves = np.float32(1) + noise(_DRAWN, (160, 120), rng) * 0.22 + noise(_DRAWN, (24, 18), rng) * 0.2
    back: Colour = [(70, 110, 80), (110, 126, 140), (120, 110, 104)][int(rng.integers(3))]
    picture = tinted(leaves.astype(np.float32), back)
    sky = np.array([[0, 0], [width, 0], [width, horizon * 0.4], [0, horizon * 0.55]])
    fill(picture, sky, (236, 226, 214), (226, 224, 220), soft=18)
    grain = rng.standard_normal((height, width), dtype=np.float32) * 0.07
    road = tinted(np.float32(1) + grain + noise(_DRAWN, (9, 12), rng) * np.float32(0.06), (122, 122, 124))
    picture[horizon:] = road[horizon:]
    cv2.rectangle(picture, (0, horizon - 26), (width, horizon + 20), (164, 168, 170), -1)
    for x in range(int(rng.integers(0, 200)), width, int(rng.integers(160, 420))):
        cv2.line(
            picture, (x, horizon - int(rng.integers(120, 260))), (x, horizon), (54, 56, 60), 12, cv2.LINE_AA
        )
    start = (int(rng.uniform(0.0, 0.3) * width), height)
    cv2.line(picture, start, (int(width * 0.45), horizon), (206, 210, 210), 16, cv2.LINE_AA)
    return picture, horizon


def _parked_cars(picture: Picture, horizon: int, rng: np.random.Generator) -> None:
    """Park some cars in the distance, out of focus and too far away for their plates."""
    for side in (0.12, 0.88):
        if rng.random() < 0.75:
            stand = Stand(_DRAWN[0] * (side + rng.uniform(-0.07, 0.07)), horizon + 70, rng.uniform(250, 340))
            draw_car(picture, stand, _PAINTS[int(rng.integers(len(_PAINTS)))])
    picture[:] = cv2.GaussianBlur(picture, (0, 0), 3.5)


def _mount(picture: Picture, plate: Specimen, corners: Points) -> DrawnField:
    """Screw a plate onto a car: its corners TL, TR, BR, BL ``(4, 2)`` in the picture."""
    middle = corners.mean(axis=0)
    holder = middle + (corners - middle) * (1.12, 1.3)
    fill(picture, rounded(holder, corner=0.08), (40, 40, 42), (62, 62, 64))
    height, width = plate.picture.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    laid = cv2.warpPerspective(plate.picture, matrix, _DRAWN, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, _DRAWN)
    alpha = mask[..., None].astype(np.float32) / 255
    picture[:] = (picture * (1 - alpha) + laid * 0.94 * alpha).astype(np.uint8)
    return DrawnField("plate", plate.fields[0].value, (corners,))


def draw_street(plate: Specimen, plate_width: float, car_width: float, rng: np.random.Generator) -> Specimen:
    """Draw one car with this plate in a street and take the photo.

    Args:
        plate: The flat plate.
        plate_width: Its width in car widths.
        car_width: The car's width as a share of the photo's.
        rng: The only source of chance.
    """
    picture, horizon = _street(rng)
    _parked_cars(picture, horizon, rng)
    width = car_width * _DRAWN[0]
    stand = Stand(_DRAWN[0] * rng.uniform(0.42, 0.58), _DRAWN[1] * rng.uniform(0.84, 0.93), width)
    number = int(rng.integers(len(_PAINTS)))
    draw_car(picture, stand, _PAINTS[number])
    tall = plate_width * plate.picture.shape[0] / plate.picture.shape[1]
    half, middle = plate_width / 2, rng.uniform(0.36, 0.38)
    corners = stand.at(
        [
            (-half, middle + tall / 2),
            (half, middle + tall / 2),
            (half, middle - tall / 2),
            (-half, middle - tall / 2),
        ]
    )
    field = _mount(picture, plate, corners)
    return _photo(picture, field, rng)


def _photo(picture: Picture, field: DrawnField, rng: np.random.Generator) -> Specimen:
    """Hold the camera a little askew: turn, perspective, light, noise; half the drawn size."""
    width, height = _DRAWN
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-11, 11)), 1.06)
    seen = flat @ turn[:, :2].T + turn[:, 2] + rng.uniform(-0.05, 0.05, (4, 2)) * width
    matrix = cv2.getPerspectiveTransform(flat, seen.astype(np.float32))
    turned = cv2.warpPerspective(picture, matrix, _DRAWN, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    small = np.asarray(cv2.resize(turned, _PHOTO, interpolation=cv2.INTER_AREA), np.uint8)
    lit = photograph(small, Light(darkest=0.7, blur=(0.3, 0.8), noise=(2.0, 4.0)), rng)
    points = cv2.perspectiveTransform(field.polygons[0][None].astype(np.float32), matrix)[0] / 2
    return Specimen(lit, (DrawnField(field.class_name, field.value, (points.astype(np.float64),)),))


def plate_photos(count: int, seed: int) -> list[tuple[str, Specimen]]:
    """Draw `count` photos of cars, the three fashions of plates in turn."""
    fashions = [
        ("eu", draw_european, 0.32, (0.6, 0.78)),
        ("br", draw_brazilian, 0.27, (0.62, 0.78)),
        ("us", draw_american, 0.22, (0.52, 0.66)),
    ]
    photos = []
    for number in range(count):
        rng = np.random.default_rng([seed, 2, number])
        name, draw, plate_width, car_width = fashions[number % len(fashions)]
        scene = draw_street(draw(rng), plate_width, float(rng.uniform(*car_width)), rng)
        photos.append((f"plate-{name}-{number + 1}", scene))
    return photos
