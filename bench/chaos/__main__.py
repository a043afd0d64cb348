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

from bench.chaos.campaign import FAULTS, POSTGRESQL, Campaign, database, summary
from bench.chaos.writers import plan
from segocr.templates import load_template

_TEMPLATES = ("license_plate", "passport")


def main(options: argparse.Namespace, folder: Path) -> int:
    """Run it and print what came out; returns the exit code."""
    dice = random.Random(options.seed)
    files = plan(options.files, _samples(options.templates), options.plain, 2, dice)
    with database(options.database) as server:
        campaign = Campaign(
            folder, files, options.kills, options.seconds, options.patience, dice, server, options.targets
        )
        verdict, done, running = campaign.run()
    for name in ("lost", "twice", "silent", "left"):
        for one in getattr(verdict, name)[:20]:
            print(f"{name}: {one}", file=sys.stderr)
    for line in running:
        print(f"still runs: {line}", file=sys.stderr)
    harmed = sum(campaign.kills.values())
    print(json.dumps({
        **summary(campaign, verdict),
        "running": len(running),
        "kills": dict(campaign.kills),
        "database": options.database,
        "finished": done,
        "seed": options.seed,
        "seconds": round(time.monotonic() - campaign.started),
    }))  # fmt: skip
    return 0 if done and verdict.good and not running and harmed == options.kills else 1


def _samples(names: list[str]) -> list[tuple[str, bytes]]:
    """Return good pictures of shipped templates, each with the folder that its route takes."""
    return [
        (template.route.folder or ".", path.read_bytes())
        for template in map(load_template, names)
        for path in sorted((template.folder / "golden" / "images").glob("*.jpg"))
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50, help="faults of all kinds")
    parser.add_argument("--seconds", type=float, help="over which files are dropped (default: 0.2 a file)")
    parser.add_argument("--patience", type=float, default=300, help="seconds without progress that end it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", POSTGRESQL], default="sqlite")
    parser.add_argument(
        "--targets", nargs="+", choices=[*FAULTS, POSTGRESQL], help="default: all that there are"
    )
    parser.add_argument("--templates", nargs="+", default=list(_TEMPLATES))
    parser.add_argument("--plain", type=float, default=0.5, help="share of good files with nothing in them")
    parser.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one, removed")
    options = parser.parse_args()
    if options.seconds is None:
        options.seconds = 0.2 * options.files
    if options.targets is None:
        options.targets = [*FAULTS, *([POSTGRESQL] if options.database == POSTGRESQL else [])]
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
