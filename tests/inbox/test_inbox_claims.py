"""Two processes over one inbox: what one moves, however slowly, the other leaves alone, or takes whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest
from inbox_service import Service, dies

from segocr.inbox import moving
from segocr.inbox.arrivals import Arrival
from segocr.inbox.holding import CLAIM_SECONDS
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep

CONTENT = b"0123456789" * 300_000


@pytest.fixture
def apart(service: Service, shm: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service with a settled file and a work folder on another file system; its clock is the only one."""
    monkeypatch.setattr(
        "segocr.inbox.holding.time", SimpleNamespace(monotonic=lambda: service.clock().timestamp())
    )
    service.places = dataclasses.replace(service.places, work=shm)
    service.drop("a.jpg", CONTENT)
    service.sweep()
    service.clock.on(10)
    return service


def another_recovers(apart: Service) -> None:
    recover(apart.inbox, apart.places, apart.ledger, "another")


def at_half(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    """Let the next copy, and only that one, do something else when it is half done."""
    pour = moving._pour

    def pour_in_halves(source: BinaryIO, sink: BinaryIO, on_block: Callable[[], object]) -> None:
        monkeypatch.setattr(moving, "_pour", pour)
        sink.write(source.read(len(CONTENT) // 2))
        sink.flush()
        then()
        pour(source, sink, on_block)

    monkeypatch.setattr(moving, "_pour", pour_in_halves)


def the_only_copy(apart: Service) -> bytes:
    [file] = [*apart.inbox.folder.iterdir(), *(one for one in apart.places.work.rglob("*") if one.is_file())]
    return file.read_bytes()


def test_a_file_that_takes_long_to_copy_stays_its_movers(
    apart: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    pour, looks = moving._pour, []

    def pour_slowly(source: BinaryIO, sink: BinaryIO, on_block: Callable[[], object]) -> None:
        def slowly() -> None:
            apart.clock.on(CLAIM_SECONDS * 0.6)
            on_block()
            looks.append(apart.ledger.abandoned("another", apart.inbox.key, 60))

        pour(source, sink, slowly)

    monkeypatch.setattr(moving, "_pour", pour_slowly)
    assert len(apart.sweep().ready) == 1
    assert looks == [[], [], []]
    [arrival] = apart.take()
    assert arrival.file.read_bytes() == CONTENT


def test_one_who_stood_still_for_too_long_finds_its_file_moved(
    apart: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Arrival] = []

    def stand_still() -> None:
        apart.clock.on(CLAIM_SECONDS + 1)
        another_recovers(apart)
        taken.extend(apart.ledger.take("extractor", 10, 60))

    at_half(monkeypatch, stand_still)
    apart.sweep()
    assert the_only_copy(apart) == CONTENT
    assert len(taken) == 1
    assert apart.take() == []  # the extractor still has it


def test_a_copy_that_another_left_half_is_never_called_whole(
    apart: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stand_still() -> None:
        apart.clock.on(CLAIM_SECONDS + 1)
        at_half(monkeypatch, dies)
        with pytest.raises(KeyboardInterrupt):
            another_recovers(apart)

    at_half(monkeypatch, stand_still)
    apart.sweep()
    assert the_only_copy(apart) == CONTENT
    apart.clock.on(CLAIM_SECONDS + 1)
    apart.recover()
    [arrival] = apart.take()
    assert arrival.file.read_bytes() == CONTENT == the_only_copy(apart)


def test_half_copies_of_killed_movers_are_removed(apart: Service) -> None:
    [waiting] = apart.ledger.waiting(apart.inbox.key).values()
    folder = apart.places.work / str(waiting.id)
    folder.mkdir()
    (folder / f"4e07408562bedb8b{moving.PARTIAL}").write_bytes(CONTENT[:9])
    assert len(apart.sweep().ready) == 1
    assert the_only_copy(apart) == CONTENT


@pytest.mark.parametrize("other", ["ends", "dies"])
def test_two_who_file_the_same_file_leave_it_whole(
    tmp_path: Path, shm: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    source, target = tmp_path / "a.jpg", shm / "done" / "a.jpg"
    source.write_bytes(CONTENT)

    def meanwhile() -> None:
        if other == "ends":
            moving.settle_in(source, target)
            return
        at_half(monkeypatch, dies)
        with pytest.raises(KeyboardInterrupt):
            moving.settle_in(source, target)

    at_half(monkeypatch, meanwhile)
    with pytest.raises(FileNotFoundError):  # its own half copy; it is tried again
        moving.settle_in(source, target)
    moving.settle_in(source, target)
    assert not source.exists()
    assert [path.read_bytes() for path in target.parent.iterdir()] == [CONTENT]


def test_what_is_moved_is_ready_before_the_rest_is(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segocr.inbox.taking._TOGETHER", 2)
    for number in range(5):
        service.drop(f"{number}.jpg")
    service.sweep()
    found, claim = [], service.ledger.claim

    def claim_and_look(*words: object) -> object:
        found.append(len(service.ledger.take("extractor", 10, 60)))
        return claim(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(service.ledger, "claim", claim_and_look)
    assert len(service.sweep(after=10).ready) == 5
    assert found[:3] == [0, 2, 2]


def test_what_waits_for_another_inbox_is_left_to_its_own_sweeps(service: Service) -> None:
    service.drop("a.jpg")
    service.sweep()
    [waiting] = service.ledger.waiting(service.inbox.key).values()
    service.ledger.claim([waiting.id], "me", 60)
    service.clock.on(61)
    assert service.ledger.abandoned("another", "/elsewhere", 60) == []
    assert [one.id for one in service.ledger.abandoned("me", service.inbox.key, 60)] == [waiting.id]


def test_a_file_that_another_is_moving_is_not_seen_as_a_new_one(
    apart: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> None:
        for _ in range(2):
            apart.clock.on(10)
            assert sweep(apart.inbox, apart.places, apart.ledger, "another").ready == ()

    at_half(monkeypatch, look)
    assert len(apart.sweep().ready) == 1
    assert the_only_copy(apart) == CONTENT
    assert len(apart.take()) == 1
