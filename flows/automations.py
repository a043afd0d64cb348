"""Automations on Prefect's server, as code: runs whose process is gone, and documents failing in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing
from prefect.events.schemas.automations import EventTrigger, Posture

_SILENCE = timedelta(seconds=150)
"""Five heartbeats (``flows.server.RETENTION`` sets their frequency)."""
_MANY_FAILURES, _IN = 20, timedelta(minutes=10)
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def zombie_runs() -> Automation:
    """Return what calls a flow run crashed when its heartbeat stops: its process was killed."""
    beat = "prefect.flow-run.heartbeat"
    return Automation(
        name="segocr: runs whose process is gone",
        description="A flow run that sends no heartbeat any more becomes CRASHED.",
        trigger=EventTrigger(
            after={beat},
            expect={beat, *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
    )


def many_failures() -> Automation:
    """Return what fires when documents fail in numbers; give it an action of your own, such as a message."""
    return Automation(
        name="segocr: many documents fail",
        description=f"{_MANY_FAILURES} documents failed within {_IN}. Its action is yours to choose.",
        trigger=EventTrigger(
            expect={"segocr.document.failed"},
            posture=Posture.Reactive,
            threshold=_MANY_FAILURES,
            within=_IN,
        ),
        actions=[DoNothing()],
    )


def ensure_automations() -> list[str]:
    """Create those that the server lacks, by name; one that somebody changed stays as it is.

    Returns:
        The names of those created.
    """
    read: Any = Automation.read  # annotated as a coroutine; called from outside of a loop it is none
    created = []
    for automation in (zombie_runs(), many_failures()):
        try:
            read(name=automation.name)
        except ValueError:  # Prefect's way to say that there is none
            create: Any = automation.create
            create()
            created.append(automation.name)
    return created
