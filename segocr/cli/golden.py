"""``segocr template test``: the golden documents of templates, as they are and after mishaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_json, print_rows, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segocr.evaluation.golden import Finding
    from segocr.settings import Settings
    from segocr.templates import Template

_FAILED = 3


@click.command("test")
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--damage", is_flag=True, help="Also turned, shrunk, blurred, darkened and compressed.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N documents of each template.")
@click.option("--segment-engine", metavar="NAME", help="Instead of the templates' lists.")
@formats(Format.TABLE, Format.JSON, Format.CSV)
def test(
    names: tuple[str, ...], damage: bool, limit: int | None, segment_engine: str | None, output: Format
) -> int:
    r"""Extract the documents in golden/ of templates (default: of all) and compare them with their labels.

    A damaged document's value may be lost; a wrong one that is accepted fails the test, and so does one of an
    undamaged document that is not read right. The exit code is 3 if a test failed.

    \b
    segocr template test passport --damage
    segocr template test passport --damage --segment-engine textlines
    """
    from segocr.settings import load_settings
    from segocr.templates import find_templates, load_template

    settings = load_settings()
    wanted = names or tuple(find_templates(settings.template_folders))
    templates = [
        load_template(name, search=settings.template_folders, validators_folder=settings.validators_folder)
        for name in wanted
    ]
    found = _check_all(
        templates, settings, damage=damage, limit=limit, segment_engine=segment_engine, named=bool(names)
    )
    _print(found, output)
    return _FAILED if any(one.failed for findings in found.values() for one in findings) else 0


def _check_all(
    templates: Sequence[Template],
    settings: Settings,
    *,
    damage: bool,
    limit: int | None,
    segment_engine: str | None,
    named: bool,
) -> dict[str, list[Finding]]:
    """Return the findings by template; templates that nobody named may lack documents or a model."""
    from segocr.cli.progress import counting_line
    from segocr.errors import ModelError
    from segocr.evaluation.golden import check_golden, golden_documents
    from segocr.evaluation.labels import without_value_said
    from segocr.evaluation.mishaps import MISHAPS
    from segocr.steps.client import Steps

    found: dict[str, list[Finding]] = {}
    with Steps(environments=settings.environment_pythons, device=settings.engines.devices) as steps:
        for template in templates:
            documents = golden_documents(template)[:limit]
            if not documents:
                _left_out(template, "its folder golden/ holds no labelled documents", named=named)
                continue
            if said := without_value_said(documents):
                note(f"{template.name}: {said}")
            try:
                found[template.name] = check_golden(
                    template, documents, settings=settings, steps=steps, mishaps=MISHAPS if damage else (),
                    segment_engine=segment_engine, progress=counting_line(f"{template.name}, "),
                )  # fmt: skip
            except ModelError as error:
                if named or error.code != "model-absent":
                    raise
                _left_out(template, error.message, named=named)
    return found


def _left_out(template: Template, why: str, *, named: bool) -> None:
    from segocr.errors import UsageError

    if named:
        raise UsageError(f"{template.name} cannot be tested: {why}")
    note(f"{template.name} is not tested: {why}")


def _print(found: dict[str, list[Finding]], output: Format) -> None:
    from segocr.evaluation.golden import Verdict, summary

    columns = ["template", "document", "damage", "field", "expected", "read", "accepted", "verdict", "failed"]
    rows = [
        (
            template, one.document, one.mishap, one.field, one.expected, one.read, one.accepted,
            one.verdict.value, one.failed,
        )
        for template, findings in found.items()
        for one in findings
    ]  # fmt: skip
    if output is Format.JSON:
        counts = {name: summary(findings) for name, findings in found.items()}
        passed = not any(row[-1] for row in rows)
        values = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"passed": passed, "summary": counts, "values": values})
        return
    if output is Format.CSV:
        print_rows(columns, rows, output)
        return
    print_table(
        ["template", "damage", *Verdict, "failed"],
        [
            (name, mishap, *counts.values(), sum(f.failed for f in findings if f.mishap == mishap))
            for name, findings in found.items()
            for mishap, counts in summary(findings).items()
        ],
    )
    failed = [row[:-1] for row in rows if row[-1]]
    if failed:
        print_table(columns[:-1], failed, title="failed")
