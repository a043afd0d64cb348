"""``segocr evaluate``: a template measured on labelled documents, end to end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from segocr.cli.progress import Count
    from segocr.evaluation.difference import Difference
    from segocr.evaluation.labels import LabelledDocument
    from segocr.evaluation.run import Evaluation, Measured
    from segocr.extraction import Progress

_COLUMNS = (
    "field", "labelled", "exact %", "95 %", "F1 %", "wrong", "missing", "spurious", "char. err. %",
    "region %", "IoU", "accepted %", "wrong accepted", "95 % below",
)  # fmt: skip


@click.command()
@click.argument("template")
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, file_okay=False),
    help="Labelled documents: a folder with fields.jsonl.",
)  # fmt: skip
@click.option("--split", default="val", show_default=True, help="Which documents; 'all' for every one.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N documents.")
@click.option("--engines", metavar="SEGMENT,…",
              help="What finds the regions, instead of the template's; several are compared.")  # fmt: skip
@click.option("--ocr-engine", help="What reads them, instead of the template's.")
@click.option("--scenes", is_flag=True, help="Camera photos made of the documents, five each.")
@click.option(
    "--backgrounds", type=click.Path(path_type=Path, file_okay=False),
    help="Labelled photos that --scenes lays pages on, same split.  [default: plates beside --data]",
)  # fmt: skip
@click.option("--no-oracle", is_flag=True, help="Do not read the true regions as well.")
@click.option(
    "--compare", "earlier", type=click.Path(path_type=Path, dir_okay=False),
    help="An earlier --json result: say what got better and worse.",
)  # fmt: skip
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was not read right, with pictures, as HTML.",
)  # fmt: skip
@formats(Format.JSON, Format.TABLE)
def command(
    template: str,
    data: Path,
    split: str,
    limit: int | None,
    engines: str | None,
    ocr_engine: str | None,
    scenes: bool,
    backgrounds: Path | None,
    no_oracle: bool,
    earlier: Path | None,
    report: Path | None,
    output: Format,
) -> None:
    r"""Measure TEMPLATE on labelled documents, from picture to value.

    The oracle line reads the labelled regions instead of the found ones: what it gets right and the
    other line does not is lost by segmentation; the rest is lost by reading.

    With several engines the same documents are read with each: what they get right and cost, side by side,
    and whether to switch.

    \b
    segocr evaluate invoice --data labelled --engines textlines,openvino
    """
    import tempfile

    from segocr.cli.progress import counting_line
    from segocr.cli.sidebyside import print_side_by_side
    from segocr.cli.targets import check_report
    from segocr.errors import UsageError
    from segocr.evaluation.difference import difference, read_earlier
    from segocr.evaluation.labels import read_labels, without_value_said
    from segocr.evaluation.run import evaluate
    from segocr.evaluation.sidebyside import compare_engines
    from segocr.settings import load_settings
    from segocr.templates import load_template

    def shown(name: str, progress: Progress) -> None:
        count(name, progress.done, progress.total)

    count = counting_line()
    named = _engines(engines)
    if len(named) > 1 and (earlier or report):
        raise UsageError("--compare and --report are for one engine", hint="name one with --engines")
    if report is not None:
        check_report(report)
    settings = load_settings()
    loaded = load_template(
        template, search=settings.template_folders, validators_folder=settings.validators_folder
    )
    before = read_earlier(earlier) if earlier else None
    documents = read_labels(data, None if split == "all" else split)[:limit]
    if said := without_value_said(documents):
        note(said)
    about: dict[str, object] = {"split": split, "scenes": scenes}
    with tempfile.TemporaryDirectory(prefix="segocr-scenes-") as folder:
        if scenes:
            photos = backgrounds or data.parent / "plates"
            documents = _photographed(documents, photos, split, Path(folder), count)
        if len(named) > 1:
            compared = compare_engines(
                loaded, documents, named, settings=settings, ocr_engine=ocr_engine, about=about,
                progress=shown,
            )  # fmt: skip
            print_side_by_side(compared, output)
            return
        evaluation = evaluate(
            loaded, documents, settings=settings, engines=(next(iter(named), None), ocr_engine),
            oracle=not no_oracle, about=about, progress=shown,
        )  # fmt: skip
        if report is not None:
            _write_report(evaluation, documents, report)
    change = difference(before, evaluation.found.outcomes) if before is not None else None
    if output is Format.JSON:
        print_json({**evaluation.as_json(), **({"since": change.as_json()} if change else {})})
        return
    _print(evaluation)
    if change:
        _print_change(change)


def _engines(given: str | None) -> list[str]:
    """Return the engines named; ``-`` stands for the template's own and adds none."""
    from segocr.steps.engines import engine_of

    if given is None:
        return []
    names = [name.strip() for name in given.split(",") if name.strip() not in ("", "-")]
    for name in names:
        engine_of("segment", name)
    return names


def _photographed(
    documents: list[LabelledDocument], backgrounds: Path, split: str, folder: Path, count: Count
) -> list[LabelledDocument]:
    from segocr.evaluation.labels import read_labels
    from segocr.evaluation.scenes import make_scenes

    photos = [photo.path for photo in read_labels(backgrounds, None if split == "all" else split)]
    return make_scenes(documents, photos, folder, progress=partial(count, "scenes"))


def _write_report(evaluation: Evaluation, documents: Sequence[LabelledDocument], report: Path) -> None:
    from segocr.evaluation.worst import write_worst

    count = write_worst(evaluation, documents, report)
    note(f"{report}: {count} examples")


def _print(evaluation: Evaluation) -> None:
    from segocr.evaluation.tables import documents_right

    passes = {"found regions": evaluation.found, "true regions (oracle)": evaluation.oracle}
    for title, measured in passes.items():
        if measured is not None:
            print_table(_COLUMNS, _rows(evaluation, measured), title=title)
            right = documents_right(measured.outcomes)
            click.echo(
                f"documents with every labelled value right: {_percent(right.value)} % of {right.total}, "
                f"95 % {_interval(right.interval)}\n"
            )
    for document, code in evaluation.found.failures.items():
        note(f"{document}: {code}")


def _rows(evaluation: Evaluation, measured: Measured) -> Iterator[tuple[Any, ...]]:
    from segocr.evaluation.tables import score

    for name in evaluation.fields:
        yield _row(name, score(measured.of(name)))
    if len(evaluation.fields) > 1:
        yield _row("all", measured.overall)


def _row(name: str, score: Any) -> tuple[Any, ...]:
    spurious = str(score.counts["spurious"])
    if score.counts["elsewhere"]:
        spurious += f" + {score.counts['elsewhere']} elsewhere"
    wrong = score.accepted_wrong
    return (
        name, score.labelled, _percent(score.exact.value), _interval(score.exact.interval),
        f"{_percent(score.f1)} ({_interval(score.f1_interval)})", score.counts["wrong"],
        score.counts["missing"], spurious, _percent(score.character_errors), _percent(score.found.value),
        "" if score.iou is None else f"{score.iou:.2f}", _percent(score.accepted.value),
        f"{wrong.count} of {wrong.total}", f"{_percent(wrong.interval[1])} %" if wrong.interval else "",
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _interval(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{100 * bounds[0]:.0f}–{100 * bounds[1]:.0f}"


def _print_change(change: Difference) -> None:
    click.echo(
        f"of {change.compared} values compared, {len(change.better)} got better and {len(change.worse)} "
        f"worse (so uneven by chance: {change.chance:.2f})"
    )
    rows = [("better", *key) for key in change.better] + [("worse", *key) for key in change.worse]
    if rows:
        print_table(("", "document", "field", "label"), rows)
