"""``segocr watch``: what ``serve`` does with files, in one process and without Prefect."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_mapping

if TYPE_CHECKING:
    from flows.watch import Watch
    from segocr.records import Record
    from segocr.settings import Settings
    from segocr.work import Work


@click.command()
@click.argument("folder", metavar="[DIR]", required=False,
                type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option("--once", is_flag=True, help="Look, let files settle once, process those that did, and end.")
@click.option("--template", "-t", metavar="NAME|PATH", help="Takes every file, whatever the routes say.")
@formats(Format.TABLE, Format.JSON)
def command(folder: Path | None, once: bool, template: str | None, output: Format) -> None:
    r"""Process what is dropped into DIR (default: the workspace's inboxes), until Ctrl-C.

    Files are claimed, stored and filed as by `segocr serve`, in the workspace around the current folder.

    \b
    segocr watch --once
    segocr watch /mnt/scanner --once --template passport
    """
    from db.connect import open_database
    from db.schema import prepare
    from flows.batch import run_here
    from flows.watch import Hooks, Watch
    from segocr.cli.interrupts import orderly_termination
    from segocr.steps.client import Steps

    settings = _settings(folder)
    engine = open_database(settings.database_url or "", folder=settings.workspace)
    pythons, devices = settings.environment_pythons, settings.engines.devices
    hooks = Hooks(records=_say)
    pause = 0.0 if once else 15.0
    try:
        prepare(engine)
        with (
            orderly_termination(),
            Steps(environments=pythons, device=devices) as steps,
            Watch(settings, engine, steps, run_here, hooks=hooks, template=template, pause=pause) as watch,
        ):
            if not once:
                _for_ever(watch, settings)
            settling, ended = _once(watch, settings)
            if codes := watch.codes_at_rest():
                note(f"segocr: documents rest ({', '.join(sorted(codes))}), see: segocr status")
    finally:
        engine.dispose()
    states = ("extracted", "needs_review", "failed")
    print_mapping({**{state: ended[state] for state in states}, "settling": settling}, output)
    if ended["failed"]:
        raise SystemExit(3)


def _settings(folder: Path | None) -> Settings:
    """Return the workspace's settings, with DIR for its inboxes if one is given."""
    from segocr.errors import ConfigurationError
    from segocr.settings import InboxSettings, load_settings

    settings = load_settings()
    if settings.workspace is None:
        raise ConfigurationError("this folder is in no workspace", hint="run: segocr init")
    if folder is not None:
        place = folder.resolve()
        known = [inbox for inbox in settings.inbox if settings.inbox_folder(inbox).resolve() == place]
        inboxes = tuple(known) or (InboxSettings(path=place),)
        settings = settings.model_copy(update={"inbox": inboxes})
    if not settings.inbox:
        raise ConfigurationError("the workspace has no inbox", hint="name a folder, or add [[inbox]]")
    return settings


def _once(watch: Watch, settings: Settings) -> tuple[int, Counter[str]]:
    settling = watch.sweep()
    if settling:
        time.sleep(max(inbox.settle_seconds for inbox in settings.inbox))
        settling = watch.sweep()
    return settling, watch.extract()


def _for_ever(watch: Watch, settings: Settings) -> None:
    from flows.folders import Folders
    from flows.pace import Pace
    from segocr.errors import SegocrError

    pace, folders = Pace(settings), Folders([settings.inbox_folder(inbox) for inbox in settings.inbox])
    while True:
        changed = folders.changed()
        if changed or pace.due():
            begin = time.monotonic()
            settling, ended = 0, Counter[str]()
            try:
                settling = watch.sweep()
                cost = time.monotonic() - begin
                ended = watch.extract()
            except SegocrError as error:
                note(f"segocr: {error.message}", error.hint)
                cost = time.monotonic() - begin
            pace.swept(settling, cost, moving=changed or bool(ended))
        time.sleep(pace.pause(folders.cost))


def _say(work: Work, records: Sequence[Record]) -> None:
    from db.store import outcome

    note(f"{records[0].file}: {outcome(records).value.replace('_', ' ')}")
