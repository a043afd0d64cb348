"""The classes that a segmentation model knows, read from its files without loading or running it."""

from __future__ import annotations

import ast
import json
import lzma
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END
from pathlib import Path
from typing import BinaryIO

from segocr.errors import ModelError
from segocr.plainfiles import read_plain
from segocr.textlines.head import load_head

CARD = "model.json"
_MAX_CARD = 1 << 20
_MAX_METADATA = 1 << 20
_MAX_PICKLE = 64 << 20
# ONNX's ModelProto (onnx.proto3): metadata_props = 14, a StringStringEntryProto of key = 1 and value = 2.
_METADATA_PROPS, _KEY, _VALUE = 14, 1, 2
# What Python raises of foreign archives (damaged, encrypted, packed in an unknown way) and literals, besides.
_OF_ZIP_FILES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, NotImplementedError,
)  # fmt: skip
_OF_LITERALS = (SyntaxError, TypeError, MemoryError, RecursionError)
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}
"""Bytes of the wire types of fixed length."""


def model_classes(model: Path) -> tuple[str, ...]:
    """Return a model's classes in their order.

    Args:
        model: An ``.onnx`` or ``.pt`` file as ultralytics writes it, a head (``.npz``), or any file beside a
            ``model.json``.

    Raises:
        ModelError: ``model-absent``; ``model-broken`` if it is no such file; ``model-classes`` if it does not
            say them.
    """
    if not model.is_file():
        raise ModelError(f"there is no model {model}", code="model-absent")
    if model.suffix == ".npz":
        return load_head(model).card.classes
    try:
        names = _written_in(model)
    except (OSError, ValueError, *_OF_ZIP_FILES, *_OF_LITERALS) as error:
        raise ModelError(
            f"{model} is not a model file that can be read: {error}", code="model-broken"
        ) from error
    names = names or _from_card(model.parent / CARD)
    if not names:
        raise ModelError(
            f"{model} does not say its classes",
            code="model-classes",
            hint=f'list them beside it in {CARD}: {{"classes": [...]}}',
        )
    return names


def _written_in(model: Path) -> tuple[str, ...] | None:
    if model.suffix == ".onnx":
        with model.open("rb") as stream:
            written = next((value for key, value in onnx_metadata(stream) if key == "names"), None)
        return None if written is None else _as_names(ast.literal_eval(written))
    return _from_pickle(model) if model.suffix == ".pt" else None


def _as_names(found: object) -> tuple[str, ...]:
    if isinstance(found, dict):
        found = [found[key] for key in sorted(found)]
    if not isinstance(found, list | tuple):
        raise ValueError("its class names are no list")  # noqa: TRY004 - the file's fault, not the caller's
    return tuple(str(name) for name in found)


def _from_card(card: Path) -> tuple[str, ...] | None:
    try:
        return _as_names(json.loads(read_plain(card, _MAX_CARD))["classes"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def onnx_metadata(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of an ONNX file's metadata, skipping its graph.

    Raises:
        ValueError: It is no protobuf message, or not whole.
    """
    end = stream.seek(0, SEEK_END)
    stream.seek(0)
    while (tag := _varint(stream)) is not None:
        number, wire = tag >> 3, tag & 7
        if wire not in (_VARINT, _BYTES, *_FIXED):
            raise ValueError("it is no ONNX file")
        said = _FIXED[wire] if wire in _FIXED else _varint(stream)
        length = 0 if wire == _VARINT else said or 0
        if said is None or stream.tell() + length > end:
            raise ValueError("it ends too early")
        if number == _METADATA_PROPS and wire == _BYTES and length <= _MAX_METADATA:
            yield _entry(stream.read(length))
        else:
            stream.seek(length, SEEK_CUR)


def _varint(stream: BinaryIO) -> int | None:
    value = shift = 0
    while byte := stream.read(1):
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
        if shift > 63:
            raise ValueError("it is no ONNX file")
    if shift:
        raise ValueError("it ends too early")
    return None


def _entry(content: bytes) -> tuple[str, str]:
    from io import BytesIO

    stream, found = BytesIO(content), {_KEY: "", _VALUE: ""}
    while (tag := _varint(stream)) is not None:
        if tag & 7 != _BYTES:
            raise ValueError("it is no ONNX file")
        found[tag >> 3] = stream.read(_varint(stream) or 0).decode("utf-8", "replace")
    return found[_KEY], found[_VALUE]


def _from_pickle(model: Path) -> tuple[str, ...] | None:
    """Look through a checkpoint's pickle for ``names: {0: …, 1: …}``; its opcodes are listed, never run."""
    with zipfile.ZipFile(model) as archive:
        inside = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if inside is None:
            raise ValueError("it holds no data.pkl, as a checkpoint of torch does")
        if archive.getinfo(inside).file_size > _MAX_PICKLE:
            return None
        content = archive.read(inside)
    found: dict[int, str] = {}
    key: int | None = None
    open_ = False
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name.startswith(("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT")):
            continue
        if open_ and opcode.name.startswith("BININT"):
            key = argument
        elif open_ and key is not None and "UNICODE" in opcode.name:
            found[key], key = str(argument), None
        elif open_ and found and opcode.name in ("SETITEM", "SETITEMS"):
            return _as_names(found)
        elif not (open_ and opcode.name in ("EMPTY_DICT", "MARK")):
            open_, found, key = argument == "names" and "UNICODE" in opcode.name, {}, None
    return None
