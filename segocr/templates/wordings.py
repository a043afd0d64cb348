"""The wordings of a template's free fields: its head has learned them, and the template knows them."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from segocr.deciding.wording import Wording, unpacked
from segocr.plainfiles import read_plain
from segocr.templates.spec import FieldSpec, may_be_worded

_FILE = {"wording_keys": np.dtype(np.uint32), "wording_counts": np.dtype(np.uint32)}
_LARGEST = 8 << 20
_DAMAGE = (
    OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip


def with_wordings(fields: Mapping[str, FieldSpec], head: Path) -> dict[str, FieldSpec]:
    """Return fields with what a head has learned of how their texts go on."""
    known = _wordings_of(head)
    return {
        name: replace(spec, wording=known.get(spec.class_name or "")) if may_be_worded(spec) else spec
        for name, spec in fields.items()
    }


def _wordings_of(head: Path) -> Mapping[str, Wording]:
    """Return the wordings in a head's file, by class; none where it is no head: others tell of that."""
    with suppress(OSError):
        about = head.stat()
        return _wordings_in(head, about.st_mtime_ns, about.st_size)
    return {}


@lru_cache(maxsize=16)
def _wordings_in(head: Path, changed: int, size: int) -> Mapping[str, Wording]:
    with suppress(*_DAMAGE), zipfile.ZipFile(io.BytesIO(read_plain(head, _LARGEST))) as archive:
        names = [f"{name}.npy" for name in ("card", *_FILE)]
        if not set(names) <= set(archive.namelist()):
            return {}
        if sum(archive.getinfo(name).file_size for name in names) > _LARGEST:
            return {}
        card, keys, counts = (np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in names)
        sizes = json.loads(card.tobytes().decode())["wordings"]
        return unpacked({str(name): int(count) for name, count in sizes.items()}, keys, counts)
    return {}
