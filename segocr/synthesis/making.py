"""Labelled pictures from a few labelled pages: values drawn, pages redrawn, photos taken, all by seed.

Picture ``n`` depends on the seed, ``n``, the pages and the typefaces of the machine only, not on how many
processes draw, nor on how many pictures are asked for.
"""

from __future__ import annotations

import datetime as dt
import functools
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from segocr.datasets.folder import label_row, new_folder, write_labels
from segocr.diskroom import require_room
from segocr.errors import ConfigurationError, UsageError
from segocr.evaluation.labels import LabelledDocument
from segocr.synthesis.backgrounds import read_picture
from segocr.synthesis.pages import PrintedLabel, PrintedPage, redraw_page, study_page
from segocr.synthesis.photos import PhotoRecipe, take_photo
from segocr.synthesis.typefaces import find_typefaces
from segocr.synthesis.values import Validate, Vocabulary, Wished, draw_values, field_of
from segocr.templates import Template
from segocr.validators.registry import NUMBERS

Counted = Callable[[int, int], None]
"""Called with (pictures written, pictures in all)."""
_Given = TypeVar("_Given")
_Done = TypeVar("_Done")

_BYTES_A_PIXEL = 0.5
_QUALITY = 95
_LESS = "make room, name another disk with --out, or ask for fewer pictures with --count"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        template: Whose documents.
        pages: Labelled pages, at least one.
        count: Pictures.
        seed: Another one gives other pictures.
        recipe: How they are taken.
        redrawn: Whether values are redrawn; False: pages stay as they are, and are only photographed.
        today: What ``today`` means in the template's validators.
        processes: How many draw at once.
    """

    template: Template
    pages: tuple[LabelledDocument, ...]
    count: int
    seed: int
    recipe: PhotoRecipe
    redrawn: bool
    today: dt.date
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What was made.

    Attributes:
        pictures: How many.
        redrawn: Labels of the pages whose values were redrawn.
        kept: Labels of the pages that had to stay as they were, by class.
    """

    pictures: int
    redrawn: int
    kept: dict[str, int]


def synthesise(
    order: Order,
    target: Path,
    made: dict[str, Any],
    validate: Validate,
    *,
    force: bool = False,
    progress: Counted = lambda _, __: None,
) -> Result:
    """Write a folder of labelled pictures.

    Args:
        order: What is to be made.
        target: The folder; see ``segocr.datasets.folder.new_folder``.
        made: How it is made, to be kept in it.
        validate: Judges the values of documents.
        force: Whether to put it into a folder that is somebody else's.
        progress: Called after every picture.

    Raises:
        UsageError: ``folder-taken``, ``unreadable-picture``, or ``labels``: nothing can be redrawn.
        ConfigurationError: ``disk-full``, ``no-valid-values``.
    """
    width, height = order.recipe.long_side, order.recipe.long_side * 0.75
    require_room(target, round(order.count * width * height * _BYTES_A_PIXEL), hint=_LESS)
    sources = [page.path for page in order.pages]
    with new_folder(target, made, sources, force=force) as folder, _executor(order.processes) as each:
        pages = _study(order, each)
        drawn = _draw(order, pages, validate)
        (folder / "images").mkdir()
        tasks = [(n, pages[n % len(pages)], texts) for n, texts in enumerate(drawn)]
        work = functools.partial(
            _make_picture,
            recipe=order.recipe,
            seed=order.seed,
            to_right=_to_right(order.template),
            folder=folder,
        )
        rows = []
        for row in each(work, tasks):
            rows.append(row)
            progress(len(rows), order.count)
        write_labels(folder, rows)
    kept = _kept(pages) if order.redrawn else {}
    labels = sum(len(page.prints) for page in pages)
    return Result(order.count, labels - sum(kept.values()) if order.redrawn else 0, kept)


class _Each:
    """Does one thing to each of many, in order, here or in several processes."""

    def __init__(self, pool: Executor | None) -> None:
        self.pool = pool

    def __call__(self, work: Callable[[_Given], _Done], given: Sequence[_Given]) -> Iterator[_Done]:
        return map(work, given) if self.pool is None else self.pool.map(work, given, chunksize=2)


@contextmanager
def _executor(processes: int) -> Iterator[_Each]:
    if processes < 2:
        yield _Each(None)
        return
    # Not by fork: OpenCV's threads may hold a lock that the child would wait for forever.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _one_thread) as pool:
        try:
            yield _Each(pool)
        except BrokenProcessPool as error:
            raise ConfigurationError(
                "a drawing process was ended from outside; nothing was written",
                hint="if there was no memory left: fewer --processes, or a smaller --long-side",
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _study(order: Order, each: _Each) -> list[PrintedPage]:
    if not order.redrawn:
        return [PrintedPage(page, (None,) * len(page.labels)) for page in order.pages]
    free = frozenset(
        label.class_name
        for page in order.pages
        for label in page.labels
        if _any_case(order.template, label.class_name)
    )
    work = functools.partial(study_page, faces=find_typefaces(), any_case=free)
    pages = list(each(work, order.pages))
    if not any(known for page in pages for known in page.prints):
        raise UsageError(
            "no label of these pages can be redrawn: each lacks a value, or is printed in no known typeface",
            code="labels",
            hint="--augment-only photographs the pages as they are",
        )
    return pages


def _any_case(template: Template, class_name: str) -> bool:
    spec = field_of(template, class_name)
    return spec is None or spec.constraint is None or spec.ignore_case


def _to_right(template: Template) -> frozenset[str]:
    fields = template.fields.values()
    return frozenset(f.class_name for f in fields if f.type in NUMBERS and f.class_name is not None)


def _draw(order: Order, pages: Sequence[PrintedPage], validate: Validate) -> list[list[str | None]]:
    """Return of each picture and label the new text; None for a label that stays as it is."""
    chosen = [pages[number % len(pages)] for number in range(order.count)]
    if not order.redrawn:
        return [[None] * len(page.prints) for page in chosen]
    wishes = [_wished(page) for page in chosen]
    to_right = _to_right(order.template)

    def fits(place: int, name: str, number: int, text: str) -> bool:
        return _of_class(chosen[place], name)[number].fits(text, name in to_right)

    vocabulary = Vocabulary.of([_wished(page) for page in pages])
    seeds = [(order.seed, number) for number in range(order.count)]
    drawn = draw_values(order.template, wishes, vocabulary, seeds, validate, order.today, fits)
    return [_by_label(page, texts) for page, texts in zip(chosen, drawn, strict=True)]


def _of_class(page: PrintedPage, name: str) -> list[PrintedLabel]:
    labels = zip(page.document.labels, page.prints, strict=True)
    return [known for label, known in labels if known is not None and label.class_name == name]


def _wished(page: PrintedPage) -> Wished:
    wished: dict[str, list[str]] = {}
    for label, known in zip(page.document.labels, page.prints, strict=True):
        if known is not None:
            wished.setdefault(label.class_name, []).append(known.text)
    return wished


def _by_label(page: PrintedPage, drawn: dict[str, list[str]]) -> list[str | None]:
    texts = {name: iter(values) for name, values in drawn.items()}
    labels = zip(page.document.labels, page.prints, strict=True)
    return [None if known is None else next(texts[label.class_name]) for label, known in labels]


def _kept(pages: Sequence[PrintedPage]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for page in pages:
        for label, known in zip(page.document.labels, page.prints, strict=True):
            if known is None:
                kept[label.class_name] = kept.get(label.class_name, 0) + 1
    return kept


def _make_picture(
    task: tuple[int, PrintedPage, list[str | None]],
    recipe: PhotoRecipe,
    seed: int,
    to_right: frozenset[str],
    folder: Path,
) -> dict[str, Any]:
    """Write picture ``number`` and return its row of labels."""
    number, printed, texts = task
    document = printed.document
    rng = np.random.default_rng([seed, number])
    if any(text is not None for text in texts):
        page, labels = redraw_page(printed, texts, to_right)
    else:
        page, labels = read_picture(document.path), document.labels
    photo, seen = take_photo(page, labels, recipe, rng)
    image = f"images/{number:06d}.jpg"
    _, coded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    (folder / image).write_bytes(coded.tobytes())
    made = replace(
        document,
        id=f"{number:06d}",
        size=(photo.shape[1], photo.shape[0]),
        labels=seen,
        group=document.group or document.id,
    )
    return label_row(made, image)
