"""``segocr synth``: labelled pictures made from a few labelled pages."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_mapping

if TYPE_CHECKING:
    from segocr.evaluation.labels import LabelledDocument
    from segocr.settings import Settings
    from segocr.synthesis.making import Order, Result

_MANNERS = ("flat", "scans", "photos", "camera")


@click.command()
@click.argument("template", metavar="NAME|PATH")
@click.option("--from", "source", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Labelled pages: a folder with fields.jsonl.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="The new folder.  [default: synth-<template>]")
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="Pictures.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="The same one gives the same pictures, another one others.")  # fmt: skip
@click.option("--split", default="train", show_default=True,
              help="Which of the pages; 'all' for every one.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="Only the first N of them.")
@click.option("--as", "manner", type=click.Choice(_MANNERS), default="camera", show_default=True,
              help="How they are seen: flat as they are, scanned, labelled photos from other sides, or flat "
                   "pages photographed at any angle.")  # fmt: skip
@click.option("--augment-only", is_flag=True, help="Leave the values as they are.")
@click.option("--backgrounds", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Pictures that --as camera lays pages on.  [default: drawn surfaces]")  # fmt: skip
@click.option("--angle", type=click.FloatRange(0, 180), help="Largest turn to either side, degrees.")
@click.option("--covered", type=click.FloatRange(0, 1), default=0.25, show_default=True,
              help="Share of pictures with fingers, cards, coins, shadows or glare.")  # fmt: skip
@click.option("--long-side", type=click.IntRange(64, 8000), default=1600, show_default=True,
              help="Of the pictures, pixels.")  # fmt: skip
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]),
              help="What 'today' means for dates in the new values.  [default: today]")  # fmt: skip
@click.option("--preview", type=click.Path(path_type=Path, dir_okay=False),
              help="Write a sheet of some of them as .png or .jpg.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1), help="How many draw at once.  [default: one a core]")
@click.option("--force", is_flag=True, help="Write into a folder that holds other files.")
@formats(Format.TABLE, Format.JSON)
def command(template: str, source: Path, output: Format, **options: Any) -> None:
    r"""Make labelled training pictures of TEMPLATE from one or a few labelled pages.

    Every value is drawn anew from its field's pattern, checks, type and validators, and printed in the
    typeface, size and colour of the old one over its paper; then the page is photographed. Polygons follow.

    \b
    segocr synth passport --from labelled --limit 20 --count 500 --out more --preview more.png
    segocr synth license_plate --from labelled --as photos --augment-only
    """
    from segocr.cli.progress import counting_line
    from segocr.datasets.sheet import require_sheet, write_sheet
    from segocr.evaluation.labels import read_labels
    from segocr.settings import load_settings
    from segocr.steps.client import Steps
    from segocr.synthesis.making import synthesise

    settings, preview = load_settings(), options["preview"]
    if preview is not None:
        require_sheet(preview)
    order = _order(template, source, settings, options)
    target = options["out"] or Path(f"synth-{order.template.name}")
    with Steps(environments=settings.environment_pythons) as steps:
        result = synthesise(
            order, target, _made(order, source), steps.validate, force=options["force"],
            progress=partial(counting_line(), "pictures"),
        )  # fmt: skip
    if preview is not None:
        write_sheet(read_labels(target, None), preview)
    _tell(order, result, target, preview, output)


def _order(template: str, source: Path, settings: Settings, options: dict[str, Any]) -> Order:
    import datetime as dt

    from segocr.synthesis.making import Order
    from segocr.synthesis.photos import Manner, PhotoRecipe
    from segocr.templates import load_template

    loaded = load_template(
        template,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,
    )
    recipe = PhotoRecipe(
        Manner(options["manner"]), options["long_side"], options["covered"], options["angle"],
        _pictures(options["backgrounds"]),
    )  # fmt: skip
    return Order(
        template=loaded,
        pages=tuple(_pages(source, options["split"])[: options["limit"]]),
        count=options["count"],
        seed=options["seed"],
        recipe=recipe,
        redrawn=not options["augment_only"],
        today=options["day"].date() if options["day"] else dt.date.today(),
        processes=min(options["processes"] or os.cpu_count() or 1, options["count"]),
    )


def _pages(source: Path, split: str) -> list[LabelledDocument]:
    from segocr.evaluation.labels import read_labels

    pages = read_labels(source, None)
    if split == "all" or (split == "train" and all(page.split is None for page in pages)):
        return pages
    return read_labels(source, split)


def _pictures(folder: Path | None) -> tuple[Path, ...]:
    from segocr.errors import UsageError

    if folder is None:
        return ()
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not found:
        raise UsageError(f"{folder} holds no .jpg or .png", code="no-backgrounds")
    return tuple(found)


def _made(order: Order, source: Path) -> dict[str, object]:
    """Return what ``made.json`` says: all that decides the pictures, but the machine's typefaces."""
    from segocr.datasets.folder import origin

    recipe = order.recipe
    return {
        "by": "segocr synth",
        "template": order.template.name,
        "version": order.template.version,
        **origin([source]),
        "pages": [page.id for page in order.pages],
        "count": order.count,
        "seed": order.seed,
        "as": recipe.manner.value,
        "augment_only": not order.redrawn,
        "long_side": recipe.long_side,
        "covered": recipe.covered,
        "angle": recipe.angle,
        "backgrounds": len(recipe.backgrounds),
        "day": order.today.isoformat(),
    }


def _tell(order: Order, result: Result, target: Path, preview: Path | None, output: Format) -> None:
    for name, count in result.kept.items():
        note(f"{count} labels of {name!r} stay as they are: no value, or no typeface comes near their print")
    facts: dict[str, object] = {"folder": str(target), "pictures": result.pictures, "pages": len(order.pages)}
    if order.redrawn:
        facts["labels redrawn"] = result.redrawn
        facts["labels kept"] = sum(result.kept.values())
    print_mapping(facts if preview is None else {**facts, "preview": str(preview)}, output)
