"""Alerts: kept for ``segocr status``, told to a command and a webhook, and no secret in what failed."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from segocr.errors import ConfigurationError
from segocr.service.alerts import FILE, Alert, keep_alert, recent_alerts, tell_alert
from segocr.settings import parse_settings
from segocr.settings.service import AlertSettings


def alert(ago: timedelta = timedelta(0), failures: int = 20) -> Alert:
    at = (datetime.now(UTC) - ago).isoformat()
    return Alert(at, "/srv/segocr", failures, 10.0, {"truncated": failures})


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes alerts, and those it took."""
    taken: list[Any] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "broken" in self.path else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def test_the_last_hundred_are_kept_and_the_recent_ones_shown(tmp_path: Path) -> None:
    assert recent_alerts(tmp_path, timedelta(days=1)) == []
    keep_alert(tmp_path, alert(timedelta(days=2)))
    for number in range(100):
        keep_alert(tmp_path, alert(failures=number))
    found = recent_alerts(tmp_path, timedelta(days=9))
    assert [one.failures for one in found] == list(range(100))
    assert [path.name for path in tmp_path.iterdir()] == [".alerts.jsonl"]


def test_old_alerts_are_not_recent(tmp_path: Path) -> None:
    keep_alert(tmp_path, alert(timedelta(days=2)))
    keep_alert(tmp_path, new := alert())
    assert recent_alerts(tmp_path, timedelta(days=1)) == [new]


@pytest.mark.parametrize(
    "line",
    [
        b'{"at": "2999-11-27", "what": 1}',
        b'{"at": 5, "workspace": "", "failures": 1, "minutes": 1, "codes": {}}',
        b'{"at": "2999-11-27", "workspace": "", "failures": 1, "minutes": 1, "codes": "none"}',
        b'{"at": "2999-1',
        b"[]",
        b"\xff",
        b"",
    ],
)
def test_a_line_of_another_version_is_passed_over(tmp_path: Path, line: bytes) -> None:
    keep_alert(tmp_path, first := alert())
    with (tmp_path / FILE).open("ab") as file:
        file.write(line + b"\n")
    keep_alert(tmp_path, second := alert())
    assert recent_alerts(tmp_path, timedelta(days=1)) == [first, second]


@pytest.mark.parametrize(
    "address", ["http://[x", "http://", "https:///path", "ftp://host/", "host/path", "http://host:port/",
                "http://host:99999/", "http://host/a b", "http://höst/", "http://host/ü", "http://host/\n"],
)  # fmt: skip
def test_a_webhook_that_is_no_address_is_a_mistake_in_the_settings(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"toml:2:1: alert\.webhook = .* expected an address"):
        parse_settings(f"[alert]\nwebhook = {json.dumps(address)}\n", tmp_path)


@pytest.mark.parametrize("address", ["https://host/x?y=%20#z", "http://127.0.0.1:8080", "http://[::1]:80/a"])
def test_a_webhook_is_kept_as_it_was_written(tmp_path: Path, address: str) -> None:
    assert parse_settings(f'[alert]\nwebhook = "{address}"\n', tmp_path).alert.webhook == address


def test_command_and_webhook_get_the_alert_as_json(webhook: tuple[str, list[Any]], tmp_path: Path) -> None:
    address, taken = webhook
    script = f"import sys; open({str(tmp_path / 'told')!r}, 'w').write(sys.stdin.read())"
    tell_alert(AlertSettings(command=(sys.executable, "-c", script), webhook=address), one := alert())
    assert taken == [json.loads((tmp_path / "told").read_text())]
    assert taken[0] == {"at": one.at, "workspace": "/srv/segocr", "failures": 20, "minutes": 10.0,
                        "codes": {"truncated": 20}}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "path", "message"),
    [
        (("/no/such/program",), "", "program cannot be run: No such file"),
        ((sys.executable, "-c", "raise SystemExit(3)", "secret"), "", "ended with 3"),
        ((), "/broken/secret", "webhook at 127.0.0.1 cannot be told: HTTP Error 500"),
    ],
)
def test_what_fails_is_said_without_secrets_and_the_other_is_told(
    webhook: tuple[str, list[Any]], command: tuple[str, ...], path: str, message: str
) -> None:
    address, taken = webhook
    with pytest.raises(ConfigurationError, match=message) as caught:
        tell_alert(AlertSettings(command=command, webhook=address + path), alert())
    assert caught.value.code == "alert-untold"
    assert "secret" not in str(caught.value)
    assert len(taken) == 1
