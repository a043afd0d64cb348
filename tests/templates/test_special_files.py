"""A pipe or a device where a file is wanted is a mistake, said at once: none is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segocr.errors import ConfigurationError, SegocrError, TemplateError
from segocr.plainfiles import FileTooLarge, read_plain
from segocr.settings import load_settings
from segocr.templates import find_templates, load_template
from segocr.templates.load import read_route
from segocr.templates.trust import FILE, trusted_models
from segocr.training.card import read_card


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def as_folder(path: Path) -> None:
    path.mkdir()


special = pytest.mark.parametrize("make", [as_pipe, as_endless, as_folder])


@special
def test_it_is_no_template(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "evil"
    folder.mkdir()
    make(folder / "template.yaml")
    for read in (load_template, lambda place: read_route(place / "template.yaml")):
        with pytest.raises(TemplateError):
            read(folder)
    find_templates([tmp_path])


@special
def test_it_is_no_list_of_allowed_texts(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "list.txt")
    (tmp_path / "template.yaml").write_text("template: a\nversion: 1\nfields: {b: {lookup: list.txt}}\n")
    with pytest.raises(TemplateError):
        load_template(tmp_path)


@special
def test_it_is_no_list_of_trusted_models_no_settings_and_no_card(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    for name, read in ((FILE, trusted_models), ("segocr.toml", load_settings), ("model.json", read_card)):
        make(tmp_path / name)
        with pytest.raises(SegocrError) as caught:
            read(tmp_path)
        assert name in caught.value.message


def test_a_list_that_nests_too_deep_is_damaged(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[" * 100_000)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        trusted_models(tmp_path)


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_plain(tmp_path / "a", 5) == b"12345"
    with pytest.raises(FileTooLarge):
        read_plain(tmp_path / "a", 4)


def test_a_folder_in_the_place_of_a_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    opened = Path("/proc/self/fd")
    before = len(list(opened.iterdir()))
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            read_plain(tmp_path, 10)
    assert len(list(opened.iterdir())) == before
