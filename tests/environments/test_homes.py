"""A ``SEGOCR_HOME`` that cannot hold environments is one error, which says what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from unprivileged import Unprivileged

from segocr.environments.build import create
from segocr.errors import ConfigurationError, EnvironmentMissing


@pytest.mark.parametrize("place", ["a-file", "a-file/below", "/proc/no-such", "x" * 300])
def test_a_home_where_no_folder_can_be_made_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path / place))
    with pytest.raises(EnvironmentMissing, match="set SEGOCR_HOME to a folder") as caught:
        create("validate", report=lambda line: None)
    assert caught.value.code == "build-failed"
    assert str(tmp_path / place) in caught.value.message


def test_a_home_that_begins_with_an_unknown_user_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGOCR_HOME", "~no-such-user/segocr")
    with pytest.raises(ConfigurationError, match="SEGOCR_HOME is ~no-such-user/segocr"):
        create("validate", report=lambda line: None)


@pytest.mark.parametrize(("mode", "action"), [(0o555, "create"), (0o000, "create"), (0o000, "remove")])
def test_a_home_without_access_is_one_error(unprivileged: Unprivileged, mode: int, action: str) -> None:
    place = unprivileged.folder / "home"
    place.mkdir(mode=mode)
    command = [sys.executable, "-m", "segocr.cli", "env", action, "validate"]
    ended = unprivileged.run(command, env=os.environ | {"SEGOCR_HOME": str(place)})
    assert ended.returncode == 5
    assert "Permission denied" in ended.stderr and "set SEGOCR_HOME to a folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_guest_code_is_kept_elsewhere_where_the_home_may_not_be_looked_into(
    unprivileged: Unprivileged,
) -> None:
    place, cache = unprivileged.folder / "home", unprivileged.folder / "cache"
    place.mkdir(mode=0)
    code = "from segocr.environments.guestcode import guest_code; print(guest_code()[0])"
    names = {"SEGOCR_HOME": str(place), "XDG_CACHE_HOME": str(cache)}
    ended = unprivileged.run([sys.executable, "-c", code], env=os.environ | names)
    assert ended.stdout.startswith(str(cache)), ended.stderr
