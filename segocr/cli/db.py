"""``segocr db``: upgrade and inspect the database."""

from __future__ import annotations

import click

from segocr.cli.output import Format, formats, note, print_mapping, print_rows


@click.group()
def command() -> None:
    """Upgrade and inspect the database."""


@command.command()
def upgrade() -> None:
    """Bring the database to this version; makes it where there is none."""
    from db.schema import SchemaState, schema_status
    from db.schema import upgrade as upgrade_database
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        before = upgrade_database(engine)
        after = schema_status(engine)
    if before.state is SchemaState.CURRENT:
        note(f"the database is at revision {after.revision} already; its views are as they should be")
    else:
        note(f"the database went from {before.revision or 'nothing'} to revision {after.revision}")


@command.command()
@formats(Format.TABLE, Format.JSON)
def status(output: Format) -> None:
    """Say where the database is, of which revision, and how much it holds."""
    from db.connect import where
    from db.documents import count_rows
    from db.schema import SchemaState, schema_status
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        found = schema_status(engine)
        rows = count_rows(engine) if found.state is SchemaState.CURRENT else {}
    values = {"database": where(engine), "state": found.state.value, "revision": found.revision}
    print_mapping({**values, "wanted": found.wanted, **rows}, output)
    if found.state in (SchemaState.EMPTY, SchemaState.OLDER):
        note("run: segocr db upgrade")


@command.command()
@formats(Format.TABLE, Format.JSON, Format.CSV)
def views(output: Format) -> None:
    """List the views and their columns."""
    from db.schema import check_schema
    from db.viewlist import list_views
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        check_schema(engine)
        found = list_views(engine)
    rows = [(view.name, column, type_) for view in found for column, type_ in view.columns]
    print_rows(("view", "column", "type"), rows, output)


@command.command("drop-views")
@click.argument("template")
def drop_views(template: str) -> None:
    """Drop the views of a TEMPLATE that is gone, so that others can have their names; its records stay."""
    from db.schema import check_schema
    from db.views import unregister_template
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        check_schema(engine)
        dropped = unregister_template(engine, template)
    note(f"dropped: {', '.join(dropped)}")
