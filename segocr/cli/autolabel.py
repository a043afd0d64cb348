"""``segocr dataset autolabel``: a template that reads well labels the pages that train its faster model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_json, print_mapping, print_table
from segocr.cli.progress import progress_bar

if TYPE_CHECKING:
    from segocr.datasets.autolabelling import Autolabelled

_SHOWN = 20
"""So many documents that were left out are printed; all of them stand in a file."""


@click.command()
@click.argument("template", metavar="NAME|PATH")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new folder.")
@click.option("--with", "labelled", type=click.Path(path_type=Path, file_okay=False),
              help="Labelled by hand: goes into the new folder, too, and is not labelled again.")  # fmt: skip
@click.option("--engine", default="textlines", show_default=True, help="What finds the regions.")
@click.option("--ocr-engine", help="What reads them.  [default: the template's]")
@click.option(
    "--cost", type=click.FloatRange(0), help="Nats that a value may cost.  [default: 4, a misread character]"
)
@click.option("--review", is_flag=True, help="Unsure pages, too, as split review: to be corrected by hand.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N files.")
@click.option("--dry-run", is_flag=True, help="Look, and say what would be labelled; write nothing.")
@click.option("--force", is_flag=True, help="Write into a folder that holds other files.")
@formats(Format.TABLE, Format.JSON)
def autolabel(
    template: str,
    source: Path,
    out: Path,
    labelled: Path | None,
    engine: str,
    ocr_engine: str | None,
    cost: float | None,
    review: bool,
    limit: int | None,
    dry_run: bool,
    force: bool,
    output: Format,
) -> None:
    r"""Label the pictures and PDFs in DIR with what TEMPLATE itself reads, where all of a page is sure.

    Every required field must be accepted at little cost, and no other one in doubt; the other pages are left
    out, with the reason, or written for a person to correct (--review). The contact sheets show the least
    sure pages first: look at them, and delete the lines of wrong ones from fields.jsonl. The labels are for
    training; measure on pages that a person has labelled.

    \b
    segocr dataset autolabel invoice pages --out more --with labelled
    segocr train invoice --data more
    """
    from segocr.datasets.autolabelling import autolabel as label_pages
    from segocr.datasets.sure import CHEAP
    from segocr.evaluation.labels import read_labels
    from segocr.inputs import find_inputs
    from segocr.settings import load_settings
    from segocr.templates import load_template

    settings = load_settings()
    loaded = load_template(
        template, search=settings.template_folders, validators_folder=settings.validators_folder
    )
    by_hand = read_labels(labelled, None) if labelled is not None else []
    total = len(find_inputs(source).files[:limit])
    with progress_bar(total) as advance:
        done = label_pages(
            loaded, source, out, settings=settings, engine=engine, ocr_engine=ocr_engine,
            cheap=CHEAP if cost is None else cost, by_hand=by_hand, review=review, limit=limit,
            dry_run=dry_run, force=force, progress=lambda one: advance(one.path.name),
        )  # fmt: skip
    _print(done, None if dry_run else out, output)


def _print(done: Autolabelled, out: Path | None, output: Format) -> None:
    left_out = [
        {"file": str(one.file), "part": one.part, "field": one.doubt.field, "code": one.doubt.code,
         "message": one.doubt.message}
        for one in done.left_out
    ]  # fmt: skip
    if output is Format.JSON:
        pages = [
            {"id": document.id, "confidence": round(least, 4)}
            for document, least in zip(done.documents, done.confidence, strict=True)
        ]
        print_json({
            "folder": None if out is None else str(out), "files": done.files, "labelled": pages,
            "labels": done.labels, "left_out": left_out, "labelled_before": done.known,
            "by_hand": done.added, "review": [one.id for one in done.review],
            "sheets": [str(sheet) for sheet in done.sheets],
        })  # fmt: skip
        return
    if left_out:
        rows = [(Path(str(one["file"])).name, one["field"], one["code"], one["message"]) for one in left_out]
        print_table(("left out", "field", "code", "why"), rows[:_SHOWN])
    print_mapping(
        {
            "files": done.files,
            "pages labelled": len(done.documents),
            "labels": ", ".join(f"{name} {count}" for name, count in done.labels.items()) or "none",
            "left out": ", ".join(f"{code} {count}" for code, count in done.reasons.items()) or "none",
            **({"pages to correct (split review)": len(done.review)} if done.review else {}),
            **({"labelled before": done.known} if done.known else {}),
            **({"labelled by hand": done.added} if done.added else {}),
            **({"folder": str(out), "sheets": ", ".join(map(str, done.sheets))} if out is not None else {}),
        }
    )
    if out is None:
        note("nothing was written")
    elif len(left_out) > _SHOWN:
        note(f"all {len(left_out)} that were left out: {out / 'left-out.csv'}")
