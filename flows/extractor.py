"""The process of ``segocr serve`` that extracts (``python -m flows.extractor``): Prefect is imported once.

It takes what is claimed whenever it is woken, and now and then unasked. Prefect's server and the keeper of
the hosts run beside it; while one of them is away, documents wait.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from db.connect import Engine, open_database
from flows.server import ServerError, answers
from segocr.errors import DatabaseError, HostError, SegocrError
from segocr.parentdeath import die_with_parent
from segocr.service.logs import silence, start_logging, tell
from segocr.service.supervision import drained, noted_signals
from segocr.service.troubles import Report, told
from segocr.settings import Settings, served_settings
from segocr.steps.client import Steps

if TYPE_CHECKING:
    from flows.batch import Batch
    from flows.watch import RunBatch, Watch

_log = logging.getLogger("segocr.extract")
_LOOK_UNASKED = 10.0
_PAUSE = 15.0
"""Seconds that documents rest when a machine, an environment or a template keeps them from being read."""
_SHORTEST_BACK_OFF, _LONGEST_BACK_OFF = 0.5, 30.0
_KEEPER_SECONDS = 60.0
_SERVER_SECONDS = 60.0
"""How long Prefect's server may take to start before it is told as what work waits for."""
_WARM = (("open", "open"), ("validate", "python"))


class Signals:
    """What can interrupt a wait: being woken, and being told to end.

    Args:
        told_to_end: Descriptor with a byte once this process is to end.
        wake: Descriptor with a byte when something is ready.
    """

    def __init__(self, told_to_end: int, wake: int) -> None:
        self._told_to_end = told_to_end
        self._wake = wake

    def stopping(self) -> bool:
        """Say whether this process is to end."""
        return bool(select.select([self._told_to_end], [], [], 0)[0])

    def rest(self, seconds: float) -> None:
        """Wait; only being told to end cuts it short."""
        select.select([self._told_to_end], [], [], seconds)

    def await_work(self, seconds: float) -> None:
        """Wait until woken or told to end, at most so long."""
        select.select([self._told_to_end, self._wake], [], [], seconds)
        drained(self._wake)

    def until(self, there: Callable[[], bool], seconds: float = math.inf) -> None:
        """Wait until something is there, or told to end; at most so long."""
        deadline = time.monotonic() + seconds
        while not self.stopping() and time.monotonic() < deadline and not there():
            self.rest(0.2)


def main(workspace: Path, parent: int, wake: int, *, forgive: bool) -> None:
    """Extract until told to end, or until the parent is gone.

    Args:
        workspace: A folder with ``segocr.toml``.
        parent: Process number of the supervisor.
        wake: Descriptor that gets a byte when something is ready.
        forgive: See ``flows.inboxes.Inboxes``.
    """
    die_with_parent(parent)
    start_logging()
    report = Report(workspace, "extract", fresh=forgive)
    try:
        _extract(workspace, wake, report, forgive)
    except Exception as error:  # started again after a pause; a traceback would name files
        fault = told(error)
        report.say({None: fault}, _log)
        sys.exit(fault.exit_code)


def _extract(workspace: Path, wake: int, report: Report, forgive: bool) -> None:
    settings = served_settings(workspace)
    engine = open_database(settings.database_url or "", folder=settings.workspace, made=True)
    with noted_signals(signal.SIGTERM) as told_to_end:
        signals = Signals(told_to_end, wake)
        signals.until(prefect_answers, _SERVER_SECONDS)
        if not prefect_answers() and not signals.stopping():
            report.say({None: ServerError("Prefect's server does not answer")}, _log)
            signals.until(prefect_answers)
        signals.until(keeper_runs, _KEEPER_SECONDS)
        if not signals.stopping():
            _work(settings, engine, signals, report, forgive)
    engine.dispose()


def prefect_answers() -> bool:
    """Say whether Prefect's server can be asked."""
    return answers(os.environ["PREFECT_API_URL"])


def keeper_runs() -> bool:
    """Say whether a keeper of hosts can be attached to."""
    try:
        Steps(shared=True).close()
    except HostError:
        return False
    return True


def _work(settings: Settings, engine: Engine, signals: Signals, report: Report, forgive: bool) -> None:
    from flows.events import emit_unless_failed  # only now: importing Prefect takes seconds
    from flows.extract import run_flow
    from flows.filer import Ended
    from flows.watch import Hooks, Watch

    silence("prefect.flow_runs", "prefect.task_runs")  # what they raise is told by ``Turns``

    def ended(one: Ended) -> None:
        tell(_log, logging.INFO, "stored", arrival=one.arrival, document=one.sha256, template=one.template,
             state=one.state, code=one.code)  # fmt: skip
        emit_unless_failed(one)

    shared = keeper_runs()
    if not shared:  # only those of its own version find a keeper: somebody upgraded segocr meanwhile
        tell(_log, logging.WARNING, "hosts of its own", why="no keeper of this version runs")
    with (
        ThreadPoolExecutor(1, "flow") as thread,
        Steps(
            environments=settings.environment_pythons, device=settings.engines.devices, shared=shared
        ) as steps,
        Watch(
            settings,
            engine,
            steps,
            partial(_run_in, thread, run_flow),
            role="extract",
            hooks=Hooks(ended=ended, held=lambda fault: turns.hold(fault), stopping=signals.stopping),
            pause=_PAUSE,
            forgive=forgive,
        ) as watch,
    ):
        _warm(steps)
        tell(_log, logging.INFO, "ready")
        turns = Turns(watch, signals, report)
        while not signals.stopping():
            turns.take()


def _run_in(thread: ThreadPoolExecutor, run: RunBatch, batch: Batch) -> None:
    """Run a batch in another thread: in the main one Prefect takes SIGTERM for itself, and cuts it short.

    Raises:
        SegocrError: As ``run`` does; ServerError: Prefect's server is away.
    """
    try:
        thread.submit(run, batch).result()
    except SegocrError:
        raise
    except Exception as error:  # Prefect's errors have no common root
        if prefect_answers():
            raise
        raise ServerError("Prefect's server does not answer", hint="it is started again") from error


class Turns:
    """Looks for work, does it and waits for more; says what work waits for, and looks less often meanwhile.

    Args:
        watch: Extracts what is ready.
        signals: Cut waiting short.
        report: Where it is said.
    """

    def __init__(self, watch: Watch, signals: Signals, report: Report) -> None:
        self._watch = watch
        self._signals = signals
        self._report = report
        self._back_off = _SHORTEST_BACK_OFF
        self._held: dict[str, SegocrError] = {}  # by code, what kept documents that rest still
        self._came: dict[str, SegocrError] = {}  # by code, what came up in this turn

    def take(self) -> None:
        """Extract all that is ready, and wait: until woken, or after a fault for a while.

        Raises:
            HostError: ``no-keeper``: who starts this process anew gives it hosts of its own.
        """
        begin = time.monotonic()
        self._came = {}
        try:
            states = self._watch.extract()
            self._held = self._still_held()
        except Exception as error:  # a fault of the program, too, waits longer each time
            fault = told(error)
            if fault.code == "no-keeper":
                raise
            self._wait_after(fault)
            return
        self._report.say({}, _log, also=self._held.values())
        self._back_off = _SHORTEST_BACK_OFF
        if states:
            seconds = time.monotonic() - begin
            tell(_log, logging.INFO, "idle", **states, seconds=f"{seconds:.1f}")
        self._signals.await_work(_LOOK_UNASKED)

    def hold(self, fault: SegocrError) -> None:
        """Say at once what keeps some documents waiting: the turn may go on for hours with the others."""
        self._came[fault.code] = fault
        self._report.say(self._watch.resting, _log, also=(self._held | self._came).values())

    def _wait_after(self, fault: SegocrError) -> None:
        resting = self._watch.resting
        one_inbox, some = fault in resting.values(), fault.code in self._came
        self._held = self._still_held() | self._came | ({} if one_inbox else {fault.code: fault})
        self._report.say(resting, _log, also=self._held.values())
        self._back_off = min(self._back_off * 2, _LONGEST_BACK_OFF)
        # What keeps the files of one inbox from being filed, or some from being read, is not to keep others.
        (self._signals.await_work if one_inbox or some else self._signals.rest)(self._back_off)

    def _still_held(self) -> dict[str, SegocrError]:
        """Return those of the faults that documents rest for still."""
        if not self._held:
            return {}
        try:
            codes = self._watch.codes_at_rest()
        except DatabaseError:  # that is a fault of its own
            return self._held
        return {code: fault for code, fault in self._held.items() if code in codes}


def _warm(steps: Steps) -> None:
    try:
        steps.warm(_WARM)
    except SegocrError as error:
        tell(_log, logging.ERROR, "not warm", code=error.code, why=error.message)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("parent", type=int)
    parser.add_argument("wake", type=int)
    parser.add_argument("--forgive", action="store_true")
    given = parser.parse_args()
    main(given.workspace, given.parent, given.wake, forgive=given.forgive)
