"""A PostgreSQL server of our own: for tests, and to be killed by the fault campaign."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def server_programs() -> Path | None:
    """Return the folder of the newest installed server's programs, None if there is none."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    return max((path.parent for path in folders), key=lambda path: float(path.parent.name), default=None)


def server_user() -> str | None:
    """Return who may run the server, None if nobody may: never root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), None)


class Server:
    """A server in a folder of its own, reached by a socket there and by nothing else.

    Args:
        folder: Short enough for a socket's path, the server's user's own.
        programs: From ``server_programs``.
        user: From ``server_user``.

    Attributes:
        url: Of its database ``postgres``.
    """

    def __init__(self, folder: Path, programs: Path, user: str) -> None:
        self._folder = folder
        self._programs = programs
        self._user = user
        self.url = f"postgresql://segocr@/postgres?host={folder}"

    def create(self) -> None:
        """Make the cluster."""
        self._run("initdb", "-D", "data", "-A", "trust", "-U", "segocr", "-E", "UTF8", "-N")

    @contextmanager
    def new_database(self, name: str) -> Iterator[str]:
        """Make an empty database for the time of a ``with`` block; yields its URL."""
        self._run("createdb", "-h", str(self._folder), "-U", "segocr", name)
        try:
            yield f"postgresql://segocr@/{name}?host={self._folder}"
        finally:
            self._run("dropdb", "-h", str(self._folder), "-U", "segocr", "--force", name)

    def start(self) -> None:
        """Start it and wait until it answers; after ``kill`` it recovers first."""
        # Without fsync: what a killed process wrote, the kernel has.
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        """End it, if it runs."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop", check=False)

    def kill(self) -> None:
        """Kill the server and all its children at once, as the kernel does when memory is short."""
        lines = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
        server = int(lines[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        processes = [server, *map(int, children)]
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(_lives(pid) for pid in processes):
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        switch = {}
        if os.geteuid() == 0:
            switch = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid}
        command = [str(self._programs / program), *arguments]
        with (self._folder / "setup.log").open("a") as log:
            subprocess.run(
                command, cwd=self._folder, stdout=log, stderr=log, check=check, timeout=120, **switch
            )  # type: ignore[call-overload]


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def own_server(programs: Path, user: str) -> Iterator[Server]:
    """Run a server for the time of a ``with`` block; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="segocr-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    server = Server(folder, programs, user)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
