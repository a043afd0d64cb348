"""From a settled file to its row with ``segocr serve``: ``python bench/service_latency.py --files 20``.

Samples of ``license_plate`` are dropped one after another into a new workspace. A file is settled when it has
not changed for ``settle_seconds``; what the steps took is in the record. Printed: one JSON line.
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from segocr.bench.samples import golden_samples
from segocr.templates import load_template

SETTLE = 1.0
PATIENCE = 300.0
ROWS = (
    "select a.ended_at, a.mtime_ns, e.timings from arrivals a join extractions e on e.arrival_id = a.id"
    " order by a.received_at"
)


def rows(workspace: Path) -> list[tuple[str, int, str]]:
    """Return the end, the time of the last change and the seconds by step of each document stored so far."""
    connection = sqlite3.connect(workspace / "segocr.db")
    try:
        return connection.execute(ROWS).fetchall()
    finally:
        connection.close()


def drop_and_await(workspace: Path, count: int) -> None:
    """Drop samples, each when the one before is stored; a byte behind the end makes each a new document."""
    samples = golden_samples(load_template("license_plate"))
    for number in range(count):
        content = samples[number % len(samples)].read_bytes() + number.to_bytes(2, "big")
        (workspace / "inbox" / "license_plates" / f"{number}.jpg").write_bytes(content)
        deadline = time.monotonic() + PATIENCE
        while len(rows(workspace)) <= number and time.monotonic() < deadline:
            time.sleep(0.05)


def beyond(row: tuple[str, int, str]) -> float:
    """Return the seconds from a settled file to its row that no step needed."""
    ended_at, mtime_ns, timings = row
    ended = datetime.fromisoformat(ended_at).replace(tzinfo=UTC).timestamp()
    return ended - (mtime_ns / 1e9 + SETTLE) - sum(json.loads(timings).values())


def main() -> None:
    """Run the service, drop, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        (workspace / "segocr.toml").write_text(f'[[inbox]]\npath = "inbox"\nsettle_seconds = {SETTLE}\n')
        segocr = [sys.executable, "-m", "segocr.cli"]
        subprocess.run([*segocr, "init"], cwd=workspace, check=True, stdout=subprocess.DEVNULL)
        (workspace / "inbox" / "license_plates").mkdir(parents=True)
        with subprocess.Popen([*segocr, "serve"], cwd=workspace) as serve:
            drop_and_await(workspace, count)
            serve.send_signal(signal.SIGTERM)
        waits = [beyond(row) for row in rows(workspace)[1:]]  # the first one waits for hosts and models
    print(
        json.dumps(
            {
                "documents": len(waits),
                "median_seconds": round(statistics.median(waits), 2),
                "slowest_seconds": round(max(waits), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
