"""Which files paths name, on the command line and in Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from unprivileged import Unprivileged

from segocr.errors import UsageError
from segocr.inputs import Inputs, find_inputs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jpg", "a.PNG", "sub/c.pdf", "notes.txt", ".hidden.jpg", ".git/d.jpg", "sub/Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str | Path) -> list[str]:
    return [str(path) for path in find_inputs(paths).files]


def test_a_folder_is_its_documents_sorted_and_the_others_are_counted(folder: Path) -> None:
    assert names(".") == ["a.PNG", "b.jpg", "sub/c.pdf"]
    assert find_inputs(["."]).others == 2


def test_a_single_path_needs_no_list(folder: Path) -> None:
    assert find_inputs("sub") == find_inputs(Path("sub")) == Inputs((Path("sub/c.pdf"),), others=1)


def test_a_named_file_is_taken_whatever_its_name(folder: Path) -> None:
    assert names("notes.txt", "missing.jpg", ".hidden.jpg") == ["notes.txt", "missing.jpg", ".hidden.jpg"]


def test_a_pattern_means_what_it_matches_as_if_the_shell_had_expanded_it(folder: Path) -> None:
    assert names("*.jpg") == ["b.jpg"]
    assert names("**/*.pdf") == ["sub/c.pdf"]
    assert names("[ns]*") == ["notes.txt", "sub/c.pdf"]


def test_a_pattern_without_match_is_a_usage_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="no file matches"):
        find_inputs(["*.tiff"])


def test_a_file_with_the_letters_of_a_pattern_is_itself(folder: Path) -> None:
    (folder / "x[1].jpg").write_bytes(b"x")
    assert names("x[1].jpg") == ["x[1].jpg"]
    assert names(Path("y[1].jpg")) == ["y[1].jpg"]


def test_what_folders_and_patterns_stand_for_comes_once(folder: Path) -> None:
    assert names("b.jpg", ".") == ["b.jpg", "a.PNG", "sub/c.pdf"]
    assert names(".", "b.jpg", "*.jpg", "sub") == ["a.PNG", "b.jpg", "sub/c.pdf"]


def test_a_file_comes_as_often_as_it_is_named_itself(folder: Path) -> None:
    assert names("b.jpg", Path("b.jpg"), "*.jpg") == ["b.jpg", "b.jpg"]


def test_pipes_are_listed_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "p.jpg")
    assert "p.jpg" in names(".")


def test_links_to_files_are_files_and_dead_ones_are_not_passed_over(folder: Path) -> None:
    (folder / "sub" / "alive.jpg").symlink_to(folder / "notes.txt")
    (folder / "sub" / "dead.jpg").symlink_to("nowhere")
    (folder / "sub" / "dead").symlink_to("nowhere")
    assert names("sub") == ["sub/alive.jpg", "sub/c.pdf", "sub/dead.jpg"]
    assert names("sub/dead", "sub/dead.*") == ["sub/dead", "sub/dead.jpg"]


def test_links_to_folders_are_followed_where_they_are_named_and_counted_below(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "other").symlink_to(folder / "sub")
    found = find_inputs(["."])
    assert [str(path) for path in found.files] == ["a.PNG", "b.jpg", "sub/c.pdf"]
    assert found.linked == 2
    assert names("other") == ["other/c.pdf"]


def test_a_pattern_of_any_depth_leaves_links_to_folders_out_and_counts_them(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "sub" / "again").symlink_to(folder)  # with two, following them would never end
    (folder / "other").symlink_to(folder / "sub")
    documents, others = ["a.PNG", "b.jpg", "sub/c.pdf"], ["notes.txt", "sub/Thumbs.db"]
    for pattern in ("**/*.[jpP]*", "**//**/*.[jpP]*", "**/"):
        assert names(pattern) == documents
        assert find_inputs([pattern]).linked == 3
    for pattern in ("**", "**/*"):
        assert sorted(names(pattern)) == sorted(documents + others)
        assert find_inputs([pattern]).linked == 3
    assert names("**/*/") == ["sub/c.pdf"]
    assert names("**/sub/*.pdf") == names("sub/**/c.pdf") == names("s*/**/*.pdf") == ["sub/c.pdf"]
    assert names(f"{folder}/**/*.pdf") == [f"{folder}/sub/c.pdf"]


def test_a_link_that_a_pattern_names_is_followed(folder: Path) -> None:
    (folder / "other").symlink_to(folder / "sub")
    assert names("other/**/*.pdf") == names("o*/*.pdf") == names("oth*/**/*.pdf") == ["other/c.pdf"]


def test_a_pattern_does_not_see_hidden_files(folder: Path) -> None:
    assert names("**/*.jpg") == ["b.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty path"),
        ("-", "standard input"),
        ("https://example.com/a.png", "an address, not a file"),
        ("s3://bucket/in/*.png?x=[1]", "an address, not a file"),
    ],
)
def test_a_text_that_names_no_file_is_a_usage_error(folder: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_inputs([text])
    assert caught.value.hint


def test_a_file_that_is_there_may_have_any_name(folder: Path) -> None:
    (folder / "-").write_bytes(b"x")
    assert names("-") == ["-"]


def test_a_folder_that_cannot_be_listed_is_not_passed_over(unprivileged: Unprivileged) -> None:
    closed = unprivileged.folder / "closed"
    closed.mkdir(mode=0o000)
    (unprivileged.folder / "a.jpg").write_bytes(b"x")
    program = "from segocr.inputs import find_inputs; print(*find_inputs('.').files, find_inputs('closed'))"
    done = unprivileged.run([sys.executable, "-c", program])
    closed.chmod(0o700)
    assert done.stdout.split() == ["a.jpg", "closed", "Inputs(files=(PosixPath('closed'),),", "others=0,",
                                   "linked=0)"], done.stderr  # fmt: skip
