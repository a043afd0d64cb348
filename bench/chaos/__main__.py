"""Run the campaign; standard output is one JSON line. Exit code 1 unless every file ended as it should."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench.chaos import ledger
from bench.chaos.service import TARGETS, Service
from bench.chaos.writers import SETTLE, Dropped, Kind, drop_all, plan
from db.connect import Engine, open_database
from db.schema import prepare
from segocr.errors import DatabaseError
from segocr.templates import load_template

_SETTINGS = f"""\
[[inbox]]
path = "inbox"
interval = 1
settle_seconds = {SETTLE}
stale_after = 60
[limits]
attempts = 3
"""
_TEMPLATES = ("license_plate", "passport")
_LOOK = 0.5


def main(options: argparse.Namespace, folder: Path) -> int:
    """Drop, kill, wait, judge."""
    dice = random.Random(options.seed)
    start = time.monotonic()
    service = Service(folder, _SETTINGS)
    samples = _samples(options.templates)
    for route, _ in samples:
        (service.workspace / "inbox" / route).mkdir(exist_ok=True)
    files = plan(options.files, samples, dice)
    engine = open_database("sqlite:///segocr.db", folder=service.workspace)
    prepare(engine)
    service.keep_running()
    writers = drop_all(service.workspace / "inbox", files, options.seconds, dice)
    _kill(service, engine, files, options, dice)
    writers.join()
    done = _await(service, engine, files, options.patience)
    running = service.stop()
    verdict = ledger.judge(engine, service.workspace, files)
    for name in ("lost", "twice", "silent", "left"):
        for one in getattr(verdict, name)[:20]:
            print(f"{name}: {one}", file=sys.stderr)
    for line in running:
        print(f"still runs: {line}", file=sys.stderr)
    print(json.dumps({
        "files": len(files),
        "broken": sum(file.kind is Kind.BROKEN for file in files),
        "copies": sum(file.kind is Kind.COPY for file in files),
        "records": verdict.records,
        "lost": len(verdict.lost),
        "twice": len(verdict.twice),
        "silent": len(verdict.silent),
        "left": len(verdict.left),
        "running": len(running),
        "kills": dict(service.kills),
        "finished": done,
        "seed": options.seed,
        "seconds": round(time.monotonic() - start),
    }))  # fmt: skip
    return 0 if done and verdict.good and not running else 1


def _samples(names: list[str]) -> list[tuple[str, bytes]]:
    """Return good pictures of shipped templates, each with the folder that its route takes."""
    return [
        (template.route.folder or ".", path.read_bytes())
        for template in map(load_template, names)
        for path in sorted((template.folder / "golden" / "images").glob("*.jpg"))
    ]


def _kill(
    service: Service, engine: Engine, files: list[Dropped], options: argparse.Namespace, dice: random.Random
) -> None:
    """Kill at random moments of the work: when so and so many files have ended."""
    targets = [TARGETS[number % len(TARGETS)] for number in range(options.kills)]
    dice.shuffle(targets)
    moments = sorted(dice.uniform(0, 0.95 * len(files)) for _ in targets)
    for target, moment in zip(targets, moments, strict=True):
        deadline = time.monotonic() + options.patience
        while _ended(engine) < moment and time.monotonic() < deadline:
            service.keep_running()
            time.sleep(_LOOK)
        time.sleep(dice.uniform(0, 2))
        service.kill(target, dice)
        print(f"killed {target} after {_ended(engine)} of {len(files)}", file=sys.stderr, flush=True)


def _ended(engine: Engine) -> int:
    try:
        return ledger.ended(engine)
    except DatabaseError:  # locked for a moment
        return -1


def _await(service: Service, engine: Engine, files: list[Dropped], patience: float) -> bool:
    """Wait until all have ended and nothing is left; give up when nothing happens for so many seconds."""
    best, since = -1, time.monotonic()
    while time.monotonic() - since < patience:
        service.keep_running()
        now = _ended(engine)
        if now >= len(files) and not ledger.left_over(service.workspace):
            return True
        if now > best:
            best, since = now, time.monotonic()
        time.sleep(_LOOK)
    return False


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, help="over which files are dropped (default: 0.2 a file)")
    parser.add_argument("--patience", type=float, default=300, help="seconds without progress that end it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--templates", nargs="+", default=list(_TEMPLATES))
    parser.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one, removed")
    options = parser.parse_args()
    if options.seconds is None:
        options.seconds = 0.2 * options.files
    return options


if __name__ == "__main__":
    given = _options()
    where = given.folder or Path(tempfile.mkdtemp(prefix="chaos-"))
    where.mkdir(parents=True, exist_ok=True)
    code = main(given, where.resolve())
    if given.folder is None and code == 0:
        shutil.rmtree(where)
    elif given.folder is None:
        print(f"kept: {where}", file=sys.stderr)
    sys.exit(code)
