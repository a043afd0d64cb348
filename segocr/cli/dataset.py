"""``segocr dataset``: labelled documents imported, checked, divided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from segocr.cli.autolabel import autolabel
from segocr.cli.output import Format, formats, note, print_json, print_mapping, print_table

if TYPE_CHECKING:
    from segocr.templates import Template

_KINDS = ("labelled", "labelme", "coco", "yolo", "label-studio")


@click.group()
def command() -> None:
    """Prepare labelled documents for training."""


command.add_command(autolabel)


@command.command("import")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new folder.")
@click.option("--add", is_flag=True, help="Put them beside the documents that the folder holds, which stay.")
@click.option("--format", "kind", type=click.Choice(_KINDS), help="Of the labels.  [default: told by SOURCE]")
@click.option("--pictures", multiple=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Where the pictures lie, if not beside the labels; may be given again.")  # fmt: skip
@click.option("--class", "renamed", multiple=True, metavar="OLD=NEW",
              help="Call a class otherwise; may be given again.")  # fmt: skip
@click.option("--split", help="Of all documents.  [default: as the labels say, else train]")
@click.option("--force", is_flag=True, help="Write into a folder that holds other files.")
@formats(Format.TABLE, Format.JSON)
def import_(
    sources: tuple[Path, ...],
    out: Path,
    add: bool,
    kind: str | None,
    pictures: tuple[Path, ...],
    renamed: tuple[str, ...],
    split: str | None,
    force: bool,
    output: Format,
) -> None:
    r"""Turn each SOURCE, labels of another program, into one folder of labelled documents.

    LabelMe (a folder of JSON files), COCO (a JSON file, or Roboflow's folder with train, valid and test),
    YOLO segmentation (a folder with data.yaml), Label Studio (its JSON export), or another folder of labelled
    documents. CVAT and Roboflow export the first three.

    \b
    segocr dataset import annotations/instances.json --pictures photos --out labelled
    segocr dataset import more.json --out labelled --add
    """
    from segocr.datasets.importing import Kind, import_labels

    imported = import_labels(
        sources[0], out, more=sources[1:], kind=Kind(kind) if kind else None, pictures=pictures,
        renamed=dict(_pair(word) for word in renamed), split=split, add=add, force=force,
    )  # fmt: skip
    for said in imported.passed_over:
        note(said)
    if imported.known:
        note(f"{imported.known} documents have pictures that {out} held: their labels there stay as they are")
    if imported.without_value:
        note(f"{imported.without_value} labels have no value: good for training, not for evaluation")
    facts: dict[str, object] = {
        "folder": str(out), "format": imported.kind, "documents": imported.documents,
        "labels": imported.labels if output is Format.JSON else _counted(imported.labels),
        "without labels": imported.unlabelled, "labels without value": imported.without_value,
        **({"documents before": imported.there} if add else {}),
    }  # fmt: skip
    print_mapping(facts, output)


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new folder.")
@click.option("--split", help="Only documents of this split.")
def export(folder: Path, out: Path, split: str | None) -> None:
    r"""Write the labelled documents of FOLDER as LabelMe files, to be corrected by hand.

    \b
    segocr dataset autolabel invoice pages --out more --review
    segocr dataset export more --split review --out correct
    segocr dataset import correct --out labelled --add
    """
    from segocr.datasets.exporting import export_labelme

    count = export_labelme(folder, out, split)
    print_mapping({"folder": str(out), "documents": count})


def _pair(word: str) -> tuple[str, str]:
    from segocr.errors import UsageError

    old, sign, new = word.rpartition("=")
    if not sign or not old or not new.strip():
        raise UsageError(f"--class takes OLD=NEW, not {word!r}")
    return old, new.strip()


def _bits(context: click.Context, parameter: click.Parameter, given: str | None) -> int | None:
    from segocr.datasets.likeness import NEAR

    if given is None:
        return NEAR
    if given == "off":
        return None
    if not given.isdecimal() or int(given) > 256:
        raise click.BadParameter(f"{given!r} is neither off nor a number of bits, 0 to 256")
    return int(given)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--template", metavar="NAME|PATH", help="Hold classes and values against this template.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False),
              help="Write a contact sheet of the labels, .png or .jpg.")  # fmt: skip
@formats(Format.TABLE, Format.JSON)
def check(folder: Path, template: str | None, sheet: Path | None, output: Format) -> int:
    """Find what is wrong in FOLDER: labels, values, pictures, duplicates. Exit code 3 after an error."""
    from segocr.datasets.checking import check_labels
    from segocr.datasets.sheet import require_sheet, write_sheet

    if sheet is not None:
        require_sheet(sheet)
    checked = check_labels(folder, _loaded(template))
    if sheet is not None and checked.documents:
        write_sheet(checked.documents, sheet)
    findings = [
        {"severity": one.severity.value, "code": one.code, "place": one.place, "message": one.message}
        for one in checked.findings
    ]
    if output is Format.JSON:
        facts = {"documents": len(checked.documents), "splits": checked.splits, "labels": checked.labels}
        print_json({**facts, "errors": checked.errors, "findings": findings})
    else:
        if findings:
            near = [{**one, "place": one["place"].removeprefix(f"{folder}/")} for one in findings]
            print_table(("", "code", "where", "what"), [tuple(one.values()) for one in near])
        print_mapping(
            {
                "documents": f"{len(checked.documents)} ({_counted(checked.splits)})",
                "labels": _counted(checked.labels),
                "errors": checked.errors,
                "warnings": len(findings) - checked.errors,
                **({"sheet": str(sheet)} if sheet is not None and checked.documents else {}),
            }
        )
    return 3 if checked.errors else 0


def _loaded(template: str | None) -> Template | None:
    from segocr.settings import load_settings
    from segocr.templates import load_template

    if template is None:
        return None
    settings = load_settings()
    return load_template(
        template,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,
    )


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--val", "share", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.2,
              show_default=True, help="Share of the documents that go to val.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--by", multiple=True, metavar="CLASS",
              help="Documents with one value of this class stay together; may be given again.")  # fmt: skip
@click.option("--near", metavar="BITS|off", callback=_bits,
              help="Pictures that differ in so many of 256 bits stay together.  [default: 14]")  # fmt: skip
@click.option("--force", is_flag=True, help="Divide again what is divided already.")
@formats(Format.TABLE, Format.JSON)
def split(
    folder: Path,
    share: float,
    seed: int,
    by: tuple[str, ...],
    near: int | None,
    force: bool,
    output: Format,
) -> None:
    """Divide the documents of FOLDER into train and val; near duplicates and groups stay on one side."""
    from segocr.datasets.splitting import split_labels

    division = split_labels(folder, share=share, seed=seed, by=by, near=near, force=force)
    total, val = sum(division.splits.values()), division.splits.get("val", 0)
    if abs(val / total - share) > max(share / 2, 1 / total):
        note(
            f"val has {val} of {total} documents, not {share:.0%}: {division.largest} of them hang together "
            "as one group; pages of one form look alike, and --near off, or fewer bits, lets them part"
        )
    for name in division.lacking:
        note(f"no document of train has the class {name!r}: all of its group went to val")
    facts: dict[str, object] = {
        "documents": division.splits if output is Format.JSON else _counted(division.splits),
        "groups": division.groups,
        "largest group": division.largest,
    }
    print_mapping(facts, output)
