"""What cost a wrong pattern shows: well-read number plates under their own layout with one place swapped.

    python bench/constraint_wrong_patterns.py DATA --limit 50

Every plate of ``train`` whose free reading is right is read once for each of its characters, under its own
layout of letters and digits with that one place turned into the other kind, and under its layout with one
place less and one more. All these texts are wrong. Where the swapped character has a look-alike of the other
kind (O and 0), the change is what a constraint is for: no program can know that the pattern is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from constraint_runs import chosen_models, drawn, template_of
from remembered import FOLDER, RememberingSteps

from segocr import crops
from segocr.constraints import Constraint, Decoded, compile_constraint, judge, scores
from segocr.constraints.confusions import SHARES
from segocr.constraints.scores import is_dear
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.run import true_regions
from segocr.pages import Page
from segocr.synthesis.backgrounds import read_picture

KINDS = ("look-alike swapped", "other swapped", "one less", "one more")
COSTS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0)
ALIKE = {read for read, _ in SHARES} | {printed for _, printed in SHARES}


def wrong_patterns(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and pattern of the wrong layouts of a text of letters and digits."""
    shape = ["[0-9]" if character.isdigit() else "[A-Z]" for character in text]
    for place, character in enumerate(text):
        swapped = "[A-Z]" if character.isdigit() else "[0-9]"
        kind = KINDS[0] if character in ALIKE else KINDS[1]
        yield kind, "[-·.]?".join([*shape[:place], swapped, *shape[place + 1 :]])
    yield KINDS[2], "[-·.]?".join(shape[:-1])
    yield KINDS[3], "[-·.]?".join([*shape, "[0-9]"])


def readings(documents: list[LabelledDocument], steps: RememberingSteps) -> Iterator[tuple[str, Decoded]]:
    """Read each plate under its wrong layouts, as its first look is cut."""
    template = template_of("plates")
    models, _ = chosen_models(template)
    own = template.fields["plate"].crop
    for document in documents:
        page = Page(1, read_picture(document.path))
        for region in true_regions([document])(SimpleNamespace(path=document.path), page):
            crop = crops.cut(page, region)
            strip = crops.strip(crop, crop.quad, crops.Margins(own.along, own.across))
            free = steps.read([strip], [[None]], models.ocr)[0].decoded[0]
            text = "".join(character for character in free.raw if character.isalnum())
            if text not in {label.value for label in document.labels} or not text.isascii():
                continue
            kinds, patterns = zip(*wrong_patterns(text), strict=True)
            asked: list[Constraint | None] = [compile_constraint(p, ignore_spaces=True) for p in patterns]
            yield from zip(kinds, steps.read([strip], [asked], models.ocr)[0].decoded, strict=True)


def main() -> None:
    """Print how many of each kind would pass at each cost of an edit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--cache", type=Path, default=FOLDER)
    given = parser.parse_args()
    with RememberingSteps(given.cache, shared=False) as steps:
        read = list(readings(drawn(read_labels(given.data / "plates", "train"), given.limit), steps))
    print("| nats an edit | " + " | ".join(KINDS) + " |\n" + "|---" * (len(KINDS) + 1) + "|")
    for cost in COSTS:
        before = scores.CHEAP_COST_PER_EDIT
        scores.CHEAP_COST_PER_EDIT = cost
        cells = []
        for kind in KINDS:
            own = [one for name, one in read if name == kind]
            cheap = [one for one in own if one.text is not None and not is_dear(one)]
            accepted = [one for one in cheap if judge(one) == "corrected" and one.confidence >= 0.9]
            cells.append(f"{len(cheap)} cheap, {len(accepted)} accepted of {len(own)}")
        scores.CHEAP_COST_PER_EDIT = before
        print(f"| {cost:g}{' (now)' if cost == before else ''} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
