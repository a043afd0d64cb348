"""Several trainings side by side on one GPU that is there for minutes only: pictures, then weights.

    python bench/gpu_training.py JOBS.json --data DATA --work DIR --pictures DIR --seconds 500 --out DIR

Needs what ``segocr/training`` needs to draw pictures (numpy, OpenCV, pydantic) beside torch and ultralytics,
in one environment; no model is measured or exported here. What comes out, ``<name>-best.pt`` and
``<name>-last.pt``, is put into a template with ``segocr model install``, which does both.

A job says ``data`` (a folder under DATA), ``classes``, ``as``, ``image_size``, ``count`` (pictures to draw),
``batch``, ``learning_rate``, ``mirror``, ``threads`` (processes that load pictures) and ``start`` (a .pt or
.yaml); perhaps ``photos`` (another folder, of backgrounds) and ``settings`` (ultralytics' own).
``gpu_training.json`` is the last round: number plates at two sizes, of which the smaller one is shipped, and
receipts. Each started from the model that was shipped before it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segocr.training import yolo  # noqa: E402
from segocr.training.data import read_training_data  # noqa: E402
from segocr.training.dataset import prepare  # noqa: E402
from segocr.training.making import backdrops  # noqa: E402
from segocr.training.plans import Kind, padding_for, plan_for  # noqa: E402
from segocr.training.train import TrainingSettings  # noqa: E402

_SECONDS_TO_END = 40
"""For the last validation and the copies."""
_FEWEST_SECONDS = 60
"""A training of less is not begun."""


def draw(name: str, job: dict, data: Path, pictures: Path, processes: int) -> Path:
    """Draw a job's pictures; return their ``data.yaml``."""
    seen = read_training_data(data / job["data"], tuple(job["classes"]))
    kind = Kind(job["as"])
    padding = padding_for(seen.seen, job["image_size"])
    plan = plan_for(kind, seen.classes, seen.seen, job["image_size"], padding)
    photos = backdrops(data / job["photos"], "train") if "photos" in job else []
    began = time.monotonic()
    drawn = prepare(seen, plan, photos, pictures, job["count"], processes=processes)
    print(f"{name}: {job['count']} pictures in {time.monotonic() - began:.0f} s", flush=True)
    return drawn


def begin(name: str, job: dict, drawn: Path, work: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Start a job's training, to end within ``seconds``."""
    settings = TrainingSettings(
        image_size=job["image_size"],
        epochs=10_000,
        hours=seconds / 3600,
        batch=job["batch"],
        learning_rate=job["learning_rate"],
        mirrored=0.5 if job.get("mirror") else 0.0,
        threads=job["threads"],
    )
    asked = {"run": str(work / name), "data": str(drawn), "start": job["start"], "threads": job["threads"]}
    # Decoded once: a GPU is faster than the processors beside it.
    chosen = {**settings.for_ultralytics(), "cache": "ram", **job.get("settings", {})}
    request = work / f"{name}.json"
    request.write_text(json.dumps({**asked, "settings": chosen}))
    words = [sys.executable, str(ROOT / "segocr" / "training" / "yolo.py"), "train", str(request)]
    with (work / f"{name}.out").open("wb") as out, (work / f"{name}.log").open("wb") as log:
        return subprocess.Popen(words, stdout=out, stderr=log)


def main() -> None:
    """Draw, train side by side, keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True, help="drawn ones are taken again")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--processes", type=int, default=16)
    given = parser.parse_args()
    deadline = time.monotonic() + given.seconds
    jobs, work = json.loads(given.jobs.read_text()), given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)

    running: dict[str, subprocess.Popen[bytes]] = {}
    with ThreadPoolExecutor(len(jobs)) as pool:
        drawing = {
            pool.submit(draw, name, jobs[name], given.data, given.pictures, given.processes): name
            for name in jobs
        }
        # Begun by this thread: a guest ends with the thread that began it.
        for done in as_completed(drawing):
            name, left = drawing[done], deadline - time.monotonic() - _SECONDS_TO_END
            if done.exception() is not None or left < _FEWEST_SECONDS:
                print(f"{name}: {done.exception() or f'{left:.0f} s are left, too few'}", flush=True)
                continue
            running[name] = begin(name, jobs[name], done.result(), work, left)
    for name, process in running.items():
        try:
            status = process.wait(max(1.0, deadline - time.monotonic()))
            print(f"{name}: ended with {status}", flush=True)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            print(f"{name}: ended by the clock", flush=True)
    for name in running:
        keep(name, work, given.out)


def keep(name: str, work: Path, out: Path) -> None:
    """Copy a job's weights, without optimiser, and print the end of its curve."""
    out.mkdir(parents=True, exist_ok=True)
    weights = work / name / "weights"
    yolo.last_checkpoint(weights)
    for one in yolo.CHECKPOINTS:
        if (weights / f"{one}.pt").exists():
            yolo.strip(weights / f"{one}.pt", out / f"{name}-{one}.pt")
    results = work / name / "results.csv"
    if results.exists():
        lines = results.read_text().splitlines()
        print(name, *lines[:1], *lines[-60:], sep="\n", flush=True)
    else:
        print((work / f"{name}.log").read_text(errors="replace")[-1500:], flush=True)


if __name__ == "__main__":
    main()
