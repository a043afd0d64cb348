"""Automations on Prefect's server, as code: runs whose process is gone, and documents failing in numbers.

``segocr serve`` makes them by itself; where workers run the deployments of ``prefect.yaml``,
``python -m flows.automations notify/notify WORKSPACE`` does.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture

from flows.heartbeat import BEAT
from flows.server import HEARTBEAT_SECONDS
from segocr.settings import load_settings
from segocr.settings.service import AlertSettings

_SILENCE = timedelta(seconds=5 * HEARTBEAT_SECONDS)
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def zombie_runs(silence: timedelta = _SILENCE) -> Automation:
    """Return what calls a flow run crashed when its heartbeat stops so long: its process was killed."""
    return Automation(
        name="segocr: runs whose process is gone",
        description="A flow run that sends no heartbeat any more becomes CRASHED.",
        trigger=EventTrigger(
            after={BEAT},
            expect={BEAT, *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
    )


def many_failures(alert: AlertSettings, deployment: UUID) -> Automation:
    """Return what runs a deployment of the flow ``notify`` when documents fail in numbers."""
    within = timedelta(minutes=alert.minutes)
    return Automation(
        name="segocr: many documents fail",
        description="[alert] in segocr.toml says how many are many, and who is told.",
        trigger=EventTrigger(
            expect={"segocr.document.failed"},
            posture=Posture.Reactive,
            threshold=alert.failures,
            within=within,
        ),
        actions=[RunDeployment(source="selected", deployment_id=deployment)],
    )


async def ensure_automations(alert: AlertSettings, deployment: UUID) -> list[str]:
    """Create those that the server lacks, by name; bring triggers of the others up to date.

    What somebody switched off stays off, and further actions that somebody added stay.

    Args:
        alert: When documents fail in numbers.
        deployment: Of the flow ``notify``.

    Returns:
        The names of those created.
    """
    created = []
    for wanted in (zombie_runs(), many_failures(alert, deployment)):
        try:
            known = await Automation.aread(name=wanted.name)
        except ValueError:  # Prefect's way to say that there is none
            await wanted.acreate()
            created.append(wanted.name)
        else:
            kinds = {DoNothing, *(type(action) for action in wanted.actions)}
            added = [action for action in known.actions if type(action) not in kinds]
            known.trigger, known.actions = wanted.trigger, [*wanted.actions, *added]
            await known.aupdate()
    return created


async def main(deployment: str, workspace: Path) -> None:
    """Make the automations beside deployments of ``prefect.yaml``.

    Args:
        deployment: Of the flow ``notify``, as ``notify/NAME``.
        workspace: A folder with ``segocr.toml``.
    """
    async with get_client() as client:
        found = await client.read_deployment_by_name(deployment)
    await ensure_automations(load_settings(workspace).alert, found.id)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
