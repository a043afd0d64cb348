"""``segocr train``: labelled documents become a template's model."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from segocr.templates import Template
    from segocr.training.install import Installed
    from segocr.training.making import Order
    from segocr.training.train import Progress

_SECONDS_A_LINE = 60.0
_OF_HEADS = {
    "template", "engine", "data", "unlabelled", "negatives", "out", "work", "force", "device", "output",
}  # fmt: skip
_KINDS = ("ready", "scans", "photos", "camera")


def _multiple_of_32(context: click.Context, parameter: click.Parameter, value: int | None) -> int | None:
    if value is not None and (value % 32 or value < 32):
        raise click.BadParameter(f"{value} is no multiple of 32")
    return value


@click.command()
@click.argument("template", metavar="NAME|PATH")
@click.option("--engine", type=click.Choice(("ultralytics", "textlines")), default="ultralytics",
              show_default=True,
              help="What finds the regions: a segmentation model, or text lines and a head.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path, file_okay=False),
              help="Labelled documents: a folder with fields.jsonl. Text lines can do without.")  # fmt: skip
@click.option("--unlabelled", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Pictures that nobody has labelled: text lines name those to label next.")  # fmt: skip
@click.option("--negatives", is_flag=True,
              help="Pages without a label show that nothing stands there.  [default: left out]")  # fmt: skip
@click.option("--as", "kind", type=click.Choice(_KINDS), default="scans", show_default=True,
              help="What the documents look like: ready as they are, flat scans, photos of things, or flat "
                   "pages that will be photographed at any angle.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), help="Pictures to draw.  [default: 600, at most 30 a page]")
@click.option("--photos", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Pictures that --as camera lays pages on.")  # fmt: skip
@click.option("--angle", type=click.FloatRange(0, 180), help="Largest turn to either side, degrees.")
@click.option("--widen", "padding", type=click.FloatRange(0, 1),
              help="Widen labels by this share of their height.  [default: 0.3 for thin ones]")  # fmt: skip
@click.option(
    "--mirror", is_flag=True, help="Mirrored pictures too; never where letters should be told apart."
)
@click.option("--epochs", type=click.IntRange(1), default=100, show_default=True, help="Passes at most.")
@click.option("--hours", type=click.FloatRange(0, min_open=True),
              help="As many passes as fit into this time, instead of --epochs.")  # fmt: skip
@click.option("--patience", type=click.IntRange(0), default=20, show_default=True,
              help="Passes without a better result after which it ends; 0: never early.")  # fmt: skip
@click.option("--image-size", type=int, callback=_multiple_of_32,
              help="Long side of the pictures, a multiple of 32.  [default: the template's]")  # fmt: skip
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True, help="Pictures a step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=0.0015, show_default=True)
@click.option("--frozen", type=click.IntRange(0), default=0, help="First layers that stay as they are.")
@click.option("--start", metavar="PT|pretrained|own|scratch",
              help="Weights to start from (loading a .pt runs code that is in it).  [default: pretrained "
                   "ones where they can be had, else the template's own, else none]")  # fmt: skip
@click.option("--resume/--fresh", "resume", default=True,
              help="Go on where an earlier start of it was ended (default), or do it anew.")  # fmt: skip
@click.option("--force", is_flag=True, help="Put the model in place even of a better one.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Where the model goes.  [default: the template's folder]")  # fmt: skip
@click.option("--work", type=click.Path(path_type=Path, file_okay=False),
              help="Where pictures and checkpoints are kept.  [default: .cache/training]")  # fmt: skip
@click.option("--name", help="Of this training.  [default: told by its options]")
@click.option("--data-licence", default="not stated", help="Of the labelled documents, for model.json.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda:N.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Of the CPU; on a GPU, processes that load pictures.  [default: one a core]",
)
@formats(Format.TABLE, Format.JSON)
@click.pass_context
def command(context: click.Context, /, template: str, engine: str, output: Format, **options: Any) -> None:
    r"""Train the model of a template on labelled documents.

    A training that was interrupted or killed goes on when the same command is given again. The model is put
    into the template's folder only if both engines find the same regions with it, and if it is no worse
    than the one that is there.

    \b
    segocr train delivery_note --data labelled
    segocr train delivery_note --data labelled --engine textlines
    segocr train passport --data labelled --as camera --photos desks --epochs 30
    """
    from segocr.cli.progress import counting_line
    from segocr.settings import load_settings
    from segocr.training.making import Reporter, make_model

    settings = load_settings()
    if engine == "textlines":
        _refuse_others(context)
        print_mapping(_head(template, settings, options), output)
        return
    if options["unlabelled"] is not None:
        raise click.UsageError("--unlabelled is for --engine textlines", context)
    if options["data"] is None:
        raise click.UsageError("Missing option '--data'.", context)
    order = _order(template, settings, options)
    reporter = Reporter(note, partial(counting_line(), "pictures drawn"), _training_shown())
    run, made = make_model(order, settings, reporter)
    if said := engine_said(order.template, made.folder):
        note(said)
    facts = {**shown(made), "epochs": made.card.training["epochs"], "curves": str(run.curves)}
    print_mapping(facts, output)


def _refuse_others(context: click.Context) -> None:
    """Refuse options that a head's training does not look at."""
    from click.core import ParameterSource

    given = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in _OF_HEADS
    ]
    if given:
        raise click.UsageError(f"--engine textlines does not take {', '.join(given)}", context)


def _head(template: str, settings: Any, options: dict[str, Any]) -> dict[str, object]:
    from segocr.cli.heads import cache_folder, doubts, make_head
    from segocr.cli.heads import shown as head_shown
    from segocr.cli.progress import counting_line
    from segocr.settings import check_device
    from segocr.templates import load_template

    loaded = load_template(
        template,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,
    )
    file, trained = make_head(
        loaded, options["data"], settings, unlabelled=options["unlabelled"], negatives=options["negatives"],
        out=options["out"], work=options["work"], force=options["force"],
        device=check_device(options["device"]), progress=partial(counting_line(), "pages read"),
    )  # fmt: skip
    for doubt in doubts(loaded, options["data"], trained, cache_folder(settings, options["work"])):
        note(doubt)
    return head_shown(file, trained)


def _order(template: str, settings: Any, options: dict[str, Any]) -> Order:
    from segocr.settings import check_device
    from segocr.templates import load_template
    from segocr.training.making import Order
    from segocr.training.plans import Kind
    from segocr.training.train import TrainingSettings

    loaded = load_template(
        template,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,
    )
    chosen = TrainingSettings(
        image_size=options["image_size"] or loaded.segment.image_size,
        epochs=options["epochs"],
        hours=options["hours"],
        batch=options["batch"],
        patience=options["patience"],
        learning_rate=options["learning_rate"],
        mirrored=0.5 if options["mirror"] else 0.0,
        frozen=options["frozen"],
        threads=options["threads"] or os.cpu_count() or 1,
        device=check_device(options["device"]),
    )
    return Order(
        loaded, options["data"], Kind(options["kind"]), chosen, count=options["count"],
        photos=options["photos"], angle=options["angle"], padding=options["padding"], start=options["start"],
        licence=options["data_licence"], out=options["out"], work=options["work"], name=options["name"],
        fresh=not options["resume"], force=options["force"], negatives=options["negatives"],
    )  # fmt: skip


def engine_said(template: Template, folder: Path) -> str:
    """Say that a template's head is used and not the model that was put beside it; nothing where none is.

    Args:
        template: The template.
        folder: Where the model was put.
    """
    first, *others = template.segment.engines
    is_used = folder.resolve() == template.folder.resolve() and (folder / template.segment.head).is_file()
    if first != "textlines" or not is_used:
        return ""
    return (
        f"template {template.name} goes on using its head: textlines stands first among its engines. To use "
        f"the new model, write engines: [{', '.join(others)}, textlines] into segment of {template.file}; "
        f"segocr evaluate --engines textlines,{others[0] if others else 'openvino'} compares them first"
    )


def shown(made: Installed) -> dict[str, object]:
    """Return what is printed of a model that was put in place."""
    score, before = made.score, made.before
    return {
        "model": str(made.folder),
        "digest": made.card.files["model.onnx"].sha256,
        "measured on": next(iter(made.card.metrics)),
        "regions found": f"{score.named} of {score.labelled}",
        "found besides": score.spurious,
        "F1": round(score.f1, 4),
        "F1 of the model before": None if before is None else round(before.f1, 4),
        "regions compared between engines": made.agreement.compared,
    }


def _training_shown() -> Callable[[Progress], None]:
    """Return what shows progress: a line an epoch, and one that changes or, in a file, one a minute."""
    import sys
    from time import monotonic

    told = monotonic()

    def show(progress: Progress) -> None:
        nonlocal told
        left = _time(progress.seconds_left)
        within, terminal = not progress.metrics, sys.stderr.isatty()
        if within and not terminal and monotonic() - told < _SECONDS_A_LINE:
            return
        told = monotonic()
        text = f"epoch {progress.epoch:{'.2f' if within else '.0f'}} of {progress.epochs}, {left} left"
        if not within:
            text += f", mask mAP50 {progress.metrics.get('metrics/mAP50(M)', 0.0):.3f}"
        click.echo(f"\r{text}   " if terminal else text, err=True, nl=not (within and terminal))

    return show


def _time(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
