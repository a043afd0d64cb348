"""The process of ``segocr serve`` that looks at the inboxes (``python -m flows.sweeper``); without Prefect.

It sweeps at the inboxes' interval, earlier when a folder changed, and often while files settle.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import time
from pathlib import Path

from db.connect import open_database
from flows.folders import Folders
from flows.inboxes import Inboxes
from flows.pace import Pace
from segocr.parentdeath import die_with_parent
from segocr.service.logs import start_logging, tell
from segocr.service.supervision import noted_signals
from segocr.service.troubles import Report, told
from segocr.settings import Settings, served_settings

_log = logging.getLogger("segocr.sweep")


class Sweeper:
    """Sweeps, and wakes who extracts.

    Args:
        settings: Of a workspace.
        inboxes: Its inboxes.
        wake: Descriptor that gets a byte when something is ready.
        report: Where ``segocr status`` finds what is wrong.
    """

    def __init__(self, settings: Settings, inboxes: Inboxes, wake: int, report: Report) -> None:
        self._inboxes = inboxes
        self._wake = wake
        self._report = report
        self._pace = Pace(settings)
        self._folders = Folders([inbox.folder for inbox in inboxes.by_key.values()])

    def run(self, told_to_end: int) -> None:
        """Sweep until there is something to read on this descriptor."""
        seconds = 0.0
        while not select.select([told_to_end], [], [], seconds)[0]:
            changed = self._folders.changed()
            if changed or self._pace.due():
                self._sweep(changed)
            seconds = self._pace.pause(self._folders.cost)

    def _sweep(self, changed: bool) -> None:
        begin = time.monotonic()
        swept = self._inboxes.sweep()
        self._pace.swept(swept.waiting, time.monotonic() - begin, moving=changed or swept.ready > 0)
        if swept.ready:
            tell(_log, logging.INFO, "claimed", files=swept.ready, settling=swept.waiting)
            with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
                os.write(self._wake, b".")
        self._report.say({**swept.closed, **swept.problems}, _log)  # it is tried again at every sweep


def main(workspace: Path, parent: int, wake: int) -> None:
    """Sweep the inboxes of a workspace until told to end, or until the parent is gone."""
    die_with_parent(parent)
    start_logging()
    report = Report(workspace, "sweep")
    try:
        _sweep(workspace, wake, report)
    except Exception as error:  # started again after a pause; a traceback would name files
        fault = told(error)
        report.say({None: fault}, _log)
        sys.exit(fault.exit_code)


def _sweep(workspace: Path, wake: int, report: Report) -> None:
    settings = served_settings(workspace)
    engine = open_database(settings.database_url or "", folder=settings.workspace, made=True)
    with (
        noted_signals(signal.SIGTERM) as told_to_end,
        contextlib.closing(Inboxes(settings, engine, "sweep")) as inboxes,
    ):
        tell(_log, logging.INFO, "looking", inboxes=len(inboxes.by_key))
        Sweeper(settings, inboxes, wake, report).run(told_to_end)
    engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
