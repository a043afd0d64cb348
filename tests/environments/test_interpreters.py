"""Whatever ``segocr env create --python`` names, the answer is a version or one error."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from segocr import cli
from segocr.environments import interpreters
from segocr.environments.interpreters import version_of
from segocr.errors import EnvironmentMissing


def program(folder: Path, text: str) -> Path:
    """Write a shell script that can be run."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def processes() -> Iterator[tuple[int, int]]:
    """Yield process and process group of all that run; zombies do not."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended in between
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            if state != "Z":
                yield int(path.parent.name), int(group)


def test_an_interpreter_says_its_version(tmp_path: Path) -> None:
    assert version_of(Path(sys.executable)) == sys.version_info[:2]
    talkative = program(tmp_path, f'echo hello; echo "python 1 x" >&2; exec {sys.executable} "$@"')
    assert version_of(talkative) == sys.version_info[:2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 0", "is no Python: it said nothing"),
        ("echo 3", "is no Python: it said '3'"),
        ("printf 'python 3 %05000d' 0", "is no Python: it said 'python 3 0000"),
        ("echo python three twelve", "is no Python: it said 'python three twelve'"),
        ("head -c 300 /dev/zero | tr '\\\\0' '\\\\377'", "is no Python: it said "),
        (
            "echo libpython is missing >&2; exit 127",
            r"does not run \(status 127\): it said 'libpython is missing'",
        ),
    ],
)
def test_what_is_no_python_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EnvironmentMissing, match=said) as caught:
        version_of(program(tmp_path, text))
    assert caught.value.code == "python-version"
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "text", ["sleep 60", "sleep 60 & exit 0", "trap '' PIPE; while :; do echo; done 2>&-"]
)
def test_what_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(interpreters, "ANSWER_SECONDS", 0.5)
    python = program(tmp_path, f"echo $$ > {tmp_path}/group; {text}")
    started = time.monotonic()
    with pytest.raises(EnvironmentMissing) as caught:
        version_of(python)
    assert caught.value.code == "python-version"
    assert time.monotonic() - started < 20
    group = int((tmp_path / "group").read_text())
    assert [pid for pid, of in processes() if of == group] == []


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    for path, why in (
        (plain, "Permission denied"),
        (tmp_path, "Permission denied"),
        (plain / "x", "Not a dir"),
    ):
        with pytest.raises(EnvironmentMissing, match=why):
            version_of(path)


@pytest.mark.parametrize("named", ["./python", "python"])
def test_a_name_is_looked_for_as_a_shell_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    program(here, "echo here")
    program(there, "echo there")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", f"{there}:{os.environ['PATH']}")
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path / "home"))
    assert cli.run(["env", "create", "validate", "--python", named]) == 5
    where = here if named.startswith(".") else there
    assert f"{where}/python is no Python: it said '{where.name}'" in capsys.readouterr().err
