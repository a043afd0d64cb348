"""Does memory stay flat over many documents? Prints PSS as a long run goes on, then how much it grows.

python bench/flat_memory.py passport --documents 2000
python bench/flat_memory.py license_plate --documents 200 --log memory.jsonl

With a log a run is a piece: later ones add to it, and all count together, each with processes of its own.
Ctrl-C ends one early; what it measured counts. The exit code is 1 if memory grows by more than ``--limit`` MB
in 1000 documents.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from segocr.bench.memory import measure
from segocr.bench.samples import golden_samples
from segocr.extraction import extract
from segocr.settings import load_settings
from segocr.steps.client import Steps
from segocr.templates import load_template

WARM = 0.25
"""Share of a piece that does not count: caches fill, engines take what they need."""


@dataclass(frozen=True, slots=True)
class Sample:
    """PSS in MB after so many documents of a piece."""

    piece: int
    documents: int
    orchestrator: float
    hosts: float


def run(template_name: str, documents: int, piece: int) -> Iterator[Sample]:
    """Extract the golden samples again and again, with hosts of this process's own."""
    settings = load_settings()
    template = load_template(
        template_name, search=settings.template_folders, validators_folder=settings.validators_folder
    )
    paths = list(itertools.islice(itertools.cycle(golden_samples(template)), documents))
    step = max(1, documents // 50)
    with Steps(environments=settings.environment_pythons, shared=False) as steps:
        records = extract(paths, template=template, settings=settings, steps=steps)
        for number, _ in enumerate(records, start=1):
            if number % step == 0:
                memory = measure(os.getpid())
                yield Sample(piece, number, round(memory.orchestrator, 1), round(memory.hosts, 1))


def growth(samples: Sequence[Sample]) -> float:
    """Return MB in 1000 documents: least squares of one slope through all pieces, each at its own height."""
    above = below = 0.0
    for _, group in itertools.groupby(samples, key=lambda sample: sample.piece):
        piece = list(group)
        counted = [sample for sample in piece if sample.documents > WARM * piece[-1].documents]
        documents = np.array([sample.documents for sample in counted], dtype=float)
        memory = np.array([sample.orchestrator + sample.hosts for sample in counted])
        if len(counted) > 1:
            centred = documents - documents.mean()
            above += float(centred @ (memory - memory.mean()))
            below += float(centred @ centred)
    return 1000 * above / below if below else 0.0


def main() -> int:
    """Run one piece; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("template")
    parser.add_argument("--documents", type=int, default=2000, help="in this piece")
    parser.add_argument("--log", type=Path, help="where samples are kept from piece to piece")
    parser.add_argument("--limit", type=float, default=10.0, help="MB that 1000 documents may add")
    given = parser.parse_args()
    before = given.log.read_text("utf-8").splitlines() if given.log and given.log.exists() else []
    samples = [Sample(**json.loads(line)) for line in before]
    piece = samples[-1].piece + 1 if samples else 1
    with suppress(KeyboardInterrupt):
        for sample in run(given.template, given.documents, piece):
            samples.append(sample)
            print(f"{sample.documents}\t{sample.orchestrator:.0f} MB\t{sample.hosts:.0f} MB", flush=True)
            if given.log:
                with given.log.open("a", encoding="utf-8") as log:
                    print(json.dumps(asdict(sample)), file=log)
    grown = growth(samples)
    print(f"{grown:+.1f} MB in 1000 documents, by {len(samples)} samples of {piece} pieces")
    return int(grown > given.limit)


if __name__ == "__main__":
    sys.exit(main())
