"""What made a result is told by the code itself: an edit of what decides changes every recipe."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from segocr import codeversion
from segocr.codeversion import constraints_code, deciding_code, lines_code, reading_code

DIGESTS = (constraints_code, deciding_code, lines_code, reading_code)


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], set[str]]]:
    """Give a function that adds a line to a copy of a source file and says which digests that changes."""
    source = tmp_path / "segocr"
    shutil.copytree(codeversion._SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(codeversion, "_SOURCE", source)

    def digests() -> dict[str, str]:
        for function in DIGESTS:
            function.cache_clear()
        return {function.__name__: function() for function in DIGESTS}

    def change(name: str) -> set[str]:
        before = digests()
        with (source / name).open("a") as file:
            file.write("\nANOTHER = 1\n")
        after = digests()
        return {key for key, digest in after.items() if digest != before[key]}

    yield change
    for function in DIGESTS:
        function.cache_clear()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("constraints/scores.py", {"constraints_code", "deciding_code", "lines_code"}),
        ("constraints/checks/mrz.py", {"constraints_code", "deciding_code", "lines_code"}),
        ("deciding/preferences.py", {"deciding_code"}),
        ("deciding/candidates.py", {"deciding_code"}),
        ("fields.py", {"deciding_code"}),
        ("readings.py", {"deciding_code", "reading_code"}),
        ("deciding/acceptance.py", {"deciding_code"}),
        ("deciding/readingorder.py", {"deciding_code"}),
        ("validators/dates.py", {"deciding_code"}),
        ("steps/validate/python.py", {"deciding_code"}),
        ("templates/implied.py", {"deciding_code"}),
        ("crops.py", {"lines_code", "reading_code"}),
        ("textlines/lines.py", {"lines_code", "reading_code"}),
        ("textlines/features.py", {"reading_code"}),
        ("training/heads/cache.py", {"lines_code"}),
        ("reading/recognition.py", {"reading_code"}),
        ("steps/ocr/strips.py", {"lines_code", "reading_code"}),
        ("steps/openvino_models.py", {"lines_code", "reading_code"}),
        ("reports/html.py", set()),
        ("cli/replay.py", set()),
    ],
)
def test_an_edit_changes_what_it_decides(
    edit: Callable[[str], set[str]], name: str, changes: set[str]
) -> None:
    assert edit(name) == changes


def test_every_file_that_is_named_exists() -> None:
    for name in (*codeversion._DECIDING, *codeversion._LINES, *codeversion._READING):
        assert (codeversion._SOURCE / name).exists(), name


ENTRIES = (
    "segocr.pipeline", "segocr.steps.open.engine", "segocr.steps.ocr.openvino", "segocr.steps.ocr.paddleocr",
    "segocr.steps.segment.openvino", "segocr.steps.segment.ultralytics", "segocr.steps.validate.python",
)  # fmt: skip
"""Where a document's way through the orchestrator and through each guest begins."""
CARRIES = (
    "ahead", "codeversion", "day", "documents", "errors", "inputs", "pages", "parentdeath",
    "plainfiles", "recipes", "records", "regions", "spelling", "wildcards", "work",
    "environments.*", "inbox.nolinks", "settings.*",
    "steps.answers", "steps.attached", "steps.client", "steps.contract", "steps.engines", "steps.guest",
    "steps.host", "steps.keeper", "steps.modelfiles", "steps.protocol", "steps.refusals",
    "steps.service", "steps.trials",
    "templates.alphabets", "templates.cache", "templates.classes", "templates.load", "templates.mistakes",
    "templates.names", "templates.own", "templates.routes", "templates.source", "templates.trust",
    "templates.wordings",
    "extraction",
)  # fmt: skip
"""Modules on that way that pass on, look up or refuse, and decide nothing about a value."""


def test_every_module_on_the_way_of_a_document_is_named_or_only_carries() -> None:
    named = _modules((*codeversion._READING, *codeversion._DECIDING))
    assert [one for one in _closure(ENTRIES) if one not in named and not _carries(one)] == []


def test_every_module_that_lines_to_learn_from_are_made_by_is_named_or_only_carries() -> None:
    entries = ("segocr.textlines.lines", "segocr.steps.ocr.openvino", "segocr.steps.ocr.paddleocr")
    made_by = [one for one in _closure(entries, beyond=_carries) if not _carries(one)]
    assert [one for one in made_by if one not in _modules(codeversion._LINES)] == []


def _modules(names: Iterable[str]) -> set[str]:
    paths = (path.relative_to(codeversion._SOURCE.parent) for path in codeversion._files(names))
    return {".".join(path.with_suffix("").parts) for path in paths}


def _carries(module: str) -> bool:
    name = module.removeprefix("segocr.")
    return name in CARRIES or f"{name.rpartition('.')[0]}.*" in CARRIES


def _closure(entries: Iterable[str], *, beyond: Callable[[str], bool] = lambda _: False) -> list[str]:
    """Return the modules that some modules import, directly or not; packages themselves left out.

    Args:
        entries: Where to begin.
        beyond: Says at which modules to end.
    """
    seen: set[str] = set()
    waiting = list(entries)
    while waiting:
        module = waiting.pop()
        if module not in seen and _source(module).is_file():
            seen.add(module)
            waiting += [] if beyond(module) else _imported(_source(module))
    return sorted(seen)


def _source(module: str) -> Path:
    return codeversion._SOURCE.parent / Path(*module.split(".")).with_suffix(".py")


def _imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("segocr"):
            yield from (f"{node.module}.{name.name}" for name in node.names)
            yield str(node.module)
            if (init := _source(f"{node.module}.__init__")).is_file():
                yield from _imported(init)
