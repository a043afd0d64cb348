"""Sales receipts of invented shops: some scanned flat, some photographed on a desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import CameraRecipe
from segocr.synthesis.specimens.lettering import Colour, write, write_centred, write_to_right
from segocr.synthesis.specimens.specimen import DrawnField, Specimen, photograph_on
from segocr.synthesis.specimens.surfaces import desk

Picture = NDArray[np.uint8]

_INK: Colour = (52, 50, 50)
_WIDTH = 700


@dataclass(frozen=True, slots=True)
class Shop:
    """An invented shop and what it sells: (article, price of one)."""

    name: str
    address: tuple[str, ...]
    goods: tuple[tuple[str, str], ...]


SHOPS = (
    Shop(
        "OLD HARBOUR BOOKS SDN BHD",
        ("NO. 14, JALAN PELABUHAN 3/7,", "TAMAN UTOPIA,", "47300 NEW HARBOUR, UTO"),
        (
            ("ATLAS OF NO PLACE", "48.90"),
            ("PENCIL HB", "1.20"),
            ("NOTE BOOK A5", "7.50"),
            ("INK BLUE", "12.40"),
        ),
    ),
    Shop(
        "GREEN LANTERN CAFE",
        ("LOT 2-11, GROUND FLOOR,", "HARBOUR MALL, JALAN BESAR,", "50480 UTOPIA CITY"),
        (("TEA WITH MILK", "4.20"), ("TOAST", "3.60"), ("EGG NOODLES", "9.80"), ("LIME JUICE", "5.10")),
    ),
    Shop(
        "KEDAI PERKAKAS BINTANG",
        ("7, LORONG SERI 5,", "81100 NEW HARBOUR"),
        (("HAMMER 300G", "22.00"), ("NAILS 50MM", "4.75"), ("WOOD GLUE 1L", "16.30"), ("TAPE", "3.88")),
    ),
    Shop(
        "TIDEWATER PHARMACY SDN BHD",
        ("18A, MEDAN UTOPIA 2,", "JALAN MERCU SUAR,", "43000 LIGHT HOUSE, UTO"),
        (("PLASTERS 40S", "8.90"), ("HAND CREAM", "14.50"), ("VITAMIN C", "19.90"), ("COTTON WOOL", "5.25")),
    ),
)


def _header(page: Picture, shop: Shop, font: str) -> tuple[list[DrawnField], int]:
    """Write name and address; returns their fields and the next base line, pixels."""
    name = write_centred(page, shop.name, (_WIDTH // 2, 110), 36, _INK, f"{font}-bold")
    lines, y = [], 158
    for line in shop.address:
        lines.append(write_centred(page, line, (_WIDTH // 2, y), 27, _INK, font))
        y += 38
    fields = [
        DrawnField("company", shop.name, (name,)),
        DrawnField("address", " ".join(shop.address), tuple(lines)),
    ]
    write_centred(page, "TEL: 00-555 0142   (TAX ID 000111222)", (_WIDTH // 2, y), 24, _INK, font)
    return fields, y + 70


def _goods(page: Picture, shop: Shop, y: int, font: str, rng: np.random.Generator) -> tuple[Decimal, int]:
    """Write the bought articles; returns their sum and the next base line."""
    total = Decimal(0)
    for article, price in shop.goods[: int(rng.integers(2, 5))]:
        count = int(rng.integers(1, 4))
        amount = count * Decimal(price)
        total += amount
        write(page, article, (60, y), 27, _INK, font)
        write(page, f"{count} X {price}", (90, y + 36), 25, _INK, font)
        write_to_right(page, f"{amount:.2f}", (640, y + 36), 27, _INK, font)
        y += 82
    cv2.line(page, (56, y - 18), (644, y - 18), _INK, 2)
    return total, y + 32


def draw_receipt(shop: Shop, rng: np.random.Generator) -> Specimen:
    """Draw a flat receipt, 700 pixels wide, with the fields company, address, date and total."""
    font = "mono" if rng.random() < 0.5 else "sans"
    page = np.full((1300, _WIDTH, 3), 247, np.uint8)
    fields, y = _header(page, shop, font)
    write_centred(page, "RECEIPT", (_WIDTH // 2, y), 32, _INK, f"{font}-bold")
    day = f"{date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 700))):%d/%m/%Y}"
    write(page, f"NO: {int(rng.integers(10000, 99999))}", (60, y + 52), 26, _INK, font)
    write(page, f"CASHIER {int(rng.integers(1, 9))}", (60, y + 90), 26, _INK, font)
    fields.append(DrawnField("date", day, (write_to_right(page, day, (640, y + 52), 28, _INK, font),)))
    write_to_right(
        page, f"{int(rng.integers(9, 21)):02}:{int(rng.integers(60)):02}", (640, y + 90), 26, _INK, font
    )
    total, y = _goods(page, shop, y + 160, font, rng)
    fields.append(_payment(page, total, y, font))
    write_centred(page, "THANK YOU, COME AGAIN", (_WIDTH // 2, y + 230), 26, _INK, font)
    return Specimen(page[: y + 300], tuple(fields))


def _payment(page: Picture, total: Decimal, y: int, font: str) -> DrawnField:
    """Write the total, what was paid and the change; returns the total's field."""
    paid = (total // 50 + 1) * 50
    write(page, "TOTAL RM", (60, y + 10), 36, _INK, f"{font}-bold")
    box = write_to_right(page, f"{total:.2f}", (640, y + 10), 36, _INK, f"{font}-bold")
    for row, (label, amount) in enumerate((("CASH", paid), ("CHANGE", paid - total))):
        write(page, label, (60, y + 60 + 40 * row), 26, _INK, font)
        write_to_right(page, f"{amount:.2f}", (640, y + 60 + 40 * row), 26, _INK, font)
    return DrawnField("total", f"{total:.2f}", (box,))


def receipt_pictures(count: int, seed: int) -> list[tuple[str, Specimen]]:
    """Draw `count` receipts: scans and photos in turn."""
    pictures = []
    for number in range(count):
        rng = np.random.default_rng([seed, 3, number])
        page = draw_receipt(SHOPS[number % len(SHOPS)], rng)
        if number % 2:
            size = (1200, 1600)
            recipe = CameraRecipe(
                size, (1.05, 1.15), angle=14, upside_down=0.0, light=Light(noise=(1.5, 3.0))
            )
            pictures.append(
                (f"receipt-photo-{number + 1}", photograph_on(page, desk(size, rng), recipe, rng))
            )
        else:
            scan = photograph(page.picture, Light(darkest=0.93, noise=(1.0, 3.0)), rng)
            pictures.append((f"receipt-scan-{number + 1}", Specimen(scan, page.fields)))
    return pictures
