"""What Prefect and the database cost a batch: ``python bench/prefect_share.py --documents 500``.

Real records of one type are stored by a batch whose other stages take no time: without Prefect, and as a flow
on a server of its own. Processor seconds are counted, so other work on the machine hardly matters.
Printed: one JSON line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import segocr
from db.connect import open_database
from db.schema import prepare
from flows.batch import Batch, Item, run_here
from flows.server import local_server
from segocr.bench.samples import golden_samples
from segocr.documents import Document
from segocr.pipeline import Work
from segocr.records import Record
from segocr.templates import load_template

QUIET_SECONDS = 5.0


class Ready:
    """A pipeline that has every record already."""

    def __init__(self, template: str, records: Sequence[Record]) -> None:
        self.template = SimpleNamespace(name=template)
        self._records = records

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        """Make documents of names."""
        return [Work(path, Document(path, hashlib.sha256(bytes(path)).hexdigest(), 1)) for path in paths]

    def read(self, works: Sequence[Work]) -> None:
        """Take no time."""

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        """Return a real record for each document."""
        made = []
        for work in works:
            assert work.document is not None
            record = self._records[int(work.path.name) % len(self._records)]
            made.append([replace(record, sha256=work.document.sha256, file=work.path)])
        return made


def batch_of(template: str, records: Sequence[Record], count: int, folder: Path) -> Batch:
    """Return a batch of so many documents on a new database."""
    engine = open_database("sqlite:///bench.db", folder=folder)
    prepare(engine)
    pipeline: Any = Ready(template, records)
    return Batch(pipeline, [Item(Path(str(number))) for number in range(count)], engine)


def server_seconds() -> float:
    """Return the processor seconds of this process's Prefect server so far."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and b"flows.server" in (entry / "cmdline").read_bytes():
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == os.getpid():
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError("the server is gone")


def settled_server_seconds() -> float:
    """Return the same when the server has dealt with what it was told."""
    before = server_seconds()
    while True:
        time.sleep(QUIET_SECONDS)
        now = server_seconds()
        if now - before < 0.1 * QUIET_SECONDS:
            return now
        before = now


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--template", default="passport")
    given = parser.parse_args()
    samples = golden_samples(load_template(given.template))
    records = list(segocr.extract(samples, template=given.template))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("here", "flow"):
            (folder / part).mkdir()
        begin = time.process_time()
        run_here(batch_of(given.template, records, given.documents, folder / "here"))
        here = time.process_time() - begin
        with local_server(folder) as _:
            from flows.extract import run_flow

            run_flow(batch_of(given.template, records, 1, folder / "flow"))  # the first one makes what lasts
            at_rest = settled_server_seconds()
            begin = time.process_time()
            run_flow(batch_of(given.template, records, given.documents, folder / "flow"))
            flow = time.process_time() - begin
            server = settled_server_seconds() - at_rest
    answer = {"documents": given.documents, "database": here, "prefect": flow - here, "server": server}
    print(json.dumps({key: round(value, 2) for key, value in answer.items()}))


if __name__ == "__main__":
    main()
