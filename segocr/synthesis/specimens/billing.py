"""What invented invoices say: who sends them, their numbers, days, amounts and accounts.

Accounts have the length of their country and check digits that hold (ISO 13616-1), and a bank code that no
bank has, so that nobody is paid by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

_LETTERS = ("GB", "IE", "NL")
"""Countries whose accounts begin with a bank's four letters."""
_LENGTHS = {
    "AT": 20, "BE": 16, "DE": 22, "DK": 18, "ES": 24, "FR": 27, "GB": 22, "IE": 22, "NL": 18, "PL": 28
}  # fmt: skip
_TAX = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Sender:
    """An invented firm and its habits.

    Attributes:
        name: Of the firm.
        address: Its lines.
        country: Where its bank is, two letters.
        number: Of its invoices: a format string for ``year`` and ``serial``.
        day: Of its dates: a format string for ``strftime``.
        arrangement: How its invoices look: a key of ``ARRANGEMENTS`` in ``invoices``.
        font: A key of ``OWN`` in ``lettering``.
        colour: Of its lines and bands, BGR.
        currency: Where EUR stands: ``before`` or ``after`` the amount.
        sells: (what, price of one).
    """

    name: str
    address: tuple[str, str]
    country: str
    number: str
    day: str
    arrangement: str
    font: str
    colour: tuple[int, int, int]
    currency: str
    sells: tuple[tuple[str, str], ...]


_CRAFT = (("Repair of the roof", "412.50"), ("Scaffolding, one day", "95.00"), ("Tiles, red", "1.85"),
          ("Travel to the site", "38.00"))  # fmt: skip
_OFFICE = (("Paper A4, 500 sheets", "6.40"), ("Folders, grey", "2.15"), ("Desk lamp", "44.90"),
           ("Ink, black", "18.75"))  # fmt: skip
_SERVICE = (("Translation, 1000 words", "140.00"), ("Proof reading", "62.50"), ("Meeting, hours", "85.00"))
_FOOD = (("Coffee beans, kg", "21.30"), ("Oat milk, box", "14.64"), ("Cups, 50 pieces", "7.95"),
         ("Delivery", "12.00"))  # fmt: skip

SENDERS = (
    Sender("North Quay Roofing Ltd", ("14 Quay Street", "4730 New Harbour"), "IE", "INV-{serial:05d}",
           "%d/%m/%Y", "letter", "plain", (120, 60, 20), "before", _CRAFT),
    Sender("Lichtwerk Utopia GmbH", ("Hafenweg 7", "10245 Utopia"), "DE", "RE-{year}-{serial:04d}",
           "%d.%m.%Y", "banner", "round", (70, 110, 30), "after", _OFFICE),
    Sender("Tidewater Translations", ("3 Lamp Lane", "LH4 2UT Light House"), "GB", "{year}/{serial:04d}",
           "%d %B %Y", "note", "plain", (40, 40, 140), "before", _SERVICE),
    Sender("Koffiehuis De Brug", ("Brugstraat 22", "1011 Nieuwhaven"), "NL", "F{year}{serial:05d}",
           "%d-%m-%Y", "boxes", "round", (30, 90, 160), "before", _FOOD),
    Sender("Hall & Moor Joiners", ("Unit 5, Old Mill", "6020 Innbridge"), "AT", "INV-{serial:05d}",
           "%d.%m.%Y", "boxes", "light", (60, 60, 60), "after", _CRAFT),
    Sender("Papeterie du Port", ("9 rue du Phare", "13002 Port Neuf"), "FR", "F{year}{serial:05d}",
           "%d/%m/%Y", "letter", "round", (150, 40, 90), "after", _OFFICE),
    Sender("Oficina Estrella SL", ("Calle del Faro 31", "28004 Puerto Nuevo"), "ES", "{year}/{serial:04d}",
           "%d/%m/%Y", "banner", "plain", (20, 20, 150), "after", _OFFICE),
    Sender("Havnens Kaffe ApS", ("Molevej 4", "2100 Nyhavn"), "DK", "RE-{year}-{serial:04d}",
           "%Y-%m-%d", "note", "round", (130, 80, 0), "before", _FOOD),
    Sender("Studio Brabant", ("Kaaistraat 18", "2000 Nieuwpoort"), "BE", "INV-{serial:05d}",
           "%d %B %Y", "banner", "light", (90, 30, 110), "before", _SERVICE),
    Sender("Warsztat Pod Latarnia", ("ul. Portowa 6", "80-001 Nowy Port"), "PL", "RE-{year}-{serial:04d}",
           "%Y-%m-%d", "letter", "light", (20, 70, 110), "before", _CRAFT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invoice:
    """What one invoice says, amounts as printed.

    Attributes:
        sender: Who sends it.
        number: Its number.
        day: Its date as printed.
        due: When it is to be paid, likewise.
        iban: The account, in groups of four.
        rows: (what, how many, price of one, amount).
        net: Sum of the rows.
        tax: On it.
        total: Both.
        customer: A number that is not the invoice's.
        order: Another one.
    """

    sender: Sender
    number: str
    day: str
    due: str
    iban: str
    rows: tuple[tuple[str, str, str, str], ...]
    net: str
    tax: str
    total: str
    customer: str
    order: str


def invent_iban(country: str, rng: np.random.Generator) -> str:
    """Return an account of a country, in groups of four, whose check digits hold.

    The check digits leave 1 when the number, its first four characters moved to the end and letters counted
    from A = 10, is divided by 97 (ISO 7064, mod 97-10).
    """
    bank = "UTOP" if country in _LETTERS else "0000"
    free = _LENGTHS[country] - 4 - len(bank)
    account = bank + "".join(str(digit) for digit in rng.integers(0, 10, free))
    value = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    whole = f"{country}{98 - value % 97:02d}{account}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def invent_invoice(sender: Sender, rng: np.random.Generator) -> Invoice:
    """Invent what an invoice of `sender` says; its sums hold."""
    day = date(2025, 1, 1) + timedelta(days=int(rng.integers(0, 500)))
    chosen = rng.permutation(len(sender.sells))[: int(rng.integers(2, len(sender.sells) + 1))]
    rows, net = [], Decimal(0)
    for what, price in (sender.sells[int(place)] for place in chosen):
        count = int(rng.integers(1, 24))
        net += count * Decimal(price)
        rows.append((what, str(count), price, f"{count * Decimal(price):,.2f}"))
    tax = (net * _TAX).quantize(Decimal("0.01"))
    return Invoice(
        sender,
        sender.number.format(year=day.year, serial=int(rng.integers(1, 9999))),
        day.strftime(sender.day),
        (day + timedelta(days=14)).strftime(sender.day),
        invent_iban(sender.country, rng),
        tuple(rows),
        net=f"{net:,.2f}",
        tax=f"{tax:,.2f}",
        total=f"{net + tax:,.2f}",
        customer=f"K{int(rng.integers(10000, 99999))}",
        order=f"PO {int(rng.integers(100000, 999999))}",
    )
