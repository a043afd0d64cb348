"""``segocr template``: draft, check, test, show and trust templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.golden import test
from segocr.cli.output import Format, formats, note, print_mapping, print_rows

if TYPE_CHECKING:
    from segocr.templates import Template
    from segocr.templates.spec import Route


@click.group()
def command() -> None:
    """Draft, check, test, show and trust templates."""


command.add_command(test)


@command.command("list")
@formats(Format.TABLE, Format.JSON, Format.CSV)
def list_(output: Format) -> None:
    """List the templates that can be named here, with what each takes and whether it has a mistake.

    Those of the workspace come first; one of them hides a shipped one of the same name.
    """
    from segocr.errors import TemplateError
    from segocr.settings import load_settings
    from segocr.templates import find_templates

    rows, routes = [], {}
    for name, file in find_templates(load_settings().template_folders).items():
        try:
            routes[name], mistake = _load(name).route, None
        except TemplateError as error:
            mistake = error.message
        rows.append((name, str(routes[name]) if name in routes else None, mistake, str(file)))
    print_rows(["template", "takes", "mistake", "file"], rows, output)
    _note_same_routes(routes)


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@formats(Format.TABLE, Format.JSON, Format.CSV)
def check(names: tuple[str, ...], output: Format) -> None:
    """Check templates and the files of their models, by default all that can be found.

    The first mistake is shown with its place. Whether a model runs is for segocr doctor.
    """
    from segocr.settings import load_settings
    from segocr.templates import find_templates
    from segocr.templates.modelcheck import check_models

    templates = [_load(name) for name in names or find_templates(load_settings().template_folders)]
    rows = []
    for template in templates:
        for said in (*check_models(template), *_other_size(template)):
            note(f"{template.name}: {said}")
        constrained = sum(spec.constraint is not None for spec in template.fields.values())
        rows.append((template.name, template.version, len(template.fields), constrained, str(template.file)))
    print_rows(["template", "version", "fields", "with constraint", "file"], rows, output)
    _note_same_routes({template.name: template.route for template in templates})


@command.command()
@click.argument("name", metavar="NAME|PATH")
@formats(Format.TABLE, Format.JSON)
def show(name: str, output: Format) -> None:
    """Show what a template means, with all defaults."""
    template = _load(name)
    if output is Format.JSON:
        print_mapping(
            {**_facts(template), "fields": [_field(spec) for spec in template.fields.values()]}, output
        )
        return
    facts = _facts(template)
    print_mapping({name: ", ".join(fact) if isinstance(fact, list) else fact for name, fact in facts.items()})
    columns = ["field", "type", "from", "required", "instances", "looks like"]
    fields = [_field(spec) for spec in template.fields.values()]
    print_rows(columns, [[field[column] for column in columns] for field in fields], output)


@command.command()
def schema() -> None:
    r"""Print the JSON Schema of the template language, for editors.

    \b
    segocr template schema > template.schema.json
    """
    from segocr.templates.draft import schema_text

    click.echo(schema_text(), nl=False)


@command.command()
@click.argument("name")
@click.option("--model", type=click.Path(path_type=Path), help="An .onnx or .pt file.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Labelled documents, to train one on."
)
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Folder; default: the workspace's first."
)
def new(name: str, model: Path | None, data: Path | None, folder: Path | None) -> None:
    r"""Draft a template with one field for each class of a model or of labelled documents.

    From labelled values it guesses dates, amounts, check digits and patterns: look at them, and correct them.
    Values are taken for print, as it stands on the page. Pages of val, or without a label, are not looked at.

    \b
    segocr template new delivery_note --data labelled
    segocr template new delivery_note --model runs/segment/train/weights/best.onnx
    """
    from segocr.datasets.showing import shown_by
    from segocr.datasets.unlabelled import left_out_said, with_labels
    from segocr.errors import UsageError
    from segocr.evaluation.labels import read_labels
    from segocr.settings import load_settings
    from segocr.templates.draft import draft

    if (model is None) == (data is None):
        raise UsageError("a draft takes its classes from --model or from --data", hint="name one of them")
    every = [one for one in read_labels(data, None) if one.split in ("train", None)] if data else []
    documents = with_labels(every or read_labels(data, "train"), negatives=False) if data else []
    if said := left_out_said(every, documents):
        note(said)
    folders = load_settings().template_folders
    target = folder or (folders[0] if folders else Path("templates"))
    file = draft(name, model, target, shown_by(documents), len(documents))
    click.echo(f"{file}")
    note(f"say what each field looks like, then: segocr template check {file.parent}")


@command.command()
@click.argument("model", metavar="MODEL.pt|TEMPLATE")
def trust(model: str) -> None:
    """Allow a .pt model to be loaded in this workspace.

    Loading one runs the code that is in it: trust only what you or somebody you know has trained.
    """
    from segocr.errors import UsageError
    from segocr.settings import load_settings
    from segocr.templates.trust import trust_model

    workspace = load_settings().workspace
    if workspace is None:
        raise UsageError(
            "this is no workspace, so there is no list of trusted models", hint="run: segocr init"
        )
    path = Path(model) if Path(model).is_file() else _load(model).segment_model("ultralytics")
    digest = trust_model(path, workspace)
    click.echo(f"{digest}  {path}")


def _load(name: str) -> Template:
    from segocr.settings import load_settings
    from segocr.templates import load_template

    settings = load_settings()
    return load_template(name, search=settings.template_folders, validators_folder=settings.validators_folder)


def _note_same_routes(routes: Mapping[str, Route]) -> None:
    from segocr.templates.routes import same_routes

    for names in same_routes(routes):
        note(
            f"the same route for {', '.join(names)}: its files fail (ambiguous-template) where none is named"
        )


def _other_size(template: Template) -> Iterator[str]:
    """Say if the template looks at pages at another size than its model was trained at."""
    from segocr.training.card import read_card

    card, size = read_card(template.folder), template.segment.image_size
    if card is not None and card.image_size != size:
        yield (
            f"its model was trained at {card.image_size} pixels, and will find less at {size}: "
            f"write image_size: {card.image_size} into segment"
        )


def _without_model(template: Template) -> list[str]:
    from segocr.errors import ModelError

    lacking = []
    for engine in template.segment.engines:
        try:
            template.segment_model(engine)
        except ModelError:
            lacking.append(engine)
    return lacking


def _facts(template: Template) -> dict[str, Any]:
    return {
        "template": template.name,
        "version": template.version,
        "title": template.title,
        "file": str(template.file),
        "digest": template.digest,
        "classes": list(template.classes),
        "segment engines": list(template.segment.engines),
        "without model": _without_model(template),
        "ocr engines": list(template.ocr.engines),
        "rules": [f"{rule.name}: {rule.expression} ({rule.severity})" for rule in template.rules],
        "accept from": template.accept.confidence,
        "accept from score": template.accept.score,
    }


def _field(spec: Any) -> dict[str, Any]:
    origin = (
        spec.class_name if spec.from_ is None else f"{spec.from_}.{spec.part}" if spec.part else spec.from_
    )
    looks = [
        spec.pattern,
        *spec.formats,
        *(str(check) for check in spec.checks),
        *(spec.enum or spec.lookup or ()),
    ]
    return {
        "field": spec.name,
        "type": spec.type,
        "from": origin,
        "required": spec.required,
        "instances": spec.instances,
        "looks like": ", ".join(str(look) for look in looks if look is not None)[:200],
    }
