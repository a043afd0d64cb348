"""Training a head: from labelled pages to one small file, in seconds.

Everything that is chosen is chosen by leaving out pages in turn: how probable a line must be to belong to a
field of several lines, and what is said of the accuracy to expect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template
from segocr.textlines.calibration import fitted
from segocr.textlines.checking import Right, check, instances
from segocr.textlines.examples import Example, gather, is_sparse
from segocr.textlines.features import features_of, own_names
from segocr.textlines.growing import ask
from segocr.textlines.head import Forest, Head, HeadCard
from segocr.textlines.learning_worth import learn_worth
from segocr.textlines.parts import Spans, learned_classes, spans_of, word_features, words_inside
from segocr.textlines.words import BUCKETS

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LARGEST_FILE = 4 << 20
_WIDTH = 48
_FOLDS = 6
_LEASTS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_TREES = ((80, 300), (200, 200), (10**9, 120))
"""(pages up to which, trees): more pages make larger trees, and the file must stay small."""
_TRIED = 0.3
"""Share of the features tried at each node. On 60 receipts, with 5, 20 and 50 pages to learn from, 0.3 read
65, 72 and 75 % right, the square root (0.05) 64, 72 and 75 %."""
_FEWEST_TO_CHECK = 3
_USUAL_LEAST = 0.35
"""Probability from which a line belongs to a field of several lines, where nothing better is known."""
_CURVE = (0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Missed:
    """A label that meets no detected line: the detector missed it, or the label is off."""

    document: str
    path: Path
    class_name: str
    value: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made, and what is known of it.

    Attributes:
        head: The head.
        pages: How many pages it learned from.
        expected: Fields right on pages left out in turn; None with too few pages for that.
        curve: Likewise learned from fewer pages: (pages, share right), ascending, the whole last.
        doubtful: Ids of documents, the least sure first: where a look at the labels pays, and what to label
            more of.
        missed: Labels without a line.
    """

    head: Head
    pages: int
    expected: Right | None
    curve: tuple[tuple[int, float], ...]
    doubtful: tuple[str, ...]
    missed: tuple[Missed, ...]


def train_textlines(
    template: Template,
    documents: Sequence[LabelledDocument],
    *,
    steps: Steps,
    model: OcrModel,
    python: Path,
    cache: Path,
    about: Mapping[str, Any] = {},
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> Trained:
    """Train the head of a template.

    Args:
        template: Its classes, constraints and line counts.
        documents: Labelled pages to learn from; with none the head knows the template's patterns alone.
        steps: The OCR host.
        model: Finds and reads the lines; the head will work with this one only.
        python: Interpreter of an environment with scikit-learn (``openvino``).
        cache: Folder where read lines are kept.
        about: What else the head's card says.
        seed: Of the trees.
        progress: Called with (done, total) as pages are read.

    Raises:
        UsageError: ``labels``: nothing to learn from, or a class without an example.
        ModelError: ``training-failed``.
        SegocrError: The OCR host fails.
    """
    digest = steps.load(model).digest
    sparse = is_sparse(documents, steps, model)
    examples = gather(documents, template, steps, model, cache, progress, areas=sparse)
    ocr = (digest, model.name)
    return train_on(template, examples, ocr=ocr, python=python, about=about, seed=seed, sparse=sparse)


def train_on(
    template: Template,
    examples: Sequence[Example],
    *,
    ocr: tuple[str, str],
    python: Path,
    about: Mapping[str, Any] = {},
    seed: int = 0,
    checked: bool = True,
    sparse: bool = False,
) -> Trained:
    """Train on pages whose lines are known.

    Args:
        template: As for ``train_textlines``.
        examples: The pages.
        ocr: Digest and name of the OCR model.
        python: As for ``train_textlines``.
        about: Likewise.
        seed: Likewise.
        checked: Whether to say what to expect, which takes several times as long.
        sparse: Whether their lines were looked for in the areas with text alone, as the head will have it.
    """
    if not examples:
        return _untrained(template, ocr, about)
    _require_examples(template, examples)
    first = learn_worth(template, examples, python, seed)
    labelled, examples = examples, first.seen
    read = np.array([line.is_read for example in examples for line in example.lines], bool)
    classes = np.concatenate([example.marked.classes for example in examples])
    page = np.repeat(np.arange(len(examples)), [len(example.lines) for example in examples])
    table = _words(python, examples)
    features = np.concatenate([features_of(example.evidence, table) for example in examples])
    folds, plots, sizes = _held_out(page, len(examples), seed, checked=checked)
    trees = next(count for most, count in _TREES if len(examples) <= most)
    common = {"leaf": 1, "tried": _TRIED, "seed": seed, "whole": True}
    grown = ask(
        python, "grow", features=features[read], classes=classes[read], kinds=1 + len(template.classes),
        trees=trees, folds=folds[read], plots=plots[:, read], **common,
    )  # fmt: skip
    card = HeadCard(
        template.classes,
        tuple(own_names(template)),
        *ocr,
        _digest(examples),
        len(examples),
        _USUAL_LEAST,
        about,
        first.worth,
        sparse,
    )
    parts = _parts(python, template, labelled, common)
    head = _small(Head(card, Forest.of(grown), table, parts, first.forest))
    expected, curve = None, list[tuple[int, float]]()
    told = _by_page(_with_unread(grown["held_out"], read), examples)
    if len(np.unique(folds[folds >= 0])) > 1:
        spans = [_spans(template, one, shares, head) for one, shares in zip(examples, told, strict=True)]
        by_least = {least: check(template, examples, told, spans, least) for least in _LEASTS}
        least = max(_LEASTS, key=lambda one: (by_least[one].overall.count, -abs(one - _USUAL_LEAST)))
        expected = by_least[least]
        curves = {
            name: fitted([score for score, _ in found], [is_right for _, is_right in found])
            for name, found in instances(template, examples, told, spans, least).items()
        }
        head = replace(head, card=replace(head.card, least=least, curves=curves))
        plotted = [_with_unread(one, read) for one in grown["plotted"]]
        curve = _curve(template, examples, plotted, plots, sizes, spans, least)
        curve.append((len(examples), expected.overall.value or 0.0))
    return Trained(
        head,
        len(examples),
        expected,
        tuple(curve),
        _doubtful(template, examples, told) if expected else (),
        tuple(
            Missed(one.document.id, one.document.path, label.class_name, label.value)
            for one in examples
            for label in one.marked.missed
        ),
    )


def _untrained(template: Template, ocr: tuple[str, str], about: Mapping[str, Any]) -> Trained:
    """Return the head that a template has without any page."""
    card = HeadCard(template.classes, tuple(own_names(template)), *ocr, _digest([]), 0, _USUAL_LEAST, about)
    return Trained(Head(card, None, np.zeros((BUCKETS, 0), np.float32)), 0, None, (), (), ())


def _require_examples(template: Template, examples: Sequence[Example]) -> None:
    shown = {int(kind) for example in examples for kind in example.marked.classes}
    lacking = [name for number, name in enumerate(template.classes, start=1) if number not in shown]
    if not sum(len(example.lines) for example in examples):
        raise UsageError(
            "there is no page with text to learn from",
            code="labels",
            hint="are the pictures empty, or their text in a script that the OCR model lacks?",
        )
    if lacking:
        raise UsageError(
            f"no page shows a line of class {', '.join(map(repr, lacking))}, so the head could never tell it",
            code="labels",
            hint="label some, or remove the field from the template; is the label where the text stands?",
        )


def _words(python: Path, examples: Sequence[Example]) -> Floats:
    starts, buckets, weights = [np.zeros(1, np.int64)], list[Ints](), list[Floats]()
    for example in examples:
        counts = example.evidence.counts
        starts.append(counts.starts[1:] + sum(len(before) for before in buckets))
        buckets.append(counts.buckets)
        weights.append(counts.weights)
    answer = ask(
        python, "reduce", starts=np.concatenate(starts), buckets=np.concatenate(buckets),
        weights=np.concatenate(weights), size=BUCKETS, width=_WIDTH,
    )  # fmt: skip
    # As it will be stored, so that what is measured is what is used.
    return answer["table"].astype(np.float16).astype(np.float32)


def _held_out(
    page: Ints, pages: int, seed: int, *, checked: bool
) -> tuple[Ints, NDArray[np.uint8], list[int]]:
    """Return folds, plots (masks of lines to learn from) and how many pages each plot has."""
    if not checked or pages < _FEWEST_TO_CHECK:
        return np.full(len(page), -1), np.zeros((0, len(page)), np.uint8), []
    order = np.random.default_rng(seed).permutation(pages)
    fold = np.empty(pages, np.int64)
    fold[order] = np.arange(pages) % min(_FOLDS, pages)
    sizes = sorted({round(share * pages) for share in _CURVE} - {0}) if pages >= 8 else []
    plots = [np.isin(page, order[:size]) for size in sizes]
    return fold[page], np.array(plots, np.uint8).reshape(len(plots), len(page)), sizes


def _parts(
    python: Path, template: Template, examples: Sequence[Example], common: Mapping[str, Any]
) -> Forest | None:
    """Learn which words of a line belong to its field; None where all of them always do."""
    rows, targets = list[Floats](), list[Ints]()
    for name in learned_classes(template):
        number = template.classes.index(name)
        for example in examples:
            for place in np.flatnonzero(example.marked.classes == 1 + number).tolist():
                line = example.lines[place]
                inside = words_inside(line, name, example.document.labels)
                if inside is not None:
                    rows.append(word_features(line.text, number))
                    targets.append(inside)
    if not rows or all(target.all() for target in targets):
        return None
    features, classes = np.concatenate(rows), np.concatenate(targets)
    nowhere = {"folds": np.full(len(classes), -1), "plots": np.zeros((0, len(classes)), np.uint8)}
    grown = ask(
        python, "grow", features=features, classes=classes, kinds=2, trees=60,
        **nowhere, **{**common, "leaf": 2},
    )  # fmt: skip
    return Forest.of(grown)


def _small(head: Head) -> Head:
    """Leave out trees until the file is small enough."""
    while (forest := head.forest) is not None and (size := len(head.to_bytes())) > LARGEST_FILE:
        kept = max(1, int(len(forest.roots) * min(0.95, LARGEST_FILE / size)))
        nodes = int(forest.roots[kept])
        leaves = int((forest.feature[:nodes] == 0xFFFF).sum())
        head = replace(
            head,
            forest=Forest(
                forest.feature[:nodes],
                forest.threshold[:nodes],
                forest.right[:nodes],
                forest.shares[:leaves],
                forest.roots[:kept],
            ),
        )
    return head


def _with_unread(told: Floats, read: NDArray[np.bool_]) -> Floats:
    """Return what is told of all lines, ``float32 (n, kinds)``: those not read belong to no field."""
    every = np.zeros((len(read), told.shape[1]), np.float32)
    every[:, 0] = 1.0
    every[read] = told
    return every


def _by_page(told: Floats, examples: Sequence[Example]) -> list[Floats]:
    ends = np.cumsum([len(example.lines) for example in examples])
    return np.split(told, ends[:-1])


def _spans(template: Template, example: Example, told: Floats, head: Head) -> Spans:
    return spans_of(template, example.evidence, example.lines, told, head)


def _curve(
    template: Template,
    examples: Sequence[Example],
    plotted: Sequence[Floats],
    plots: NDArray[np.uint8],
    sizes: Sequence[int],
    spans: Sequence[Spans],
    least: float,
) -> list[tuple[int, float]]:
    curve = []
    for told, seen, size in zip(plotted, plots, sizes, strict=True):
        pages = [place for place, mask in enumerate(_by_page(seen, examples)) if not mask.any()]
        by_page = _by_page(told, examples)
        right = check(
            template, [examples[place] for place in pages], [by_page[place] for place in pages],
            [spans[place] for place in pages], least,
        )  # fmt: skip
        curve.append((size, right.overall.value or 0.0))
    return curve


def _doubtful(template: Template, examples: Sequence[Example], told: Sequence[Floats]) -> tuple[str, ...]:
    """Return ids, those first whose classes' best lines are the least sure."""
    sureness = [float(np.mean(shares[:, 1:].max(axis=0))) if len(shares) else 0.0 for shares in told]
    return tuple(examples[place].document.id for place in np.argsort(sureness, kind="stable"))


def _digest(examples: Sequence[Example]) -> str:
    """Return a digest of the pages' lines and marks, whatever their order, 64 hexadecimal digits."""
    facts = sorted(
        json.dumps(
            [
                hashlib.sha256(one.document.path.read_bytes()).hexdigest(),
                [
                    (label.class_name, [p.round(2).tolist() for p in label.polygons])
                    for label in one.document.labels
                ],
            ]
        )
        for one in examples
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
