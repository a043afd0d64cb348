"""What Prefect and the database cost a batch: ``python bench/prefect_share.py --documents 500``.

Files are dropped into the inbox of a workspace, and what lies ready is extracted as ``segocr serve`` does it:
claims, leases, records and filing are real, only the pipeline is not. It has the records already, and waits
as long as segmenting and reading them would take. That is done with the database alone, and as a flow on a
Prefect server of its own.

Printed: one JSON line. Processor seconds, which hardly depend on other work on the machine: ``database`` (the
ledger and filing included), ``prefect`` (in the process that extracts) and ``server``; and ``of_processor``,
the share that they have in those of the batch, if a document by itself takes ``--core-seconds`` of a core.
Seconds on the clock, if the pipeline keeps two cores busy that long: of the pipeline ``alone``, of all
``together``, and ``of_clock``, the share of the latter that the former do not explain.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import segocr
from db.connect import open_database
from db.schema import prepare
from flows import watch as module
from flows.batch import LEAST, Batch, run_here
from flows.inboxes import Inboxes
from flows.server import local_server
from segocr.ahead import ahead
from segocr.bench.samples import golden_samples
from segocr.documents import Document, hashed, opened
from segocr.pipeline import Work
from segocr.records import Record
from segocr.settings import load_settings
from segocr.steps.client import Steps
from segocr.templates import load_template

QUIET_SECONDS = 15.0
_SETTINGS = '[[inbox]]\npath = "inbox"\nsettle_seconds = 0\nready = "renamed"\n'


class Ready:
    """A pipeline that has every record already, and takes a known time.

    Args:
        template: The template's name.
        records: What documents are said to be, in turn.
        seconds: What each of its two stages takes for one document.
    """

    def __init__(self, template: str, records: Sequence[Record], seconds: float) -> None:
        self.template = SimpleNamespace(name=template)
        self._records = records
        self._seconds = seconds

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Take no time within a ``with`` block."""
        seconds, self._seconds = self._seconds, 0.0
        yield
        self._seconds = seconds

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        """Hash the documents."""
        works = []
        for path in paths:
            with opened(path, follow_links=False) as descriptor:
                works.append(Work(path, hashed(path, descriptor, max_bytes=1000)))
        time.sleep(self._seconds * len(paths))
        return works

    def read(self, works: Sequence[Work]) -> None:
        """Take time."""
        time.sleep(self._seconds * len(works))

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        """Return a real record for each document."""
        return [[self._record(work.document)] for work in works if work.document is not None]

    def _record(self, document: Document) -> Record:
        record = self._records[int(document.sha256, 16) % len(self._records)]
        return replace(record, sha256=document.sha256, file=document.path)


@dataclass(frozen=True, slots=True)
class Spent:
    """What extracting took: processor seconds of this process, and seconds on the clock."""

    processor: float
    clock: float


@contextlib.contextmanager
def spending(spent: list[Spent]) -> Iterator[None]:
    """Append what a ``with`` block takes."""
    processor, clock = time.process_time(), time.monotonic()
    yield
    spent.append(Spent(time.process_time() - processor, time.monotonic() - clock))


def dropped(folder: Path, route: str, count: int) -> None:
    """Make a workspace with so many files in its inbox."""
    drop = folder / "inbox" / route
    drop.mkdir(parents=True)
    (folder / "segocr.toml").write_text(_SETTINGS)
    for number in range(count):
        (drop / f"{number}.jpg").write_text(str(number))


def alone(pipeline: Ready, paths: Sequence[Path]) -> Spent:
    """Let the pipeline work without database and Prefect, in chunks that need not share any cost."""
    spent: list[Spent] = []
    chunks = (paths[start : start + LEAST] for start in range(0, len(paths), LEAST))
    with spending(spent):
        for works in ahead(map(pipeline.segment, chunks), 1):
            pipeline.read(works)
            pipeline.validate(works)
    return spent[0]


def served(folder: Path, run: Callable[[Batch], None], count: int) -> Spent:
    """Sweep the inbox of a workspace, then extract what lies ready as the service does."""
    settings = load_settings(folder)
    engine = open_database("sqlite:///bench.db", folder=folder)
    prepare(engine)
    with contextlib.closing(Inboxes(settings, engine, "sweep")) as inboxes:
        inboxes.sweep()
    spent: list[Spent] = []
    with module.Watch(settings, engine, cast(Steps, None), run) as watch, spending(spent):
        ended = watch.extract()
    engine.dispose()
    assert ended.total() == count, ended
    return spent[0]


def server_seconds() -> float:
    """Return the processor seconds of this process's Prefect server so far."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and b"flows.server" in (entry / "cmdline").read_bytes():
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == os.getpid():
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    raise RuntimeError("the server is gone")


def settled_server_seconds() -> tuple[float, float]:
    """Return the same once the server has dealt with what it was told, and what it takes a second at rest."""
    before = server_seconds()
    while True:
        time.sleep(QUIET_SECONDS)
        now = server_seconds()
        if now - before < 0.1 * QUIET_SECONDS:
            return now, (now - before) / QUIET_SECONDS
        before = now


def measure(pipeline: Ready, folder: Path, route: str, count: int, core_seconds: float) -> dict[str, float]:
    """Measure the same files alone, with the database, and with both."""
    for part, files in (("here", count), ("first", 1), ("flow", count)):
        dropped(folder / part, route, files)
    only = alone(pipeline, sorted((folder / "here" / "inbox" / route).iterdir()))
    with pipeline.at_once():
        here = served(folder / "here", run_here, count)
    with local_server(folder) as _:
        from flows.extract import run_flow

        served(folder / "first", run_flow, 1)  # the first one makes what lasts
        before, resting = settled_server_seconds()
        begin = time.monotonic()
        both = served(folder / "flow", run_flow, count)
        after, _ = settled_server_seconds()
        server = after - before - resting * (time.monotonic() - begin)
    spent = both.processor + server
    return {
        "database": here.processor,
        "prefect": both.processor - here.processor,
        "server": server,
        "of_processor": spent / (spent + core_seconds * count),
        "alone": only.clock,
        "together": both.clock,
        "of_clock": 1 - only.clock / both.clock,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--template", default="passport")
    parser.add_argument("--core-seconds", type=float, default=0.28, help="of a document, by itself")
    given = parser.parse_args()
    template = load_template(given.template)
    records = list(segocr.extract(golden_samples(template), template=template))
    assert template.route is not None
    pipeline = Ready(given.template, records, given.core_seconds / 2)
    stand_in: Any = module
    stand_in.Pipeline = lambda *_, **__: pipeline
    stand_in.choose_models = lambda *_, **__: None
    with tempfile.TemporaryDirectory() as name:
        answer = measure(
            pipeline, Path(name), template.route.folder or "", given.documents, given.core_seconds
        )
    print(
        json.dumps({"documents": given.documents} | {key: round(value, 3) for key, value in answer.items()})
    )


if __name__ == "__main__":
    main()
