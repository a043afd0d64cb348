"""``segocr model``: the models of templates: listed, exported, put in place, averaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_mapping, print_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segocr.templates import Template

_FORMATS = ("onnx", "openvino", "torchscript")


@click.group()
def command() -> None:
    """List, export and replace the models of templates."""


@command.command("list")
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@formats(Format.TABLE, Format.JSON, Format.CSV)
def list_(names: tuple[str, ...], output: Format) -> None:
    """List the model files of templates (default: of all that can be found) and what their cards say."""
    from segocr.settings import load_settings
    from segocr.templates import find_templates

    wanted = names or tuple(find_templates(load_settings().template_folders))
    columns = ["template", "file", "digest", "MB", "classes", "size", "data", "licence", "measured", "card"]
    print_rows(columns, [row for name in wanted for row in _rows(_load(name))], output)


@command.command()
@click.argument("template", metavar="NAME|PATH")
@click.option("--format", "wanted", type=click.Choice(_FORMATS), required=True, help="Of the files written.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: NAME-FORMAT]"
)
@click.option("--image-size", type=click.IntRange(32), help="Of torchscript.  [default: the template's]")
@click.option("--half", is_flag=True, help="Weights of openvino with 16 bits.")
def export(template: str, wanted: str, out: Path | None, image_size: int | None, half: bool) -> None:
    r"""Write the model of a template in another format, for other programs.

    \b
    segocr model export passport --format openvino
    """
    from segocr.settings import load_settings
    from segocr.templates.trust import require_trust
    from segocr.training.formats import export_model

    settings, loaded = load_settings(), _load(template)
    if wanted == "torchscript":
        require_trust(loaded.folder / "model.pt", settings.workspace)
    target = out or Path(f"{loaded.name}-{wanted}")
    size = image_size or loaded.segment.image_size
    for path in export_model(
        loaded.folder, wanted, target, settings.environment_pythons, image_size=size, half=half
    ):
        click.echo(str(path))


@command.command()
@click.argument("template", metavar="NAME|PATH")
@click.argument("weights", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="WEIGHTS.pt")
@click.option("--data", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="The labelled documents it was trained on, with a val split to measure on.")  # fmt: skip
@click.option("--as", "kind", type=click.Choice(("ready", "scans", "photos", "camera")), default="scans",
              show_default=True, help="What the documents look like.")  # fmt: skip
@click.option("--photos", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Pictures that --as camera lays pages on.")  # fmt: skip
@click.option("--widen", "padding", type=click.FloatRange(0, 1),
              help="Labels were widened by this share of their height.  [default: 0.3 if thin]")  # fmt: skip
@click.option("--image-size", type=click.IntRange(32), help="It was trained at.  [default: the template's]")
@click.option("--data-licence", default="not stated", help="Of the labelled documents, for model.json.")
@click.option("--force", is_flag=True, help="Put it in place even of a better one.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Instead of the template's folder."
)
@formats(Format.TABLE, Format.JSON)
def install(template: str, weights: Path, output: Format, **options: Any) -> None:
    """Put weights into a template that ultralytics trained elsewhere: exported, compared, measured.

    WEIGHTS.pt is loaded, which runs code that is in it.
    """
    from segocr.cli.train import shown
    from segocr.settings import load_settings
    from segocr.training.making import Order, Reporter, install_weights
    from segocr.training.plans import Kind
    from segocr.training.train import TrainingSettings

    settings, loaded = load_settings(), _load(template)
    size = TrainingSettings(image_size=options["image_size"] or loaded.segment.image_size)
    order = Order(
        loaded, options["data"], Kind(options["kind"]), size, photos=options["photos"],
        padding=options["padding"], licence=options["data_licence"], out=options["out"],
        force=options["force"],
    )  # fmt: skip
    print_mapping(shown(install_weights(order, weights, settings, Reporter(note))), output)


@command.command()
@click.argument("one", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="ONE.pt")
@click.argument("other", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="OTHER.pt")
@click.argument("mean", type=click.Path(path_type=Path, dir_okay=False), metavar="MEAN.pt")
def average(one: Path, other: Path, mean: Path) -> None:
    """Write the mean of two checkpoints, one of which was trained on from the other.

    Both are loaded, which runs code that is in them. The mean often finds more than either.
    """
    from segocr.environments.locate import resolve
    from segocr.settings import load_settings
    from segocr.training.train import average_yolo

    python = resolve("torch", load_settings().environment_pythons)
    click.echo(str(average_yolo(python, one, other, mean)))


def _load(name: str) -> Template:
    from segocr.settings import load_settings
    from segocr.templates import load_template

    settings = load_settings()
    return load_template(
        name,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,  # a model that fits may be what is to be put in its place
    )


def _rows(template: Template) -> Iterator[tuple[object, ...]]:
    """Yield a row for each model file; its card's facts stand there if the card is of this file."""
    from segocr.templates.classes import model_classes
    from segocr.training.card import describe_file, metrics_in_words, read_card

    card = read_card(template.folder)
    yield from _head_row(template)
    for path in sorted((*template.folder.glob("*.onnx"), *template.folder.glob("*.pt"))):
        file = describe_file(path)
        known = card is not None and card.files.get(path.name) == file
        facts: tuple[object, ...] = (None, None, None, None)
        if card is not None and known:
            data = ", ".join(f"{one.name} ({one.licence})" for one in card.data)
            facts = (card.image_size, data, card.licence, metrics_in_words(card))
        state = "ok" if known else "none" if card is None else "of another file"
        classes = ", ".join(model_classes(path))
        yield (
            template.name, path.name, file.sha256[:16], round(file.bytes / 1e6, 1), classes, *facts, state
        )  # fmt: skip


def _head_row(template: Template) -> Iterator[tuple[object, ...]]:
    """Yield a row for a template's head, which says itself what it is made of and expected to read right."""
    from segocr.cli.heads import expected_in_words
    from segocr.errors import ModelError
    from segocr.textlines.head import load_head
    from segocr.training.card import describe_file

    path = template.folder / template.segment.head
    if not path.is_file():
        return
    file = describe_file(path)
    begin = (template.name, path.name, file.sha256[:16], round(file.bytes / 1e6, 1))
    try:
        card = load_head(path).card
    except ModelError as error:
        yield (*begin, None, None, None, None, None, error.code)
        return
    pages = f"{card.pages} pages" if card.pages else "patterns alone"
    yield (*begin, ", ".join(card.classes), None, pages, None, expected_in_words(card), "its own")
