"""The process of ``segocr serve`` that runs schedules (``python -m flows.schedules``).

It makes the deployments and automations on Prefect's server, and starts a process for each run that is due.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from flows.server import answers
from segocr.parentdeath import die_with_parent
from segocr.service.logs import start_logging, tell
from segocr.settings import Settings, served_settings

_log = logging.getLogger("segocr.schedule")
_LOOK_AGAIN = 0.5
_LOOK_FOR_RUNS = 2.0
_AT_ONCE = 3


def main(workspace: Path, parent: int, name: str, *, own_server: bool) -> None:
    """Run what is due until told to end, or until the parent is gone.

    Args:
        workspace: A folder with ``segocr.toml``.
        parent: Process number of the supervisor.
        name: Of the deployments.
        own_server: Whether Prefect's server is this service's alone.
    """
    die_with_parent(parent)
    start_logging()
    settings = served_settings(workspace)
    while not answers(os.environ["PREFECT_API_URL"]):
        time.sleep(_LOOK_AGAIN)
    asyncio.run(_run(settings, workspace / ".prefect" / "runs", name, own_server))


async def _run(settings: Settings, folder: Path, name: str, own_server: bool) -> None:
    from flows.automations import ensure_automations  # only now: importing Prefect takes seconds
    from flows.deployments import Scheduler, deployments
    from flows.failures import tell_failures
    from flows.leftovers import end_leftovers
    from flows.service import SCHEDULER, WORKSPACE

    os.environ[SCHEDULER] = str(os.getpid())
    os.environ[WORKSPACE] = str(settings.workspace)
    shutil.rmtree(folder, ignore_errors=True)  # what a killed predecessor left
    folder.mkdir()
    tempfile.tempdir = str(folder)
    runner = Scheduler(name, query_seconds=_LOOK_FOR_RUNS, pause_on_shutdown=False, limit=_AT_ONCE)
    tempfile.tempdir = None
    made = [await runner.aadd_deployment(one) for one in await deployments(settings, name)]
    await ensure_automations(settings.alert, made[-1])
    if own_server and (ended := await end_leftovers(made)):
        tell(_log, logging.INFO, "runs of before ended", runs=ended)
    tell(_log, logging.INFO, "ready", deployments=len(made))
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(tell_failures(settings))
        await runner.until_told()
        telling.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("parent", type=int)
    parser.add_argument("name")
    parser.add_argument("--own-server", action="store_true")
    given = parser.parse_args()
    main(given.workspace, given.parent, given.name, own_server=given.own_server)
