"""Latency: how long a person waits for the first record of a command that has nothing running yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from segocr.errors import HostDied
from segocr.templates import Template

_TIMES = 3


def cold_latency(template: Template, image: Path) -> float:
    """Return the seconds of ``segocr extract IMAGE``, from start to end, median of three.

    Files are in the system's cache and compiled models in segocr's, as after a first use; no host runs.

    Raises:
        HostDied: The command fails.
    """
    return median(_once(template, image) for _ in range(_TIMES))


def _once(template: Template, image: Path) -> float:
    command = [sys.executable, "-m", "segocr.cli", "extract", str(image), "--template", str(template.file)]
    start = perf_counter()
    done = subprocess.run([*command, "--json", "--no-store"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostDied(f"segocr extract ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return perf_counter() - start
