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

from segocr.deciding.wording import Wording
from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template
from segocr.templates.spec import may_be_worded
from segocr.textlines.calibration import fitted
from segocr.textlines.evidence import constrained_fields
from segocr.textlines.features import features_of, own_names
from segocr.textlines.head import Forest, Head, HeadCard
from segocr.textlines.parts import Spans, Words, spans_of
from segocr.textlines.words import BUCKETS
from segocr.training.heads.checking import Right, check, instances
from segocr.training.heads.examples import Example, gather, is_sparse, with_shared_lines_cut
from segocr.training.heads.growing import ask
from segocr.training.heads.nextpages import next_pages, sureness
from segocr.training.heads.outlook import Dealt, Kin, deal, kin_of, none_dealt
from segocr.training.heads.parts import held_out_words, learn_parts
from segocr.training.heads.unlike import Unlike, unlike
from segocr.training.heads.worth import everything, learn_worth

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LARGEST_FILE = 4 << 20
_WIDTH = 48
_LEASTS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
_TREES = ((80, 300), (200, 200), (10**9, 120))
"""(pages up to which, trees): more pages make larger trees, and the file must stay small."""
_TRIED = 0.3
"""Share of the features tried at each node. On 60 receipts, with 5, 20 and 50 pages to learn from, 0.3 read
65, 72 and 75 % right, the square root (0.05) 64, 72 and 75 %."""
_USUAL_LEAST = 0.35
"""Probability from which a line belongs to a field of several lines, where nothing better is known."""


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
        curve: Likewise learned from fewer pages: (pages, share right), ascending, the whole last; copies of a
            picture count once, pages without text not at all.
        doubtful: Ids of documents, the least sure first: where a look at the labels pays, and what to label
            more of.
        missed: Labels without a line.
        groups: How many of the pages can be left out in turn: copies and pages of one group together, pages
            without text not at all.
        copies: Ids of documents with the same picture as an earlier one.
        blank: Ids of documents without text.
        next_pages: Pictures that nobody has labelled, the one to label first in front.
        unlike: Classes of which most labels are not what their lines say.
    """

    head: Head
    pages: int
    expected: Right | None
    curve: tuple[tuple[int, float], ...]
    doubtful: tuple[str, ...]
    missed: tuple[Missed, ...]
    groups: int = 0
    copies: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    next_pages: tuple[Path, ...] = ()
    unlike: tuple[Unlike, ...] = ()


def train_textlines(
    template: Template,
    documents: Sequence[LabelledDocument],
    *,
    steps: Steps,
    model: OcrModel,
    python: Path,
    cache: Path,
    unlabelled: Sequence[LabelledDocument] = (),
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
        unlabelled: Pages of which some are to be labelled next.
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
    trained = train_on(template, examples, ocr=ocr, python=python, about=about, seed=seed, sparse=sparse)
    others = gather(unlabelled, template, steps, model, cache, progress, areas=sparse, closer=False)
    return replace(trained, next_pages=next_pages(template, trained.head, examples, others))


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
    cut = with_shared_lines_cut(template, examples)
    labelled = cut or examples
    _require_examples(template, labelled)
    kin = kin_of([one.document for one in labelled], list(map(_has_text, labelled)))
    # Where lines are cut by what is read in them, all of them are read.
    first = everything(labelled) if cut else learn_worth(template, labelled, python, seed, kin)
    seen = first.seen
    dealt = deal(kin, seed) if checked else none_dealt(len(seen))
    how = {"leaf": 1, "tried": _TRIED, "seed": seed, "whole": True}
    table = _words(python, seen)
    read = np.array([line.is_read for example in seen for line in example.lines], bool)
    grown = _grown(python, template, seen, table, read, dealt, how)
    card = HeadCard(
        template.classes, tuple(own_names(template)), *ocr, _digest(seen), len(seen), _USUAL_LEAST, about,
        first.worth, sparse, shared=cut is not None,
    )  # fmt: skip
    parts = learn_parts(python, template, labelled, how)
    wordings = _wordings(template, [one.document for one in examples])
    head = Head(card, Forest.of(grown), table, parts, first.forest, wordings=wordings)
    trained = _described(_small(head), seen, kin)
    trained = replace(trained, unlike=unlike(template, labelled))
    if (dealt.folds < 0).all():
        return trained
    told = [_by_page(_with_unread(one, read), seen) for one in (grown["held_out"], *grown["plotted"])]
    words = held_out_words(python, template, labelled, seen, told[0], dealt.folds, how) if parts else None
    spans = [
        _spans(template, one, shares, trained.head, words[place] if words else None)
        for place, (one, shares) in enumerate(zip(seen, told[0], strict=True))
    ]
    return _with_expected(template, trained, seen, told, spans, dealt, kin)


def _grown(
    python: Path,
    template: Template,
    examples: Sequence[Example],
    table: Floats,
    read: Mask,
    dealt: Dealt,
    how: Mapping[str, Any],
) -> dict[str, NDArray[Any]]:
    """Grow the forest, and others without each fold and plot, on the lines that are read."""
    classes = np.concatenate([example.marked.classes for example in examples])
    page = np.repeat(np.arange(len(examples)), [len(example.lines) for example in examples])
    features = np.concatenate([features_of(example.evidence, table) for example in examples])
    trees = next(count for most, count in _TREES if len(examples) <= most)
    return ask(
        python, "grow", features=features[read], classes=classes[read], kinds=1 + len(template.classes),
        trees=trees, folds=dealt.folds[page][read], plots=dealt.plots[:, page][:, read], **how,
    )  # fmt: skip


def _described(head: Head, examples: Sequence[Example], kin: Kin) -> Trained:
    """Return a head with what is known of the pages that it learned from."""
    return Trained(
        head,
        len(examples),
        expected=None,
        curve=(),
        doubtful=(),
        missed=tuple(
            Missed(one.document.id, one.document.path, label.class_name, label.value)
            for one in examples
            for label in one.marked.missed
        ),
        groups=kin.count,
        copies=tuple(examples[place].document.id for place in np.flatnonzero(kin.copies).tolist()),
        blank=tuple(one.document.id for one in examples if not _has_text(one)),
    )


def _has_text(example: Example) -> bool:
    return any(line.is_read for line in example.lines)


def _with_expected(
    template: Template,
    trained: Trained,
    examples: Sequence[Example],
    told: Sequence[Sequence[Floats]],
    every_span: Sequence[Spans],
    dealt: Dealt,
    kin: Kin,
) -> Trained:
    """Return what was trained with all that is chosen and said by leaving out pages.

    Args:
        template: Its classes.
        trained: The head as it was grown.
        examples: The pages.
        told: For each page what others than its fold say of its lines; then the same for each plot.
        every_span: For each page what they say of its lines' words.
        dealt: Folds and plots.
        kin: Copies among the pages are not counted again.
    """

    def of(pages: Mask, shares: Sequence[Floats]) -> tuple[list[Example], list[Floats], list[Spans]]:
        places = np.flatnonzero(pages & ~kin.copies).tolist()
        return (
            [examples[at] for at in places],
            [shares[at] for at in places],
            [every_span[at] for at in places],
        )

    every = of(np.ones(len(examples), bool), told[0])
    by_least = {least: check(template, *every, least) for least in _LEASTS}
    least = max(_LEASTS, key=lambda one: (by_least[one].overall.count, -abs(one - _USUAL_LEAST)))
    curves = {
        name: fitted([score for score, _ in found], [is_right for _, is_right in found])
        for name, found in instances(template, *every, least).items()
    }
    card = replace(trained.head.card, least=least, curves=curves)
    right = [
        *(check(template, *of(~plot, one), least) for plot, one in zip(dealt.plots, told[1:], strict=True)),
        by_least[least],
    ]
    sizes = [*dealt.sizes, int(((kin.groups >= 0) & ~kin.copies).sum())]
    return replace(
        trained,
        head=replace(trained.head, card=card),
        expected=by_least[least],
        curve=tuple((size, one.overall.value or 0.0) for size, one in zip(sizes, right, strict=True)),
        doubtful=_doubtful(examples, told[0]),
    )


def _untrained(template: Template, ocr: tuple[str, str], about: Mapping[str, Any]) -> Trained:
    """Return the head that a template has without any page."""
    names, shared = tuple(own_names(template)), len(constrained_fields(template)) > 1
    card = HeadCard(template.classes, names, *ocr, _digest([]), 0, _USUAL_LEAST, about, shared=shared)
    return Trained(Head(card, None, np.zeros((BUCKETS, 0), np.float32)), 0, None, (), (), ())


def _require_examples(template: Template, examples: Sequence[Example]) -> None:
    shown = {int(kind) for example in examples for kind in example.marked.classes}
    lacking = [name for number, name in enumerate(template.classes, start=1) if number not in shown]
    if not any(map(_has_text, examples)):
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


def _wordings(template: Template, documents: Sequence[LabelledDocument]) -> dict[str, Wording]:
    """Learn how the texts of fields go on that have no constraint, by class."""
    texts: dict[str, list[str]] = {
        name: [] for name in template.classes if all(map(may_be_worded, template.fields_of(name)))
    }
    for label in (label for document in documents for label in document.labels if label.scored):
        if label.class_name in texts:
            texts[label.class_name].append(label.value)
    return {name: Wording.learn(values) for name, values in texts.items() if values}


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


def _spans(template: Template, example: Example, told: Floats, head: Head, words: Words | None) -> Spans:
    return spans_of(template, example.evidence, example.lines, told, head, words)


def _doubtful(examples: Sequence[Example], told: Sequence[Floats]) -> tuple[str, ...]:
    """Return ids, those first whose classes' best lines are the least sure."""
    order = np.argsort([sureness(shares) for shares in told], kind="stable")
    return tuple(examples[place].document.id for place in order)


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
