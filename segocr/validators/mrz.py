"""Parts of machine-readable zones, by position. Source: ICAO Doc 9303, parts 3–7 (8th edition)."""

from __future__ import annotations

from segocr.validators.failures import Refused

# name: (first column from 0, column after the last). Lines of TD3 and MRV-A have 44, TD2 36, TD1 30 characters.
_TD3_1 = {"document_code": (0, 2), "issuing_state": (2, 5), "names": (5, 44)}
_TD3_2 = {
    "document_number": (0, 9), "nationality": (10, 13), "birth_date": (13, 19), "sex": (20, 21),
    "expiry_date": (21, 27), "optional": (28, 42),
}  # fmt: skip
_TD2_1 = {"document_code": (0, 2), "issuing_state": (2, 5), "names": (5, 36)}
_TD2_2 = {**_TD3_2, "optional": (28, 35)}
_TD1_1 = {"document_code": (0, 2), "issuing_state": (2, 5), "document_number": (5, 14), "optional": (15, 30)}
_TD1_2 = {
    "birth_date": (0, 6),
    "sex": (7, 8),
    "expiry_date": (8, 14),
    "nationality": (15, 18),
    "optional": (18, 29),
}
_TD1_3 = {"names": (0, 30)}
LAYOUTS = {
    "td3_line1": (44, _TD3_1), "td3_line2": (44, _TD3_2),
    "td2_line1": (36, _TD2_1), "td2_line2": (36, _TD2_2),
    "td1_line1": (30, _TD1_1), "td1_line2": (30, _TD1_2), "td1_line3": (30, _TD1_3),
}  # fmt: skip
NAME_PARTS = ("surname", "given_names")
PARTS = tuple(dict.fromkeys([name for _, parts in LAYOUTS.values() for name in parts])) + NAME_PARTS


def mrz_part(line: str, part: str) -> tuple[str, str]:
    """Cut one part out of an MRZ line.

    Args:
        line: 44, 36 or 30 characters; white space is ignored.
        part: One of ``PARTS``.

    Returns:
        The characters as they stand, and their text: fillers dropped, or spaces inside names.

    Raises:
        Refused: ``no-part`` if the line is not of a known length or holds no such part.
    """
    line = "".join(line.split())
    wanted = "names" if part in NAME_PARTS else part
    for length, parts in _fitting(line):
        if length == len(line) and wanted in parts:
            first, last = parts[wanted]
            return _meant(line[first:last], part)
    raise Refused("no-part", f"a line of {len(line)} characters has no part {part!r}")


def _fitting(line: str) -> list[tuple[int, dict[str, tuple[int, int]]]]:
    """Order the layouts so that TD1's second line comes first where this looks like one."""
    layouts = list(LAYOUTS.values())
    if len(line) == 30 and line[:6].isdigit():
        layouts.sort(key=lambda layout: layout[1] is not _TD1_2)
    return layouts


def _meant(characters: str, part: str) -> tuple[str, str]:
    if part == "sex":
        return characters, characters if characters in ("M", "F") else "X"
    if part not in (*NAME_PARTS, "names"):
        return characters, characters.replace("<", "")
    surname, _, given = characters.partition("<<")
    chosen = {"surname": surname, "given_names": given, "names": characters}[part]
    return chosen.rstrip("<"), " ".join(chosen.replace("<", " ").split())
