"""One worker of several: `python worker.py WORKSPACE NAME STUCK` sweeps and extracts until it is killed.

Inbox, ledger, leases and database are the real ones; the pipeline only hashes. Leases last 3 seconds and
batches are small. A worker whose STUCK is 1 stops in the middle of its second batch, holding all of it.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from db.connect import open_database
from flows import watch as module
from flows.batch import run_here
from segocr.documents import hashed, opened
from segocr.errors import SegocrError
from segocr.records import Recipe, Record, RecordStatus
from segocr.settings import load_settings
from segocr.work import Work

_MAX_BYTES = 1_000_000
LEASE_SECONDS = 3.0
BATCH = 10
stuck_after: int | None = None
batches = 0


class Hashing:
    """A pipeline whose records hold no field."""

    def __init__(self, template: Any, *_: Any, day: Any, **__: Any) -> None:
        global batches
        batches += 1
        self.template = template
        self._day = day

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        return [self._opened(path) for path in paths]

    def _opened(self, path: Path) -> Work:
        with opened(path) as descriptor:
            return Work(path, hashed(path, descriptor, max_bytes=_MAX_BYTES))

    def read(self, works: Sequence[Work]) -> None:
        if stuck_after is not None and batches > stuck_after:
            print("stuck", flush=True)
            time.sleep(600)
        time.sleep(0.05 * len(works))

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        return [[self._record(work)] for work in works]

    def _record(self, work: Work) -> Record:
        assert work.document is not None
        recipe = Recipe(self.template.name, 1, hashlib.sha256(b"hashing").hexdigest())
        return Record(
            file=work.path,
            sha256=work.document.sha256,
            media_type="image/jpeg",
            part=0,
            recipe=recipe,
            status=RecordStatus.COMPLETE,
            accepted=True,
            problems=(),
            pages=(),
            fields={},
            lists=frozenset(),
            timings={},
            day=self._day.isoformat(),
        )


def main(workspace: Path, name: str) -> None:
    """Work until killed; print what was extracted."""
    for key, value in (
        ("Pipeline", Hashing), ("choose_models", lambda *_, **__: None),
        ("BATCH", BATCH), ("_LEASE_SECONDS", LEASE_SECONDS),
    ):  # fmt: skip
        setattr(module, key, value)
    settings = load_settings(workspace)
    engine = open_database(settings.database_url or "", folder=settings.workspace)
    with module.Watch(settings, engine, None, run_here, role=name) as watch:  # type: ignore[arg-type]
        print("ready", flush=True)
        while True:
            watch.sweep()
            try:
                ended = watch.extract()
            except SegocrError as error:
                print(error.code, flush=True)
            else:
                if ended:
                    print(dict(ended), flush=True)
            time.sleep(0.1)


if __name__ == "__main__":
    stuck_after = 1 if sys.argv[3] == "1" else None
    main(Path(sys.argv[1]), sys.argv[2])
