"""Learning which lines are worth reading: the first forest, and the pages as the second one will see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segocr.templates import Template
from segocr.textlines.features import look_at
from segocr.textlines.head import Forest
from segocr.textlines.worth import as_seen, chosen, left_of, place_features, thresholds
from segocr.training.heads.examples import Example
from segocr.training.heads.growing import ask
from segocr.training.heads.outlook import Kin, strangers

_FOLDS = 4
_FEWEST = 20
"""Groups of pages: from fewer nothing can be said of what may be left out."""
_TREES = 60
_LEAF = 2
_TRIED = 0.3


@dataclass(frozen=True, slots=True)
class FirstHead:
    """The first forest and its thresholds.

    Attributes:
        forest: None where all lines are read: too few pages to say what can be left out.
        worth: By class, the probability from which a line is read.
        seen: The pages with only those lines read that a forest chose that has not seen the page.
    """

    forest: Forest | None
    worth: tuple[float, ...]
    seen: tuple[Example, ...]


def everything(examples: Sequence[Example]) -> FirstHead:
    """Return what has every line read."""
    return FirstHead(None, (), tuple(examples))


def learn_worth(
    template: Template, examples: Sequence[Example], python: Path, seed: int, kin: Kin | None = None
) -> FirstHead:
    """Train the first forest.

    Args:
        template: Its classes.
        examples: Pages with every line read.
        python: Interpreter of an environment with scikit-learn.
        seed: Of the trees and of the order in which pages are left out.
        kin: Which pages are left out together; None: each alone.

    Raises:
        ModelError: ``training-failed``.
    """
    whole = everything(examples)
    kin = strangers(len(examples)) if kin is None else kin
    if kin.count < _FEWEST:
        return whole
    kinds = 1 + len(template.classes)
    sizes = [len(example.lines) for example in examples]
    classes = np.concatenate([example.marked.classes for example in examples])
    dealt = np.random.default_rng(seed).permutation(kin.count) % _FOLDS
    fold = np.where(kin.groups >= 0, dealt[kin.groups], -1)
    grown = ask(
        python, "grow", features=np.concatenate([place_features(example.lines) for example in examples]),
        classes=classes, kinds=kinds, trees=_TREES, folds=np.repeat(fold, sizes), seed=seed,
        plots=np.zeros((0, len(classes)), np.uint8), leaf=_LEAF, tried=_TRIED, whole=True,
    )  # fmt: skip
    least = thresholds(grown["held_out"], classes, kinds)
    if least is None:
        return whole
    told = np.split(grown["held_out"], np.cumsum(sizes)[:-1])
    seen = (
        _seen(template, one, chosen(shares, least, left_of(one.lines)))
        for one, shares in zip(examples, told, strict=True)
    )
    return FirstHead(Forest.of(grown), tuple(least.tolist()), tuple(seen))


def _seen(template: Template, example: Example, worth: NDArray[np.bool_]) -> Example:
    lines = tuple(as_seen(example.lines, worth))
    return replace(example, lines=lines, evidence=look_at(template, lines))
