"""Features: what the head is told of each line, its own and its neighbours'.

Every length is in median line heights or shares of the text block, so that neither resolution nor paper
size matters. The names are kept with a head: a head for other features is not loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from segocr.geometry import quad_size
from segocr.templates import Template
from segocr.textlines.evidence import Match, constrained_fields, find_matches
from segocr.textlines.head import PLACES
from segocr.textlines.layout import Layout, lay_out
from segocr.textlines.lines import TextLine
from segocr.textlines.words import Counts, count_words, reduce_words
from segocr.validators.registry import NUMBERS

Floats = NDArray[np.float32]

_ABSENT = -1.0
_PLACE = (
    "left", "right", "middle", "top", "off centre", "width", "height", "aspect", "row", "row share",
    "rows from end", "gap above", "gap below", "gap left", "gap right", "on row", "place on row", "lines",
    "score",
)  # fmt: skip
_TEXT = ("characters", "digits", "letters", "capitals", "spaces", "marks", "words", "confidence", "colon")
_MATCH = ("matches", "share", "length", "starts", "ends", "whole", "cost", "others")
_VALUE = ("value rank", "value same", "value part")
SAYS = "says "
"""Before a field's name: whether the line says it."""


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """What is known of one page's lines before any table is applied.

    Attributes:
        layout: Where they stand.
        own: ``float32 (n, f)``, the features of ``own_names``, without words.
        counts: Their words.
        matches: By constrained field, the best match in each line.
    """

    layout: Layout
    own: Floats
    counts: Counts
    matches: Mapping[str, Sequence[Match | None]]


def own_names(template: Template) -> list[str]:
    """Return the names of a line's own features for a template, in order, words apart."""
    names = [*_PLACE, *_TEXT]
    for spec in constrained_fields(template):
        names += [f"{spec.name} {name}" for name in _MATCH]
        if spec.type in NUMBERS:
            names += [f"{spec.name} {name}" for name in _VALUE]
        if spec.preferred is not None:
            names += [f"{spec.name} preferred {name}" for name in _MATCH]
    return names + [f"{SAYS}{name}" for name in _read_names(template)]


def look_at(template: Template, lines: Sequence[TextLine]) -> PageEvidence:
    """Collect what is known of a page's lines.

    Args:
        template: Whose constraints are looked for.
        lines: Of one page, read.
    """
    layout = lay_out([line.quad for line in lines])
    texts = [line.text for line in lines]
    columns = [places(layout, lines), _texts(lines)]
    matches: dict[str, Sequence[Match | None]] = {}
    for spec in constrained_fields(template):
        assert spec.constraint is not None
        found = find_matches(texts, spec.constraint)
        matches[spec.name] = found
        columns.append(_matched(found, texts))
        if spec.type in NUMBERS:
            columns.append(_values(found))
        if spec.preferred is not None:
            columns.append(_matched(find_matches(texts, spec.preferred), texts))
    columns.append(_says(_read_names(template), texts))
    own = np.concatenate(columns, axis=1).astype(np.float32)
    return PageEvidence(layout, own, count_words(texts), matches)


def features_of(page: PageEvidence, table: Floats) -> Floats:
    """Return the whole features of a page's lines: own, words, and the same of left, above and below.

    Args:
        page: From ``look_at``.
        table: ``float32 (BUCKETS, k)``, reduces the words.

    Returns:
        ``float32 (n, 4 (f + k))``.
    """
    own = np.concatenate([page.own, reduce_words(page.counts, table)], axis=1)
    nobody = np.full((1, own.shape[1]), _ABSENT, np.float32)
    known = np.concatenate([own, nobody])
    layout = page.layout
    return np.concatenate(
        [own, *(known[beside] for beside in (layout.left, layout.above, layout.below))], axis=1
    )


def _read_names(template: Template) -> list[str]:
    return [spec.name for spec in template.fields.values() if spec.class_name is not None]


def places(layout: Layout, lines: Sequence[TextLine]) -> NDArray[np.float64]:
    """Return ``float64 (n, PLACES)``: where the lines of a page stand, and how large they are."""
    n = len(lines)
    if not n:
        return np.zeros((0, PLACES))
    boxes, height = layout.boxes, layout.height
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    wide, tall = np.maximum(high - low, 1.0)
    left, top, right, bottom = boxes.T
    middle = (left + right) / 2
    sizes = np.array([quad_size(line.quad) for line in lines])
    on_row = np.bincount(layout.row, minlength=layout.rows)
    place = np.zeros(n)
    place[layout.order] = np.concatenate([np.arange(count) for count in on_row if count])
    columns = [
        (left - low[0]) / wide, (right - low[0]) / wide, (middle - low[0]) / wide,
        ((top + bottom) / 2 - low[1]) / tall,
        np.abs(middle - (low[0] + high[0]) / 2) / wide, sizes[:, 0] / wide, sizes[:, 1] / height,
        sizes[:, 0] / np.maximum(sizes[:, 1], 1.0), layout.row, layout.row / max(layout.rows - 1, 1),
        layout.rows - 1 - layout.row,
        _gap(top, bottom, layout.above, height), _gap(bottom, top, layout.below, height),
        _gap(left, right, layout.left, height), _gap(right, left, layout.right, height),
        on_row[layout.row], place, np.full(n, n), np.array([line.score for line in lines]),
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def _gap(
    mine: NDArray[np.float64], theirs: NDArray[np.float64], other: NDArray[np.int64], height: float
) -> NDArray[np.float64]:
    return np.where(other >= 0, np.minimum(np.abs(mine - theirs[other]) / height, 20.0), 20.0)


def _texts(lines: Sequence[TextLine]) -> NDArray[np.float64]:
    rows = []
    for line in lines:
        text, size = line.text, max(len(line.text), 1)
        digits, letters = sum(c.isdigit() for c in text), sum(c.isalpha() for c in text)
        capitals, spaces = sum(c.isupper() for c in text), text.count(" ")
        marks = len(text) - digits - letters - spaces
        rows.append(
            [len(text), digits / size, letters / size, capitals / max(letters, 1), spaces / size,
             marks / size, len(text.split()), line.confidence, text.rstrip().endswith(":")]
        )  # fmt: skip
    return np.array(rows, np.float64).reshape(len(lines), len(_TEXT))


def _matched(found: Sequence[Match | None], texts: Sequence[str]) -> NDArray[np.float64]:
    others = sum(match is not None and match.whole for match in found)
    rows = []
    for match, text in zip(found, texts, strict=True):
        size = max(len(text), 1)
        if match is None:
            rows.append([0.0, 0.0, 0.0, _ABSENT, _ABSENT, 0.0, 20.0, others])
            continue
        length = match.end - match.start
        starts, ends = match.start / size, match.end / size
        rows.append([1.0, length / size, length, starts, ends, match.whole, min(match.cost, 20.0), others])
    return np.array(rows, np.float64).reshape(len(texts), len(_MATCH))


def _values(found: Sequence[Match | None]) -> NDArray[np.float64]:
    """Return of each line's number: rank (0 the greatest), how often it is there, share of the greatest."""
    numbers = [_number(match.text) if match is not None and match.whole else None for match in found]
    # Integers are counts and codes more often than amounts: they do not compete with printed decimals.
    known = sorted({number for number in numbers if number is not None}, reverse=True)
    rank = {number: place for place, number in enumerate(known)}
    top = float(known[0]) if known and known[0] > 0 else 1.0
    rows = [
        [_ABSENT, 0.0, _ABSENT]
        if number is None
        else [rank[number], numbers.count(number), float(number) / top]
        for number in numbers
    ]
    return np.array(rows, np.float64).reshape(len(found), len(_VALUE))


def _number(text: str) -> Decimal | None:
    """Return the number in a text that has decimals; None for whole ones and for no number."""
    found = re.search(r"\d[\d.,]*[.,]\d{1,3}$", re.sub(r"[^\d.,]", "", text))
    if found is None:
        return None
    whole, decimals = re.split(r"[.,](?=\d+$)", found.group())
    try:
        return Decimal(f"{re.sub(r'[.,]', '', whole)}.{decimals}")
    except InvalidOperation:
        return None


def _says(names: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """Return whether a line says a field's name: 1 as a word, 0.5 within one, 0 not at all."""
    columns = []
    for name in names:
        word = re.sub(r"[\W_]+", "", name.casefold())
        column = []
        for text in texts:
            words = re.findall(r"[^\W\d_]+", text.casefold())
            column.append(1.0 if word in words else 0.5 if word and word in "".join(words) else 0.0)
        columns.append(column)
    return np.array(columns, np.float64).reshape(len(names), len(texts)).T
