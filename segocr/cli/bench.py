"""``segocr bench``: speed and memory, beside the plain way, full-page OCR and the floor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_json, print_table

if TYPE_CHECKING:
    from segocr.bench.run import Bench
    from segocr.settings import Settings
    from segocr.templates import Template

_WAYS = ("plain", "full_page", "textlines", "floor")


@click.command()
@click.argument("templates", nargs=-1, metavar="[TEMPLATE]...")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Pictures of one TEMPLATE's type.  [default: its golden samples]",
)  # fmt: skip
@click.option("--documents", default=24, show_default=True, type=click.IntRange(1), help="Documents a round.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Rounds; medians count.")
@click.option(
    "--ways", default=",".join(_WAYS), show_default=True, metavar="NAME,…", help="What to compare with."
)
@formats(Format.JSON, Format.TABLE)
def command(
    templates: tuple[str, ...], data: Path | None, documents: int, rounds: int, ways: str, output: Format
) -> None:
    """Measure segocr beside other ways over the same documents, in one run.

    \b
    plain      ultralytics on torch, then PaddleOCR on paddlepaddle, one picture and one crop at a time
    full_page  RapidOCR on OpenVINO over whole pages, as without segmentation
    textlines  segocr with the engine textlines, for templates that have a head
    floor      the models' own time on arrays ready for them

    TEMPLATE defaults to the shipped ones that have a model.
    """  # noqa: D301
    from segocr.bench.run import bench
    from segocr.bench.samples import golden_samples, pictures_in
    from segocr.errors import UsageError
    from segocr.settings import load_settings

    wanted = [name.strip() for name in ways.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in _WAYS]
    if unknown:
        raise UsageError(f"--ways knows {', '.join(_WAYS)}, not {unknown[0]!r}")
    settings = load_settings()
    chosen = _chosen(templates, settings)
    if data is not None and len(chosen) != 1:
        raise UsageError("--data holds documents of one type: name one TEMPLATE")
    results = [
        bench(
            template, pictures_in(data) if data else golden_samples(template), settings=settings,
            documents=documents, rounds=rounds, wanted=wanted, report=note,
        )
        for template in chosen
    ]  # fmt: skip
    if output is Format.JSON:
        print_json({result.template: result.as_json() for result in results})
    else:
        for result in results:
            _print(result)


def _chosen(names: tuple[str, ...], settings: Settings) -> list[Template]:
    from segocr.errors import ModelError
    from segocr.templates import load_template, load_templates

    folders, own = settings.template_folders, settings.validators_folder
    if names:
        return [load_template(name, search=folders, validators_folder=own) for name in names]
    chosen = [
        template
        for template in load_templates(folders, validators_folder=own).values()
        if "openvino" in template.segment.engines and (template.folder / template.segment.model).is_file()
    ]
    if not chosen:
        raise ModelError("no template has a model yet", code="model-absent", hint="segocr model list")
    return chosen


def _print(result: Bench) -> None:
    rows: list[tuple[Any, ...]] = [
        ("segocr", _number(result.rate("segocr")), "", "default engines, PP-OCRv6 small"),
        ("segocr, PP-OCRv4 mobile", _number(result.rate("segocr_v4")), "", "what the plain way reads with"),
        ("plain way", _number(result.rate("plain")), _times(result.ratio("segocr_v4", "plain")),
         "torch, then paddlepaddle, PP-OCRv4 mobile"),
        ("floor, PP-OCRv4 mobile", _number(result.rate("floor_v4")),
         _percent(result.ratio("segocr_v4", "floor_v4")),
         f"is {_times(result.ratio('floor_v4', 'plain'))} the plain way; each line once"),
        ("full-page OCR", _number(result.rate("full_page")), _times(result.ratio("segocr", "full_page")),
         "RapidOCR on OpenVINO, PP-OCRv6 small"),
        ("segocr by text lines", _number(result.rate("textlines")), "",
         f"costs {_percent(result.cost('textlines', 'full_page'))} of full-page OCR's processor time"),
        ("floor", _number(result.rate("floor")), _percent(result.ratio("segocr", "floor")),
         "model calls alone, each line in both directions"),
        ("floor, one direction", _number(result.rate("one_direction")),
         _percent(result.ratio("segocr", "one_direction")), "each line once"),
    ]  # fmt: skip
    print_table(
        ("way", "documents/s", "segocr to it", ""), [row for row in rows if row[1]], title=result.template
    )
    memory, latency = result.memory, result.latency
    click.echo(
        f"memory (PSS): {memory.orchestrator:.0f} MB orchestrator, {memory.hosts:.0f} MB hosts, "
        f"{memory.total:.0f} MB together"
    )
    cold, warm = latency.get("cold"), latency.get("warm")
    click.echo(f"segocr extract, one document: {_seconds(cold)} cold, {_seconds(warm)} with a keeper running")
    for name, why in result.left_out.items():
        click.echo(f"{name}: left out: {why}")
    click.echo()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ×"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
