"""What a head of the engine textlines is worth by the number of labelled pages: the table of the docs.

    python bench/learning_curve.py receipt ../shared/data/receipts --pages 0,5,20,60,all --seeds 3

For each number of pages and each seed, so many pages are drawn from ``train``, a head is trained, and all of
``val`` is extracted with it, from picture to value. Lines are detected and read once and kept in
``.cache/textlines``; what is read again under the template's constraints is read for every head.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segocr.documents import Document
from segocr.environments.locate import resolve
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.outcomes import Outcome, outcomes_of
from segocr.evaluation.run import field_rules
from segocr.evaluation.tables import score
from segocr.extraction import extract
from segocr.pages import Page
from segocr.regions import Region
from segocr.settings import Settings, load_settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, load_template
from segocr.textlines.examples import Example, gather
from segocr.textlines.head import Head
from segocr.textlines.segmenting import regions_of
from segocr.textlines.training import train_on

CACHE = Path(".cache/textlines")


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
    given = parser.parse_args()
    template, settings = load_template(given.template), load_settings(None)
    model = OcrModel("openvino", template.ocr.model)
    with Steps(environments=settings.environment_pythons) as steps:
        seen = gather(read_labels(given.data, "train")[: given.most], template, steps, model, CACHE, _shown)
        unseen = gather(read_labels(given.data, "val"), template, steps, model, CACHE, _shown)
        ocr = (steps.load(model).digest, model.name)
        print("| pages | right, % | " + " | ".join(template.classes) + " |")
        for word in given.pages.split(","):
            pages = len(seen) if word == "all" else int(word)
            seeds = given.seeds if 0 < pages < len(seen) else 1
            rounds = []
            for seed in range(seeds):
                drawn = np.random.default_rng(seed).permutation(len(seen))[:pages]
                examples = [seen[place] for place in drawn]
                head = train_on(
                    template, examples, ocr=ocr, python=resolve("openvino", settings.environment_pythons),
                    checked=pages <= 60,
                ).head  # fmt: skip
                rounds.append(_outcomes(template, head, unseen, settings, steps))
            print(_row(pages, template, rounds), flush=True)


def _outcomes(
    template: Template, head: Head, examples: Sequence[Example], settings: Settings, steps: Steps
) -> list[Outcome]:
    lines = {example.document.path: example.lines for example in examples}
    documents: list[LabelledDocument] = [example.document for example in examples]

    def found(document: Document, page: Page) -> list[Region]:
        return regions_of(page, lines[document.path], template, head)

    paths = [document.path for document in documents]
    records = {
        record.file: record
        for record in extract(paths, template=template, settings=settings, steps=steps, regions_of=found)
    }
    rules = field_rules(template, documents, {})
    return [one for document in documents for one in outcomes_of(document, records.get(document.path), rules)]


def _row(pages: int, template: Template, rounds: Sequence[Sequence[Outcome]]) -> str:
    overall = [100 * (score(outcomes).exact.value or 0.0) for outcomes in rounds]
    cells = [f"{np.mean(overall):.1f} ({min(overall):.0f}–{max(overall):.0f})"]
    for name in template.classes:
        fields = {spec.name for spec in template.fields_of(name)}
        shares = [score([one for one in outcomes if one.field in fields]).exact.value for outcomes in rounds]
        cells.append(f"{100 * np.mean([share or 0.0 for share in shares]):.1f}")
    return f"| {pages} | " + " | ".join(cells) + " |"


def _shown(done: int, total: int) -> None:
    if done % 20 == 0 or done == total:
        print(f"{done} of {total} pages read", flush=True)


if __name__ == "__main__":
    main()
