"""Invoices of invented firms in four arrangements: some scanned, some photographed.

A type that no template of this project knows: the walk-through in docs/new-template.md begins with it. They
are drawn with OpenCV's own fonts, so every machine draws the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from segocr.synthesis.light import Light, photograph
from segocr.synthesis.scenes import CameraRecipe
from segocr.synthesis.specimens.billing import SENDERS, Invoice, invent_invoice
from segocr.synthesis.specimens.lettering import Colour, text_width, write
from segocr.synthesis.specimens.specimen import DrawnField, Specimen, photograph_on
from segocr.synthesis.specimens.surfaces import cloth, stone, wood

Picture = NDArray[np.uint8]

_INK: Colour = (44, 40, 40)
_PALE: Colour = (120, 116, 116)
_SIZE = (1000, 1414)
_LEFT, _RIGHT = 90, 910
_TEXT = 23


@dataclass(slots=True)
class Sheet:
    """A page on its way: what is drawn, and the fields so far. Places are (x, y) of base lines, pixels."""

    picture: Picture
    invoice: Invoice
    fields: list[DrawnField] = field(default_factory=list)

    def put(
        self, text: str, x: int, y: int, *, size: int = _TEXT, font: str = "", colour: Colour = _INK,
        right: bool = False, name: str = "",
    ) -> int:  # fmt: skip
        """Write one line from `x`, or (`right`) up to it; a `name` makes it a field. Return its right end."""
        font = font or self.invoice.sender.font
        width = text_width(text, size, font)
        start = x - width if right else x
        box = write(self.picture, text, (start, y), size, colour, font)
        if name:
            self.fields.append(DrawnField(name, text, (box,)))
        return start + width

    def amount(self, text: str, x: int, y: int, *, size: int = _TEXT, font: str = "", name: str = "") -> None:
        """Write an amount that ends at `x`, with its currency before or after it."""
        printed = f"EUR {text}" if self.invoice.sender.currency == "before" else f"{text} EUR"
        self.put(printed, x, y, size=size, font=font, right=True, name=name)

    def pair(self, label: str, text: str, x: int, y: int, *, gap: int = 0, name: str = "") -> None:
        """Write a label and, `gap` pixels from its start (0: right after it), what it is of."""
        end = self.put(label, x, y)
        self.put(text, x + gap if gap else end + 9, y, name=name)

    def rule(self, y: int, left: int = _LEFT, right: int = _RIGHT) -> None:
        """Draw a line across."""
        cv2.line(self.picture, (left, y), (right, y), self.invoice.sender.colour, 2)

    def block(self, left: int, top: int, right: int, bottom: int, colour: Colour, thick: int = -1) -> None:
        """Draw a rectangle, filled unless it has a thickness."""
        cv2.rectangle(self.picture, (left, top), (right, bottom), colour, thick)


_CUSTOMERS = (
    ("Harbour Hotel", "2 Pier Road", "4731 New Harbour"),
    ("Museum of No Place", "Postbox 99", "Utopia"),
    ("School on the Hill", "Hill Road 40", "6021 Innbridge"),
)


def _customer(sheet: Sheet, x: int, y: int, rng: np.random.Generator) -> None:
    for row, text in enumerate(_CUSTOMERS[int(rng.integers(len(_CUSTOMERS)))]):
        sheet.put(text, x, y + 32 * row)


def _table(sheet: Sheet, y: int) -> int:
    """Write the rows; returns the base line below them."""
    for text, x, right in (("Item", _LEFT, False), ("Qty", 560, True), ("Price", 710, True),
                           ("Amount", _RIGHT, True)):  # fmt: skip
        sheet.put(text, x, y, size=20, colour=_PALE, right=right)
    sheet.rule(y + 12)
    for what, count, price, amount in sheet.invoice.rows:
        y += 46
        sheet.put(what, _LEFT, y)
        for text, x in ((count, 560), (price, 710), (amount, _RIGHT)):
            sheet.put(text, x, y, right=True)
    sheet.rule(y + 20)
    return y + 62


def _sums(sheet: Sheet, y: int, label: str) -> int:
    """Write net, tax and total; returns the base line below them."""
    for text, amount in (("Net amount", sheet.invoice.net), ("VAT 20 %", sheet.invoice.tax)):
        sheet.put(text, 540, y)
        sheet.amount(amount, _RIGHT, y)
        y += 38
    sheet.rule(y - 18, 540)
    sheet.put(label, 540, y + 18, size=28, font="strong")
    sheet.amount(sheet.invoice.total, _RIGHT, y + 18, size=28, font="strong", name="total")
    return y + 90


def _letter(sheet: Sheet, rng: np.random.Generator) -> None:
    """Sender at the left, facts at the right, the account at the foot."""
    one, sender = sheet.invoice, sheet.invoice.sender
    sheet.put(sender.name, _LEFT, 120, size=36, font="strong", colour=sender.colour)
    for row, text in enumerate(sender.address):
        sheet.put(text, _LEFT, 160 + 30 * row, size=20, colour=_PALE)
    _customer(sheet, _LEFT, 290, rng)
    sheet.put("INVOICE", 560, 290, size=34, font="strong")
    facts = (
        ("Invoice no.", one.number, "number"), ("Invoice date", one.day, "date"), ("Due date", one.due, ""),
        ("Customer no.", one.customer, ""), ("Your order", one.order, ""),
    )  # fmt: skip
    for row, (label, text, name) in enumerate(facts):
        sheet.pair(label, text, 560, 340 + 36 * row, gap=170, name=name)
    y = _sums(sheet, _table(sheet, 600), "Total")
    sheet.put(f"Please pay within 14 days, by {one.due} at the latest.", _LEFT, y)
    sheet.rule(1290)
    sheet.pair("IBAN", one.iban, _LEFT, 1330, name="iban")
    sheet.put(f"VAT ID UT{one.customer[1:]}77", _RIGHT, 1330, size=20, colour=_PALE, right=True)


def _banner(sheet: Sheet, rng: np.random.Generator) -> None:
    """A coloured band; facts in columns with their labels above them; the account in a box."""
    one, sender = sheet.invoice, sheet.invoice.sender
    sheet.block(0, 0, _SIZE[0], 150, sender.colour)
    sheet.put(sender.name, _LEFT, 96, size=38, font="strong", colour=(250, 250, 250))
    sheet.put(", ".join(sender.address), _LEFT, 200, size=20, colour=_PALE)
    _customer(sheet, _LEFT, 280, rng)
    columns = (
        ("INVOICE NUMBER", one.number, "number"),
        ("DATE", one.day, "date"),
        ("PAYABLE BY", one.due, ""),
    )
    for (label, text, name), x in zip(columns, (_LEFT, 390, 660), strict=True):
        sheet.put(label, x, 440, size=18, colour=_PALE)
        sheet.put(text, x, 472, name=name)
    y = _sums(sheet, _table(sheet, 560), "To pay")
    sheet.block(_LEFT, y, 640, y + 120, sender.colour, 2)
    sheet.put("Payment by bank transfer", _LEFT + 20, y + 36, size=20, colour=_PALE)
    sheet.put(one.iban, _LEFT + 20, y + 72, name="iban")
    sheet.put(f"Reference: {one.customer}", _LEFT + 20, y + 104, size=20)


def _note(sheet: Sheet, rng: np.random.Generator) -> None:
    """A letter in sentences: what is wanted stands within lines of other words."""
    one, sender = sheet.invoice, sheet.invoice.sender
    sheet.put(sender.name, _RIGHT, 110, size=32, font="strong", right=True)
    for row, text in enumerate(sender.address):
        sheet.put(text, _RIGHT, 148 + 30 * row, size=20, right=True)
    _customer(sheet, _LEFT, 250, rng)
    town = " ".join(word for word in sender.address[1].split() if word.isalpha())
    end = sheet.put(f"{town},", _LEFT, 420)
    sheet.put(one.day, end + 10, 420, name="date")
    end = sheet.put("Invoice No.", _LEFT, 480, size=30, font="strong")
    sheet.put(one.number, end + 12, 480, size=30, font="strong", name="number")
    sheet.put(f"For your order {one.order} we charge:", _LEFT, 530)
    y = _sums(sheet, _table(sheet, 590), "You pay")
    sheet.put(f"Kindly transfer the amount by {one.due} to our account", _LEFT, y)
    sheet.put(one.iban, _LEFT, y + 36, name="iban")
    sheet.put("With kind regards", _LEFT, y + 100)


def _boxes(sheet: Sheet, rng: np.random.Generator) -> None:
    """A form: boxes with small labels in their corners."""
    one, sender = sheet.invoice, sheet.invoice.sender
    sheet.put("INVOICE", _LEFT, 120, size=44, font="strong", colour=sender.colour)
    sheet.put(sender.name, _RIGHT, 100, font="strong", right=True)
    sheet.put(", ".join(sender.address), _RIGHT, 132, size=20, right=True)
    _customer(sheet, _LEFT, 220, rng)
    boxes = (("Date", one.day, "date"), ("Number", one.number, "number"), ("Customer", one.customer, ""),
             ("Pay until", one.due, ""))  # fmt: skip
    for place, (label, text, name) in enumerate(boxes):
        left = _LEFT + 205 * place
        sheet.block(left, 350, left + 205, 430, sender.colour, 2)
        sheet.put(label, left + 10, 374, size=17, colour=_PALE)
        sheet.put(text, left + 14, 414, name=name)
    y = _sums(sheet, _table(sheet, 510), "TOTAL")
    for row, (label, text, name) in enumerate((("Account", one.iban, "iban"), ("Order", one.order, ""))):
        sheet.block(_LEFT, y + 70 * row, _RIGHT, y + 70 * (row + 1), sender.colour, 2)
        sheet.pair(f"{label}:", text, _LEFT + 14, y + 44 + 70 * row, gap=160, name=name)


ARRANGEMENTS: Mapping[str, Callable[[Sheet, np.random.Generator], None]] = {
    "letter": _letter, "banner": _banner, "note": _note, "boxes": _boxes,
}  # fmt: skip


def draw_invoice(invoice: Invoice, rng: np.random.Generator) -> Specimen:
    """Draw a flat invoice, 1000 × 1414 pixels, with the fields number, date, iban and total."""
    sheet = Sheet(np.full((_SIZE[1], _SIZE[0], 3), 248, np.uint8), invoice)
    ARRANGEMENTS[invoice.sender.arrangement](sheet, rng)
    return Specimen(sheet.picture, tuple(sheet.fields))


def invoice_pictures(count: int, seed: int) -> list[tuple[str, Specimen]]:
    """Draw `count` invoices, the senders in turn; every third is a photo, the others are scans."""
    pictures = []
    for number in range(count):
        rng = np.random.default_rng([seed, 4, number])
        page = draw_invoice(invent_invoice(SENDERS[number % len(SENDERS)], rng), rng)
        if number % 3 == 2:
            size = (1100, 1500)
            light = Light(darkest=0.8, blur=(0.3, 0.7), noise=(1.5, 3.0))
            recipe = CameraRecipe(
                size, (0.86, 0.93), angle=6, upside_down=0.0, corner_shift=0.02, light=light
            )
            under = [wood, cloth, stone][int(rng.integers(3))](size, rng)
            drawn = photograph_on(page, under, recipe, rng)
        else:
            scan = photograph(page.picture, Light(darkest=0.95, blur=(0.3, 0.6), noise=(1.0, 3.0)), rng)
            drawn = Specimen(scan, page.fields)
        pictures.append((f"invoice-{number + 1:02d}", drawn))
    return pictures
