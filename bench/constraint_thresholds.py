"""What each threshold of a constrained reading lets through: wrong among accepted, on `train`.

    python bench/constraint_thresholds.py DATA --limit 60

One threshold of ``segocr/constraints/scores.py`` at a time takes other values, the others stay. Every
labelled value counts once for each damage. A threshold is worth it where what it drops is wrong often enough.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from constraint_runs import SETS, drawn, labelled, read_all, template_of
from remembered import FOLDER, RememberingSteps

from segocr.constraints import scores
from segocr.evaluation.damage import DAMAGES, damage_documents
from segocr.evaluation.labels import read_labels
from segocr.evaluation.outcomes import Result
from segocr.evaluation.run import true_regions
from segocr.evaluation.scores import Share
from segocr.readings import Reading

GRID: dict[str, tuple[float, ...]] = {
    "CHEAP_COST_PER_EDIT": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 99.0),
    "CHEAP_COST": (2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, 99.0),
    "CHEAP_EDIT_SHARE": (0.0, 0.1, 0.15, 0.25, 0.4, 1.0),
    "CHEAP_EDGE_COST": (0.0, 2.0, 5.0, 10.0, 20.0),
    "CORRECTED_MARGIN": (0.0, 0.5, 1.0, 1.5, 2.2, 3.0, 4.0, 4.9),
    "OK_MARGIN": (0.0, 0.5, 1.0, 1.5, 2.2, 3.0, 4.0, 4.9),
}
CONFIDENCES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value read: from what, whether it is right, and the reading that it was made of."""

    data: str
    field: str
    damage: str
    right: bool
    reading: Reading
    least: float

    def accepted(self, confidence: float) -> bool:
        """Whether the reading is accepted from a confidence on."""
        return scores.judge(self.reading) in ("ok", "corrected") and self.reading.confidence >= confidence


def collect(
    folder: Path, name: str, split: str, limit: int | None, damages: Sequence[str], steps: RememberingSteps
) -> Iterator[Sample]:
    """Read the true regions of one set, at some damages."""
    template = template_of(name)
    documents = drawn(read_labels(folder / name, split), limit)
    for damage in (one for one in DAMAGES if one.name in damages):
        with tempfile.TemporaryDirectory(prefix="segocr-damage-") as scratch:
            damaged = labelled(damage_documents(documents, damage, Path(scratch)), template)
            read = read_all(name, ("checks",), damaged, steps, true_regions(damaged))
            for outcome, value in read["checks"]:
                if value is not None and len(value.readings) == 1 and value.readings[0].text is not None:
                    right = outcome.result is Result.RIGHT
                    least = template.accept.confidence
                    yield Sample(name, outcome.field, damage.name, right, value.readings[0], least)


@contextmanager
def threshold(name: str, value: float) -> Iterator[None]:
    """Change one threshold for a while."""
    before = getattr(scores, name)
    setattr(scores, name, value)
    try:
        yield
    finally:
        setattr(scores, name, before)


def counted(accepted: Sequence[Sample], of: int) -> str:
    """Return three cells of a curve."""
    wrong = Share(sum(not sample.right for sample in accepted), len(accepted))
    below = f"{100 * wrong.interval[1]:.1f} %" if wrong.interval else ""
    return f"{100 * len(accepted) / of:.1f} % | {wrong.count} of {wrong.total} | {below}"


def curves(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the curves of all thresholds, as markdown."""
    cells = "accepted | wrong | at most"
    for name, values in GRID.items():
        yield f"\n| {name} | {cells} | at confidence 0.5: {cells} |\n" + "|---" * 7 + "|"
        for value in values:
            mark = " (now)" if value == getattr(scores, name) else ""
            with threshold(name, value):
                accepted = [sample for sample in samples if sample.accepted(sample.least)]
                weak = [sample for sample in samples if sample.accepted(0.5)]
            yield f"| {value:g}{mark} | {counted(accepted, len(samples))} | {counted(weak, len(samples))} |"
    yield f"\n| accept.confidence | {cells} |\n" + "|---" * 4 + "|"
    for confidence in CONFIDENCES:
        accepted = [sample for sample in samples if sample.accepted(confidence)]
        yield f"| {confidence:g} | {counted(accepted, len(samples))} |"


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--split", default="train")
    parser.add_argument("--limit", type=int, nargs="+", help="documents of each set, drawn with a seed")
    names = [damage.name for damage in DAMAGES]
    parser.add_argument("--damages", nargs="+", choices=names, default=names)
    parser.add_argument("--cache", type=Path, default=FOLDER)
    given = parser.parse_args()
    limits = (given.limit or [None]) * (len(given.sets) if len(given.limit or [None]) == 1 else 1)
    samples: list[Sample] = []
    with RememberingSteps(given.cache, shared=False) as steps:
        for name, limit in zip(given.sets, limits, strict=True):
            own = list(collect(given.data, name, given.split, limit, given.damages, steps))
            print(
                f"\n## {name}: {len(own)} values, {sum(not s.right for s in own)} wrong",
                *curves(own),
                sep="\n",
            )
            samples += own
    print(
        f"\n## all: {len(samples)} values, {sum(not s.right for s in samples)} wrong",
        *curves(samples),
        sep="\n",
    )


if __name__ == "__main__":
    main()
