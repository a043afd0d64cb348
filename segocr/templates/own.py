"""A workspace's own validators, found and held against a template without running a line of them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from segocr.errors import Mark, TemplateError
from segocr.plainfiles import read_plain
from segocr.validators.own_files import validator_files
from segocr.validators.registry import VALIDATORS

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class OwnValidator:
    """A public function at the top of a file of ``validators/``.

    Attributes:
        name: The function's.
        mark: Where it is defined.
        least: How many values it must be given by position; None where a decorator may have changed that.
        most: How many it takes; None for any number.
        named: A parameter without a default that can be given by name only, so never.
        earlier: Where another file defines one of the same name.
    """

    name: str
    mark: Mark
    least: int | None
    most: int | None
    named: str | None = None
    earlier: Mark | None = None

    def fault(self, given: int) -> str | None:
        """Say what keeps it from being called with the text and so many arguments, or None."""
        if self.earlier is not None:
            return f"{self.name!r} is defined twice: {self.earlier} and {self.mark}"
        if self.name in VALIDATORS:
            return f"{self.name!r} is a validator that segocr brings, and a function in {self.mark}"
        if self.named is not None:
            return f"{self.name!r} ({self.mark}) wants {self.named!r} by name, which a template cannot give"
        if self.least is not None and 1 + given < self.least:
            return f"{self.name!r} ({self.mark}) wants {_spoken(self.least - 1)}: `{{{self.name}: …}}`"
        if self.most is not None and 1 + given > self.most:
            return f"{self.name!r} ({self.mark}) takes {_spoken(self.most - 1)}"
        return None


def _spoken(arguments: int) -> str:
    if arguments < 1:
        return "no argument" if arguments == 0 else "not even the text"
    return "an argument" if arguments == 1 else f"{arguments} arguments, but a template gives one at most"


def own_validators(folder: Path | None) -> Mapping[str, OwnValidator]:
    """Return the public functions defined at the top of a folder's Python files, by name.

    Raises:
        TemplateError: A file cannot be read, or is not Python.
    """
    if folder is None:
        return {}
    found: dict[str, OwnValidator] = {}
    for path in validator_files(folder):
        for name, validator in _defined_in(path).items():
            earlier = found[name].mark if name in found else None
            found[name] = replace(validator, earlier=earlier)
    return found


def _defined_in(path: Path) -> dict[str, OwnValidator]:
    try:
        tree = ast.parse(read_plain(path, _MAX_BYTES))
    except OSError as error:
        raise TemplateError(f"it cannot be read: {error.strerror}", mark=Mark(path, 1, 1)) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
        raise TemplateError(f"this is not Python: {error}", mark=Mark(path, line, column)) from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: _described(node, path) for node in functions if not node.name.startswith("_")}


def _described(node: ast.FunctionDef, path: Path) -> OwnValidator:
    mark = Mark(path, node.lineno, node.col_offset + 1)
    if node.decorator_list:
        return OwnValidator(node.name, mark, None, None)
    takes = node.args
    named = (one.arg for one, default in zip(takes.kwonlyargs, takes.kw_defaults, strict=True) if not default)
    most = len(takes.posonlyargs) + len(takes.args)
    least = most - len(takes.defaults)
    return OwnValidator(node.name, mark, least, None if takes.vararg else most, next(named, None))
