"""``segocr status``: what the service is doing, at a glance."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, print_json, print_mapping, print_rows
from segocr.cli.serve import LOCK, SILENT, digest_of
from segocr.reports.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segocr.settings import Settings

_EXTRACTS = "extract"
_ROLES = ("sweep", _EXTRACTS, *SILENT)
_RUNS = ("watch", "extract-ready", "retry", "reprocess", "housekeeping", "notify")
"""What runs by schedule, and says of itself how its last run ended."""
_NO_ROOM = 1_000_000
"""Bytes below which a disk counts as full: SQLite needs some to take a claim down."""


@click.command()
@formats(Format.TABLE, Format.JSON)
def command(output: Format) -> None:
    """Show the queue, rates, failures, what is paused and why, the running service, hosts and disks."""
    from segocr.settings import load_settings

    settings = load_settings()
    service = _service(settings)
    arrivals, problem = _arrivals(settings, serving=service is not None)
    shown = {
        "workspace": settings.workspace,
        "service": service,
        **arrivals,
        "paused": _paused(settings, service, arrivals["paused"], problem),
        "alerts": _alerts(settings),
        "hosts": _hosts(),
        "disk": _disk(settings),
    }
    if output is Format.JSON:
        print_json(shown)
    else:
        _print(shown)


def _arrivals(settings: Settings, *, serving: bool) -> tuple[dict[str, Any], str | None]:
    """Return how the arrivals stand, and the code of why the database cannot be asked now, if it cannot.

    Args:
        settings: Of the workspace.
        serving: Whether a service runs: what it says is to be seen in any case.

    Raises:
        DatabaseError: It cannot be asked at all; waiting does not help.
    """
    from db.absent import absent_inboxes
    from db.status import ArrivalsStatus, arrivals_status
    from segocr.cli.database import workspace_database
    from segocr.errors import DatabaseError
    from segocr.inbox.places import inboxes_in, places_in

    engine = workspace_database(settings, made=serving)
    try:
        places = places_in(settings) if settings.workspace is not None else None
        status = asdict(arrivals_status(engine, places))
        gone = absent_inboxes(engine, [inbox.key for inbox in inboxes_in(settings)], places)
        removed = [{"inbox": one.inbox, "code": "inbox-removed", "files": one.files} for one in gone]
        return {**status, "paused": [*status["paused"], *removed]}, None
    except DatabaseError as error:
        if not (error.transient or serving):
            raise
        # On a full disk the rest is what somebody needs to know.
        return asdict(ArrivalsStatus({}, {}, {}, None, {}, ())), error.code
    finally:
        engine.dispose()


def _paused(
    settings: Settings, service: dict[str, Any] | None, resting: Sequence[dict[str, Any]], problem: str | None
) -> list[dict[str, Any]]:
    """Return all that work waits for: what the service says of itself first, since that has times.

    Args:
        settings: Of the workspace.
        service: Which service runs.
        resting: Files that were given back, from the database.
        problem: Code of why that cannot be asked.
    """
    rows = _told_by(settings, service) if service is not None else []
    known = {(row["inbox"], row["code"]) for row in rows}
    seen = [*_inboxes_at_fault(settings), *_places_at_fault(settings)]
    seen += [_pause(problem)] if problem is not None else []
    rows += [row for row in seen if (row["inbox"], row["code"]) not in known]
    # Why files rest is said once, by their inbox, with what who met it says of that.
    met = {row["code"]: row for row in rows if row["inbox"] is None and row["process"] == _EXTRACTS}
    waiting = [_pause(**one) for one in resting]
    for row in waiting:
        if row["code"] in met:
            row |= {key: met[row["code"]][key] for key in ("process", "since")}
    codes = {row["code"] for row in waiting}
    return [row for row in rows if row not in met.values() or row["code"] not in codes] + waiting


def _pause(
    code: str,
    inbox: str | None = None,
    *,
    process: str | None = None,
    files: int | None = None,
    since: object = None,
    until: object = None,
) -> dict[str, Any]:
    return {"inbox": inbox, "code": code, "process": process, "files": files, "since": since, "until": until}


def _told_by(settings: Settings, service: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the troubles of the service's processes, and which of them are started again and again."""
    from segocr.service.troubles import RESTARTED_OFTEN, often_restarted, read_report
    from segocr.settings import settings_text

    rows: list[dict[str, Any]] = []
    if settings.workspace is None:
        return rows
    digest = service.get("settings")
    if digest is not None and digest != digest_of(settings_text(settings.workspace)):
        rows.append(_pause("settings-changed", process="serve"))
    for role in (*_ROLES, *_RUNS):
        said = read_report(settings.workspace, role)
        rows += [_pause(one.code, one.inbox, process=role, since=one.since) for one in said.troubles]
        if role in _RUNS:
            continue
        if since := often_restarted(said.starts, str(service.get("started_at", ""))):
            rows.append(_pause(RESTARTED_OFTEN, process=role, since=since))
    return rows


def _service(settings: Settings) -> dict[str, Any] | None:
    """Return what ``segocr serve`` says of itself, if it runs here: process, start, Prefect's address."""
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
    from segocr.errors import ConfigurationError
    from segocr.inbox.places import check_places, check_writable, inboxes_in, places_in

    inboxes = inboxes_in(settings)
    found = [_pause("inbox-missing", inbox.key) for inbox in inboxes if not inbox.folder.is_dir()]
    for inbox in inboxes:
        try:
            check_writable(inbox)
        except ConfigurationError as error:
            found.append(_pause(error.code, inbox.key))
    try:
        check_places(inboxes, places_in(settings))
    except ConfigurationError as error:
        found.append(_pause(error.code))
    return found


def _places_at_fault(settings: Settings) -> list[dict[str, Any]]:
    """Return what keeps files from being claimed and filed, whether or not a service has noticed it."""
    from segocr.inbox.places import places_in

    places = places_in(settings)
    folders = [settings.workspace or Path.cwd(), places.work, places.done, places.failed]
    codes: dict[str, None] = {}
    for folder in folders:
        try:
            full = shutil.disk_usage(folder).free < _NO_ROOM
        except FileNotFoundError:  # it is made when it is needed
            continue
        except OSError:
            codes["folder-unusable"] = None
            continue
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            codes["folder-unusable"] = None
        if full:
            codes["disk-full"] = None
    return [_pause(code) for code in codes]


def _alerts(settings: Settings) -> list[dict[str, Any]]:
    """Return the alerts of the last day, oldest first."""
    from datetime import timedelta

    from segocr.service.alerts import recent_alerts

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
    from segocr.inbox.places import places_in

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
        path = one_line(oldest["path"])
        waits = f"{oldest['seconds']:.0f} s: {path} ({oldest['state']}, {oldest['arrival']})"
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
    paused = [{**one, "since": _moment(one["since"])} for one in shown["paused"]]
    _section("paused", ("inbox", "code", "process", "files", "since", "until"), paused)
    alerts = [{**one, "at": one["at"][:19] + "Z", "codes": _counts(one["codes"])} for one in shown["alerts"]]
    _section("alerts", ("at", "failures", "minutes", "codes"), alerts)
    _section("hosts", ("engine", "pid", "memory_mb", "idle_seconds"), shown["hosts"])
    _section("disk", ("folder", "free_mb", "total_mb"), shown["disk"])


def _moment(moment: str | None) -> str | None:
    return None if moment is None else f"{moment[:19]}Z"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


def _section(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if not rows:
        print_mapping({title: "none"})
        return
    click.echo(f"\n{title}")
    print_rows(columns, [[row[column] for column in columns] for row in rows], Format.TABLE)
