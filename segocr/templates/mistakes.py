"""pydantic's findings → errors with file, line, column, the known values and the nearest one."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from segocr.errors import TemplateError
from segocr.spelling import known_words
from segocr.templates.source import Source, Step
from segocr.templates.written import TemplateWritten


def explained(error: ValidationError, source: Source) -> TemplateError:
    """Return the template error for the first mistake in the file (by line)."""
    found = [_mistake(dict(finding), source) for finding in error.errors(include_url=False)]
    # The alternatives of a union each say what they miss; the deepest one is what the author meant.
    found.sort(
        key=lambda pair: (pair[1].mark.line, -pair[0], pair[1].mark.column) if pair[1].mark else (0, 0, 0)
    )
    return found[0][1]


def _mistake(finding: dict[str, Any], source: Source) -> tuple[int, TemplateError]:
    path, annotation = _path(finding["loc"], source)
    kind, value = finding["type"], finding["input"]
    spoken = _dotted(path)
    if kind == "extra_forbidden":
        model = _model(annotation)
        known = _keys(model) if model else []
        error = source.mistake(
            f"unknown key {spoken!r}", path, key=True, hint=known_words(str(path[-1]), known)
        )
    elif kind == "missing":
        error = source.mistake(f"{_dotted((*path, finding['loc'][-1]))!r} is missing", path)
    elif (known := _literals(annotation)) and isinstance(value, str):
        error = source.mistake(f"{spoken}: unknown value {value!r}", path, hint=known_words(value, known))
    else:
        reason = finding["msg"].removeprefix("Value error, ").removeprefix("Input ")
        shown = f" (not {value!r})" if isinstance(value, str | int | float | bool | None) else ""
        error = source.mistake(f"{spoken}: {reason}{shown}", path)
    return len(path), error


def _path(location: tuple[Step, ...], source: Source) -> tuple[tuple[Step, ...], Any]:
    """Keep of pydantic's location what is in the file; also return the annotation that holds there."""
    node: Any = source.tree
    path: list[Step] = []
    annotation: Any = TemplateWritten
    for step in location:
        inside = isinstance(node, dict) and step in node
        if not inside and not (isinstance(node, list) and isinstance(step, int) and step < len(node)):
            continue  # the name of a union's alternative, or a key that is missing
        parent, annotation = annotation, _below(annotation, step)
        annotation = parent if annotation is None else annotation
        node = node[step]
        path.append(step)
    return tuple(path), annotation


def _below(annotation: Any, step: Step) -> Any:
    """Return the annotation of an item; None if the step is an unknown key."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, info in option.model_fields.items():
                if step in (name, info.alias):
                    return info.annotation
        arguments = get_args(option)
        if get_origin(option) is dict and isinstance(step, str):
            return arguments[1]
        if get_origin(option) is list and isinstance(step, int):
            return arguments[0]
    return None


def _options(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _options(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [option for argument in get_args(annotation) for option in _options(argument)]
    return [annotation]


def _model(annotation: Any) -> type[BaseModel] | None:
    return next((o for o in _options(annotation) if isinstance(o, type) and issubclass(o, BaseModel)), None)


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _literals(annotation: Any) -> list[str]:
    return [
        str(value)
        for option in _options(annotation)
        if get_origin(option) is Literal
        for value in get_args(option)
    ]


def _dotted(path: tuple[Step, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
