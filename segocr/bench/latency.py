"""Latency: how long a person waits for ``segocr extract one.jpg``, with and without a keeper running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from segocr.errors import HostDied, HostError
from segocr.steps.attached import AttachedKeeper
from segocr.templates import Template

_TIMES = 3
_START_SECONDS = 60.0


def measure_latency(template: Template, image: Path) -> dict[str, float | None]:
    """Return seconds from start to end of the command, median of three: ``cold`` and ``warm``.

    Cold: no host runs; files are in the system's cache and compiled models in segocr's, as after a first use.
    Warm: a keeper runs, models loaded. One that runs already is left alone, and cold is None then.

    Raises:
        HostDied: The command fails.
    """
    if keeper_runs():
        return {"cold": None, "warm": _several(template, image)}
    _once(template, image)
    cold = _several(template, image)
    with _keeper():
        _once(template, image)
        return {"cold": cold, "warm": _several(template, image)}


def keeper_runs() -> bool:
    """Whether this user's shared keeper is running."""
    try:
        AttachedKeeper().close()
    except HostError:
        return False
    return True


def _several(template: Template, image: Path) -> float:
    return median(_once(template, image) for _ in range(_TIMES))


def _once(template: Template, image: Path) -> float:
    command = ["extract", str(image), "--template", str(template.file), "--json", "--no-store"]
    start = perf_counter()
    done = subprocess.run(_segocr(*command), capture_output=True, text=True, check=False)
    seconds = perf_counter() - start
    if done.returncode:
        raise HostDied(f"segocr extract ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return seconds


@contextmanager
def _keeper() -> Iterator[None]:
    with subprocess.Popen(_segocr("hosts"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as keeper:
        try:
            deadline = perf_counter() + _START_SECONDS
            while not keeper_runs():
                if keeper.poll() is not None or perf_counter() > deadline:
                    raise HostDied("segocr hosts does not start", hint="segocr doctor")
                sleep(0.1)
            yield
        finally:
            keeper.terminate()


def _segocr(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "segocr.cli", *arguments]
