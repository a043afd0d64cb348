"""Draw the sample documents: ``python -m segocr.synthesis.specimens [--into templates] [--seed 7]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from segocr.errors import SegocrError
from segocr.synthesis.specimens.passports import passport_photos
from segocr.synthesis.specimens.receipts import receipt_pictures
from segocr.synthesis.specimens.specimen import save
from segocr.synthesis.specimens.streets import plate_photos

KINDS = {
    "passport": (passport_photos, 8),
    "license_plate": (plate_photos, 8),
    "receipt": (receipt_pictures, 4),
}


def main() -> int:
    """Draw every kind that was asked for and say where it went."""
    parser = argparse.ArgumentParser(prog="python -m segocr.synthesis.specimens", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"any of {', '.join(KINDS)}; default: all")
    parser.add_argument("--into", type=Path, default=Path("templates"), help="folder of the templates")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(KINDS):
        parser.error(f"unknown kind {min(unknown)!r}; known: {', '.join(KINDS)}")
    for kind in arguments.kinds or KINDS:
        draw, count = KINDS[kind]
        folder = arguments.into / kind / "golden"
        try:
            save(draw(count, arguments.seed), folder)
        except SegocrError as error:
            print(f"specimens: {error}", file=sys.stderr)
            return error.exit_code
        print(f"{count} × {kind}: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
