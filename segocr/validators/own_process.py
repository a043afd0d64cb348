"""The process in which a workspace's own validators run, so that whatever they do ends nothing but itself.

It is asked a line of JSON at a time, ``{"folder", "name", "text", "arguments"}``, and answers with one:
``{"said": null | text}``, ``{"error": text}`` if the function raised, ``{"returned": text}`` if it returned
neither None nor a sentence, or ``{"unknown": true}``. Guest code: standard library.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from segocr.parentdeath import die_with_parent

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
        answers.write("{}\n")  # ready
        answers.flush()
        for question in questions:
            answers.write(json.dumps(_answer(**json.loads(question))) + "\n")
            answers.flush()


def _answer(folder: str, name: str, text: str, arguments: list[Any]) -> dict[str, Any]:
    try:
        function = _functions(Path(folder), _stamp(Path(folder))).get(name)
        if function is None:
            return {"unknown": True}
        said = function(text, *arguments)
        if said is None:
            return {"said": None}
        if isinstance(said, str) and said.strip():
            return {"said": said[:_LONGEST]}
        return {"returned": repr(said)[:_LONGEST]}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"[:_LONGEST]}


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """Names and times of the files, so that an edited validator is loaded anew."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.py")))


@lru_cache(maxsize=4)
def _functions(folder: Path, stamp: tuple[tuple[str, int], ...]) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name, _ in stamp:
        names = runpy.run_path(str(folder / name), run_name=f"validators.{Path(name).stem}")
        found.update(
            {key: value for key, value in names.items() if callable(value) and not key.startswith("_")}
        )
    return found
