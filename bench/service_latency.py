"""From a settled file to its row: ``python bench/service_latency.py --files 20 [--through deployment]``.

Samples of ``license_plate`` are dropped one after another into a new workspace: of ``segocr serve``, where a
file is settled when it has not changed for a second, or of the deployment ``watch``, which is run for each
file (its name says that it is whole). What the steps took is in the record. Printed: one JSON line with the
seconds beyond that.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flows.server import local_server, prefect_environment
from segocr.bench.samples import golden_samples
from segocr.environments.locate import resolve
from segocr.templates import load_template

SETTLE = 1.0
PATIENCE = 300.0
ROWS = (
    "select a.ended_at, a.mtime_ns, e.timings from arrivals a join extractions e on e.arrival_id = a.id"
    " order by a.received_at"
)
_NAME = "latency"
_SEGOCR = [sys.executable, "-m", "segocr.cli"]


def rows(workspace: Path) -> list[tuple[str, int, str]]:
    """Return the end, the time of the last change and the seconds by step of each document stored so far."""
    connection = sqlite3.connect(workspace / "segocr.db")
    try:
        return connection.execute(ROWS).fetchall()
    finally:
        connection.close()


def drop_and_await(workspace: Path, count: int, dropped: Callable[[], object]) -> None:
    """Drop samples, each when the one before is stored; a byte behind the end makes each a new document."""
    samples = golden_samples(load_template("license_plate"))
    for number in range(count):
        content = samples[number % len(samples)].read_bytes() + number.to_bytes(2, "big")
        (workspace / "inbox" / "license_plates" / f"{number}.jpg").write_bytes(content)
        dropped()
        deadline = time.monotonic() + PATIENCE
        while len(rows(workspace)) <= number and time.monotonic() < deadline:
            time.sleep(0.05)


def beyond(row: tuple[str, int, str], settle: float) -> float:
    """Return the seconds from a settled file to its row that no step needed."""
    ended_at, mtime_ns, timings = row
    ended = datetime.fromisoformat(ended_at).replace(tzinfo=UTC).timestamp()
    steps: float = sum(json.loads(timings).values())
    return ended - (mtime_ns / 1e9 + settle) - steps


@contextmanager
def serving(workspace: Path) -> Iterator[Callable[[], object]]:
    """Run ``segocr serve`` for a ``with`` block; it sees by itself what is dropped."""
    with subprocess.Popen([*_SEGOCR, "serve"], cwd=workspace) as serve:
        yield lambda: None
        serve.send_signal(signal.SIGTERM)


@contextmanager
def deployed(workspace: Path) -> Iterator[Callable[[], object]]:
    """Run a Prefect server, warm hosts and what starts due runs; yields what makes the deployment run."""
    with local_server(workspace) as url, (workspace / "log").open("w+") as log:
        variables = os.environ | prefect_environment(workspace / ".prefect", url)
        schedules = [sys.executable, "-m", "flows.schedules", str(workspace), str(os.getpid()), _NAME]
        hosts = [*_SEGOCR, "hosts", "--template", "license_plate"]
        children = [
            subprocess.Popen(words, cwd=workspace, env=variables, stdout=log, stderr=log)
            for words in (hosts, schedules)
        ]
        try:
            from prefect.deployments import run_deployment

            while "ready deployments=" not in (workspace / "log").read_text():
                time.sleep(0.5)
            # One run at a time: the next one would be dropped if it came before this one's end.
            yield lambda: run_deployment(
                f"watch/{_NAME}", timeout=PATIENCE, poll_interval=1, as_subflow=False
            )
        finally:
            for child in children:
                child.terminate()
                child.wait()


def use_own_hosts(folder: Path) -> None:
    """Let no other keeper of this user be attached to: its address is named after where environments lie."""
    for name in ("open", "openvino", "validate"):
        link = folder / "environments" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(resolve(name).parents[1])
    os.environ["SEGOCR_HOME"] = str(folder)


def main() -> None:
    """Run the service, drop, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--through", choices=("serve", "deployment"), default="serve")
    given = parser.parse_args()
    settle, way = (SETTLE, serving) if given.through == "serve" else (0.0, deployed)
    ready = "settled" if settle else "renamed"
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as home:
        use_own_hosts(Path(home))
        workspace = Path(name)
        settings = f'[[inbox]]\npath = "inbox"\nsettle_seconds = {settle}\nready = "{ready}"\n'
        (workspace / "segocr.toml").write_text(settings)
        subprocess.run([*_SEGOCR, "init"], cwd=workspace, check=True, stdout=subprocess.DEVNULL)
        (workspace / "inbox" / "license_plates").mkdir(parents=True)
        with way(workspace) as dropped:
            drop_and_await(workspace, given.files, dropped)
        waits = [beyond(row, settle) for row in rows(workspace)[1:]]  # the first waits for hosts and models
    answer = {
        "through": given.through,
        "documents": len(waits),
        "median_seconds": round(statistics.median(waits), 2),
        "slowest_seconds": round(max(waits), 2),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
