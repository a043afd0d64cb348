"""Draw sample documents.

``python -m segocr.synthesis.specimens [passport|license_plate|receipt] [--into templates] [--seed 7]`` draws
the golden documents of the shipped templates; ``… invoice --into DIR [--count 40] [--labelled 20]`` draws a
type that has no template: the first ones as ``DIR/labelled``, to learn from, the others as ``DIR/new``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from segocr.errors import SegocrError
from segocr.synthesis.specimens.invoices import invoice_pictures
from segocr.synthesis.specimens.passports import passport_photos
from segocr.synthesis.specimens.receipts import receipt_pictures
from segocr.synthesis.specimens.specimen import save
from segocr.synthesis.specimens.streets import plate_photos

KINDS = {
    "passport": (passport_photos, 8),
    "license_plate": (plate_photos, 8),
    "receipt": (receipt_pictures, 4),
}
INVOICE = "invoice"


def main() -> int:
    """Draw every kind that was asked for and say where it went."""
    parser = argparse.ArgumentParser(
        prog="python -m segocr.synthesis.specimens",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = [*KINDS, INVOICE]
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"any of {', '.join(known)}; default: all with a template"
    )
    parser.add_argument("--into", type=Path, help="folder of the templates, or of the invoices")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--count", type=int, default=40, help="invoices")
    parser.add_argument("--labelled", type=int, default=20, help="how many of the invoices go to labelled/")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(known):
        parser.error(f"unknown kind {min(unknown)!r}; known: {', '.join(known)}")
    if not 0 <= arguments.labelled <= arguments.count:
        parser.error(f"of {arguments.count} invoices {arguments.labelled} cannot be labelled")
    try:
        for kind in arguments.kinds or KINDS:
            if kind == INVOICE:
                _invoices(arguments.into or Path("invoices"), arguments)
            else:
                draw, count = KINDS[kind]
                folder = (arguments.into or Path("templates")) / kind / "golden"
                save(draw(count, arguments.seed), folder)
                print(f"{count} × {kind}: {folder}")
    except SegocrError as error:
        print(f"specimens: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _invoices(into: Path, arguments: argparse.Namespace) -> None:
    drawn = invoice_pictures(arguments.count, arguments.seed)
    sides = (("labelled", "train", drawn[: arguments.labelled]), ("new", "val", drawn[arguments.labelled :]))
    for name, split, some in sides:
        if some:
            save(some, into / name, split=split)
            print(f"{len(some)} × {INVOICE}: {into / name}")


if __name__ == "__main__":
    sys.exit(main())
