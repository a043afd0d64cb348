"""What a head of the engine textlines is worth by the number of labelled pages: the table of the docs.

    python bench/learning_curve.py receipt ../shared/data/receipts --pages 0,5,20,60,all --seeds 3

For each number of pages and each seed, so many pages are drawn from ``train``, a head is trained, and all of
``val`` is extracted with it, from picture to value. Lines are detected and read once and kept in
``.cache/textlines``, and the head is shown of them what it would have had read; what an unsure head looks for
more closely, and what is read again under the template's constraints, is read for every head. *Found* are the
labels of which a region of their class covers 90 % of the area, with no more than a fifth of the region
beyond the label and its margin.
Labels that mark more than the print, such as plates with their frames, want ``--covered 0.5``.
With ``--scenes 1`` the pages of ``val`` are camera photos, one a page (``segocr evaluate --scenes``).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from segocr import geometry
from segocr.documents import Document
from segocr.environments.locate import resolve
from segocr.evaluation.labels import Label, LabelledDocument, read_labels
from segocr.evaluation.outcomes import Outcome, outcomes_of
from segocr.evaluation.overlap import overlap
from segocr.evaluation.run import field_rules
from segocr.evaluation.scenes import make_scenes
from segocr.evaluation.tables import score
from segocr.extraction import extract
from segocr.pages import Page
from segocr.regions import Region
from segocr.settings import Settings, load_settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, load_template
from segocr.textlines.head import Head
from segocr.textlines.segmenting import closer_looks, surest
from segocr.textlines.worth import Worth, as_seen
from segocr.training.heads.examples import Example, gather, is_sparse
from segocr.training.heads.train import train_on

CACHE = Path(".cache/textlines")
COVERED, BESIDE = 0.9, 0.2
"""A label is found where a region covers so much of it, and not more of the region lies beside it."""
MARGIN = 0.4
"""Labels are tight, detected lines are not: so many heights around a label are no other text."""


def main() -> None:
    """Print one row for each number of pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("template")
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", default="0,5,20,60,all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, help="of train, for a quick look")
    parser.add_argument("--scenes", type=int, default=0, help="camera photos a page of val")
    parser.add_argument("--backgrounds", type=Path, help="labelled photos whose val the scenes are laid on")
    parser.add_argument("--covered", type=float, default=COVERED, help="share of a label that is to be found")
    given = parser.parse_args()
    template, settings = load_template(given.template), load_settings(None)
    model = OcrModel("openvino", template.ocr.model)
    with ExitStack() as stack:
        steps = stack.enter_context(Steps(environments=settings.environment_pythons))
        labelled = read_labels(given.data, "train")[: given.most]
        sparse = is_sparse(labelled, steps, model)
        seen = gather(labelled, template, steps, model, CACHE, _shown, areas=sparse)
        val = read_labels(given.data, "val")
        if given.scenes:
            scratch = Path(stack.enter_context(TemporaryDirectory(prefix="segocr-scenes-")))
            photos = [one.path for one in read_labels(given.backgrounds, "val")]
            val = make_scenes(val, photos, scratch, count=given.scenes)
        unseen = gather(val, template, steps, model, CACHE, _shown, areas=sparse, closer=False)
        ocr = (steps.load(model).digest, model.name)
        print("| pages | right, % | " + " | ".join(template.classes) + " | found, % |", flush=True)
        for word in given.pages.split(","):
            pages = len(seen) if word == "all" else int(word)
            seeds = given.seeds if 0 < pages < len(seen) else 1
            rounds = list[Round]()
            for seed in range(seeds):
                drawn = np.random.default_rng(seed).permutation(len(seen))[:pages]
                examples = [seen[place] for place in drawn]
                head = train_on(
                    template, examples, ocr=ocr, python=resolve("openvino", settings.environment_pythons),
                    checked=pages <= 60, sparse=sparse,
                ).head  # fmt: skip
                rounds.append(_round(template, head, unseen, settings, steps, model, given.covered))
            print(_row(pages, template, rounds), flush=True)


@dataclass(frozen=True, slots=True)
class Round:
    """What one head makes of ``val``: what is right, and the share of the labels that it finds."""

    outcomes: list[Outcome]
    found: float


def _round(
    template: Template,
    head: Head,
    examples: Sequence[Example],
    settings: Settings,
    steps: Steps,
    model: OcrModel,
    least: float,
) -> Round:
    lines = {example.document.path: example.lines for example in examples}
    documents: list[LabelledDocument] = [example.document for example in examples]
    regions: dict[Path, list[Region]] = {}

    def found(document: Document, page: Page) -> list[Region]:
        every = lines[document.path]
        looks = chain(
            (as_seen(every, Worth(head)(every)), every), closer_looks(page, every, head, steps, model)
        )
        regions[document.path] = surest(page, looks, template, head)
        return regions[document.path]

    paths = [document.path for document in documents]
    records = {
        record.file: record
        for record in extract(paths, template=template, settings=settings, steps=steps, regions_of=found)
    }
    rules = field_rules(template, documents, {})
    return Round(
        [one for document in documents for one in outcomes_of(document, records.get(document.path), rules)],
        float(
            np.mean([one for document in documents for one in _met(document, regions[document.path], least)])
        ),
    )


def _met(document: LabelledDocument, regions: Sequence[Region], least: float) -> Iterator[bool]:
    for label in document.labels:
        polygons = [one.polygon for one in regions if one.class_name == label.class_name]
        yield any(_meets(label, polygon, document.size, least) for polygon in polygons)


def _meets(label: Label, polygon: NDArray[np.float32], size: tuple[int, int], least: float) -> bool:
    """Whether a region covers so much of a label, or of one of its other places, and little else."""
    region = polygon.astype(np.float64)
    for places in (label.polygons, *([one] for one in label.alternatives)):
        quads = [geometry.order_corners(geometry.minimum_rectangle(place)) for place in places]
        margins = [MARGIN * geometry.quad_size(quad)[1] for quad in quads]
        wide = [geometry.grown(quad, m, m, m, m) for quad, m in zip(quads, margins, strict=True)]
        covered = overlap(places, [region], size).covered
        if covered >= least and overlap([region], wide, size).covered >= 1 - BESIDE:
            return True
    return False


def _row(pages: int, template: Template, rounds: Sequence[Round]) -> str:
    overall = [100 * (score(one.outcomes).exact.value or 0.0) for one in rounds]
    cells = [f"{np.mean(overall):.1f} ({min(overall):.0f}–{max(overall):.0f})"]
    for name in template.classes:
        fields = {spec.name for spec in template.fields_of(name)}
        mine = [[one for one in each.outcomes if one.field in fields] for each in rounds]
        shares = [score(outcomes).exact.value for outcomes in mine]
        cells.append(f"{100 * np.mean([share or 0.0 for share in shares]):.1f}")
    cells.append(f"{100 * np.mean([one.found for one in rounds]):.1f}")
    return f"| {pages} | " + " | ".join(cells) + " |"


def _shown(done: int, total: int) -> None:
    if done % 20 == 0 or done == total:
        print(f"{done} of {total} pages read", flush=True)


if __name__ == "__main__":
    main()
