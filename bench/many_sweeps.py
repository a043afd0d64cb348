"""Does anything pile up over many sweeps? ``python bench/many_sweeps.py --sweeps 10000``.

A workspace is swept every 50 ms while files trickle in, a half at a time; what is ready is ended and filed as
extraction does, without reading it. Samples of this process go to standard error. Standard output is a JSON
line: growth of memory from a quarter of the run to its end, open files and sockets, threads, rows and files
that should not be there. The exit code is 1 if memory grew by more than ``--limit`` MB, or anything else did.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from db.connect import Engine, open_database, reading
from db.schema import prepare
from flows.folders import Folders
from flows.inboxes import Inboxes
from segocr.bench.memory import pss
from segocr.inbox.arrivals import State
from segocr.inbox.filing import file_away
from segocr.settings import load_settings

INTERVAL = 0.05
_SETTINGS = '[[inbox]]\npath = "inbox"\ninterval = 0.05\nsettle_seconds = 2\n'
_EVERY = 20
"""Sweeps to a new file."""
_REST = 100
"""Sweeps at the end without new ones."""
_TABLES = ("arrivals", "documents", "extractions", "problems")


@dataclass(frozen=True, slots=True)
class Sample:
    """What this process holds after so many sweeps; memory is PSS in MB."""

    sweeps: int
    megabytes: float
    files: int
    sockets: int
    threads: int


def sample(sweeps: int) -> Sample:
    """Look at this process."""
    gc.collect()
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            targets.append(str(descriptor.readlink()))
    sockets = sum(target.startswith("socket:") for target in targets)
    return Sample(sweeps, round(pss(os.getpid()), 2), len(targets), sockets, threading.active_count())


def trickle(inbox: Path, sweep: int) -> int:
    """Write the first half of a file, or, at the next sweep, the second; return how many files begin."""
    path = inbox / f"{sweep // _EVERY}.jpg"
    if sweep % _EVERY == 0:
        path.write_bytes(f"first half of {path.name}".encode())
        return 1
    if sweep % _EVERY == 1:
        with path.open("ab") as file:
            file.write(b"second half")
    return 0


def end_ready(inboxes: Inboxes) -> int:
    """End and file what is ready, as extraction does; return how many there were."""
    ledger = inboxes.ledger
    arrivals = ledger.take(inboxes.owner, 200, 600)
    ledger.begin(inboxes.owner, [arrival.id for arrival in arrivals])
    for arrival in arrivals:
        ledger.end(arrival.id, State.EXTRACTED, None, None)
        file_away(inboxes.by_key[arrival.inbox], inboxes.places, ledger, arrival, State.EXTRACTED)
    return len(arrivals)


def run(workspace: Path, engine: Engine, sweeps: int) -> tuple[list[Sample], int, int]:
    """Sweep so often; return samples, and how many files were dropped and ended."""
    folder = workspace / "inbox"
    folder.mkdir()
    samples, dropped, ended = [], 0, 0
    with contextlib.closing(Inboxes(load_settings(workspace), engine, "sweep")) as inboxes:
        folders = Folders([folder])
        for number in range(1, sweeps + 1):
            begin = time.monotonic()
            if _EVERY <= number < sweeps - _REST:
                dropped += trickle(folder, number)
            folders.changed()
            if inboxes.sweep()[0]:
                ended += end_ready(inboxes)
            if number % max(1, sweeps // 40) == 0:
                samples.append(sample(number))
                print(json.dumps(asdict(samples[-1])), file=sys.stderr, flush=True)
            time.sleep(max(0.0, begin + INTERVAL - time.monotonic()))
    return samples, dropped, ended


def rows(engine: Engine) -> dict[str, int]:
    """Count the rows of the tables that a document touches."""
    with reading(engine) as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in _TABLES
        }


def main() -> int:
    """Run and judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sweeps", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=3.0, help="MB that memory may grow by")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        (workspace / "segocr.toml").write_text(_SETTINGS)
        engine = open_database("sqlite:///segocr.db", folder=workspace)
        prepare(engine)
        begin, processor = time.monotonic(), time.process_time()
        samples, dropped, ended = run(workspace, engine, options.sweeps)
        processor, seconds = time.process_time() - processor, time.monotonic() - begin
        found = rows(engine)
        engine.dispose()
        places = Counter(path.relative_to(workspace).parts[0] for path in workspace.rglob("*.jpg"))
        left = places["inbox"] + sum(1 for _ in (workspace / "work").iterdir())
    late = samples[len(samples) // 4]
    grown = {key: value - getattr(late, key) for key, value in asdict(samples[-1]).items() if key != "sweeps"}
    print(json.dumps({
        "sweeps": options.sweeps, "dropped": dropped, "filed": places["done"], "left": left, "rows": found,
        "grown": grown | {"megabytes": round(grown["megabytes"], 2)},
        "processor_ms_a_sweep": round(1000 * processor / options.sweeps, 2), "seconds": round(seconds),
    }))  # fmt: skip
    even = dropped == ended == places["done"] == found["arrivals"] and not left
    flat = grown["megabytes"] <= options.limit and not any(
        grown[key] for key in ("files", "sockets", "threads")
    )
    return int(not (even and flat))


if __name__ == "__main__":
    sys.exit(main())
