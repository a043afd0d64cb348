"""``segocr documents``: list, show and forget documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from segocr.arrivals import State
from segocr.cli.output import Format, formats, note, print_json, print_mapping, print_rows

if TYPE_CHECKING:
    from db.forgetting import Forgetting

_COLUMNS = ("sha256", "file", "template", "part", "status", "accepted", "state", "problems", "at")


@click.group()
def command() -> None:
    """List, show and forget documents."""


@command.command(name="list")
@formats(Format.TABLE, Format.JSON, Format.CSV)
@click.option("--template", metavar="NAME", help="Only this template's.")
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only arrivals in this state."
)
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(min=1), help="Most rows to print."
)
def list_command(output: Format, template: str | None, state: str | None, limit: int) -> None:
    """List the newest documents and the dropped files that wait."""
    from db.documents import list_documents
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        found = list_documents(engine, template=template, state=state, limit=limit)
    short = output is Format.TABLE
    rows = [
        (
            one.sha256[:12] if short and one.sha256 else one.sha256,
            one.file,
            one.template,
            one.part,
            one.status,
            one.accepted,
            one.state,
            list(one.problems) if output is Format.JSON else " ".join(one.problems),
            one.at.isoformat(sep=" ", timespec="seconds"),
        )
        for one in found
    ]
    print_rows(_COLUMNS, rows, output)


@command.command()
@click.argument("sha256")
@formats(Format.TABLE, Format.JSON)
def show(sha256: str, output: Format) -> None:
    """Show all that is known of a document (SHA256: at least 6 of its digits)."""
    from db.documents import find_document, show_document
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        shown = show_document(engine, find_document(engine, sha256))
    if output is Format.JSON:
        print_json(shown)
        return
    print_mapping({name: shown[name] for name in ("sha256", "media_type")})
    for extraction in shown["extractions"]:
        keys = ("file", "template", "version", "part", "status", "accepted", "current", "extracted_at")
        print_mapping({key: extraction[key] for key in keys})
        columns = ("name", "value", "text", "raw", "status", "accepted", "confidence")
        print_rows(columns, [[field[key] for key in columns] for field in extraction["fields"]], output)
        for problem in extraction["problems"]:
            print_mapping(problem)
    for arrival in shown["arrivals"]:
        print_mapping(arrival)


@command.command()
@click.argument("sha256")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(sha256: str, dry_run: bool, yes: bool) -> None:
    """Remove a document: its rows, readings and the copies that segocr keeps (SHA256: at least 6 digits)."""
    from db.documents import find_document
    from db.forgetting import forget as forget_document
    from db.forgetting import plan_forgetting
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        plan = plan_forgetting(engine, find_document(engine, sha256))
        _show_plan(plan)
        if dry_run:
            return
        if not yes:
            click.confirm("Remove all this for good?", abort=True, err=True)
        forget_document(engine, plan)
    note(f"forgotten: {plan.sha256}")


def _show_plan(plan: Forgetting) -> None:
    print_mapping(
        {"sha256": plan.sha256, **{f"rows of {table}": count for table, count in plan.rows.items()}}
    )
    for file in plan.files:
        note(f"removed: {file}")
    for file in plan.left:
        note(f"left to its owner: {file}")
