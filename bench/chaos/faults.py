"""What befalls the service besides killed processes: a full disk, a clock set back, the database killed."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from bench.postgresql import Server


class Room(Protocol):
    """The disk that the workspace lies on."""

    def fill(self) -> None:
        """Leave no room at all."""

    def free(self) -> None:
        """Give the room back."""


class Mounted:
    """A file system in memory, where mounting is allowed.

    Args:
        folder: Where it is mounted.
        megabytes: Its size.

    Raises:
        OSError: Mounting is not allowed here.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._filler = folder / ".filler"
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "segocr-chaos", str(folder)]
        if subprocess.run(command, capture_output=True).returncode != 0:
            raise PermissionError(f"{folder} cannot be mounted")

    def fill(self) -> None:
        """Take all blocks that are free, down to the last one."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 24, 1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Remove what filled it."""
        self._filler.unlink(missing_ok=True)

    def unmount(self, keep: Path) -> None:
        """Copy what lies in it to ``keep``, and end it."""
        subprocess.run(["cp", "-a", f"{self._folder}/.", str(keep)], check=True)
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)


class Limited:
    """Where nothing can be mounted: no process of the service may write to a file (``RLIMIT_FSIZE``).

    Args:
        processes: Says which there are now; those that they start inherit the limit.
    """

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        self._processes = processes

    def fill(self) -> None:
        """Take the right to write from all."""
        self._limit(0)

    def free(self) -> None:
        """Give it back."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for pid in self._processes():
            try:
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
            except ProcessLookupError:
                continue


class Clock:
    """The service's clock (see ``clock/sitecustomize.py``).

    Args:
        file: Where it is told by how many seconds it is behind.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._behind = 0.0
        file.write_text("0")

    @property
    def variables(self) -> dict[str, str]:
        """What makes a process go by this clock."""
        folders = [str(Path(__file__).with_name("clock")), os.environ.get("PYTHONPATH", "")]
        return {"SEGOCR_CHAOS_CLOCK": str(self._file), "PYTHONPATH": os.pathsep.join(filter(None, folders))}

    def set_back(self, seconds: float) -> None:
        """Set it back further."""
        self._behind += seconds
        new = self._file.with_suffix(".new")
        new.write_text(str(self._behind))
        new.rename(self._file)


def outage(server: Server, dice: random.Random) -> None:
    """Kill PostgreSQL, and start it again a while later."""
    server.kill()
    time.sleep(dice.uniform(0, 10))
    server.start()


def full_disk(room: Room, dice: random.Random) -> None:
    """Fill the disk, and free it a while later."""
    room.fill()
    try:
        time.sleep(dice.uniform(3, 20))
    finally:
        room.free()
