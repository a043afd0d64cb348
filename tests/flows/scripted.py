"""A pipeline whose models are scripted, and what tests of what becomes of dropped files share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, text

from segocr.documents import hashed, opened
from segocr.errors import HostTimeout, ModelError
from segocr.records import Problem, Recipe, Record, RecordStatus
from segocr.settings import Settings
from segocr.work import Work

_MAX_BYTES = 1_000_000
SETTINGS = '[[inbox]]\npath = "inbox"\nsettle_seconds = 0\n[limits]\nattempts = 2\n'


class Scripted:
    """A pipeline that hangs and fails on documents that say so, and has no model while told so."""

    template = SimpleNamespace(name="passport")
    model_is_there = True
    hangs: list[str] = []  # noqa: RUF012  # one script for all pipelines of a test

    def __init__(self, template: Any, *_: Any, day: Any, **__: Any) -> None:
        if not self.model_is_there:
            raise ModelError("there is no model", code="model-absent")
        self._recipe = Recipe(
            template.name, template.version, hashlib.sha256(template.name.encode()).hexdigest()
        )
        self._day = day

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        return [self._opened(path) for path in paths]

    def _opened(self, path: Path) -> Work:
        with opened(path) as descriptor:
            return Work(path, hashed(path, descriptor, max_bytes=_MAX_BYTES))

    def read(self, works: Sequence[Work]) -> None:
        for work in works:
            if work.path.read_bytes().startswith(b"hang"):
                self.hangs.append(work.path.name)
                raise HostTimeout("the host was killed after 120 s")

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        return [[self._record(work)] for work in works]

    def _record(self, work: Work) -> Record:
        assert work.document is not None
        broken = work.path.read_bytes().startswith(b"broken")
        return Record(
            file=work.path,
            sha256=work.document.sha256,
            media_type="image/jpeg",
            part=0,
            recipe=self._recipe,
            status=RecordStatus.FAILED if broken else RecordStatus.COMPLETE,
            accepted=not broken and not work.path.name.startswith("dim"),
            problems=(Problem("truncated", "the file ends too early"),) if broken else (),
            pages=(),
            fields={},
            lists=frozenset(),
            timings={},
            day=self._day.isoformat(),
        )


def drop(settings: Settings, name: str, content: str = "") -> None:
    assert settings.workspace is not None
    (settings.workspace / "inbox" / name).write_text(content or name)


def settle(watch: Any) -> None:
    watch.sweep()
    assert watch.sweep() == 0


def files_below(folder: Path) -> list[str]:
    return sorted(path.name.split("-", 5)[-1] for path in folder.rglob("*") if path.is_file())


def rows(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]
