"""Numbers of goods and publications: GS1 (EAN, UPC, GTIN), ISBN (ISO 2108), ISSN (ISO 3297)."""

from segocr.constraints.checks.kinds import DIGIT_VALUES, Equation, Sums, cycle

_WITH_X = {**DIGIT_VALUES, "X": 10}


def _gs1(name: str, length: int, layout: str, skipped: str) -> Sums:
    """GS1 General Specifications 7.9: from the right, weights 1, 3, 1, 3 …; the sum is a multiple of 10."""
    weights = tuple(reversed(cycle((1, 3), length)))
    return Sums(name, (layout,), (DIGIT_VALUES,) * length, (Equation(weights, 10),), skipped)


EAN_13 = _gs1("ean13", 13, r"\d(?: ?\d){12}", " ")
EAN_8 = _gs1("ean8", 8, r"\d(?: ?\d){7}", " ")
UPC_A = _gs1("upc_a", 12, r"\d(?: ?\d){11}", " ")
GTIN_14 = _gs1("gtin14", 14, r"\d(?: ?\d){13}", " ")
SSCC = _gs1("sscc", 18, r"\d(?: ?\d){17}", " ")
ISBN_13 = _gs1("isbn13", 13, r"9[ -]?7[ -]?[89](?:[ -]?\d){10}", " -")

ISBN_10 = Sums(
    name="isbn10",
    layouts=(r"\d(?:[ -]?\d){8}[ -]?[\dX]",),
    values=(DIGIT_VALUES,) * 9 + (_WITH_X,),
    equations=(Equation(tuple(range(10, 0, -1)), 11),),
    skipped=" -",
)
"""Weights 10 … 1; the sum is a multiple of 11; a last X counts 10."""

ISSN = Sums(
    name="issn",
    layouts=(r"\d(?: ?\d){3}[ -]?\d(?: ?\d){2} ?[\dX]",),
    values=(DIGIT_VALUES,) * 7 + (_WITH_X,),
    equations=(Equation(tuple(range(8, 0, -1)), 11),),
    skipped=" -",
)
"""Weights 8 … 1; the sum is a multiple of 11; a last X counts 10."""
