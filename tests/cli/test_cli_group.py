"""The command group: fast, lazy, and every mistake answered with what to do next."""

from __future__ import annotations

import subprocess
import sys

import pytest

from segocr import cli

HEAVY = {"numpy", "cv2", "prefect", "sqlalchemy", "pydantic", "rich", "jinja2", "db", "flows"}


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from segocr.cli import run; code = run(['--help']); "
        f"heavy = {HEAVY!r} & set(sys.modules); print(code, sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"
    assert "Exit codes" in done.stdout


def test_every_listed_command_has_a_command() -> None:
    context = cli.group.make_context("segocr", ["--help"], resilient_parsing=True)
    for name in cli.group.list_commands(context):
        command = cli.group.get_command(context, name)
        assert command is not None, name
        assert command.name == name
        assert command.get_short_help_str(), f"{name} has no help"


def test_an_unknown_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["extrakt"]) == 2
    error = capsys.readouterr().err
    assert "there is no command 'extrakt'" in error
    assert "did you mean 'extract'?" in error


def test_an_unknown_option_is_a_usage_error_with_the_help_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", "--nonsense"]) == 2
    error = capsys.readouterr().err
    assert "--nonsense" in error
    assert "see: segocr init --help" in error
