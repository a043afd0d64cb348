"""Mistakes in ``segocr.toml``, said as file:line:column with the key, its value and the known keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ValidationError

from segocr.errors import ConfigurationError
from segocr.spelling import known_words

Location = tuple[int | str, ...]

UNKNOWN_NAME = "unknown_name"
"""Type of pydantic's error for a key of a table whose keys are names; its context has those ``known``."""

_EXPECTED = {
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "path_type": "expected a path in quotes",
    "tuple_type": "expected an array; tables of an array are written [[name]]",
    "model_type": "expected a table",
    "dict_type": "expected a table",
    "missing": "is not set",
}


def toml_error(file: Path, error: tomllib.TOMLDecodeError) -> ConfigurationError:
    """Return the error for a file that is not TOML."""
    found = re.search(r"(.*) \(at line (\d+), column (\d+)\)", str(error))
    place, reason = (f"{file}:{found[2]}:{found[3]}", found[1]) if found else (str(file), str(error))
    return ConfigurationError(f"{place}: this is not TOML: {reason}", hint=f"edit {file}")


def explained(file: Path, text: str, error: ValidationError, root: type[BaseModel]) -> ConfigurationError:
    """Return the error for the first thing that pydantic found.

    Args:
        file: The settings file.
        text: Its content, in which the place is looked for.
        error: What pydantic says.
        root: The model of the whole file.
    """
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] in ("extra_forbidden", UNKNOWN_NAME)), found[0])
    location = first["loc"]
    if first["type"] == UNKNOWN_NAME:  # its place ends with a mark that it is a key
        return _unknown(file, text, location[:-1], first["ctx"]["known"])
    if first["type"] == "extra_forbidden":
        return unknown_key(file, text, location, root)
    reason = _EXPECTED.get(first["type"]) or first["msg"].removeprefix("Value error, ").replace(
        "Input should be", "expected"
    )
    value = first["input"]
    missing = first["type"] == "missing"
    shown = "" if missing else f" = {value!r}:"
    where = place(file, text, location[:-1] if missing else location)
    return ConfigurationError(f"{where}: {_dotted(location)}{shown} {reason}", hint=f"edit {file}")


def unknown_key(file: Path, text: str, location: Location, root: type[BaseModel]) -> ConfigurationError:
    """Return the error for a key that nothing reads, with those that stand in the same table."""
    known = [key for key in _table(root, location[:-1]).model_fields if key != "workspace"]
    return _unknown(file, text, location, known)


def _unknown(file: Path, text: str, location: Location, known: Iterable[str]) -> ConfigurationError:
    return ConfigurationError(
        f"{place(file, text, location)}: unknown key {_dotted(location)}",
        hint=known_words(str(location[-1]), known),
    )


def place(file: Path, text: str, location: Location) -> str:
    """Return ``file:line:column`` of a key, ``file:line`` of a table, or the file if it stands elsewhere.

    tomllib keeps no positions, so headers and keys are looked for in the text.
    """
    wanted = [str(part) for part in location if not isinstance(part, int)]
    ordinal = next((part for part in location if isinstance(part, int)), 0)
    here: list[str] = []
    seen = -1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            here = [part.strip(" \"'") for part in header[1].split(".")]
            seen += here == wanted[:-1]
            if here == wanted:
                return f"{file}:{number}"
        elif here == wanted[:-1] and (not here or seen == ordinal):
            key = re.match(rf"(\s*)[\"']?{re.escape(wanted[-1])}[\"']?\s*[=.]", line)
            if key:
                return f"{file}:{number}:{len(key[1]) + 1}"
    return str(file)


def _table(root: type[BaseModel], location: Location) -> type[BaseModel]:
    """Find the model of the table at a location by walking the annotations."""
    model = root
    for part in location:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        inner = _model_in(model.model_fields[part].annotation)
        model = inner or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if found := _model_in(argument):
            return found
    return None


def _dotted(location: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
