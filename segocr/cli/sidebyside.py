"""``segocr evaluate --engines ONE,OTHER``: what each engine gets right and costs, printed side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from segocr.evaluation.run import Evaluation
    from segocr.evaluation.sidebyside import SideBySide
    from segocr.evaluation.tables import Score

_STEPS = ("open", "segment", "ocr", "validate", "segocr")


def print_side_by_side(compared: SideBySide, output: Format) -> None:
    """Print a comparison of engines: values by field, processor time by step, and what to do."""
    if output is Format.JSON:
        print_json(compared.as_json())
        return
    names = list(compared.evaluations)
    columns = ["field", "labelled"]
    for name in names:
        columns += [f"{name}: exact %", "95 %", "wrong accepted"]
    print_table(columns, _accuracy(compared), title="right values")
    click.echo()
    print_table(
        ["engine", "F1 %", "accepted %", *_STEPS, "s a page", "pages an hour"],
        (_costs(name, one) for name, one in compared.evaluations.items()),
        title="processor seconds a page, by step",
    )
    click.echo()
    for switch in compared.switches:
        click.echo(switch.told())
    for name, one in compared.evaluations.items():
        for document, code in one.found.failures.items():
            click.echo(f"{name}: {document}: {code}", err=True)


def _accuracy(compared: SideBySide) -> Iterator[list[object]]:
    from segocr.evaluation.tables import score

    evaluations = list(compared.evaluations.values())
    for field in evaluations[0].fields:
        yield [field, *_scores([score(one.found.of(field)) for one in evaluations])]
    if len(evaluations[0].fields) > 1:
        yield ["all", *_scores([one.found.overall for one in evaluations])]


def _scores(scores: list[Score]) -> Iterator[object]:
    yield scores[0].labelled
    for one in scores:
        bounds, wrong = one.exact.interval, one.accepted_wrong
        yield "" if one.exact.value is None else f"{100 * one.exact.value:.1f}"
        yield "" if bounds is None else f"{100 * bounds[0]:.0f}–{100 * bounds[1]:.0f}"
        yield f"{wrong.count} of {wrong.total}"


def _costs(name: str, one: Evaluation) -> list[object]:
    overall, cost = one.found.overall, one.found.cost
    accepted = overall.accepted.value
    return [
        name,
        f"{100 * overall.f1:.1f}",
        "" if accepted is None else f"{100 * accepted:.1f}",
        *(f"{cost.of(step):.2f}" for step in _STEPS),
        f"{cost.a_page:.2f}",
        f"{3600 / cost.a_page:.0f}" if cost.a_page else "",
    ]
