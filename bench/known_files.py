"""How long a sweep takes when many files are known already: ``python bench/known_files.py [--files 100000]``.

Two inboxes: one whose files were moved to ``done/`` (their rows remain), and one whose files are left where
they are. In both a new file waits. Printed: seconds of wall and of processor time, the best of five sweeps.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.arrivals import Arrivals
from db.connect import Engine, open_database, writing
from db.schema import prepare
from segocr.inbox.places import After, Inbox, Places
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep

MOMENT = "2026-03-01 12:00:00.000000"


@dataclass(frozen=True)
class Sweep:
    """Seconds of one sweep."""

    inbox: str
    known: int
    wall_seconds: float
    processor_seconds: float


def insert_known(engine: Engine, inbox: Inbox, rows: Iterator[tuple[str, int, int]]) -> None:
    """Insert the rows of filed arrivals: path, size, mtime in nanoseconds."""
    with writing(engine) as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.executemany(
            "INSERT INTO arrivals (id, inbox, path, size, mtime_ns, state, attempts, received_at,"
            " steady_since, ended_at, filed_at, sha256) VALUES (lower(hex(randomblob(16))), ?, ?, ?, ?,"
            " 'extracted', 0, ?, ?, ?, ?, lower(hex(randomblob(32))))",
            ((inbox.key, *row, MOMENT, MOMENT, MOMENT, MOMENT) for row in rows),
        )


def make_files(folder: Path, count: int) -> Iterator[tuple[str, int, int]]:
    """Make small files, a thousand a folder; yield path, size and mtime in nanoseconds."""
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"scan-{number:06}.jpg"
        if number % 1000 == 0:
            path.parent.mkdir()
        path.write_bytes(b"x")
        yield path.relative_to(folder).as_posix(), 1, path.stat().st_mtime_ns


def measure(inbox: Inbox, places: Places, engine: Engine, known: int) -> Sweep:
    """Time sweeps as the service makes them."""
    ledger = Arrivals(engine)
    times = []
    for _ in range(5):
        wall, processor = time.perf_counter(), time.process_time()
        recover(inbox, places, ledger, "bench")
        swept = sweep(inbox, places, ledger, "bench")
        times.append((time.perf_counter() - wall, time.process_time() - processor))
        assert swept.waiting == 1, swept
    wall, processor = (min(column) for column in zip(*times, strict=True))
    return Sweep(inbox.folder.name, known, round(wall, 3), round(processor, 3))


def main() -> None:
    """Measure both inboxes and print a JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = Places(folder / "work", folder / "done", folder / "failed")
        engine = open_database("sqlite:///segocr.db", folder=folder)
        prepare(engine)
        for after in (After.DONE, After.LEAVE):
            inbox = Inbox(folder / after.value / "in", settle_seconds=3600, after=after)
            inbox.folder.mkdir(parents=True)
            if after is After.LEAVE:
                insert_known(engine, inbox, make_files(inbox.folder, count))
            else:
                insert_known(engine, inbox, ((f"scan-{number:06}.jpg", 1, number) for number in range(count)))
            (inbox.folder / "new.jpg").write_bytes(b"new")
            found = measure(inbox, places, engine, count)
            print(json.dumps({"after": after.value, **found.__dict__}), flush=True)
        engine.dispose()


if __name__ == "__main__":
    main()
