"""``segocr status``: what the service is doing, at a glance."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, print_json, print_mapping, print_rows

if TYPE_CHECKING:
    from segocr.settings import Settings


@click.command()
@formats(Format.TABLE, Format.JSON)
def command(output: Format) -> None:
    """Show the queue, rates, failures, what is paused and why, the running service, hosts and disks."""
    from db.status import arrivals_status
    from segocr.cli.database import workspace_database
    from segocr.settings import load_settings

    settings = load_settings()
    engine = workspace_database(settings)
    try:
        arrivals = asdict(arrivals_status(engine))
    finally:
        engine.dispose()
    arrivals["paused"] = [*_inboxes_at_fault(settings), *arrivals["paused"]]
    shown = {
        "workspace": settings.workspace,
        "service": _service(settings),
        **arrivals,
        "alerts": _alerts(settings),
        "hosts": _hosts(),
        "disk": _disk(settings),
    }
    if output is Format.JSON:
        print_json(shown)
    else:
        _print(shown)


def _service(settings: Settings) -> dict[str, Any] | None:
    """Return what ``segocr serve`` says of itself, if it runs here: process, start, Prefect's address."""
    from segocr.cli.serve import LOCK

    if settings.workspace is None:
        return None
    with contextlib.suppress(OSError), (settings.workspace / LOCK).open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(json.JSONDecodeError):
                holder: dict[str, Any] = json.load(file)
                return holder
            return {}
    return None


def _inboxes_at_fault(settings: Settings) -> list[dict[str, Any]]:
    """Return the inboxes that cannot be swept as things are now."""
    from segocr.errors import SegocrError
    from segocr.places import check_places, inboxes_in, places_in

    inboxes = inboxes_in(settings)
    found: list[dict[str, Any]] = [
        {"inbox": inbox.key, "code": "inbox-missing", "files": None, "until": None}
        for inbox in inboxes
        if not inbox.folder.is_dir()
    ]
    try:
        check_places(inboxes, places_in(settings))
    except SegocrError as error:
        found.append({"inbox": None, "code": error.code, "files": None, "until": None})
    return found


def _alerts(settings: Settings) -> list[dict[str, Any]]:
    """Return the alerts of the last day, oldest first."""
    from datetime import timedelta

    from segocr.alerts import recent_alerts

    if settings.workspace is None:
        return []
    return [asdict(alert) for alert in recent_alerts(settings.workspace, timedelta(days=1))]


def _hosts() -> list[dict[str, Any]]:
    from segocr.errors import HostError
    from segocr.steps.attached import AttachedKeeper

    try:
        keeper = AttachedKeeper()
    except HostError:
        return []
    with contextlib.closing(keeper):
        return [
            {
                "engine": host.engine,
                "pid": host.pid,
                "memory_mb": round(host.memory_mb),
                "idle_seconds": round(host.idle_seconds),
            }
            for host in keeper.describe()
        ]


def _disk(settings: Settings) -> list[dict[str, Any]]:
    """Return free and total megabytes of the file systems that the service writes to."""
    from segocr.places import places_in

    places = places_in(settings)
    folders = [settings.workspace or Path.cwd(), places.work, places.done, places.failed]
    seen: dict[int, dict[str, Any]] = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            usage = shutil.disk_usage(folder)
            row = {"folder": folder, "free_mb": usage.free // 2**20, "total_mb": usage.total // 2**20}
            seen.setdefault(folder.stat().st_dev, row)
    return list(seen.values())


def _print(shown: dict[str, Any]) -> None:
    service = shown["service"]
    running = "not running" if service is None else f"running, process {service.get('pid', '?')}"
    since = f", since {service['started_at'][:19]}Z" if service and "started_at" in service else ""
    waits = "none"
    if oldest := shown["oldest"]:
        waits = f"{oldest['seconds']:.0f} s: {oldest['path']} ({oldest['state']}, {oldest['arrival']})"
    print_mapping(
        {
            "workspace": shown["workspace"],
            "service": running + since,
            "queue": _counts(shown["states"]),
            "ended": ", ".join(f"{count} in the last {span}" for span, count in shown["ended"].items()),
            "oldest waiting": waits,
            "failed today": _counts(shown["failures"]) or "none",
        }
    )
    _section("paused", ("inbox", "code", "files", "until"), shown["paused"])
    alerts = [{**one, "at": one["at"][:19] + "Z", "codes": _counts(one["codes"])} for one in shown["alerts"]]
    _section("alerts", ("at", "failures", "minutes", "codes"), alerts)
    _section("hosts", ("engine", "pid", "memory_mb", "idle_seconds"), shown["hosts"])
    _section("disk", ("folder", "free_mb", "total_mb"), shown["disk"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def _section(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if not rows:
        print_mapping({title: "none"})
        return
    click.echo(f"\n{title}")
    print_rows(columns, [[row[column] for column in columns] for row in rows], Format.TABLE)
