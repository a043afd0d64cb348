import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from flows.server import ServerError, doubts_about, local_server

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

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(True if self.path.endswith("health") else self.version).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_doubts_about_somebody_elses_server_are_said() -> None:
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
        server.shutdown()
        thread.join()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    home = tmp_path / ".prefect"
    home.mkdir()
    (home / "prefect.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(ServerError, match="not a database") as caught, local_server(tmp_path):
        pass
    assert str(home / "server.log") in str(caught.value)
    assert processes_of(tmp_path) == []
