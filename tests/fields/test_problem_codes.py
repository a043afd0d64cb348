"""Every stable code is documented, and nothing is documented that no code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z]+(?:-[a-z]+)*")
# Which positional argument of these is the code.
PLACES = {"Refused": 0, "Problem": 0, "Refusal": 1, "ConstraintError": 1, "PatternError": 2}


def sources() -> dict[Path, str]:
    folders = ("segocr", "db", "flows")
    return {path: path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))}


def codes_of(text: str) -> Iterator[str]:
    """Yield the codes that a module's errors and problems carry."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = PLACES.get(name)
            found = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            found += [] if place is None else node.args[place : place + 1]
            if name[:1].isupper() or name in ("mistake", "super"):
                yield from _constants(found)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(target, "id", "") == "default_code" for target in targets) and node.value:
                yield from _constants([node.value])


def _constants(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def documented() -> list[str]:
    """Return the codes in the first cells of the page's tables, in order."""
    lines = (ROOT / "docs" / "problems.md").read_text().splitlines()
    return [
        code
        for line in lines
        if line.startswith("| `")
        for code in re.findall("`([a-z-]+)`", line.split("|")[1])
    ]


def test_every_code_is_documented() -> None:
    said = {code: path for path, text in sources().items() for code in codes_of(text)}
    assert len(said) > 60
    lacking = {code: str(path.relative_to(ROOT)) for code, path in said.items() if code not in documented()}
    assert not lacking


def test_every_documented_code_is_said_somewhere() -> None:
    everything = "\n".join(sources().values())
    assert not [code for code in documented() if f'"{code}"' not in everything]


def test_no_code_is_documented_twice() -> None:
    assert len(documented()) == len(set(documented()))
