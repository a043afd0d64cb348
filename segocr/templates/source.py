"""A template's YAML text with the place of everything in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.errors import Mark, TemplateError
from segocr.plainfiles import FileTooLarge, read_plain

MAX_BYTES = 256 * 1024
MAX_NODES = 10_000
MAX_DEPTH = 20
Step = str | int


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file.

    Attributes:
        file: The path that messages name.
        tree: Plain dicts, lists and scalars.
        marked: The same as ruamel's round-trip objects, which know their places.
    """

    file: Path
    tree: dict[str, Any]
    marked: Any

    def mark(self, path: Sequence[Step], *, key: bool = False, offset: int | None = None) -> Mark:
        """Return where something stands.

        Args:
            path: Keys and positions from the top; what does not exist is left out from there on.
            key: Of the last step's key instead of its value.
            offset: Characters into a value that stands on one line.
        """
        node, line, column = self.marked, 0, 0
        for at, step in enumerate(path):
            found = _place(node, step, key=key and at == len(path) - 1)
            if found is None:
                break
            line, column = found
            node = node[step]
        return Mark(self.file, line + 1, column + 1 + _inside(node, offset))

    def mistake(
        self,
        message: str,
        path: Sequence[Step],
        *,
        key: bool = False,
        offset: int | None = None,
        hint: str | None = None,
    ) -> TemplateError:
        """Return the error for something at a place."""
        return TemplateError(message, mark=self.mark(path, key=key, offset=offset), hint=hint)


def _place(node: Any, step: Step, *, key: bool) -> tuple[int, int] | None:
    marks: Any = getattr(node, "lc", None)
    if isinstance(node, dict) and step in node:
        place = marks.data.get(step)  # None for a merged key
        return None if place is None else (place[0], place[1]) if key else (place[2], place[3])
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        line, column = marks.item(step)
        return line, column
    return None


def _inside(node: Any, offset: int | None) -> int:
    kind = type(node).__name__
    if offset is None or "Literal" in kind or "Folded" in kind:
        return 0
    if kind == "SingleQuotedScalarString":
        return 1 + offset + str(node)[:offset].count("'")
    if kind == "DoubleQuotedScalarString":
        return 1 + offset + sum(str(node)[:offset].count(c) for c in '\\"')
    return offset


def read_source(file: Path) -> Source:
    """Read a template file.

    Raises:
        TemplateError: It is absent, unreadable, too large, not YAML, or no mapping.
    """
    return parse_source(_text(file), file)


def parse_source(text: str, file: Path) -> Source:
    """Parse a template's text; ``file`` is what messages name.

    Raises:
        TemplateError: It is not YAML, no mapping, too large or too deep, or uses tags.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    try:
        marked = yaml.load(text)
    except MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file, 1, 1)
        raise TemplateError(f"this is not YAML: {_said(error)}", mark=mark) from error
    except (YAMLError, ValueError) as error:
        before = text[: getattr(error, "position", 0)]
        mark = Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise TemplateError(f"this is not YAML: {str(error).splitlines()[0]}", mark=mark) from error
    except (TypeError, AttributeError) as error:  # ruamel's own, over what it does not expect there
        message = (
            "this YAML cannot be used: a mapping's key is a list or mapping, or one is merged into itself"
        )
        raise TemplateError(message, mark=Mark(file, 1, 1)) from error
    except RecursionError as error:
        raise TemplateError("the file nests too deep", mark=Mark(file, 1, 1)) from error
    if not isinstance(marked, dict):
        raise TemplateError(
            "a template is a mapping that starts with 'template: NAME'", mark=Mark(file, 1, 1)
        )
    return Source(file, _Plain(file).of(marked, 0), marked)


def _text(file: Path) -> str:
    try:
        content = read_plain(file, MAX_BYTES)
    except FileNotFoundError as error:
        raise TemplateError(f"{file} does not exist", code="no-such-template") from error
    except FileTooLarge as error:
        raise TemplateError(
            f"a template has at most {MAX_BYTES // 1024} KiB", mark=Mark(file, 1, 1)
        ) from error
    except OSError as error:
        raise TemplateError(f"{file} cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TemplateError("this is not UTF-8", mark=Mark(file, line, 1)) from error


def _said(error: Any) -> str:
    problem = " ".join(str(error.problem or error.context or "").split())
    return problem.split(" To suppress")[0]


class _Plain:
    """Copies ruamel's objects to plain ones, counting, so that aliases cannot grow into a bomb."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0

    def of(self, node: Any, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            limit = f"{MAX_NODES} values" if self.count > MAX_NODES else f"{MAX_DEPTH} levels"
            raise TemplateError(
                f"a template has at most {limit} (aliases counted out)", mark=_mark_of(self.file, node)
            )
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag:
            raise TemplateError(
                f"tags such as {tag} are not used in templates", mark=_mark_of(self.file, node)
            )
        if isinstance(node, dict):
            return {self.key(key, node): self.of(value, depth + 1) for key, value in node.items()}
        if isinstance(node, list):
            return [self.of(item, depth + 1) for item in node]
        return _scalar(node)

    def key(self, key: Any, node: Any) -> str:
        if not isinstance(key, str):
            raise TemplateError(
                f"the key {key!r} is not a text; put it in quotes", mark=_mark_of(self.file, node)
            )
        return str(key)


def _mark_of(file: Path, node: Any) -> Mark:
    place = getattr(node, "lc", None)
    return Mark(file, (place.line or 0) + 1, (place.col or 0) + 1) if place is not None else Mark(file, 1, 1)


def _scalar(node: Any) -> Any:
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return bool(node) if type(node).__name__ == "ScalarBoolean" else str(node)
