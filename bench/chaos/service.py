"""`segocr serve` under the campaign: its processes by what they do, killed, and started again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from segocr.environments.locate import resolve

_ENVIRONMENTS = ("open", "openvino", "validate")
_WORDS = {
    "prefect": "flows.server",
    "keeper": "segocr.cli hosts",
    "sweep": "flows.sweeper",
    "extract": "flows.extractor",
    "schedule": "flows.schedules",
}
TARGETS = ("extract", "host", "serve", "keeper", "sweep", "prefect", "schedule")


class Service:
    """The service in a folder of its own: nobody else's keeper is attached to.

    Args:
        folder: Holds all that it writes.
        workspace: Exists; ``segocr.toml`` is written into it.
        settings: The text of that.
        variables: Further ones of its environment.
    """

    def __init__(self, folder: Path, workspace: Path, settings: str, variables: Mapping[str, str]) -> None:
        self.workspace = workspace
        self._folder = folder
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        for name in _ENVIRONMENTS:
            link = folder / "home" / "environments" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(resolve(name).parents[1])
        (folder / "tmp").mkdir()
        (workspace / "segocr.toml").write_text(settings, encoding="utf-8")

    @property
    def log(self) -> Path:
        """What `serve` printed."""
        return self._folder / "serve.log"

    def keep_running(self) -> None:
        """Start `serve` if it does not run."""
        if self._process is None or self._process.poll() is not None:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "segocr.cli", "serve", "--workspace", str(self.workspace)],
                    env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        kept.pop("SEGOCR_DATABASE_URL", None)
        own = {"SEGOCR_HOME": str(self._folder / "home"), "TMPDIR": str(self._folder / "tmp")}
        return kept | own | dict(self._variables)

    def kill(self, target: str, dice: random.Random, patience: float = 120.0) -> bool:
        """Kill a process that does this, as soon as there is one; say whether there was."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.keep_running()
            if found := [pid for pid, what in self.processes().items() if what == target]:
                os.kill(dice.choice(found), signal.SIGKILL)
                return True
            time.sleep(0.05)
        return False

    def processes(self) -> Mapping[int, str]:
        """Return the processes that live now, by number, with what they do."""
        if self._process is None or self._process.poll() is not None:
            return {}
        lines, parents = _processes()
        found = {self._process.pid: "serve"}
        for pid in sorted(lines):  # a child may have a lower number than its parent, once in 4 million
            parent = found.get(parents[pid])
            if parent == "serve":
                found[pid] = next((what for what, words in _WORDS.items() if words in lines[pid]), "other")
            elif parent == "keeper":
                found[pid] = "host"
        return found

    def stop(self, patience: float = 180.0) -> list[str]:
        """End the service as systemd would; return what it left running."""
        self.keep_running()
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self.still_running()

    def end(self) -> None:
        """Kill `serve`, if it runs; its children end with it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def still_running(self) -> list[str]:
        """Return the command lines of processes that belong here."""
        mark = str(self._folder)
        return [line for pid, line in _processes()[0].items() if mark in line and pid != os.getpid()]


def _processes() -> tuple[dict[int, str], dict[int, int]]:
    """Return all command lines and parents, by process number."""
    lines: dict[int, str] = {}
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            lines[int(entry.name)], parents[int(entry.name)] = line, parent
    return lines, parents
