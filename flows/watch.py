"""What lies ready in a workspace's inboxes becomes batches, one a template and day; stored, it is filed.

A batch is run as a Prefect flow (``flows.extract.run_flow``) or here (``flows.batch.run_here``).
"""

from __future__ import annotations

import logging
import math
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from db.connect import Engine
from db.duplicates import find_first, known_contents, link
from db.status import pauses
from db.views import register_template, shape_of, untyped_notice
from flows.batch import Batch, Item
from flows.filer import Ended, Filer, tell_failed
from flows.heldback import HELD_SECONDS, HeldBack
from flows.inboxes import Inboxes
from flows.inhand import InHand, OnRecords
from flows.leases import leases_renewed
from flows.twins import Twins, same_failure
from segocr.day import day_of
from segocr.errors import DocumentError, HostDied, HostTimeout, SegocrError, TemplateError
from segocr.inbox.arrivals import Arrival, State
from segocr.inbox.claimed import is_unchanged, put_back
from segocr.inbox.places import Duplicates
from segocr.pipeline import Pipeline
from segocr.recipes import choose_models
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import load_template, route

_log = logging.getLogger("segocr.watch")
BATCH = 500
"""Most documents that one flow run takes: what it holds, nobody else can."""

_LEASE_SECONDS = 600.0
"""How long others leave alone what a process has in hand that is dead; a living one renews its leases."""

RunBatch = Callable[[Batch], None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the process around a watch wants to know of it, and to tell it.

    Attributes:
        records: Called with each document's records when they are stored.
        ended: Called with each arrival's end, when it is filed; ``sweep`` ends some, too.
        held: Called with what keeps some documents from being processed; ``extract`` raises the first.
        stopping: Asked before each chunk: what is not begun then is free again.
        keep_pages: Whether ``records`` is to find the pages in its ``Work``.
    """

    records: OnRecords | None = None
    ended: Callable[[Ended], None] | None = None
    held: Callable[[SegocrError], None] | None = None
    stopping: Callable[[], bool] = bool
    keep_pages: bool = False


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is in hand between taking arrivals and taking the next ones.

    Attributes:
        taken: By id, those that did not end yet.
        twins: Which of them wait for which.
        ended: How many ended in which state; of the whole call.
        held: What is not taken again; of the whole call.
    """

    taken: dict[uuid.UUID, Arrival]
    twins: Twins
    ended: Counter[str]
    held: HeldBack


class Watch:
    """The inboxes of a workspace and what becomes of the files in them.

    Args:
        settings: Of a workspace.
        engine: Its database, upgraded.
        steps: The hosts; their owner closes them.
        run: How a batch is run.
        role: See ``Inboxes``.
        hooks: For the process around it.
        template: Takes all files, whatever the routes say.
        pause: Seconds that arrivals rest when something else than a document keeps them from being processed.
        forgive: See ``Inboxes``.

    Raises:
        ConfigurationError: As ``Inboxes``.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        steps: Steps,
        run: RunBatch,
        *,
        role: str = "watch",
        hooks: Hooks | None = None,
        template: str | None = None,
        pause: float = 0.0,
        forgive: bool = False,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._steps = steps
        self._run_batch = run
        self._hooks = hooks or Hooks()
        self._template = template
        self._pause = pause
        self._inboxes = Inboxes(settings, engine, role, forgive=forgive)
        self._ledger = self._inboxes.ledger
        self._owner = self._inboxes.owner
        self._filer = Filer(self._inboxes, self._hooks.ended)
        self._unswept: SegocrError | None = None
        self._failed = 0  # files that sweeps since the last extraction ended
        self._holds = False  # something that could not be released, because the database was away or full

    @property
    def resting(self) -> dict[str | None, SegocrError]:
        """Inboxes of which nothing is taken for now, because what ended cannot be filed."""
        return self._filer.resting

    def codes_at_rest(self) -> set[str]:
        """Return why claimed documents rest for now: the codes of what kept them from being processed.

        Raises:
            DatabaseError: It cannot be asked.
        """
        return {one.code for one in pauses(self._engine, self._inboxes.places)}

    def close(self) -> None:
        """Give the name back."""
        self._inboxes.close()

    def __enter__(self) -> Watch:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the name back."""
        self.close()

    def sweep(self) -> int:
        """Look at every inbox once; return how many files are still settling.

        Raises:
            SegocrError: No inbox could be looked at. If some could, ``extract`` raises it, after its work.
        """
        swept = self._inboxes.sweep()
        self._failed += len(swept.failed)
        tell_failed(self._engine, swept.failed, self._hooks.ended)
        self._unswept = next(iter(swept.problems.values()), None)
        if self._unswept and (None in swept.problems or len(swept.problems) == len(self._inboxes.by_key)):
            raise self._unswept
        return swept.waiting

    def extract(self) -> Counter[str]:
        """Process all that is ready, a run a batch; return how many arrivals ended in which state.

        What sweeps ended since the last call counts, too.

        Raises:
            SegocrError: Nobody's document is to blame; what was not stored is free again, after the pause.
                What concerns some templates only is raised when the documents of all others are done.
        """
        ended: Counter[str] = Counter()
        held = HeldBack(self._hooks.held, HELD_SECONDS if self._pause else math.inf)
        if self._holds:
            self._ledger.lose(self._owner, forgive=True)
            self._holds = False
        self._filer.file_before()
        while arrivals := self._take(held):
            self._extract(arrivals, ended, held)
        # Somebody began these and did not end: each alone, to know whether it is the one that kills its host.
        gave_up: dict[str | None, Arrival] = {}
        while lost := self._take_lost(held):
            if lost.attempts > self._settings.limits.attempts:
                gave_up[lost.sha256] = lost
                message = f"given up after {lost.attempts - 1} attempts"
                self._refuse(lost, DocumentError(message, code="gave-up"), ended)
            elif self._is_twin(lost, gave_up.get(lost.sha256)):
                self._refuse(lost, same_failure(gave_up[lost.sha256], "gave-up"), ended)
            else:
                self._extract([lost], ended, held)
            self._filer.note()
        if held.fault is not None:
            raise held.fault
        if self._failed:
            ended[State.FAILED.value] += self._failed
            self._failed = 0
        failure = next(iter(self.resting.values()), self._unswept)
        self._unswept = None
        if failure is not None:
            raise failure
        return ended

    def _working(self) -> list[str]:
        return [key for key in self._inboxes.by_key if key not in self.resting]

    def _take(self, held: HeldBack) -> list[Arrival]:
        if held.ends or self._hooks.stopping():
            return []
        inboxes = self._working()
        return self._ledger.take(self._owner, BATCH, _LEASE_SECONDS, inboxes=inboxes, but=held.ids_now())

    def _take_lost(self, held: HeldBack) -> Arrival | None:
        if held.ends or self._hooks.stopping():
            return None
        inboxes = self._working()
        return self._ledger.take_lost(self._owner, _LEASE_SECONDS, inboxes=inboxes, but=held.ids_now())

    def _extract(self, arrivals: Sequence[Arrival], ended: Counter[str], held: HeldBack) -> None:
        turn = _Turn({arrival.id: arrival for arrival in arrivals}, Twins(), ended, held)
        taken = turn.taken
        self._holds = True
        try:
            with leases_renewed(self._ledger, self._owner, lambda: list(taken), _LEASE_SECONDS):
                groups, unknown, mistake = self._by_template(arrivals, turn)
                if mistake is not None:
                    self._give_up(unknown, mistake, turn)
                self._filer.note()
                for (name, day), group in groups.items():
                    error = held.fault_of(name) or self._tried(name, day, group, turn)
                    if error is not None:
                        self._give_up([one.id for one in group if one.id in taken], error, turn, name)
                self._fail_twins(turn)
                self._filer.note()
        except SegocrError as error:
            held.ends = True
            self._give_up(list(taken), error, turn)
        finally:
            # Anything else was no document's fault: free for whoever comes next.
            self._ledger.release(self._owner, list(taken), blamed=False)
            self._holds = False

    def _give_up(
        self, ids: list[uuid.UUID], error: SegocrError, turn: _Turn, template: str | None = None
    ) -> None:
        """Release what an error kept from being processed; hold it back if no document is to blame."""
        blamed = isinstance(error, HostDied | HostTimeout) and not error.is_of_keeper
        if blamed:
            # The bytes of these are under suspicion, too: they wait for what becomes of the first one alone.
            others = [one for one in turn.twins.of_begun(ids) if one not in ids]
            self._ledger.begin(self._owner, others)
            ids += others
        # If blamed, one of those in hand did it: each of them will be tried alone.
        begun = self._ledger.release(self._owner, ids, blamed=blamed, code=error.code, pause=self._pause)
        for one in ids:
            del turn.taken[one]
        if not (blamed and begun):
            turn.held.hold(ids, error, template)

    def _fail_twins(self, turn: _Turn) -> None:
        """End the twins of what failed in the same way; sent back to work, each of them is read."""
        for arrival, template, error in turn.twins.failed():
            if turn.taken.pop(arrival.id, None) is None:
                continue
            if is_unchanged(arrival):
                self._refuse(arrival, error, turn.ended, template)
            else:
                put_back(arrival, self._ledger)

    def _by_template(
        self, arrivals: Sequence[Arrival], turn: _Turn
    ) -> tuple[Mapping[tuple[str, date], list[Arrival]], list[uuid.UUID], TemplateError | None]:
        """Return what is to be read, by template and day; what a broken one may take, and its mistake."""
        groups: dict[tuple[str, date], list[Arrival]] = {}
        unknown: list[uuid.UUID] = []
        mistake: TemplateError | None = None
        known = known_contents(self._engine, [one.sha256 for one in arrivals if one.sha256 is not None])
        for arrival in arrivals:
            try:
                name = self._template_of(arrival)
            except DocumentError as error:
                self._refuse(turn.taken.pop(arrival.id), error, turn.ended)
                continue
            except TemplateError as error:
                mistake = error
                unknown.append(arrival.id)
                continue
            if self._duplicates(arrival) is not Duplicates.AGAIN:
                if (arrival.sha256, name) in known and self._is_known(arrival, name, turn.ended):
                    del turn.taken[arrival.id]
                    continue
                if turn.twins.join(arrival, name):
                    continue
            groups.setdefault((name, day_of(arrival.received_at)), []).append(arrival)
        return groups, unknown, mistake

    def _template_of(self, arrival: Arrival) -> str:
        place = Path(arrival.inbox) / arrival.path
        return self._template or route(place, search=self._settings.template_folders)

    def _is_twin(self, arrival: Arrival, other: Arrival | None) -> bool:
        """Whether an arrival is the same as another one of the same bytes: under the same template."""
        if other is None or arrival.sha256 is None or self._duplicates(arrival) is Duplicates.AGAIN:
            return False
        try:
            return self._template_of(arrival) == self._template_of(other)
        except (DocumentError, TemplateError):
            return False

    def _duplicates(self, arrival: Arrival) -> Duplicates:
        return self._inboxes.by_key[arrival.inbox].duplicates

    def _is_known(self, arrival: Arrival, template: str, ended: Counter[str]) -> bool:
        """End an arrival whose bytes have a record already, as its inbox says."""
        assert arrival.sha256 is not None
        if self._duplicates(arrival) is Duplicates.REFUSE:
            first = find_first(self._engine, arrival.sha256, template, but=arrival.id)
            if first is None:
                return False
            error = DocumentError(f"the same bytes as {first.file}", code="duplicate")
            self._refuse(arrival, error, ended)
            return True
        state = link(self._engine, arrival.id, self._owner, arrival.sha256, template)
        if state is not None:
            self._file(arrival, template, state, "duplicate", ended)
        return state is not None

    def _refuse(
        self, arrival: Arrival, error: DocumentError, ended: Counter[str], template: str | None = None
    ) -> None:
        self._ledger.end(arrival.id, State.FAILED, error.code, error.message)
        self._file(arrival, template, State.FAILED, error.code, ended)

    def _file(
        self, arrival: Arrival, template: str | None, state: State, code: str | None, ended: Counter[str]
    ) -> None:
        self._filer.file(arrival, template, state, code)
        ended[state.value] += 1

    def _tried(self, name: str, day: date, group: Sequence[Arrival], turn: _Turn) -> SegocrError | None:
        """Run a group; return what kept some of it from being processed."""
        try:
            self._run(name, day, group, turn)
        except SegocrError as error:
            return error
        return None

    def _run(self, name: str, day: date, group: Sequence[Arrival], turn: _Turn) -> None:
        hand = InHand(
            name,
            turn.taken,
            turn.twins,
            self._ledger,
            self._owner,
            end=partial(self._file, ended=turn.ended),
            told=self._hooks.records,
        )
        items = [Item(one.file, Path(one.inbox) / one.path, one.id, self._owner) for one in group]
        self._run_batch(
            Batch(
                self._pipeline(name, day),
                items,
                self._engine,
                begin=hand.begin,
                keep=hand.keep,
                filed=hand.stored,
                chunk_filed=self._filer.note,
                stopping=self._hooks.stopping,
            )
        )

    def _pipeline(self, name: str, day: date) -> Pipeline:
        """Return what processes documents under a template, which the database knows from now on."""
        template = load_template(
            name,
            search=self._settings.template_folders,
            validators_folder=self._settings.validators_folder,
        )
        shape = shape_of(template)
        if register_template(self._engine, shape) and (notice := untyped_notice(self._engine, shape)):
            _log.warning(notice)
        return Pipeline(
            template,
            self._steps,
            models=choose_models(
                template, self._settings.environment_pythons, workspace=self._settings.workspace
            ),
            settings=self._settings,
            day=day,
            keep_pages=self._hooks.keep_pages,
            inboxes=[one.folder for one in self._inboxes.by_key.values()],
        )
