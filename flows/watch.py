"""What lies ready in a workspace's inboxes becomes batches, one a template and day; stored, it is filed."""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from db.arrivals import Arrivals
from db.connect import Engine
from db.store import outcome
from db.views import register_template, shape_of
from flows.batch import Batch, Item, under_way
from flows.extract import extract_batch
from segocr.arrivals import Arrival, State
from segocr.errors import DocumentError, HostDied, HostTimeout
from segocr.inbox import After, Inbox, Places, check_places, file_away, recover, sweep
from segocr.pipeline import Pipeline, Work
from segocr.recipes import choose_models
from segocr.records import Record
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import load_template, route

BATCH = 200
"""Most documents that one flow run takes: what it holds, nobody else can."""

_LEASE_SECONDS = 600.0
_LOCK = ".watch.lock"

OnRecords = Callable[[Work, Sequence[Record]], None]


class Watch:
    """The inboxes of a workspace and what becomes of the files in them.

    Args:
        settings: Of a workspace.
        engine: Its database, upgraded.
        steps: The hosts; their owner closes them.
        on_records: Called with each document's records when they are stored.
        keep_pages: Whether ``on_records`` is to find the pages in its ``Work``.

    Raises:
        ConfigurationError: ``inbox-overlap``.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        steps: Steps,
        *,
        on_records: OnRecords | None = None,
        keep_pages: bool = False,
    ) -> None:
        workspace = settings.workspace or Path.cwd()
        self._settings = settings
        self._engine = engine
        self._steps = steps
        self._on_records = on_records
        self._keep_pages = keep_pages
        self._ledger = Arrivals(engine)
        self._lock = (workspace / _LOCK).open("w")
        self._owner = self._sign_in(workspace)
        self._places = Places(workspace / "work", workspace / "done", workspace / "failed")
        self._inboxes = {
            inbox.key: inbox
            for inbox in (
                Inbox(settings.inbox_folder(it), it.settle_seconds, it.stale_after, After(it.after))
                for it in settings.inbox
            )
        }
        check_places(list(self._inboxes.values()), self._places)

    def _sign_in(self, workspace: Path) -> str:
        """Take the workspace's own name on this machine, and what a killed predecessor of that name left.

        While another process has that name, this one gets a name of its own.
        """
        host = socket.gethostname()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        owner = f"{host}:{workspace}"
        self._ledger.lose(owner)
        return owner

    def close(self) -> None:
        """Give the name back."""
        self._lock.close()

    def __enter__(self) -> Watch:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the name back."""
        self.close()

    def sweep(self) -> int:
        """Look at every inbox once; return how many files are still settling."""
        waiting = 0
        for inbox in self._inboxes.values():
            recover(inbox, self._places, self._ledger, self._owner)
            waiting += sweep(inbox, self._places, self._ledger, self._owner).waiting
        return waiting

    def extract(self) -> Counter[str]:
        """Process all that is ready, a flow run a batch; return how many arrivals ended in which state.

        Raises:
            SegocrError: Nobody's document is to blame; what was not stored is free again.
        """
        ended: Counter[str] = Counter()
        while arrivals := self._ledger.take(self._owner, BATCH, _LEASE_SECONDS):
            self._extract(arrivals, ended)
        # Somebody began these and did not end: each alone, to know whether it is the one that kills its host.
        while lost := self._ledger.take_lost(self._owner, _LEASE_SECONDS):
            if lost.attempts > self._settings.limits.attempts:
                gave_up = DocumentError(f"given up after {lost.attempts - 1} attempts", code="gave-up")
                self._refuse(lost, gave_up, ended)
            else:
                self._extract([lost], ended)
        return ended

    def _extract(self, arrivals: Sequence[Arrival], ended: Counter[str]) -> None:
        taken = {arrival.id: arrival for arrival in arrivals}
        try:
            for (name, day), group in self._by_template(arrivals, ended).items():
                self._run(name, day, group, taken, ended)
        except (HostDied, HostTimeout) as error:
            # One of them did it: each will be tried alone.
            self._ledger.release(self._owner, list(taken), blamed=True, code=error.code)
        finally:
            # Anything else was no document's fault: free for whoever comes next.
            self._ledger.release(self._owner, list(taken), blamed=False)

    def _by_template(
        self, arrivals: Sequence[Arrival], ended: Counter[str]
    ) -> Mapping[tuple[str, date], list[Arrival]]:
        groups: dict[tuple[str, date], list[Arrival]] = {}
        for arrival in arrivals:
            try:
                name = route(Path(arrival.inbox) / arrival.path, search=self._settings.template_folders)
            except DocumentError as error:
                self._refuse(arrival, error, ended)
            else:
                groups.setdefault((name, arrival.received_at.date()), []).append(arrival)
        return groups

    def _refuse(self, arrival: Arrival, error: DocumentError, ended: Counter[str]) -> None:
        self._ledger.end(arrival.id, State.FAILED, error.code, error.message)
        inbox = self._inboxes[arrival.inbox]
        file_away(inbox, self._places, self._ledger, arrival, State.FAILED, error.code)
        ended[State.FAILED.value] += 1

    def _run(
        self,
        name: str,
        day: date,
        group: Sequence[Arrival],
        taken: dict[uuid.UUID, Arrival],
        ended: Counter[str],
    ) -> None:
        def filed(item: Item, work: Work, records: Sequence[Record]) -> None:
            assert item.arrival is not None
            state = outcome(records)
            code = next((problem.code for record in records for problem in record.problems), None)
            arrival = taken.pop(item.arrival)
            file_away(self._inboxes[arrival.inbox], self._places, self._ledger, arrival, state, code)
            self._ledger.renew(self._owner, list(taken), _LEASE_SECONDS)
            ended[state.value] += 1
            if self._on_records is not None:
                self._on_records(work, records)

        template = load_template(
            name,
            search=self._settings.template_folders,
            validators_folder=self._settings.validators_folder,
        )
        register_template(self._engine, shape_of(template))
        models = choose_models(template, self._settings.environment_pythons)
        pipeline = Pipeline(
            template,
            self._steps,
            models=models,
            settings=self._settings,
            day=day,
            keep_pages=self._keep_pages,
        )
        with under_way(Batch(pipeline, list(self._items(group)), self._engine, filed)) as batch:
            extract_batch(batch.id)

    def _items(self, group: Sequence[Arrival]) -> Iterator[Item]:
        for arrival in group:
            yield Item(arrival.file, Path(arrival.inbox) / arrival.path, arrival.id, self._owner)
