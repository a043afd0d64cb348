"""What reading under constraints costs: processor time a strip, its share of a document, loading the cache.

    python bench/constraint_speed.py            # the golden samples of the shipped templates

All times are processor seconds, which other work on the machine disturbs little. A document's total is that
of this process and of its hosts, models loaded. The share is the search's, lattices included, of that total.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from time import process_time

from constraint_runs import SETS, TOGETHER, chosen_models, labelled
from remembered import NO_MODEL, PretendingSteps, RememberingSteps

from segocr.bench.processor import processor_seconds
from segocr.constraints import Constraint
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.run import true_regions
from segocr.pipeline import Pipeline
from segocr.recipes import Models
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template, load_template

ROUNDS = 2


def extract_all(
    template: Template, documents: Sequence[LabelledDocument], models: Models, steps: Steps
) -> None:
    """Read documents from file to record; with true regions where there is no model."""
    regions_of = true_regions(documents) if models.segment == NO_MODEL else None
    pipeline = Pipeline(
        template, steps, models=models, settings=Settings(), day=date.today(), regions_of=regions_of,
        follow_links=True,
    )  # fmt: skip
    for start in range(0, len(documents), TOGETHER):
        works = pipeline.segment([document.path for document in documents[start : start + TOGETHER]])
        pipeline.read(works)
        pipeline.validate(works)


def processor_time(template: Template, documents: Sequence[LabelledDocument], models: Models) -> float:
    """Return processor seconds a document, hosts warm."""
    with PretendingSteps(shared=False) as steps:
        steps.classes = template.classes
        extract_all(template, documents, models, steps)
        start = processor_seconds([os.getpid()])
        for _ in range(ROUNDS):
            extract_all(template, documents, models, steps)
        return (processor_seconds([os.getpid()]) - start) / ROUNDS / len(documents)


def loading_time(template: Template) -> float:
    """Return processor seconds that reading all constraints of a template from their cached form takes."""
    specs = template.fields.values()
    wires = [json.dumps(c.to_wire()) for spec in specs for c in (spec.constraint, spec.preferred) if c]
    times = []
    for _ in range(5):
        start = process_time()
        for wire in wires:
            Constraint.from_wire(json.loads(wire))
        times.append(process_time() - start)
    return min(times)


def main() -> None:
    """Print a table."""
    print("| template | read under | strips | ms a strip, median | 95 % | share of a document | load, ms |")
    print("|---|---|---|---|---|---|---|")
    for name, _ in SETS.values():
        template = load_template(name)
        documents = labelled(read_labels(template.folder / "golden", None), template)
        models, _ = chosen_models(template)
        total = processor_time(template, documents, models)
        with (
            tempfile.TemporaryDirectory(prefix="segocr-speed-") as scratch,
            RememberingSteps(Path(scratch), shared=False) as steps,
        ):
            steps.classes = template.classes
            extract_all(template, documents, models, steps)
            extract_all(template, documents, models, steps)
        share = sum(seconds for _, seconds in steps.times) / 2 / len(documents) / total
        names = {spec.constraint.digest: spec.name for spec in template.fields.values() if spec.constraint}
        by_field: dict[str, list[float]] = defaultdict(list)
        for digests, seconds in steps.times:
            by_field[" + ".join(names.get(d, "prefer") if d else "free" for d in digests[:1])].append(seconds)
        for place, (field, times) in enumerate(sorted(by_field.items())):
            times = sorted(1000 * seconds for seconds in times)
            rest = f"{100 * share:.1f} % | {1000 * loading_time(template):.2f}" if not place else "|"
            high = times[int(0.95 * (len(times) - 1))]
            print(
                f"| {name} | {field} | {len(times)} | {median(times):.1f} | {high:.1f} | {rest} |", flush=True
            )


if __name__ == "__main__":
    main()
