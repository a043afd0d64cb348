"""Does memory stay flat over many documents? Prints PSS after every hundredth part of a long run.

python bench/flat_memory.py passport 2000
"""

from __future__ import annotations

import itertools
import os
import sys

from segocr.bench.memory import measure
from segocr.bench.samples import golden_samples
from segocr.extraction import extract
from segocr.settings import load_settings
from segocr.steps.client import Steps
from segocr.templates import load_template


def main(name: str, count: int) -> None:
    """Extract ``count`` documents, the golden samples again and again, with hosts of this process's own."""
    settings = load_settings()
    template = load_template(name, search=settings.template_folders)
    paths = list(itertools.islice(itertools.cycle(golden_samples(template)), count))
    with Steps(environments=settings.environment_pythons, shared=False) as steps:
        records = extract(paths, template=template, settings=settings, steps=steps)
        for number, _ in enumerate(records, start=1):
            if number % max(1, count // 100) == 0:
                memory = measure(os.getpid())
                print(f"{number}\t{memory.orchestrator:.0f} MB\t{memory.hosts:.0f} MB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
