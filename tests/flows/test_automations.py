"""Automations and events on a real Prefect server."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from segocr.arrivals import State


@pytest.mark.usefixtures("server")
def test_automations_are_created_once_and_a_changed_one_stays() -> None:
    from prefect.automations import Automation

    from flows.automations import ensure_automations

    created = ensure_automations()
    assert len(created) == 2
    mine: Any = Automation.read(name=created[1])
    mine.description = "changed by a person"
    mine.update()
    assert ensure_automations() == []
    assert Automation.read(name=created[1]).description == "changed by a person"


@pytest.mark.usefixtures("server")
def test_the_end_of_a_document_is_an_event_with_ids_and_codes() -> None:
    from prefect.client.orchestration import get_client

    from flows.events import emit
    from flows.watch import Ended

    arrival = uuid.uuid4()
    emit(Ended(arrival, "0" * 64, "passport", State.FAILED, "truncated"))
    wanted = {"filter": {"event": {"name": ["segocr.document.failed"]}}}
    events: list[Any] = []
    deadline = time.monotonic() + 60
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
