"""What stands at a path, and whether it is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from unprivileged import Unprivileged

from segocr.documents import Document, hashed, opened
from segocr.errors import DocumentError

CONTENT = b"x" * 3_000_000


def read(path: Path, *, max_bytes: int = len(CONTENT)) -> Document:
    with opened(path) as descriptor:
        return hashed(path, descriptor, max_bytes=max_bytes)


def code_of(path: Path, *, follow_links: bool = False) -> str:
    with pytest.raises(DocumentError) as caught, opened(path, follow_links=follow_links):
        pass
    return caught.value.code


def test_a_document_is_known_by_its_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(CONTENT)
    one, other = read(tmp_path / "a"), read(tmp_path / "b")
    assert one.sha256 == other.sha256
    assert one.size == len(CONTENT)


def test_a_link_is_followed_only_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    link = tmp_path / "link"
    link.symlink_to("file")
    assert code_of(link) == "not-a-file"
    with opened(link, follow_links=True) as descriptor:
        assert hashed(link, descriptor, max_bytes=len(CONTENT)).size == len(CONTENT)


@pytest.mark.parametrize(
    ("target", "code"), [("nowhere", "not-found"), ("link", "not-a-file"), ("/dev/zero", "not-a-file")]
)
def test_a_link_to_no_file_is_refused(tmp_path: Path, target: str, code: str) -> None:
    (tmp_path / "link").symlink_to(target)
    assert code_of(tmp_path / "link", follow_links=True) == code


def test_pipes_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert code_of(tmp_path / "pipe") == "not-a-file"
    assert code_of(tmp_path) == "not-a-file"


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (CONTENT, "too-large")])
def test_size_is_looked_at_before_a_byte_is_read(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        read(tmp_path / "file", max_bytes=1000)
    assert caught.value.code == code


def test_a_file_that_this_user_may_not_read_says_so(unprivileged: Unprivileged) -> None:
    closed = unprivileged.folder / "closed"
    closed.touch(mode=0o000)
    program = (
        "from pathlib import Path\n"
        "from segocr.documents import opened\n"
        "from segocr.errors import DocumentError\n"
        "try:\n    with opened(Path('closed')):\n        pass\n"
        "except DocumentError as error:\n    print(error.code)\n"
    )
    done = unprivileged.run([sys.executable, "-c", program])
    assert done.stdout == "no-access\n", done.stderr
