"""What the characters of a machine-readable zone's parts mean. Source: ICAO Doc 9303, part 3, section 4."""

from __future__ import annotations

UNSPECIFIED_SEX = "X"
_NAMES = ("surname", "given_names")


def part_meaning(characters: str, part: str) -> str:
    """Return the text of one part.

    Args:
        characters: As they stand in the zone.
        part: Its name (``segocr.constraints.checks.mrz``).

    Returns:
        Fillers are spaces inside names and nothing elsewhere; an unspecified sex is ``X``, as printed in
        the page's visual zone.
    """
    if part == "sex":
        return UNSPECIFIED_SEX if characters == "<" else characters
    if part in _NAMES:
        return " ".join(characters.replace("<", " ").split())
    return characters.replace("<", "")
