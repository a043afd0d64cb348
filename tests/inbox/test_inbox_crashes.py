"""A crash at any point of a claim or of filing loses nothing."""

from __future__ import annotations

import dataclasses

import pytest
from inbox_service import Service, dies

from db.tables import ArrivalRow
from segocr.inbox.arrivals import State
from segocr.inbox.holding import CLAIM_SECONDS
from segocr.inbox.places import After
from segocr.inbox.recovery import recover as recover_inbox
from segocr.inbox.taking import Swept


@pytest.mark.parametrize(
    "point", ["segocr.inbox.moving.take", "segocr.inbox.claimed.hashed", "db.arrivals.Arrivals.moved"]
)
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
        patch.setattr("segocr.inbox.moving.take", dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert service.take() == []
    service.clock.on(CLAIM_SECONDS + 1)
    recover_inbox(service.inbox, service.places, service.ledger, "another")
    assert len(service.take()) == 1


@pytest.mark.parametrize("state", [State.EXTRACTED, State.FAILED])
@pytest.mark.parametrize(
    "point",
    ["segocr.inbox.moving.settle_in", "segocr.inbox.moving.remove_empty", "db.arrivals.Arrivals.filed"],
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


@pytest.mark.parametrize("after", [After.LEAVE, After.DONE])
def test_an_inbox_that_is_not_mounted_after_a_crash_loses_no_file(
    service: Service, monkeypatch: pytest.MonkeyPatch, after: After
) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=after)
    service.drop("a.jpg")
    service.sweep()
    with monkeypatch.context() as patch:
        patch.setattr("segocr.inbox.taking.move_claimed", dies)
        with pytest.raises(KeyboardInterrupt):
            service.sweep(after=10)
    away = service.inbox.folder.rename(service.inbox.folder.with_name("share"))
    service.inbox.folder.mkdir()  # the mount point
    service.recover()
    assert service.sweep() == Swept((), (), 0)
    service.inbox.folder.rmdir()
    away.rename(service.inbox.folder)
    service.recover()
    service.sweep()
    assert len(service.sweep(after=10).ready) == 1


def test_a_file_that_is_gone_from_its_place_in_work_fails_and_is_told(service: Service) -> None:
    service.drop("a.jpg")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.ledger.give_back([arrival.id])
    with service.engine.begin() as connection:  # as `retry` leaves what was never hashed
        place = {"state": "claimed", "place": str(arrival.place), "lease_owner": "me"}
        connection.execute(ArrivalRow.__table__.update().values(place))
    arrival.file.unlink()
    assert service.recover() == [arrival.id]
    assert service.recover() == []
