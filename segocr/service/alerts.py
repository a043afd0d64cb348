"""Alerts: many documents failed. Kept in the workspace, and told to whom ``segocr.toml`` names."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from segocr.errors import ConfigurationError
from segocr.settings.service import AlertSettings

FILE = ".alerts.jsonl"
_KEPT = 100
_COMMAND_SECONDS = 60.0
_WEBHOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Alert:
    """So many documents failed within so many minutes.

    Attributes:
        at: When this was found, ISO 8601 in UTC.
        workspace: Where.
        failures: Failed documents.
        minutes: Within how many.
        codes: The same by the code of their problem.
    """

    at: str
    workspace: str
    failures: int
    minutes: float
    codes: dict[str, int]


_ALERT = TypeAdapter(Alert)


def keep_alert(workspace: Path, alert: Alert) -> None:
    """Write an alert to the workspace, where ``segocr status`` finds it; the last hundred are kept."""
    kept = [*_lines(workspace)[1 - _KEPT :], json.dumps(asdict(alert))]
    file = workspace / f"{FILE}.{os.getpid()}"
    file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    file.replace(workspace / FILE)


def recent_alerts(workspace: Path, span: timedelta) -> list[Alert]:
    """Return the alerts of the last time, oldest first."""
    since = (datetime.now(UTC) - span).isoformat()
    alerts = [_read(line) for line in _lines(workspace)]
    return [alert for alert in alerts if alert is not None and alert.at >= since]


def _read(line: str) -> Alert | None:
    """Return the alert that a line says; None if another version wrote it, or a disk was full meanwhile."""
    try:
        return _ALERT.validate_json(line)
    except ValidationError:
        return None


def _lines(workspace: Path) -> list[str]:
    try:
        return (workspace / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def tell_alert(settings: AlertSettings, alert: Alert) -> None:
    """Run the command and send to the webhook that the settings name.

    Raises:
        ConfigurationError: ``alert-untold``: one of them failed; the other was told all the same.
    """
    body = json.dumps(asdict(alert)).encode()
    failures = []
    if settings.command:
        failures += _run(settings.command, body)
    if settings.webhook is not None:
        failures += _send(settings.webhook, body)
    if failures:
        raise ConfigurationError("; ".join(failures), code="alert-untold", hint="see [alert] in segocr.toml")


def _run(command: tuple[str, ...], body: bytes) -> list[str]:
    # Its name and not its words, which may hold a secret.
    try:
        done = subprocess.run(command, input=body, timeout=_COMMAND_SECONDS, stdout=subprocess.DEVNULL)
    except OSError as error:
        return [f"the alert's command {command[0]} cannot be run: {error.strerror}"]
    except subprocess.TimeoutExpired:
        return [f"the alert's command {command[0]} took more than {_COMMAND_SECONDS:g} s"]
    return [f"the alert's command {command[0]} ended with {done.returncode}"] if done.returncode else []


def _send(address: str, body: bytes) -> list[str]:
    # Its host and not its path, which is often its secret.
    host = urllib.parse.urlsplit(address).hostname
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_WEBHOOK_SECONDS):
            return []
    except (OSError, http.client.HTTPException) as error:
        return [f"the alert's webhook at {host} cannot be told: {error}"]
