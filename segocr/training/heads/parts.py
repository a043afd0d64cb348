"""Learning which words of a line are the field, and what is told of words on pages that were left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.templates import Template
from segocr.textlines.head import Forest
from segocr.textlines.parts import Words, asked_of, learned_classes, word_features
from segocr.training.heads.examples import Example
from segocr.training.heads.growing import ask
from segocr.training.heads.wordlabels import words_inside

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_HOW: Mapping[str, Any] = {"kinds": 2, "trees": 60}
_LEAF = 2


def learn_parts(
    python: Path, template: Template, examples: Sequence[Example], how: Mapping[str, Any]
) -> Forest | None:
    """Learn which words of a line belong to its field; None where all of them always do.

    Args:
        python: Interpreter of an environment with scikit-learn.
        template: Its classes.
        examples: Labelled pages.
        how: Of the trees, see ``segocr.training.heads.forest``.

    Raises:
        ModelError: ``training-failed``.
    """
    labelled = list(_labelled(template, examples))
    if all(inside.all() for _, _, inside in labelled):
        return None
    features = np.concatenate([features for _, features, _ in labelled])
    classes = np.concatenate([inside for _, _, inside in labelled])
    nowhere = {"folds": np.full(len(classes), -1), "plots": np.zeros((0, len(classes)), np.uint8)}
    return Forest.of(
        ask(python, "grow", features=features, classes=classes, **nowhere, **{**how, **_HOW, "leaf": _LEAF})
    )


def held_out_words(
    python: Path,
    template: Template,
    examples: Sequence[Example],
    seen: Sequence[Example],
    told: Sequence[Floats],
    folds: Ints,
    how: Mapping[str, Any],
) -> list[Words]:
    """Return for each page what tells its words without having seen the page.

    Args:
        python: As for ``learn_parts``.
        template: Likewise.
        examples: Likewise.
        seen: The same pages with the lines that will be looked at.
        told: For each page how probable each class is for each line.
        folds: ``int64 (pages,)``, which pages are left out together; -1: never.
        how: As for ``learn_parts``.

    Raises:
        ModelError: ``training-failed``.
    """
    labelled = list(_labelled(template, examples))
    asked = [
        (page, example.lines[place].text, number)
        for page, (example, shares) in enumerate(zip(seen, told, strict=True))
        for number, place in asked_of(template, shares)
    ]
    rows = [features for _, features, _ in labelled] + [word_features(text, at) for _, text, at in asked]
    if len(rows) == len(labelled):
        return [_teller({}) for _ in seen]
    known = np.repeat([folds[page] for page, _, _ in labelled], [len(inside) for _, _, inside in labelled])
    others = sum(map(len, rows)) - len(known)
    names = np.unique(folds[folds >= 0])
    plots = np.array([np.append(known != fold, np.zeros(others, bool)) for fold in names], np.uint8)
    classes = np.append(np.concatenate([inside for _, _, inside in labelled]), np.zeros(others, np.int64))
    grown = ask(
        python, "grow", features=np.concatenate(rows), classes=classes, plots=plots,
        folds=np.full(len(classes), -1), **{**how, **_HOW, "leaf": _LEAF, "whole": False},
    )  # fmt: skip
    ends = np.cumsum(list(map(len, rows)))[len(labelled) - 1 :].tolist()
    answers: list[dict[tuple[str, int], Floats]] = [{} for _ in seen]
    for (page, text, number), start, end in zip(asked, ends[:-1], ends[1:], strict=True):
        plot = int(np.searchsorted(names, max(int(folds[page]), 0)))
        answers[page][text, number] = grown["plotted"][plot, start:end, 1]
    return [_teller(answer) for answer in answers]


def _teller(known: Mapping[tuple[str, int], Floats]) -> Words:
    return lambda text, number: known[text, number]


def _labelled(template: Template, examples: Sequence[Example]) -> Iterator[tuple[int, Floats, Ints]]:
    """Yield (page, features of words, whether each is inside) for the lines whose parts are learned."""
    for name in learned_classes(template):
        number = template.classes.index(name)
        for page, example in enumerate(examples):
            for place in np.flatnonzero(example.marked.classes == 1 + number).tolist():
                line = example.lines[place]
                inside = words_inside(line, name, example.document.labels)
                if inside is not None:
                    yield page, word_features(line.text, number), inside
