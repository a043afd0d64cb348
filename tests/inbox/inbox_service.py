"""An inbox with its folders, ledger and clock, as one process would hold them."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path

from hand_clock import Clock
from sqlalchemy import Engine

from db.arrivals import Arrivals
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.filing import file_away
from segocr.inbox.places import Inbox, Places
from segocr.inbox.recovery import recover
from segocr.inbox.taking import Swept, sweep


@dataclasses.dataclass
class Service:
    """An inbox with its folders, ledger and clock, as one process would hold them."""

    inbox: Inbox
    places: Places
    ledger: Arrivals
    clock: Clock
    engine: Engine

    def drop(self, name: str, content: bytes = b"content") -> Path:
        path = self.inbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def sweep(self, after: float = 0) -> Swept:
        self.clock.on(after)
        return sweep(self.inbox, self.places, self.ledger, "me")

    def recover(self) -> list[uuid.UUID]:
        return recover(self.inbox, self.places, self.ledger, "me")

    def take(self) -> list[Arrival]:
        return self.ledger.take("me", 100, 60)

    def end(self, arrival: Arrival, state: State = State.EXTRACTED) -> Path | None:
        self.ledger.end(arrival.id, state, "unreadable" if state is State.FAILED else None, None)
        return file_away(self.inbox, self.places, self.ledger, arrival, state)

    def files(self) -> list[str]:
        root = self.inbox.folder.parent
        folders = (self.inbox.folder, self.places.work, self.places.done, self.places.failed)
        return sorted(
            str(path.relative_to(root)) for folder in folders for path in folder.rglob("*") if path.is_file()
        )


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt  # stands for the end of the process: nothing after it runs
