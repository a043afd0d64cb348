"""The process in which a workspace's own validators run, so that whatever they do ends nothing but itself.

It is asked a line of JSON at a time, ``{"number", "folder", "name", "text", "arguments"}``. It answers
``{"loaded": true}`` once the files are loaded, and then ``{"said": null | text}``, ``{"error": text}`` if the
function raised, or ``{"returned": text}`` if it returned neither None nor a sentence; or at once
``{"error": text}`` or ``{"unknown": true}``. Each answer has the question's number, so that nothing else that
is written there passes for one. Guest code: standard library.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from segocr.parentdeath import die_with_parent
from segocr.validators.own_files import validator_files

_LONGEST = 300
"""Characters of what a function says that are kept."""


def main() -> None:
    """Answer until nobody asks any more; what functions print goes to the host's log."""
    die_with_parent(int(sys.argv[1]))
    with (
        os.fdopen(os.dup(0), encoding="utf-8") as questions,
        os.fdopen(os.dup(1), "w", encoding="utf-8") as answers,
    ):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        answers.write('{"number": 0}\n')  # ready
        answers.flush()
        for question in questions:
            asked = json.loads(question)
            number = asked.pop("number")
            for answer in _answers(**asked):
                answers.write(json.dumps({"number": number, **answer}) + "\n")
                answers.flush()


def _answers(folder: str, name: str, text: str, arguments: list[Any]) -> Iterator[dict[str, Any]]:
    try:
        function = _functions(Path(folder), _stamp(Path(folder))).get(name)
    except BaseException as error:
        yield _raised(error)
        return
    if function is None:
        yield {"unknown": True}
        return
    yield {"loaded": True}
    yield _judged(function, text, arguments)


def _judged(function: Callable[..., Any], text: str, arguments: list[Any]) -> dict[str, Any]:
    try:
        said = function(text, *arguments)
        if said is None:
            return {"said": None}
        if isinstance(said, str) and said.strip():
            return {"said": _shown(said)}
        return {"returned": _shown(repr(said))}
    except BaseException as error:
        return _raised(error)


def _raised(error: BaseException) -> dict[str, Any]:
    return {"error": _shown(f"{type(error).__name__}: {error}")}


def _shown(text: str) -> str:
    """Return what can be stored and shown of a text: no zero, no control of a terminal, no half character."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST])


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """Names and times of the files, so that an edited validator is loaded anew."""
    files = [path for path in validator_files(folder) if path.is_file()]
    return tuple((path.name, path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=4)
def _functions(folder: Path, stamp: tuple[tuple[str, int], ...]) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name, _ in stamp:
        names = runpy.run_path(str(folder / name), run_name=f"validators.{Path(name).stem}")
        found.update(
            {key: value for key, value in names.items() if callable(value) and not key.startswith("_")}
        )
    return found
