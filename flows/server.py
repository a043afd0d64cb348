"""A Prefect server of a workspace's own: started with a command and ended with it.

Run as ``python -m flows.server PORT PARENT [HOST]`` this module *is* that server. Prefect reads its settings
from the environment when it is imported; ``local_server`` sets them, and makes it read them again if need be.

Who reaches the API runs commands as the service's user. So a server asks for a secret, of each start its own;
it is handed on by environment variables alone, which other users cannot read.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from segocr.errors import SegocrError
from segocr.parentdeath import die_with_parent

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_LOOK_AGAIN = 0.1


SECRET = "PREFECT_API_AUTH_STRING"
"""Variable with what a client says to be answered."""


_SERVERS_SECRET = "PREFECT_SERVER_API_AUTH_STRING"


HEARTBEAT_SECONDS = 30
"""How often a flow run says that it lives."""


RETENTION = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 86400),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
}
"""Two weeks of flow runs (in seconds) and one of events are kept; our own database keeps the rest."""


LEASES = {
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}
"""Who has a slot of a concurrency limit is kept on disk: what is forgotten stays taken for ever."""


TOGETHER = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "20",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "20",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
"""States of task runs are written in few transactions, a second later at most; unasked, each is one."""


SILENCE = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
"""Nothing is told to Prefect's makers."""


class ServerError(SegocrError):
    """The local Prefect server did not start, or is gone."""

    exit_code = 5
    default_code = "prefect-server"


def new_secret() -> str:
    """Return what a server is to ask of its clients: 256 random bits in letters that headers may hold."""
    return secrets.token_urlsafe(32)


def prefect_environment(home: Path, url: str | None = None, secret: str | None = None) -> dict[str, str]:
    """Return the variables that keep Prefect inside a workspace and silent towards its makers.

    Args:
        home: Prefect's folder in the workspace, absolute.
        url: Of the server's API; None for the server's own process.
        secret: What that server asks for; None leaves what the environment says.
    """
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        **SILENCE,
        **RETENTION,
        **LEASES,
        **TOGETHER,
    }
    return settings | ({"PREFECT_API_URL": url} if url else {}) | ({SECRET: secret} if secret else {})


@contextmanager
def local_server(workspace: Path) -> Iterator[str]:
    """Run a Prefect server for the time of a ``with`` block, and point this process's Prefect at it.

    It listens on a free port of this machine only, keeps its data and its log in ``<workspace>/.prefect``,
    and is killed by the kernel should this process die without leaving the block.

    Yields:
        The API's URL.

    Raises:
        ServerError: It did not answer in time; the message ends with its last words.
    """
    home = workspace.resolve() / ".prefect"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = new_secret()
    with held_port() as port:
        url = local_url(port)
        process = _start(home, port, secret)
        try:
            _await(process, url, home / "server.log")
            with _settings(prefect_environment(home, url, secret)):
                yield url
        finally:
            _stop(process)


def local_url(port: int) -> str:
    """Return the address of the API of a server on this machine."""
    return f"http://127.0.0.1:{port}/api"


def server_command(port: int) -> list[str]:
    """Return the command of a server that ends with this process."""
    return [sys.executable, "-P", "-m", "flows.server", str(port), str(os.getpid())]


def server_variables(home: Path, secret: str) -> dict[str, str]:
    """Return all environment variables of a server.

    Args:
        home: Its folder, absolute.
        secret: What it asks of its clients.
    """
    return without_prefect(os.environ) | prefect_environment(home) | {_SERVERS_SECRET: secret}


def without_prefect(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables without Prefect's, its secrets among them."""
    return {name: value for name, value in variables.items() if not name.startswith("PREFECT_")}


@contextmanager
def held_port() -> Iterator[int]:
    """Keep a port of this machine, for a ``with`` block, for a server that a process of this user will be.

    A server takes seconds to start, and again when it was killed, and its port stands in the list of
    processes: who listened there meanwhile would be told the secret, and could say what the schedules run.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # shared within a user, never among them
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _beside_its_holder(port: int) -> socket.socket:
    """Return a socket on a port that ``held_port`` keeps; nobody is answered before it listens."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a predecessor may still end
    own.bind(("127.0.0.1", port))
    return own


def _start(home: Path, port: int, secret: str) -> subprocess.Popen[bytes]:
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            server_command(port),
            env=server_variables(home, secret),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A Ctrl-C is for the command, which stops the server when it is done with it.
            start_new_session=True,
        )


def answers(url: str) -> bool:
    """Say whether a server answers at this address of an API."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5):
            return True
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: it is no address
        return False


def doubts_about(url: str) -> tuple[str, str] | None:
    """Return what a person should know of a server that somebody else runs, and what to do about it.

    Args:
        url: Of its API.

    Returns:
        A message and a hint; None if all is well.
    """
    if not answers(url):
        return (
            f"no Prefect server answers at {url}: documents wait until one does",
            "start it, or correct PREFECT_API_URL; without that variable serve runs a server of its own",
        )
    request = urllib.request.Request(f"{url}/admin/version")
    if secret := os.environ.get(SECRET):
        token = base64.b64encode(secret.encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            theirs = str(json.load(answer))
    except urllib.error.HTTPError as error:
        if error.code != 401 or "PREFECT_API_KEY" in os.environ:
            return None
        return (
            f"the Prefect server at {url} asks for another secret: documents wait until it is said",
            f"set {SECRET} to what the server was started with",
        )
    except (OSError, http.client.HTTPException, ValueError):  # it is no server of Prefect's own
        return None
    ours = metadata.version("prefect")
    if theirs.split(".")[:2] == ours.split(".")[:2]:
        return None
    return (
        f"the Prefect server at {url} is of version {theirs}, the client of {ours}: some calls may fail",
        f"run a server of version {ours}, or unset PREFECT_API_URL and let serve run one",
    )


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers(url):
            return
        time.sleep(_LOOK_AGAIN)
    raise ServerError(f"the local Prefect server did not start: {_last_words(log)}", hint=f"see {log}")


def _last_words(log: Path) -> str:
    """Return the last exception in a log, else its last line."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    exceptions = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (exceptions or lines or ["it said nothing"])[-1]


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


@contextmanager
def _settings(wanted: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    _reread()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _reread()


def _reread() -> None:
    """Have Prefect read its settings again if it has read them already."""
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def serve(port: int, parent: int, host: str = "127.0.0.1") -> None:
    """Be the server until told to stop, or until `parent` dies.

    Args:
        port: To listen on; with a parent, one that it holds (``held_port``).
        parent: Process number of who started it; 0: nobody's death matters.
        host: Address to listen on, where there is no parent.

    Raises:
        ServerError: The environment holds no secret.
    """
    if parent:
        die_with_parent(parent)
    # One line in the file of variables that a machine's units share is for clients and server alike.
    if not os.environ.setdefault(_SERVERS_SECRET, os.environ.get(SECRET, "")):
        raise ServerError(
            "a Prefect server without a secret would run commands for whoever reaches it",
            hint=f"set {SECRET}, for its clients as well; docs/operations.md shows how to make one",
        )
    for name, value in (SILENCE | RETENTION | LEASES | TOGETHER).items():  # who started it may say otherwise
        os.environ.setdefault(name, value)
    import uvicorn
    from prefect.server.api.server import create_app

    given = uvicorn.Config(
        create_app(), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(given)
    server.run(sockets=[_beside_its_holder(port)] if parent else None)
    if not server.started:  # the log says why
        sys.exit(1)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])
