"""Names of a workspace's own validators, found without running a line of them."""

from __future__ import annotations

import ast
from pathlib import Path

from segocr.errors import Mark, TemplateError


def own_validators(folder: Path | None) -> dict[str, Path]:
    """Return the public functions defined at the top of a folder's Python files, with their files.

    Raises:
        TemplateError: A file is not Python.
    """
    if folder is None:
        return {}
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
            raise TemplateError(f"this is not Python: {error}", mark=Mark(path, line, column)) from error
        functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
        found.update({name: path for name in functions if not name.startswith("_")})
    return found
