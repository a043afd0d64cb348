"""Events of documents on Prefect's server: what became of one, by ids, states and codes."""

from __future__ import annotations

from prefect.events import emit_event

from flows.filer import Ended
from segocr.inbox.arrivals import State

_NAMES = {
    State.EXTRACTED: "segocr.document.stored",
    State.NEEDS_REVIEW: "segocr.document.needs_review",
    State.FAILED: "segocr.document.failed",
}


def emit(ended: Ended) -> None:
    """Tell Prefect of an arrival's end; it is sent in the background and may be lost with the server."""
    payload = {"arrival": str(ended.arrival), "sha256": ended.sha256, "template": ended.template}
    emit_event(
        _NAMES[ended.state],
        resource={"prefect.resource.id": f"segocr.arrival.{ended.arrival}"},
        payload=payload | {"state": ended.state.value, "code": ended.code},
    )


def emit_unless_failed(ended: Ended) -> None:
    """Tell Prefect of an arrival's end in a service, whose failures ``flows.failures`` tells."""
    if ended.state is not State.FAILED:
        emit(ended)
