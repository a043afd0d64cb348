"""What the database and the folders say of the dropped files: the campaign's verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.chaos.writers import Dropped, Kind
from db.connect import Engine, reading

_ENDED = ("extracted", "needs_review", "failed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended; each list names files.

    Attributes:
        records: Current records that did not fail.
        lost: Good files without a record, or whose own arrival failed.
        twice: Good contents with more than one record, broken ones with more than one failure.
        silent: Files without an arrival that ended, broken ones that are not shown as failed with a code.
        left: What still lies in the inbox or in ``work``.
    """

    records: int
    lost: list[str]
    twice: list[str]
    silent: list[str]
    left: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.twice or self.silent or self.left)


def ended(engine: Engine) -> int:
    """Return how many arrivals have ended and are filed."""
    found = _ask(engine, "SELECT count(*) FROM arrivals WHERE ended_at IS NOT NULL AND filed_at IS NOT NULL")
    return int(found[0][0])


def left_over(workspace: Path) -> list[str]:
    """Return the files in the inbox and in ``work``."""
    folders = (workspace / "inbox", workspace / "work")
    return sorted(
        str(path.relative_to(workspace))
        for folder in folders
        for path in folder.rglob("*")
        if not path.is_dir()
    )


def judge(engine: Engine, workspace: Path, files: Sequence[Dropped]) -> Verdict:
    """Compare what was dropped with what there is."""
    arrivals: dict[str, list[Any]] = {}
    for row in _ask(engine, "SELECT path, state, last_problem_code, sha256 FROM arrivals"):
        arrivals.setdefault(row.path, []).append(row)
    records = Counter(
        row.sha256
        for row in _ask(
            engine,
            "SELECT d.sha256 FROM extractions e JOIN documents d ON d.id = e.document_id "
            "WHERE e.status <> 'failed'",
        )
    )
    current = _ask(engine, "SELECT count(*) FROM extractions WHERE current AND status <> 'failed'")[0][0]
    lost, twice, silent = [], [], []
    for file in files:
        rows = [row for row in arrivals.get(file.path, []) if row.state in _ENDED]
        failures = [row for row in rows if row.state == "failed"]
        if not rows:
            silent.append(file.path)
        elif file.kind is Kind.BROKEN:
            if len(failures) != 1 or not failures[0].last_problem_code:
                (twice if len(failures) > 1 else silent).append(file.path)
        elif failures or not records[file.sha256]:
            lost.append(f"{file.path} ({failures[0].last_problem_code if failures else 'no record'})")
        elif records[file.sha256] > 1:
            twice.append(file.path)
    return Verdict(int(current), lost, twice, silent, left_over(workspace))


def _ask(engine: Engine, sql: str) -> Sequence[Any]:
    with reading(engine) as connection:
        return connection.exec_driver_sql(sql).all()
