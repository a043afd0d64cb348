import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from flows.server import SECRET, ServerError, answers, doubts_about, held_port, local_server, local_url
from segocr.cli.serve import _children
from segocr.service.supervision import Child
from segocr.settings import FILE, SERVED_VARIABLE, load_settings, served_settings

HOLD_A_SERVER = """
import sys, time
from pathlib import Path
from flows.server import local_server
with local_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(600)
"""


def processes_of(workspace: Path) -> list[int]:
    """Processes whose Prefect lives in this workspace."""
    wanted = f"PREFECT_HOME={workspace / '.prefect'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_the_server_answers_and_stops_with_its_block(tmp_path: Path) -> None:
    before = dict(os.environ)
    with local_server(tmp_path) as url:
        assert os.environ["PREFECT_API_URL"] == url
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
            assert answer.status == 200
        assert len(processes_of(tmp_path)) == 1
    assert processes_of(tmp_path) == []
    assert dict(os.environ) == before
    assert (tmp_path / ".prefect" / "prefect.db").is_file()


def status_of(url: str, secret: str | None) -> int:
    """Ask for all deployments, as whoever wants to run one does; return the HTTP status."""
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    request = urllib.request.Request(f"{url}/deployments/filter", data=b"{}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_only_who_knows_the_secret_is_answered(tmp_path: Path) -> None:
    with local_server(tmp_path) as url:
        secret = os.environ[SECRET]
        statuses = [status_of(url, said) for said in (None, "", "guess", secret)]
        for token in ({}, {"token": "guess"}):  # an event could make an automation run something
            with connect(
                f"{url}/events/in".replace("http", "ws"), subprotocols=[Subprotocol("prefect")]
            ) as events:
                events.send(json.dumps({"type": "auth"} | token))
                with pytest.raises(ConnectionClosed, match="1008"):
                    events.recv(30)
        [server] = processes_of(tmp_path)
        assert secret.encode() not in Path(f"/proc/{server}/cmdline").read_bytes()
    assert statuses == [401, 401, 401, 200]
    home = tmp_path / ".prefect"
    assert home.stat().st_mode & 0o077 == 0
    assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_server_that_people_start_has_the_secret_of_its_clients_or_does_not_start(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env["PREFECT_HOME"] = str(tmp_path)
    with held_port() as port:
        pass
    words = [sys.executable, "-m", "flows.server", str(port), "0"]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "without a secret" in done.stderr) == (1, True)
    with subprocess.Popen(words, env={**env, SECRET: "of clients"}) as server:
        url, deadline = local_url(port), time.monotonic() + 120
        while not answers(url) and time.monotonic() < deadline:
            time.sleep(0.1)
        statuses = [status_of(url, said) for said in (None, "of clients")]
        server.terminate()
    assert statuses == [401, 200]


def test_nobody_else_listens_where_the_server_is_about_to() -> None:
    with held_port() as port, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


TOML = '[[inbox]]\npath = "as it was"\n'


def children_of_serve(workspace: Path) -> dict[str, Child]:
    """What `segocr serve` would start, by name."""
    children = _children(workspace, 9, TOML)[1]
    for descriptor in (one for child in children for one in child.descriptors):
        os.close(descriptor)
    return {child.name: child for child in children}


def test_serve_says_on_lines_of_their_own_what_to_do_about_somebody_elses_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    children_of_serve(tmp_path)
    said, todo = capsys.readouterr().err.splitlines()
    assert said == (
        "segocr: no Prefect server answers at http://127.0.0.1:9/api: documents wait until one does"
    )
    assert todo.startswith("  start it, or correct PREFECT_API_URL")


def who_knows(secret: str, children: dict[str, Child]) -> set[str]:
    assert not [child for child in children.values() if secret in " ".join([*child.command, *child.first])]
    return {name for name, child in children.items() if secret in child.environment.values()}


def test_serve_tells_its_secret_to_those_who_need_it_and_has_another_one_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv(SECRET, "of another server")
    first, second = (children_of_serve(tmp_path) for _ in range(2))
    secret = first["prefect"].environment["PREFECT_SERVER_API_AUTH_STRING"]
    assert len(secret) >= 40
    assert who_knows(secret, first) == {"prefect", "extract", "schedule"}
    assert first["extract"].environment[SECRET] == secret
    assert who_knows(secret, second) == set()


def test_processes_of_serve_go_by_the_settings_that_it_was_started_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE).write_text('[[inbox]]\npath = "edited since"\n')
    served = {
        name
        for name, child in children_of_serve(tmp_path).items()
        if child.environment.get(SERVED_VARIABLE) == TOML
    }
    assert served == {"sweep", "extract", "schedule"}
    monkeypatch.setenv(SERVED_VARIABLE, TOML)
    assert [str(inbox.path) for inbox in served_settings(tmp_path).inbox] == ["as it was"]
    assert [str(inbox.path) for inbox in load_settings(tmp_path).inbox] == ["edited since"]
    monkeypatch.delenv(SERVED_VARIABLE)
    assert served_settings(tmp_path) == load_settings(tmp_path)


def test_serve_passes_on_the_secret_of_a_server_that_somebody_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv(SECRET, "of that server")
    assert who_knows("of that server", children_of_serve(tmp_path)) == {"extract", "schedule"}


def test_the_server_dies_with_a_killed_command(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline().startswith("http://127.0.0.1:")
        os.kill(command.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(tmp_path) == []


class Other(BaseHTTPRequestHandler):
    """Answers as a Prefect server of another version does."""

    version = "3.4.1"
    asks_for: str | None = None

    def do_GET(self) -> None:
        refused = self.asks_for not in (None, self.headers["Authorization"]) and "admin" in self.path
        self.send_response(401 if refused else 200)
        self.end_headers()
        self.wfile.write(json.dumps(True if self.path.endswith("health") else self.version).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_doubts_about_somebody_elses_server_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET, raising=False)
    assert "no Prefect server answers at http://127.0.0.1:9/api" in str(
        doubts_about("http://127.0.0.1:9/api")
    )
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/api"
        assert "is of version 3.4.1" in str(doubts_about(url))
        Other.version = metadata.version("prefect")
        assert doubts_about(url) is None
        Other.asks_for = "Basic " + base64.b64encode(b"theirs").decode()
        assert "asks for another secret" in str(doubts_about(url))
        monkeypatch.setenv(SECRET, "theirs")
        assert doubts_about(url) is None
        server.shutdown()
        thread.join()


def test_what_speaks_no_http_is_no_server() -> None:
    def greet(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        assert not answers(url)
        assert f"no Prefect server answers at {url}" in str(doubts_about(url))
        thread.join()


@pytest.mark.parametrize("url", ["localhost/api", "http://host:port/api", "http://[x/api"])
def test_no_server_answers_at_what_is_no_address(url: str) -> None:
    assert not answers(url)
    assert f"no Prefect server answers at {url}" in str(doubts_about(url))


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    home = tmp_path / ".prefect"
    home.mkdir()
    (home / "prefect.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(ServerError, match="not a database") as caught, local_server(tmp_path):
        pass
    assert str(home / "server.log") in str(caught.value)
    assert processes_of(tmp_path) == []
