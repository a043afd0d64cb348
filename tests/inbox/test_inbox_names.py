"""Names: which are passed over, and that any other goes all the way and back."""

from __future__ import annotations

import dataclasses

import pytest
from inbox_service import Service

from segocr.inbox.claimed import put_back
from segocr.inbox.scanning import scan


@pytest.mark.parametrize(
    "name",
    [".hidden.jpg", "~$letter.docx", "._a.jpg", ".DS_Store", "a.jpg.part", "a.crdownload", "x.tmp",
     "Thumbs.db", "SCAN.TMP", "X.PART", "THUMBS.DB", ".folder/a.jpg", "copying.partial/a.jpg"],
)  # fmt: skip
def test_ignored_names_are_never_taken(service: Service, name: str) -> None:
    service.drop(name)
    assert list(scan(service.inbox)) == []


def test_further_names_are_ignored_in_capitals_too(service: Service) -> None:
    service.inbox = dataclasses.replace(service.inbox, ignore=("*.bak",))
    service.drop("A.BAK")
    service.drop("a.jpg")
    assert [one.path for one in scan(service.inbox)] == ["a.jpg"]


@pytest.mark.parametrize(
    "name", ["a b.jpg", "bad\udcff\udc80.jpg", "new\nline.jpg", "back\\slash.jpg", "-rf", "x" * 255]
)
def test_any_name_goes_all_the_way(service: Service, name: str) -> None:
    service.drop(name)
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    assert arrival.path == name
    place = service.end(arrival)
    assert place is not None
    assert place.read_bytes() == b"content"
    assert place.name.startswith(f"{arrival.id}-")
    assert place.parent == service.places.done / "2026-03-01"
    assert len(service.files()) == 1


def test_putting_back_replaces_no_newer_file(service: Service) -> None:
    service.drop("a.jpg", b"old")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.drop("a.jpg", b"new")
    put_back(arrival, service.ledger)
    assert service.files() == ["inbox/a (2).jpg", "inbox/a.jpg"]


@pytest.mark.parametrize(
    ("name", "numbered"),
    [
        ("x" * 251 + ".jpg", "x" * 247 + " (2).jpg"),
        ("x" * 255, "x" * 251 + " (2)"),
        ("ä" * 125 + ".jpg", "ä" * 123 + " (2).jpg"),
        ("ä" * 125 + "x.jpg", "ä" * 123 + " (2).jpg"),
        ("\udcff" * 251 + ".jpg", "\udcff" * 247 + " (2).jpg"),
        ("a." + "x" * 253, "a." + "x" * 249 + " (2)"),
        ("a.jpg", "a (2).jpg"),
        (".a", ".a (2)"),
    ],
)
def test_putting_back_numbers_the_longest_names_too(service: Service, name: str, numbered: str) -> None:
    service.inbox = dataclasses.replace(service.inbox, ignore=())
    service.drop(name, b"old")
    service.sweep()
    service.sweep(after=10)
    [arrival] = service.take()
    service.drop(name, b"new")
    put_back(arrival, service.ledger)
    found = {path.name: path.read_bytes() for path in service.inbox.folder.iterdir()}
    assert found == {name: b"new", numbered: b"old"}
