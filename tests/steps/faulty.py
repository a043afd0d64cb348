"""Hosts of the engine ``faults``, run by this very interpreter."""

from __future__ import annotations

import os
import select
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from segocr.environments.guestcode import guest_code
from segocr.steps.engines import EngineSpec
from segocr.steps.guest import digest_of
from segocr.steps.host import HostKey

FAULTS = EngineSpec("test", "faults", "test", "segocr.steps.faults", start_seconds=30.0, call_seconds=30.0)


def faulty_guest(folder: Path) -> tuple[Path, str]:
    """Make a copy of the guest code with the engine ``faults`` in it."""
    target = folder / "guest"
    shutil.copytree(guest_code()[0], target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("faults.py"), target / "segocr" / "steps" / "faults.py")
    return target, digest_of(target / "segocr")


def key(**changes: object) -> HostKey:
    return HostKey(replace(FAULTS, **changes), Path(sys.executable), "cpu", 1)  # type: ignore[arg-type]


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Wait until a process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
