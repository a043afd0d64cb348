"""Documents a second by one worker and by two on PostgreSQL: ``python -m bench.workers_throughput``.

Each worker is a process with step hosts of its own, on a core of its own, as on a small machine; the inbox is
swept beforehand. Printed: a JSON line for each number of workers, with the processor time a document. While
that stays the same, more workers bring more documents until the cores are used; how busy those were, load
says.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.chaos.campaign import POSTGRESQL, database
from bench.chaos.writers import Kind, plan
from bench.postgresql import Server
from db.connect import Engine, open_database, reading
from db.schema import prepare
from flows import watch as module
from flows.batch import run_here
from flows.inboxes import Inboxes
from segocr.bench.processor import processor_seconds
from segocr.bench.samples import golden_samples
from segocr.settings import load_settings
from segocr.steps.client import Steps
from segocr.templates import load_template

_BATCH = 16
"""Few enough that both have something to do until the end."""
_SETTINGS = '[[inbox]]\npath = "inbox"\nsettle_seconds = 0\nready = "renamed"\n'


def work(workspace: Path, name: str) -> None:
    """Be a worker: warm up with what is there, wait for a line, then work until nothing is left."""
    module.BATCH = _BATCH
    settings = load_settings(workspace)
    engine = open_database(settings.database_url or "", folder=workspace)
    with (
        Steps(environments=settings.environment_pythons, shared=False, threads=1) as steps,
        module.Watch(settings, engine, steps, run_here, role=name) as watch,
    ):
        steps.warm([("open", "open"), ("validate", "python"), ("segment", "openvino"), ("ocr", "openvino")])
        print("ready", flush=True)
        sys.stdin.readline()
        before = processor_seconds([os.getpid()])
        ended = watch.extract()
        print(json.dumps({"ended": ended.total(), "seconds": processor_seconds([os.getpid()]) - before}))
    engine.dispose()


def measure(server: Server, contents: Sequence[bytes], names: Sequence[str]) -> dict[str, object]:
    """Let workers of these names process the same documents, in a new workspace and an empty database."""
    with tempfile.TemporaryDirectory() as folder, server.new_database(f"of_{len(names)}") as url:
        workspace = Path(folder)
        (workspace / "segocr.toml").write_text(_SETTINGS)
        drop = workspace / "inbox" / "license_plates"
        drop.mkdir(parents=True)
        for number, content in enumerate(contents):
            (drop / f"{number}.jpg").write_bytes(content)
        engine = open_database(url)
        prepare(engine)
        with contextlib.closing(Inboxes(load_settings(workspace), engine, "sweep")) as inboxes:
            inboxes.sweep()
        workers = [_start(workspace, name, url, core) for core, name in enumerate(names)]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        begin = time.monotonic()
        reports = [worker.communicate()[0] for worker in _told(workers)]
        wall = time.monotonic() - begin
        each = [json.loads(report) for report in reports]
        twice = _twice(engine)
        engine.dispose()
    count, processor = sum(one["ended"] for one in each), sum(one["seconds"] for one in each)
    return {
        "workers": len(names),
        "documents": count,
        "by_worker": [one["ended"] for one in each],
        "twice": twice,
        "documents_a_second": round(count / wall, 2),
        "processor_ms_a_document": round(1000 * processor / count),
        "load": round(os.getloadavg()[0], 1),
    }


def _start(workspace: Path, name: str, url: str, core: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.workers_throughput", "--work", str(workspace), name, str(core)],
        env={**os.environ, "SEGOCR_DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _told(workers: Sequence[subprocess.Popen[str]]) -> Sequence[subprocess.Popen[str]]:
    """Tell all to begin before any is waited for."""
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers


def _twice(engine: Engine) -> int:
    with reading(engine) as connection:
        rows = connection.exec_driver_sql("SELECT document_id FROM extractions WHERE status <> 'failed'")
        return sum(count > 1 for count in Counter(row[0] for row in rows).values())


def main() -> None:
    """Measure one worker, then two."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--plain", type=float, default=0.0, help="share of pictures with nothing in them")
    parser.add_argument("--work", nargs=3, metavar=("WORKSPACE", "NAME", "CORE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        # Its hosts inherit it.
        os.sched_setaffinity(0, {int(options.work[2]) % (os.cpu_count() or 1)})
        work(Path(options.work[0]), options.work[1])
        return
    samples = [("", path.read_bytes()) for path in golden_samples(load_template("license_plate"))]
    files = plan(options.files, samples, options.plain, 1, random.Random(1))
    contents = [file.content for file in files if file.kind is Kind.GOOD]
    with database(POSTGRESQL) as server:
        assert server is not None
        for names in (["one"], ["one", "two"]):
            print(json.dumps(measure(server, contents, names)), flush=True)


if __name__ == "__main__":
    main()
