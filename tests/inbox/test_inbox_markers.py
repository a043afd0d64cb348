"""Markers: a file is taken with its own marker, which is never lost and never speaks of another file."""

from __future__ import annotations

import dataclasses
import os
import resource
from pathlib import Path

import pytest
from inbox_service import Service, dies

from segocr.errors import SegocrError
from segocr.inbox.places import After, Ready
from segocr.inbox.taking import Swept


@pytest.fixture
def marked(service: Service) -> Service:
    """A service that waits for markers, with a file and its marker."""
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    service.drop("a.jpg")
    service.drop("a.jpg.done", b"")
    return service


def test_with_markers_a_file_is_taken_with_its_marker_and_not_before(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    service.drop("a.jpg")
    service.drop("other.jpg.done", b"")
    service.sweep()
    assert service.sweep(after=100) == Swept((), (), 1)
    service.drop("a.jpg.done", b"")
    [ready] = service.sweep().ready
    assert service.files() == ["inbox/other.jpg.done", f"work/{ready}/a.jpg"]


def test_a_marker_that_stays_speaks_of_its_file_only_until_that_changes(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER, after=After.LEAVE)
    file, marker = service.drop("a.jpg"), service.drop("a.jpg.done", b"")
    os.utime(file, ns=(10**18, 10**18))
    os.utime(marker, ns=(10**18 + 5, 10**18 + 5))
    assert len(service.sweep().ready) == 1
    service.end(*service.take())
    os.utime(file, ns=(10**18 + 9, 10**18 + 9))
    assert service.sweep(after=100).ready == ()
    os.utime(marker, ns=(10**18 + 9, 10**18 + 9))
    assert len(service.sweep().ready) == 1


def test_a_crash_before_the_move_leaves_the_file_and_its_marker(
    marked: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("segocr.inbox.moving.take", dies)
        with pytest.raises(KeyboardInterrupt):
            marked.sweep()
    assert marked.files() == ["inbox/a.jpg", "inbox/a.jpg.done"]
    marked.recover()
    [arrival] = marked.take()
    assert arrival.file.read_bytes() == b"content"
    assert marked.files() == [f"work/{arrival.id}/a.jpg"]


def test_a_file_that_a_full_disk_kept_from_being_moved_keeps_its_marker(marked: Service, shm: Path) -> None:
    marked.places = dataclasses.replace(marked.places, work=shm)
    marked.drop("a.jpg", b"x" * 9_000_000)
    marked.drop("a.jpg.done", b"")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, before[1]))  # the database needs less
    try:
        for _ in range(2):
            with pytest.raises(SegocrError) as caught:
                marked.sweep()
            assert caught.value.code == "disk-full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(shm.iterdir()) == []
    assert len(marked.sweep().ready) == 1
    assert list(marked.inbox.folder.iterdir()) == []


def stop_before_the_marker_goes(marked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("segocr.inbox.moving.remove_marker", dies)
        with pytest.raises(KeyboardInterrupt):
            marked.sweep()
    assert (marked.inbox.folder / "a.jpg.done").exists()
    assert not (marked.inbox.folder / "a.jpg").exists()


def test_a_marker_that_a_crash_left_goes_with_the_file_it_spoke_of(
    marked: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before_the_marker_goes(marked, monkeypatch)
    marked.recover()
    [arrival] = marked.take()
    assert marked.files() == [f"work/{arrival.id}/a.jpg"]


def test_a_marker_that_a_crash_left_does_not_call_the_next_file_whole(
    marked: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before_the_marker_goes(marked, monkeypatch)
    os.utime(marked.inbox.folder / "a.jpg.done", ns=(10**18, 10**18))
    marked.drop("a.jpg", b"half of the ne")
    marked.recover()
    assert marked.sweep().ready == ()
    assert len(marked.take()) == 1


def test_the_next_files_own_marker_stays_with_it(marked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_the_marker_goes(marked, monkeypatch)
    marked.drop("a.jpg", b"the next one")
    marked.drop("a.jpg.done", b"")
    marked.recover()
    marked.sweep()
    assert {arrival.file.read_bytes() for arrival in marked.take()} == {b"content", b"the next one"}
    assert list(marked.inbox.folder.iterdir()) == []


@pytest.mark.parametrize("after", list(After))
def test_a_marker_does_not_speak_of_what_was_written_after_it(service: Service, after: After) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER, after=after)
    marker = service.drop("a.jpg.done", b"")
    os.utime(marker, ns=(10**18, 10**18))
    wait_for_the_next_tick(service)
    service.drop("a.jpg", b"half of it")
    service.sweep()
    assert service.sweep(after=100) == Swept((), (), 1)
    service.drop("a.jpg", b"all of it")
    marker.touch()
    assert len(service.sweep().ready) == 1


def wait_for_the_next_tick(service: Service) -> None:
    """Return when a file made now is newer than those made before, by the file system's clock."""
    first = service.drop(".tick").stat().st_ctime_ns
    while service.drop(".tick").stat().st_ctime_ns == first:
        pass
    (service.inbox.folder / ".tick").unlink()


def test_a_file_with_a_time_in_the_future_is_taken_with_its_marker(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    file = service.drop("a.jpg")
    os.utime(file, ns=(4 * 10**18, 4 * 10**18))  # a camera's clock, kept by the copy
    service.drop("a.jpg.done", b"")
    assert len(service.sweep().ready) == 1


def test_a_document_with_the_name_of_a_marker_is_taken_with_its_own(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ready=Ready.MARKER)
    service.drop("b")
    service.drop("b.done", b"a document")
    service.drop("b.done.done", b"")
    assert len(service.sweep().ready) == 1
    assert [arrival.path for arrival in service.take()] == ["b.done"]
    assert service.sweep() == Swept((), (), 1)  # b has no marker
    assert service.files()[0] == "inbox/b"
