"""``segocr serve``: the whole service on one machine, in one command."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from segocr.inbox.places import Inbox
    from segocr.service.supervision import Child
    from segocr.settings import Settings

LOCK = ".serve.lock"
SILENT = ("prefect", "keeper", "schedule")
"""Children that do not report for themselves that they were started."""
_IDLE_SECONDS = 3600


@click.command()
@click.option("--workspace", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
              help="The workspace; default: the one around this folder.")  # fmt: skip
def command(workspace: Path | None) -> None:
    r"""Watch the inboxes and extract what is dropped into them, until Ctrl-C or SIGTERM.

    Runs a Prefect server in the workspace (or uses the one that PREFECT_API_URL names), the step hosts, a
    process that looks at the folders and one that extracts, and restarts those that end.

    \b
    segocr init scans && cd scans && mkdir inbox/passports
    segocr serve &
    cp ~/photo.jpg inbox/passports/
    segocr query "select surname, birth_date from passport"
    """
    from flows.server import held_port
    from segocr.cli.output import note
    from segocr.service.logs import start_logging
    from segocr.service.supervision import Supervisor
    from segocr.settings import load_settings, parse_settings, settings_text

    folder = _check(load_settings(workspace))
    text = settings_text(folder)
    settings = parse_settings(text, folder)
    with _alone(folder) as lock, held_port() as port:
        url, children = _children(folder, port, text)
        started_at = datetime.now(UTC).isoformat()
        lock({"pid": os.getpid(), "started_at": started_at, "prefect": url, "settings": digest_of(text)})
        for inbox in settings.inbox:
            note(f"drop files into {settings.inbox_folder(inbox)}; Ctrl-C ends")
        start_logging()
        Supervisor(children, lambda child: _note_start(folder, child)).run()


def digest_of(settings: str) -> str:
    """Return what tells one text of ``segocr.toml`` from another."""
    return hashlib.sha256(settings.encode()).hexdigest()[:16]


def _note_start(workspace: Path, child: str) -> None:
    """Write down for ``segocr status`` that a child was started which does not say so itself."""
    from segocr.service.troubles import Report

    if child in SILENT:
        with suppress(OSError):  # the one process that must not end goes on without
            Report(workspace, child).close()


def _check(settings: Settings) -> Path:
    """Find mistakes before anything is started; make the database's tables if it has none."""
    from db.schema import SchemaState, prepare, schema_status
    from segocr.cli.database import workspace_database
    from segocr.cli.output import note
    from segocr.errors import ConfigurationError
    from segocr.inbox.places import check_places, inboxes_in, places_in

    if settings.workspace is None:
        raise ConfigurationError("this folder is in no workspace", hint="run: segocr init")
    if not settings.inbox:
        raise ConfigurationError("the workspace has no inbox", hint="add [[inbox]] to segocr.toml")
    _check_folder(settings.workspace)
    _check_server()
    places = places_in(settings)
    check_places(inboxes_in(settings), places)
    _note_closed(inboxes_in(settings))
    for place in (places.work, places.done, places.failed):
        place.mkdir(exist_ok=True)
    _note_broken(settings)
    engine = workspace_database(settings)
    if schema_status(engine).state is SchemaState.EMPTY:
        note("segocr: the database is empty and gets its tables now; were there some, put a backup back")
    prepare(engine)
    engine.dispose()
    return settings.workspace


def _check_server() -> None:
    """Refuse a Prefect server of somebody's own that no request can be sent to."""
    from segocr.errors import ConfigurationError
    from segocr.settings.addresses import web_address

    if (url := os.environ.get("PREFECT_API_URL")) is None:
        return
    try:
        web_address(url)
    except ValueError as error:
        raise ConfigurationError(
            f"PREFECT_API_URL={url}: {error}",
            hint="correct it (http://127.0.0.1:4200/api), or unset it and let serve run a server of its own",
        ) from error


def _note_closed(inboxes: Sequence[Inbox]) -> None:
    """Say which inboxes no file can be taken out of; the others are served all the same."""
    from segocr.cli.output import note
    from segocr.errors import ConfigurationError
    from segocr.inbox.places import check_writable

    for inbox in inboxes:
        try:
            check_writable(inbox)
        except ConfigurationError as error:
            note(f"segocr: {error.message}", error.hint)


def _note_broken(settings: Settings) -> None:
    """Say which templates have a mistake: what they would take waits, the others serve."""
    from segocr.cli.output import note
    from segocr.errors import TemplateError
    from segocr.templates import find_templates, load_template

    search, own = settings.template_folders, settings.validators_folder
    for name in find_templates(search):
        try:
            load_template(name, search=search, validators_folder=own)
        except TemplateError as error:
            note(f"segocr: the files of {name} wait: {error.message}", error.hint)


def _check_folder(workspace: Path) -> None:
    from segocr.errors import ConfigurationError

    if not os.access(workspace, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"the workspace {workspace} is read-only for this user",
            hint="serve keeps Prefect's data, claimed files and the database there: let this user write, or "
            'make a workspace elsewhere (segocr init DIR) whose inbox leaves the files (after = "leave")',
        )


@contextmanager
def _alone(workspace: Path) -> Iterator[Callable[[dict[str, object]], None]]:
    """Hold the workspace's lock for a ``with`` block; yields what writes into it who holds it.

    Raises:
        HostError: ``service-running``.
    """
    from flows.inboxes import take_lock
    from segocr.errors import HostError

    path = workspace / LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        if not take_lock(file):
            raise HostError(
                f"segocr serve runs in {workspace} already",
                code="service-running",
                hint="see `segocr status`; end it with SIGTERM",
            )

        def write(holder: dict[str, object]) -> None:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(holder) + "\n")
            file.flush()

        yield write
        write({})


def _children(workspace: Path, port: int, settings: str) -> tuple[str, list[Child]]:
    """Return the address of Prefect's API and the processes to run, in the order of their start.

    Args:
        workspace: The folder, absolute.
        port: Held for a Prefect server of its own.
        settings: Text of ``segocr.toml``; whoever is started again later goes by that one, too.
    """
    from flows.server import (
        doubts_about,
        local_url,
        new_secret,
        prefect_environment,
        server_command,
        server_variables,
        without_prefect,
    )
    from segocr.cli.output import note
    from segocr.service.supervision import Child
    from segocr.settings import SERVED_VARIABLE

    home = workspace / ".prefect"
    home.mkdir(mode=0o700, exist_ok=True)
    url = os.environ.get("PREFECT_API_URL")
    own_server = url is None
    children: list[Child] = []
    if url is None:
        url, secret = local_url(port), new_secret()
        log = home / "server.log"
        children.append(Child("prefect", server_command(port), server_variables(home, secret), log=log))
        prefect = dict(os.environ) | prefect_environment(home, url, secret)
    else:
        if doubts := doubts_about(url):
            message, hint = doubts
            note(f"segocr: {message}", hint)
        prefect = dict(os.environ) | {"DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "WARNING"}
    python, parent = [sys.executable, "-P", "-m"], str(os.getpid())
    plain = without_prefect(os.environ)  # what opens documents has no use for the server's secret
    served = {SERVED_VARIABLE: settings}
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    keeper = [*python, "segocr.cli", "hosts", "--idle", str(_IDLE_SECONDS), "--parent", parent]
    sweeper = [*python, "flows.sweeper", str(workspace), parent, str(writer)]
    extractor = [*python, "flows.extractor", str(workspace), parent, str(reader)]
    name = _name(workspace, shared=not own_server)
    schedules = [*python, "flows.schedules", str(workspace), parent, name]
    schedules += ["--own-server"] if own_server else []
    children += [
        Child("keeper", keeper, plain),
        Child("sweep", sweeper, plain | served, descriptors=(writer,)),
        Child(
            "extract",
            extractor,
            prefect | served,
            first=["--forgive"],
            descriptors=(reader,),
            stop_seconds=120,
        ),
        Child("schedule", schedules, prefect | served),
    ]
    return url, children


def _name(workspace: Path, *, shared: bool) -> str:
    """Return what the workspace's deployments are called; on a shared server, no other workspace's are."""
    if not shared:
        return workspace.name
    return f"{workspace.name}-{hashlib.sha256(bytes(workspace)).hexdigest()[:6]}"
