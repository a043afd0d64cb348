"""Compiled constraints kept on disk: a date automaton takes half a second to build, a millisecond to read."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from segocr.codeversion import constraints_code
from segocr.constraints import Constraint, ConstraintError, compile_constraint


def cached_constraint(pattern: str | None, *, also: Sequence[str], **options: Any) -> Constraint:
    """Return what ``compile_constraint`` returns, from the cache where it was compiled before.

    Raises:
        ConstraintError: As ``compile_constraint``; mistakes are not cached.
    """
    asked = json.dumps([constraints_code(), pattern, list(also), options], sort_keys=True, default=list)
    file = _folder() / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"
    with suppress(OSError, ValueError, KeyError, TypeError, ConstraintError):
        return Constraint.from_wire(json.loads(file.read_bytes()))
    constraint = compile_constraint(pattern, also=also, **options)
    with suppress(OSError):  # without a cache it is only slower
        _keep(file, json.dumps(constraint.to_wire()))
    return constraint


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "segocr" / "constraints"


def _keep(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, scratch = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    Path(scratch).replace(file)
