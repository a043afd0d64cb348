"""The deployments that ``segocr serve`` makes on Prefect's server, with the schedules of ``segocr.toml``."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.service import extract_ready, watch_inboxes
from flows.upkeep import keep_house, notify, reprocess, retry_failed
from segocr.settings import Settings


class Scheduler(Runner):
    """Starts a process for each run that is due, until SIGTERM: then those that run are ended, too."""

    _running: asyncio.Task[None] | None = None

    async def until_told(self) -> None:
        """Run what is due until SIGTERM."""
        self._running = asyncio.create_task(self.start())
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Leave the loop. Prefect's own way calls a coroutine there that nobody awaits, and warns of it."""
        if self._running is not None:
            self._running.get_loop().call_soon_threadsafe(self._running.cancel)


async def deployments(settings: Settings, name: str) -> list[RunnerDeployment]:
    """Return the deployments of a workspace; the last one, of the flow ``notify``, is for the automation.

    Args:
        settings: Of the workspace.
        name: Of each of them, beside its flow's: ``watch/NAME``, ``extract-ready/NAME`` …
    """
    schedules = settings.schedules
    flows: tuple[tuple[Flow[..., Any], float | str], ...] = (
        (watch_inboxes, schedules.watch),
        (extract_ready, schedules.extract),
        (retry_failed, schedules.retry),
        (reprocess, schedules.reprocess),
        (keep_house, schedules.housekeeping),
        (notify, "off"),
    )
    return [
        await flow.ato_deployment(
            name,
            schedules=[schedule] if (schedule := _schedule(when)) else [],
            parameters={"workspace": str(settings.workspace)},
            tags=["segocr"],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for flow, when in flows
    ]


def _schedule(when: float | str) -> Schedule | None:
    if when == "off":
        return None
    return Cron(when, timezone="UTC") if isinstance(when, str) else Interval(when)
