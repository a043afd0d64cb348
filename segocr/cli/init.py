"""``segocr init``: make a workspace that works at once."""

from __future__ import annotations

from pathlib import Path

import click

from segocr.cli.output import Format, formats, print_mapping
from segocr.errors import ConfigurationError

_SETTINGS = """\
# A segocr workspace: commands run here or in any folder below find this file.
# Relative paths start at this folder. Every value but the inbox's path is the default.

database = "sqlite:///segocr.db"     # or "postgresql://user@host/name"; SEGOCR_DATABASE_URL overrides
templates = ["templates"]            # searched before the templates that come with segocr

[engines]
device = "auto"                      # auto | cpu | cuda:N; [engines.segment] and [engines.ocr] may differ

[engines.open]
dpi = 200                            # dots per inch that PDF pages are rendered at

# [environments.paddle]              # an environment that was built otherwise than by `segocr env create`
# python = "/opt/paddle/bin/python"

[[inbox]]                            # one table for each folder that files are dropped into
path = "inbox"
interval = 30                        # seconds between two sweeps
settle_seconds = 5                   # a file is taken when it has not changed for so long
stale_after = 600                    # seconds until a file that stays empty or unreadable has failed
after = "done"                       # what becomes of a processed file: done | leave | delete
ready = "settled"                    # a file is whole when: settled | marker (NAME.done beside it) | renamed
duplicates = "link"                  # the same bytes again: link | refuse | again
ignore = []                          # names to pass over, beside hidden and temporary ones: ["*.bak"]

[limits]                             # what one document may cost
file_mb = 200
page_megapixels = 120
pages = 500
seconds_per_document = 120           # for opening it; each page after the first adds one
attempts = 3

[schedules]                          # of `segocr serve`: seconds, a cron line (UTC), or "off"
watch = 3600                         # a sweep and extraction, the net under what `serve` does by itself
extract = "off"                      # extraction alone
retry = "15 3 * * *"                 # failed documents that may do better now
reprocess = "off"                    # records of templates that changed are decided (or read) again
housekeeping = "30 4 * * *"          # what [keep] lets go, goes; the database is tidied

[retry]                              # what that schedule tries again
codes = ["no-template", "ambiguous-template", "gave-up", "too-slow"]
days = 3                             # only what was received within so many days

[keep]                               # days; 0: for ever
done = 0                             # files in done/; their records stay
failed = 0                           # files in failed/ and their failed records
versions = 0                         # older versions of a record
lattices = 0                         # what `segocr replay` decides from

[alert]                              # in the log and in `segocr status`, and:
failures = 20                        # so many failed documents ...
minutes = 10                         # ... within so many minutes
command = []                         # a program and its words; gets the alert as JSON
# webhook = "https://example.org/"   # the same JSON is sent there
"""
_IGNORED = "segocr.db*\ninbox/\nwork/\ndone/\nfailed/\n.cache/\n.prefect/\n.*.lock\n.alerts.jsonl\n"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@formats(Format.TABLE, Format.JSON)
def command(folder: Path, output: Format) -> None:
    r"""Make a workspace in DIR (default: here): settings, an inbox, a folder for templates, a database.

    What is there already stays as it is.

    \b
    segocr init scans && cd scans
    segocr extract ../photos --template passport
    segocr query "select * from passport"
    """
    from segocr.settings import FILE, load_settings

    made = [name for name in (FILE, ".gitignore") if _write_new(folder, name)]
    made += [f"{name}/" for name in ("inbox", "templates") if _make_new(folder / name)]
    settings = load_settings(folder)
    _prepare_database(folder)
    if output is Format.JSON:
        print_mapping({"workspace": settings.workspace, "made": made}, output)
        return
    click.echo(
        f"workspace {settings.workspace}: " + (f"made {', '.join(made)}" if made else "was complete already")
    )


def _write_new(folder: Path, name: str) -> bool:
    """Write one of the workspace's files unless it exists; True if it was written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(_IGNORED if name == ".gitignore" else _SETTINGS)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationError(f"the workspace {folder} cannot be written: {error.strerror}") from error
    return True


def _make_new(folder: Path) -> bool:
    if folder.is_dir():
        return False
    try:
        folder.mkdir()
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made: {error.strerror}") from error
    return True


def _prepare_database(folder: Path) -> None:
    """Make the tables and the shipped templates' views, so that a query answers before the first document."""
    from db.schema import prepare
    from db.views import register_template, shape_of
    from segocr.cli.database import workspace_database
    from segocr.settings import load_settings
    from segocr.templates import load_templates

    settings = load_settings(folder)
    engine = workspace_database(settings)
    try:
        prepare(engine)
        known = load_templates(settings.template_folders, validators_folder=settings.validators_folder)
        for template in known.values():
            register_template(engine, shape_of(template))
    finally:
        engine.dispose()
