"""Links that somebody puts into an inbox, at whatever moment, lead nowhere."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
from pathlib import Path

import pytest
from inbox_service import Service

from segocr.documents import opened
from segocr.errors import DocumentError
from segocr.inbox.claimed import is_unchanged, put_back
from segocr.inbox.holding import Hold
from segocr.inbox.places import After
from segocr.inbox.scanning import scan
from segocr.inbox.taking import Swept, move_claimed


def test_only_regular_files_are_taken(service: Service, tmp_path: Path) -> None:
    folder = service.inbox.folder
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "passport.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(secret / "passport.jpg")
    (folder / "folder").symlink_to(secret)
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s.jpg"))
        assert list(scan(service.inbox)) == []
    service.sweep()
    assert service.sweep(after=10) == Swept((), (), 0)


def test_a_folder_replaced_by_a_link_after_the_scan_is_not_followed(service: Service, tmp_path: Path) -> None:
    service.drop("sub/a.jpg")
    service.sweep()
    [waiting] = service.ledger.waiting(service.inbox.key).values()
    service.clock.on(10)
    (tmp_path / "elsewhere").mkdir()
    (service.inbox.folder / "sub").rename(tmp_path / "elsewhere" / "sub")
    (service.inbox.folder / "sub").symlink_to(tmp_path / "elsewhere" / "sub")
    [claimed] = service.ledger.claim([waiting.id], "me", 60)

    hold = Hold(service.ledger, "me", [claimed])
    assert move_claimed(service.inbox, service.places, service.ledger, hold) == ([], None)
    assert (tmp_path / "elsewhere" / "sub" / "a.jpg").read_bytes() == b"content"


def put_link(service: Service, elsewhere: Path) -> None:
    """Put a link in the place of the sub-folder ``sub``."""
    shutil.rmtree(service.inbox.folder / "sub", ignore_errors=True)
    (service.inbox.folder / "sub").symlink_to(elsewhere)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder that only this user may read, with a file of the same name, size and time as ``sub/a.jpg``."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    (folder / "a.jpg").write_bytes(b"private")
    os.utime(folder / "a.jpg", ns=(10**18, 10**18))
    return folder


def drop_in_sub(service: Service) -> None:
    os.utime(service.drop("sub/a.jpg"), ns=(10**18, 10**18))
    service.sweep()


def test_a_file_is_not_put_back_through_a_link(either: Service, private: Path) -> None:
    drop_in_sub(either)
    either.sweep(after=10)
    [arrival] = either.take()
    (private / "a.jpg").unlink()
    put_link(either, private)
    put_back(arrival, either.ledger)
    assert list(private.iterdir()) == []
    assert (either.inbox.folder / "a.jpg").read_bytes() == b"content"
    either.sweep()
    assert len(either.sweep(after=10).ready) == 1


def test_a_file_goes_back_to_its_sub_folder_which_is_made_again(either: Service) -> None:
    either.drop("sub/below/a.jpg")
    either.sweep()
    either.sweep(after=10)
    [arrival] = either.take()
    shutil.rmtree(either.inbox.folder / "sub")
    put_back(arrival, either.ledger)
    assert [one.path for one in scan(either.inbox)] == ["sub/below/a.jpg"]
    assert list(either.places.work.iterdir()) == []


def test_a_file_whose_sub_folder_became_a_file_goes_to_the_top(either: Service) -> None:
    drop_in_sub(either)
    either.sweep(after=10)
    [arrival] = either.take()
    (either.inbox.folder / "sub").rmdir()
    either.drop("sub", b"a file")
    put_back(arrival, either.ledger)
    assert {one.path for one in scan(either.inbox)} == {"a.jpg", "sub"}


def test_what_a_link_leads_to_is_not_read_where_files_are_left(service: Service, private: Path) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.LEAVE)
    drop_in_sub(service)
    [waiting] = service.ledger.waiting(service.inbox.key).values()
    [claimed] = service.ledger.claim([waiting.id], "me", 60)
    put_link(service, private)
    assert claimed.file.read_bytes() == b"private"  # so it is, for whoever follows links
    hold = Hold(service.ledger, "me", [claimed])
    assert move_claimed(service.inbox, service.places, service.ledger, hold) == ([], None)


def test_a_file_behind_a_link_is_not_the_one_that_was_hashed(service: Service, tmp_path: Path) -> None:
    service.inbox = dataclasses.replace(service.inbox, after=After.LEAVE)
    drop_in_sub(service)
    service.sweep(after=10)
    [arrival] = service.take()
    assert is_unchanged(arrival)
    shutil.move(service.inbox.folder / "sub", tmp_path / "moved")
    put_link(service, tmp_path / "moved")
    assert not is_unchanged(arrival)


def test_no_link_is_followed_below_a_folder_that_others_write_in(service: Service, private: Path) -> None:
    root = service.inbox.folder
    put_link(service, private)
    for path in (root / "sub" / "a.jpg", root / "sub"):
        with pytest.raises(DocumentError) as caught, opened(path, below=root, follow_links=True):
            pass
        assert caught.value.code == "not-a-file"
    (root / "real").mkdir()
    (root / "real" / "a.jpg").write_bytes(b"x")
    linked = root.with_name("linked")
    linked.symlink_to(root)  # the way to the inbox is its owner's own choice
    with opened(linked / "real" / "a.jpg", below=linked) as descriptor:
        assert os.read(descriptor, 10) == b"x"
