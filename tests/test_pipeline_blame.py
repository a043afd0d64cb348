"""Who is to blame when a host ends: the document that ends it alone, and nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segocr import pipeline as module
from segocr.documents import Document
from segocr.errors import DocumentError, HostDied, HostTimeout
from segocr.fields import PartResult
from segocr.geometry import minimum_rectangle
from segocr.pages import Page, PageInfo
from segocr.pipeline import Pipeline
from segocr.recipes import Models
from segocr.records import Recipe, RecordStatus
from segocr.regions import Region
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.templates import load_template
from segocr.work import Work

Failure = type[HostDied] | type[HostTimeout]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline without hosts."""
    monkeypatch.setattr(module, "recipe_of", lambda *_, **__: Recipe("passport", 1, "0" * 64))
    models = Models(SegmentModel("openvino", Path("none.onnx")), OcrModel("openvino", "none"))
    with Steps(shared=False) as steps:
        return Pipeline(
            load_template("passport"), steps, models=models, settings=Settings(), day=date(2026, 1, 1)
        )


@pytest.mark.parametrize("failure", [HostDied, HostTimeout])
def test_one_document_that_ends_its_reader_fails_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    asked: list[int] = []

    def read_pages(pages: list[Any], *_: Any) -> list[str]:
        asked.append(len(pages))
        if "poison" in pages:
            raise failure("it ended")
        return [f"read {page}" for page in pages]

    monkeypatch.setattr(module, "read_pages", read_pages)
    works = [Work(Path(name), crops=[name, name]) for name in ("a", "poison", "b")]  # type: ignore[list-item]
    pipeline.read(works)
    assert [work.failure and work.failure.code for work in works] == [None, failure.default_code, None]
    assert [work.readings for work in works] == [["read a"] * 2, [], ["read b"] * 2]
    assert asked == [6, 2, 2, 2]


@pytest.mark.parametrize("failure", [HostDied, HostTimeout])
def test_one_document_that_ends_its_judge_fails_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    def field_values(template: Any, candidates: list[Any], **_: Any) -> list[PartResult]:
        if any("poison" in one for one in candidates):
            raise failure("it ended")
        return [PartResult({}, (), RecordStatus.COMPLETE, accepted=True) for _ in candidates]

    monkeypatch.setattr(module, "field_values", field_values)
    monkeypatch.setattr(module.Pipeline, "_candidates", lambda _, work, pages: {work.path.name: ()})
    works = [Work(Path(name), Document(Path(name), "0" * 64, 1)) for name in ("a", "poison", "b")]
    for work in works:
        work.pages, work.readings = [PageInfo(1, 10, 10, None)], [[]]
    records = pipeline.validate(works)
    assert [[(one.file.name, one.status.value) for one in of_one] for of_one in records] == [
        [("a", "complete")],
        [("poison", "failed")],
        [("b", "complete")],
    ]
    assert [problem.code for problem in records[1][0].problems] == [failure.default_code]


def test_a_document_without_a_page_that_is_asked_for_is_told_so(pipeline: Pipeline) -> None:
    [[record]] = pipeline.validate([Work(Path("short"), Document(Path("short"), "0" * 64, 1))])
    [problem] = record.problems
    assert (problem.code, problem.message) == (
        "no-pages",
        "the document has no page that the template reads",
    )


FLAT = np.array([[250, 0], [499, 0], [400, 0]], np.float32)
WHOLE = np.array([[0, 0], [40, 0], [40, 9], [0, 9]], np.float32)


def pages_of(works: list[Work]) -> list[tuple[Work, Page]]:
    return [(work, Page(1, np.zeros((50, 500, 3), np.uint8), None)) for work in works]


def test_a_region_without_area_is_not_cut_out(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def regions(batch: list[Any]) -> list[list[Region]]:
        return [[Region(1, "mrz_line1", 0.9, FLAT), Region(1, "mrz_line2", 0.9, WHOLE)] for _ in batch]

    monkeypatch.setattr(pipeline, "_regions", regions)
    pipeline._segment(pages_of(works := [Work(Path("a")), Work(Path("b"))]))
    assert [[crop.region.class_name for crop in work.crops[0]] for work in works] == [["mrz_line2"]] * 2
    assert [work.failure for work in works] == [None, None]


def test_a_shape_without_area_takes_no_other_document_along(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(page: Page, regions: list[str]) -> list[str]:
        if regions == ["poison"]:
            minimum_rectangle(FLAT)
        return regions

    monkeypatch.setattr(pipeline, "_regions", lambda batch: [[work.path.name] for work, _ in batch])
    monkeypatch.setattr(pipeline, "_cut", cut)
    pipeline._segment(pages_of(works := [Work(Path(name)) for name in ("a", "poison", "b")]))
    assert [work.failure and work.failure.code for work in works] == [None, "internal", None]
    assert [work.crops for work in works] == [[["a"]], [], [["b"]]]
    assert [len(work.pages) for work in works] == [1, 0, 1]


def test_what_to_do_stands_in_the_problem_of_a_document_that_failed() -> None:
    work = Work(Path("a"))
    work.fail(DocumentError("the file has 300 MB", code="too-large", hint="raise limits.file_mb"))
    assert work.failure is not None
    assert (work.failure.code, work.failure.message) == (
        "too-large",
        "the file has 300 MB; raise limits.file_mb",
    )


def test_chunks_come_in_order_and_the_next_one_is_opened_meanwhile(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    third = threading.Event()

    def open_all(works: list[Work]) -> Iterator[tuple[Work, Page]]:
        for work in works:
            opened.append(work.path.name)
            if work.path.name == "c":
                third.set()
            if work.path.name == "bad":
                work.fail(DocumentError("no picture", code="unreadable"))
                continue
            yield work, Page(1, np.zeros((9, 9, 3), np.uint8))

    batches: list[list[str]] = []

    def segment(batch: list[tuple[Work, Page]]) -> None:
        # What follows is opened while the first chunk is in hand.
        assert third.wait(10)
        batches.append([work.path.name for work, _ in batch])

    monkeypatch.setattr(pipeline, "_open_all", open_all)
    monkeypatch.setattr(pipeline, "_segment", segment)
    chunks = [["a", "b"], ["bad"], [], ["c", "d", "e", "f", "g"]]
    found = list(pipeline.segment_chunks([Path(name) for name in chunk] for chunk in chunks))
    assert [[work.path.name for work in works] for works in found] == chunks
    assert batches == [["a", "b"], ["c", "d", "e", "f"], ["g"]]
    assert [work.failure and work.failure.code for work in found[1]] == ["unreadable"]
    assert opened == ["a", "b", "bad", "c", "d", "e", "f", "g"]


def test_pages_of_many_pixels_are_in_hand_one_at_a_time(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    done: list[int] = []
    ahead_of_it: list[int] = []

    def open_all(works: list[Work]) -> Iterator[tuple[Work, Page]]:
        for work in works:
            made.append(1)
            yield work, Page(1, np.zeros((100, 100, 3), np.uint8))

    def segment(batch: list[tuple[Work, Page]]) -> None:
        time.sleep(0.05)
        ahead_of_it.append(len(made) - len(done) - len(batch))
        done.extend(1 for _ in batch)

    monkeypatch.setattr(pipeline, "_open_all", open_all)
    monkeypatch.setattr(pipeline, "_segment", segment)
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", 15_000)
    list(pipeline.segment_chunks([[Path("a")] * 8]))
    assert len(ahead_of_it) == 8
    assert max(ahead_of_it) <= 2  # one waits, and one more is opened
