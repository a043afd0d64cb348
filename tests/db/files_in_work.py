"""Arrivals with real files in a workspace's folders, brought to any state."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from db.arrivals import Arrivals
from db.connect import reading
from db.tables import ArrivalRow
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.filing import file_away
from segocr.inbox.places import Inbox, Places, Ready
from segocr.inbox.taking import sweep

_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-?")


@dataclass(frozen=True)
class Folders:
    """An inbox whose files are taken at once, and its ledger."""

    root: Path
    engine: Engine

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.root / "inbox", ready=Ready.RENAMED)

    @property
    def places(self) -> Places:
        return Places(self.root / "work", self.root / "done", self.root / "failed")

    @property
    def ledger(self) -> Arrivals:
        return Arrivals(self.engine, workspace=self.root)

    def arrive(self, name: str, content: bytes) -> Arrival:
        """Drop a file and take it for extraction."""
        path = self.inbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sweep(self.inbox, self.places, self.ledger, "me")
        [arrival] = self.ledger.take("me", 10, 60)
        assert arrival.sha256 == hashlib.sha256(content).hexdigest()
        return arrival

    def end(self, arrival: Arrival, state: State, code: str | None = None) -> Path | None:
        """End it and file it."""
        self.ledger.end(arrival.id, state, code, code and f"it is {code}")
        return file_away(self.inbox, self.places, self.ledger, arrival, state, code)

    def files(self) -> list[str]:
        """Names of all files, without ids and dates; the reasons of a failure are ``.json``."""
        found = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        return sorted(
            f"{one.parts[0]}/{_ID.sub('', one.name)}"
            for one in found
            if one.parts[0] in ("inbox", "work", "done", "failed")
        )

    def row(self, arrival: Arrival) -> ArrivalRow:
        with reading(self.engine) as connection:
            return connection.execute(  # type: ignore[return-value]
                select(ArrivalRow.__table__).where(ArrivalRow.id == arrival.id)
            ).one()
