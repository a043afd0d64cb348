"""``segocr doctor``: find out what does not work here, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_json, print_rows

if TYPE_CHECKING:
    from segocr.cli.checkup import Finding

ENGINES_BROKEN = 5


@click.command()
@formats(Format.TABLE, Format.JSON)
def command(output: Format) -> int:
    """Start every engine, load every model, and say what is wrong with the command that mends it.

    The exit code is 5 if the default engines do not work. What is absent is not needed by default.
    """
    findings = _look()
    works = not any(one.needed and one.health == "broken" for one in findings)
    if output is Format.JSON:
        keys = ("kind", "name", "health", "detail", "mend", "needed")
        print_json({"ok": works, "findings": [{key: getattr(one, key) for key in keys} for one in findings]})
    else:
        print_rows(
            ("", "what", "which", "detail"),
            [(_MARKS[one.health], one.kind, one.name, one.detail) for one in findings],
            output,
        )
        _print_mending(findings, works=works)
    return 0 if works else ENGINES_BROKEN


_MARKS = {"ok": "✓", "absent": "–", "broken": "✗"}


def _look() -> list[Finding]:
    from segocr.cli import checkup
    from segocr.settings import load_settings
    from segocr.steps.client import Steps

    settings = load_settings()
    findings = list(checkup.environments(settings))
    note("starting the hosts of all engines …")
    with Steps(environments=settings.environment_pythons, device=settings.engines.devices) as steps:
        started = list(checkup.engines(settings, steps))
        working = frozenset(one.name for one in started if one.health == "ok")
        template_findings, loaded = checkup.templates(settings)
        findings += [*started, *template_findings, *checkup.models(loaded, working, steps)]
    findings.append(checkup.database(settings))
    return findings


def _print_mending(findings: list[Finding], *, works: bool) -> None:
    from segocr.reports.printable import one_line

    click.echo()
    broken = [one for one in findings if one.health == "broken"]
    for one in broken:
        click.echo(f"✗ {one.kind} {one_line(one.name)}: {one_line(one.detail)}")
        if one.mend:
            click.echo(f"    {one_line(one.mend)}")
    click.echo("the default engines work" if works else "the default engines do not work")
