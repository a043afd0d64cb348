"""``segocr hosts``: keep step hosts warm between commands."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType

import click

from segocr.cli.output import Format, formats, note, print_rows
from segocr.errors import HostError, SegocrError


@click.command()
@click.option("--template", "-t", "templates", multiple=True, metavar="NAME|PATH",
              help="Load the models of this type at once; may be given again.")  # fmt: skip
@click.option("--idle", default=600.0, show_default=True, type=click.FloatRange(min=1), metavar="SECONDS",
              help="A host that nobody called for so long leaves.")  # fmt: skip
@click.option("--device", metavar="auto|cpu|cuda:N", help="Where the models of --template run.")
@click.option("--list", "listing", is_flag=True, help="List the hosts of the running keeper.")
@click.option("--stop", is_flag=True, help="End the running keeper and its hosts.")
@click.option("--parent", type=int, hidden=True, help="End with this process; wait for other keepers.")
@formats(Format.TABLE, Format.JSON)
def command(
    templates: tuple[str, ...],
    idle: float,
    device: str | None,
    listing: bool,
    stop: bool,
    parent: int | None,
    output: Format,
) -> None:
    r"""Keep step hosts warm, so that later commands find models loaded. Ends with Ctrl-C or --stop.

    \b
    segocr hosts --template passport &
    segocr extract page.jpg --template passport
    segocr hosts --stop
    """
    if listing:
        _list(output)
    elif stop:
        _stop()
    else:
        _serve(templates, idle, device, parent)


def _list(output: Format) -> None:
    from segocr.steps.attached import AttachedKeeper

    try:
        keeper = AttachedKeeper()
    except HostError as error:
        if error.code != "no-keeper":
            raise
        note("no keeper is running")
        print_rows(_COLUMNS, [], output)
        return
    hosts = keeper.describe()
    keeper.close()
    rows = [
        (
            host.engine,
            host.pid,
            round(host.memory_mb),
            round(host.idle_seconds),
            str(host.about.get("version", "")),
        )
        for host in hosts
    ]
    print_rows(_COLUMNS, rows, output)


_COLUMNS = ("engine", "pid", "memory_mb", "idle_seconds", "version")


def _stop() -> None:
    from segocr.steps.attached import AttachedKeeper

    keeper = AttachedKeeper()
    pid = keeper.stop_keeper()
    keeper.close()
    note(f"the keeper (process {pid}) ends its hosts and leaves")


def _serve(templates: Sequence[str], idle: float, device: str | None, parent: int | None) -> None:
    from segocr.parentdeath import die_with_parent
    from segocr.settings import check_device
    from segocr.steps.keeper import Keeper
    from segocr.steps.service import Service, await_end

    device = None if device is None else check_device(device)
    if parent is not None:
        die_with_parent(parent)
        await_end()
    service = Service(Keeper(idle))

    def leave(number: int, frame: FrameType | None) -> None:
        service.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    if parent is None:
        note("hosts are kept warm; end with Ctrl-C or `segocr hosts --stop`")
    if templates:
        threading.Thread(target=_warm, args=(templates, device), daemon=True).start()
    service.run()


def _warm(templates: Sequence[str], device: str | None) -> None:
    """Start the hosts of some templates and load their models, through the keeper that runs beside."""
    from segocr.recipes import choose_models
    from segocr.settings import load_settings
    from segocr.steps.client import Steps
    from segocr.templates import load_template

    settings = load_settings()
    try:
        pythons, devices = settings.environment_pythons, settings.engines.devices
        with Steps(environments=pythons, device=device or devices, shared=True) as steps:
            steps.warm([("open", "open"), ("validate", "python")])
            for name in templates:
                template = load_template(
                    name, search=settings.template_folders, validators_folder=settings.validators_folder
                )
                models = choose_models(template, settings.environment_pythons, workspace=settings.workspace)
                steps.warm([], [models.segment, models.ocr])
                note(f"{template.name}: ready")
    except SegocrError as error:
        note(f"segocr: {error.message}", error.hint)
