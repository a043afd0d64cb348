"""Who is to blame when a host ends: the document that ends it alone, and nobody else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from segocr import pipeline as module
from segocr.errors import DocumentError, HostDied, HostTimeout
from segocr.pipeline import Pipeline, Work
from segocr.recipes import Models
from segocr.records import Recipe
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.templates import load_template

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


def test_what_to_do_stands_in_the_problem_of_a_document_that_failed() -> None:
    work = Work(Path("a"))
    work.fail(DocumentError("the file has 300 MB", code="too-large", hint="raise limits.file_mb"))
    assert work.failure is not None
    assert (work.failure.code, work.failure.message) == (
        "too-large",
        "the file has 300 MB; raise limits.file_mb",
    )
