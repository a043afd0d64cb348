"""A crash at any point of a claim or of filing loses nothing."""

from __future__ import annotations

import pytest
from inbox_service import Service, dies

from segocr.arrivals import State
from segocr.inbox import recover as recover_inbox


@pytest.mark.parametrize("point", ["segocr.filing.take", "segocr.inbox.hashed", "db.arrivals.Arrivals.moved"])
def test_a_crash_during_a_claim_is_mended(
    service: Service, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    service.drop("a.jpg")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr(point, dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    service.recover()
    [arrival] = service.take()
    assert arrival.file.read_bytes() == b"content"
    assert len(service.files()) == 1


def test_another_process_mends_a_claim_only_after_its_lease(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.drop("a.jpg")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr("segocr.filing.take", dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert service.take() == []
    service.clock.on(service.inbox.stale_after + 1)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert len(service.take()) == 1


@pytest.mark.parametrize("state", [State.EXTRACTED, State.FAILED])
@pytest.mark.parametrize(
    "point", ["segocr.filing.settle_in", "segocr.filing.remove_empty", "db.arrivals.Arrivals.filed"]
)
def test_a_crash_while_filing_is_mended(
    service: Service, monkeypatch: pytest.MonkeyPatch, point: str, state: State
) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    with monkeypatch.context() as patch:
        patch.setattr(point, dies)
        with pytest.raises(KeyboardInterrupt):
            service.end(arrival, state)
    service.recover()
    folder = service.places.failed if state is State.FAILED else service.places.done
    place = folder / "2026-03-01" / f"{arrival.id}-a.jpg"
    assert place.read_bytes() == b"content"
    assert len(service.files()) == (2 if state is State.FAILED else 1)
    assert not (service.places.work / str(arrival.id)).exists()
    assert service.ledger.unfiled("me") == []
