"""What the database and the folders say of the dropped files: the campaign's verdict."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
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
        lost: Good files without a record, or whose own arrival failed; files whose bytes are not kept.
        twice: Good contents with more than one record, broken ones with more than one failure.
        silent: Files without an arrival that ended, broken ones that are not shown as failed with a code.
        left: What still lies in an inbox or in ``work``.
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


def left_over(workspace: Path, inboxes: Sequence[Path]) -> list[str]:
    """Return the files in the inboxes and in ``work``."""
    return sorted(str(path) for folder in (*inboxes, workspace / "work") for path in _files_in(folder))


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def judge(engine: Engine, workspace: Path, inboxes: Sequence[Path], files: Sequence[Dropped]) -> Verdict:
    """Compare what was dropped with what there is."""
    arrivals: dict[tuple[str, str], list[Any]] = {}
    for row in _ask(engine, "SELECT inbox, path, state, last_problem_code, sha256 FROM arrivals"):
        arrivals.setdefault((row.inbox, row.path), []).append(row)
    records = Counter(
        row.sha256
        for row in _ask(
            engine,
            "SELECT d.sha256 FROM extractions e JOIN documents d ON d.id = e.document_id "
            "WHERE e.status <> 'failed'",
        )
    )
    current = _ask(engine, "SELECT count(*) FROM extractions WHERE current AND status <> 'failed'")[0][0]
    lost: list[str] = []
    twice: list[str] = []
    silent: list[str] = []
    for file in files:
        rows = [row for row in arrivals.get((str(inboxes[file.inbox]), file.path), []) if row.state in _ENDED]
        failures = [row for row in rows if row.state == "failed"]
        if not rows:
            silent.append(file.path)
        elif file.kind is Kind.BROKEN:
            if len(failures) != 1 or not failures[0].last_problem_code:
                (twice if len(failures) > 1 else silent).append(file.path)
        elif failures or not records[file.sha256]:
            lost.append(f"{file.path} ({failures[0].last_problem_code if failures else 'no record'})")
        elif records[file.sha256] > 1 or len(rows) > 1:
            twice.append(file.path)
    lost += _not_kept(workspace, files)
    return Verdict(int(current), lost, twice, silent, left_over(workspace, inboxes))


def _not_kept(workspace: Path, files: Sequence[Dropped]) -> list[str]:
    """Return the files that lie neither in ``done`` nor, if broken, in ``failed``, whole and with reasons."""
    kept: dict[str, Counter[str]] = {"done": Counter(), "failed": Counter()}
    for name, digests in kept.items():
        for path in _files_in(workspace / name):
            if path.suffix != ".json":
                digests[hashlib.sha256(path.read_bytes()).hexdigest()] += 1
    lost = []
    for file in files:
        where = "failed" if file.kind is Kind.BROKEN else "done"
        if not kept[where][file.sha256]:
            lost.append(f"{file.path} (not in {where})")
        kept[where][file.sha256] -= 1
    reasons = sum(path.suffix == ".json" for path in _files_in(workspace / "failed"))
    broken = sum(file.kind is Kind.BROKEN for file in files)
    return lost if reasons == broken else [*lost, f"reasons of {broken - reasons} broken files"]


def _ask(engine: Engine, sql: str) -> Sequence[Any]:
    with reading(engine) as connection:
        return connection.exec_driver_sql(sql).all()
