"""The clock of the campaign: where this folder is on a process's path, ours is behind by what a file says.

``SEGOCR_CHAOS_CLOCK`` names the file; it holds seconds. Only ``db``, which judges by the time, is deceived:
the kernel, the file system and Prefect keep the true one.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_DECEIVED = ("db.arrivals", "db.arrivalrows", "db.store")


class _SetBack(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        seconds = float(Path(os.environ["SEGOCR_CHAOS_CLOCK"]).read_text() or 0)
        return datetime.datetime.now(tz) - datetime.timedelta(seconds=seconds)


class _Deceiver(MetaPathFinder):
    """Finds the modules as usual, and puts the clock into them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _DECEIVED:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_deceive(module: ModuleType) -> None:
            load(module)
            module.datetime = _SetBack  # type: ignore[attr-defined]

        spec.loader.exec_module = load_and_deceive  # type: ignore[method-assign]
        return spec


if "SEGOCR_CHAOS_CLOCK" in os.environ:
    sys.meta_path.insert(0, _Deceiver())
