"""A corner of the machine for commands that get killed: what runs in it, what it holds, what it leaves.

The environments have another name here (links), so that processes are told from those of other commands by
their command lines, and a keeper here is nobody else's.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from segocr.environments.locate import resolve

ENVIRONMENTS = ("open", "openvino", "validate")
HOSTS = {
    "open": "segocr.steps.open.engine",
    "segment": "segocr.steps.segment.openvino",
    "ocr": "segocr.steps.ocr.openvino",
    "validate": "segocr.steps.validate.python",
}
_PATIENCE = 20.0


@dataclass
class Machine:
    """Where commands run.

    Attributes:
        folder: Holds all that they write: ``home``, ``tmp`` and the workspace ``work``.
        sockets: Inodes of the sockets that its processes were seen with.
        memory: Files in /dev/shm that its processes were seen with.
    """

    folder: Path
    sockets: set[str] = field(default_factory=set)
    memory: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ENVIRONMENTS:
            link = self.folder / "home" / "environments" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(resolve(name).parents[1])
        (self.folder / "tmp").mkdir()
        self.workspace.mkdir()

    @property
    def workspace(self) -> Path:
        return self.folder / "work"

    @property
    def environment(self) -> dict[str, str]:
        # Other tests of the same run may have a Prefect server and a database of their own.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name != "SEGOCR_DATABASE_URL" and not name.startswith("PREFECT_")
        }
        return kept | {"SEGOCR_HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp")}

    @contextmanager
    def started(self, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Start a Python process in the workspace; what it still runs at the end of the block is killed."""
        with (self.folder / f"errors-{time.monotonic_ns()}.txt").open("w+") as errors:
            process = subprocess.Popen(
                [sys.executable, *map(str, words)],
                stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.workspace, env=self.environment,
            )  # fmt: skip
            try:
                yield process
            finally:
                process.kill()
                process.communicate()
                errors.seek(0)
                print(errors.read())  # pytest shows it where the test fails

    def processes(self) -> dict[int, str]:
        """Return what runs here now, with command lines."""
        home = str(self.folder / "home").encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
                if home in line or b"SEGOCR_HOME=" + home in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
        return found

    def hosts(self) -> dict[str, int]:
        """Return the processes of the hosts that run here, by step."""
        lines = self.processes()
        return {step: pid for step, module in HOSTS.items() for pid in lines if f" {module} " in lines[pid]}

    def kill(self, pid: int) -> None:
        """Look at what everybody here holds, and then kill one of them."""
        for holder in self.processes():
            self._note_what_is_held(holder)
        os.kill(pid, signal.SIGKILL)

    def _note_what_is_held(self, holder: int) -> None:
        for link in _links(Path(f"/proc/{holder}/fd")):
            if link.startswith("socket:["):
                self.sockets.add(link[len("socket:[") : -1])
            if link.startswith("/dev/shm"):
                self.memory.add(link)

    def leavings(self) -> dict[str, object]:
        """Wait until nothing is left of what ran here; return what is left all the same."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and any(self._left().values()):
            time.sleep(0.05)
        return {name: what for name, what in self._left().items() if what}

    def _left(self) -> dict[str, object]:
        unix = {line.split()[6] for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
        return {
            "processes": self.processes(),
            "sockets": self.sockets & unix,
            "memory": [name for name in self.memory if Path(name).exists()],
            "files": sorted(str(path) for path in (self.folder / "tmp").rglob("*")),
            "named sockets": sorted(str(path) for path in self.folder.rglob("*") if path.is_socket()),
        }

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the workspace's database, as sound as it may be."""
        connection = sqlite3.connect(self.workspace / "segocr.db")
        try:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


def _links(folder: Path) -> Iterator[str]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        try:
            yield str(entry.readlink())
        except OSError:
            continue
