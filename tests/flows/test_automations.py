"""Automations and events on a real Prefect server."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from segocr.inbox.arrivals import State
from segocr.settings.service import AlertSettings

_PATIENCE = 120.0


@pytest.mark.usefixtures("server")
def test_automations_are_created_once_and_follow_the_settings_but_stay_off_where_switched_off() -> None:
    from prefect.automations import Automation

    from flows.automations import ensure_automations

    deployment = uuid.uuid4()
    created = asyncio.run(ensure_automations(AlertSettings(), deployment))
    assert len(created) == 2
    mine: Any = Automation.read(name=created[1])
    assert mine.trigger.threshold == 20
    mine.disable()
    assert asyncio.run(ensure_automations(AlertSettings(failures=3, minutes=1), deployment)) == []
    after: Any = Automation.read(name=created[1])
    assert (after.id, after.enabled) == (mine.id, False)
    assert (after.trigger.threshold, after.trigger.within) == (3, timedelta(minutes=1))
    assert [action.deployment_id for action in after.actions] == [deployment]
    after.delete()


@pytest.mark.usefixtures("server")
def test_a_run_whose_heartbeat_stops_is_called_crashed() -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.events import emit_event
    from prefect.states import Running

    from flows.automations import zombie_runs

    @flow(name="killed")
    def killed() -> None:
        pass

    automation: Any = zombie_runs(timedelta(seconds=10))
    automation.name = "a test's zombies"
    automation.create()
    try:
        with get_client(sync_client=True) as client:
            run = client.create_flow_run(killed, state=Running())
            resource = {"prefect.resource.id": f"prefect.flow-run.{run.id}"}
            emit_event("prefect.flow-run.heartbeat", resource=resource)
            deadline = time.monotonic() + _PATIENCE
            while (state := client.read_flow_run(run.id).state) and not state.is_crashed():
                assert time.monotonic() < deadline, state
                time.sleep(0.5)
        assert state is not None
        assert "no heartbeat" in str(state.message)
    finally:
        automation.delete()


@pytest.mark.usefixtures("server")
def test_a_batch_says_that_it_lives_at_once_and_as_long_as_it_runs() -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.events import emit_event
    from prefect.runtime import flow_run

    from flows.heartbeat import BEAT, beating, without_prefects_own

    def beats(client: Any, run: str, name: str = BEAT) -> int:
        wanted = {"event": {"name": [name]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
        return len(client._client.post("/events/filter", json={"filter": wanted}).json()["events"])

    @flow(name="beats")
    def beats_for_a_while(seconds: float, every: float) -> str:
        with beating(every):
            time.sleep(seconds)
        return str(flow_run.id)

    with without_prefects_own(), get_client(sync_client=True) as client:
        short, long = beats_for_a_while(0, 30), beats_for_a_while(2.3, 0.5)
        deadline = time.monotonic() + _PATIENCE
        while (beats(client, short), beats(client, long)) != (1, 5):
            assert time.monotonic() < deadline, (beats(client, short), beats(client, long))
            time.sleep(0.5)
        assert "heartbeat" not in [thread.name for thread in threading.enumerate()]
        emit_event("a test's last", resource={"prefect.resource.id": f"prefect.flow-run.{long}"})
        while not beats(client, long, "a test's last"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert (beats(client, short), beats(client, long)) == (1, 5)


@pytest.mark.usefixtures("server")
def test_the_end_of_a_document_is_an_event_with_ids_and_codes() -> None:
    from prefect.client.orchestration import get_client

    from flows.events import emit
    from flows.filer import Ended

    arrival = uuid.uuid4()
    emit(Ended(arrival, "0" * 64, "passport", State.FAILED, "truncated"))
    wanted = {"filter": {"event": {"name": ["segocr.document.failed"]}}}
    events: list[Any] = []
    deadline = time.monotonic() + _PATIENCE
    with get_client(sync_client=True) as client:
        while not events and time.monotonic() < deadline:
            time.sleep(0.5)
            events = client._client.post("/events/filter", json=wanted).json()["events"]
    [event] = [one for one in events if one["resource"]["prefect.resource.id"].endswith(str(arrival))]
    assert event["payload"] == {
        "arrival": str(arrival),
        "sha256": "0" * 64,
        "template": "passport",
        "state": "failed",
        "code": "truncated",
    }
