"""What Prefect and the database cost a batch: ``python bench/prefect_share.py passport --documents 500``.

The template's samples, each with other bytes behind its picture, are extracted in process, without database
or Prefect; then the same ones are dropped into the inbox of a workspace and extracted as ``segocr serve``
does it: claims, leases, records, filing, an event a document, a flow on a Prefect server of its own. The
hosts are the same, and warm. That is done in turns, because a machine is not as fast at one time as at
another.

Printed: one JSON line, medians of the rounds. Seconds on the clock: in process ``alone``, all ``together``,
and ``of_clock``, the share of the latter that the former do not explain. Processor seconds beyond those of
the steps: of the process that extracts (``database_and_client``), and of the server beyond what it takes at
rest (``server``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import segocr
from db.connect import open_database
from db.schema import prepare
from flows.inboxes import Inboxes
from flows.server import local_server
from segocr.bench.samples import golden_samples
from segocr.settings import load_settings
from segocr.steps.client import Steps
from segocr.templates import Template, load_template

QUIET_SECONDS = 10.0
_SETTINGS = '[[inbox]]\npath = "inbox"\nsettle_seconds = 0\nready = "renamed"\n'
_WARM_UP = 24


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


def dropped(folder: Path, template: Template, count: int) -> list[Path]:
    """Make a workspace with so many files in its inbox."""
    samples = [path.read_bytes() for path in golden_samples(template)]
    drop = folder / "inbox" / ((template.route and template.route.folder) or "")
    drop.mkdir(parents=True)
    (folder / "segocr.toml").write_text(_SETTINGS)
    files = [drop / f"{number}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(samples[number % len(samples)] + str(number).encode())
    return files


def alone(files: Sequence[Path], template: Template, steps: Steps) -> Spent:
    """Extract files in process."""
    spent: list[Spent] = []
    with spending(spent):
        count = sum(1 for _ in segocr.extract(files, template=template, steps=steps))
    assert count == len(files)
    return spent[0]


def served(folder: Path, steps: Steps, count: int) -> Spent:
    """Sweep the inbox of a workspace, then extract what lies ready as the service does."""
    from flows.events import emit
    from flows.extract import run_flow
    from flows.watch import Hooks, Watch

    settings = load_settings(folder)
    engine = open_database("sqlite:///bench.db", folder=folder)
    prepare(engine)
    with contextlib.closing(Inboxes(settings, engine, "sweep")) as inboxes:
        inboxes.sweep()
    spent: list[Spent] = []
    with Watch(settings, engine, steps, run_flow, hooks=Hooks(ended=emit)) as watch, spending(spent):
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


def measure(folder: Path, template: Template, count: int, rounds: int) -> dict[str, float]:
    """Measure the same files alone, and with database and Prefect, in turns."""
    files = dropped(folder / "alone", template, count)
    only: list[Spent] = []
    both: list[Spent] = []
    server: list[float] = []
    with local_server(folder) as _, Steps() as steps:
        dropped(folder / "first", template, _WARM_UP)
        alone(files[:_WARM_UP], template, steps)
        served(folder / "first", steps, _WARM_UP)  # the first one makes what lasts
        for number in range(rounds):
            only.append(alone(files, template, steps))
            dropped(folder / f"flow-{number}", template, count)
            before, resting = settled_server_seconds()
            begin = time.monotonic()
            both.append(served(folder / f"flow-{number}", steps, count))
            after, _ = settled_server_seconds()
            server.append(after - before - resting * (time.monotonic() - begin))
    return {
        "alone": median(one.clock for one in only),
        "together": median(one.clock for one in both),
        "of_clock": median(1 - a.clock / b.clock for a, b in zip(only, both, strict=True)),
        "database_and_client": median(b.processor - a.processor for a, b in zip(only, both, strict=True)),
        "server": median(server),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("template", nargs="?", default="passport")
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        answer = measure(Path(name), load_template(given.template), given.documents, given.rounds)
    head = {"template": given.template, "documents": given.documents, "rounds": given.rounds}
    print(json.dumps(head | {key: round(value, 3) for key, value in answer.items()}))


if __name__ == "__main__":
    main()
