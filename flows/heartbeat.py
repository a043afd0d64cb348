"""Heartbeats of a flow run whose end nobody waits for.

Prefect's own heartbeat is a thread that sleeps whole seconds, and a flow that isn't ``async`` ends only once
that thread has woken: a second for each batch. The events here are the same, so ``automations`` sees what
runs have lost their process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from typing import Any

from prefect.events import emit_event
from prefect.runtime import flow_run
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.server import HEARTBEAT_SECONDS

BEAT = "prefect.flow-run.heartbeat"


def without_prefects_own() -> AbstractContextManager[Any]:
    """Begin flow runs without Prefect's own heartbeat within a ``with`` block."""
    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


@contextmanager
def beating(seconds: float = HEARTBEAT_SECONDS) -> Iterator[None]:
    """Say now and then, within a ``with`` block, that the flow run which this is called in lives."""
    resource = {
        "prefect.resource.id": f"prefect.flow-run.{flow_run.id}",
        "prefect.resource.name": str(flow_run.name),
    }
    over = threading.Event()

    def beat() -> None:
        while True:
            emit_event(BEAT, resource=resource)  # into a queue: a server that is away holds nobody up
            if over.wait(seconds):
                return

    # A new thread knows nothing of the settings (the server's address) and the run that hold in this one.
    thread = threading.Thread(target=copy_context().run, args=(beat,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
