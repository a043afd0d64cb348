"""``segocr init`` makes a workspace that works at once, and never spoils one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unprivileged import Unprivileged

from segocr import cli


@pytest.fixture(autouse=True)
def _own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)


def test_a_new_workspace_answers_a_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "work space é#1"
    assert cli.run(["init", str(folder)]) == 0
    assert {"segocr.toml", "inbox", "templates", "segocr.db"} <= {path.name for path in folder.iterdir()}
    monkeypatch.chdir(folder / "inbox")
    capsys.readouterr()
    assert cli.run(["query", "select count(*) as n from passport", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 0}]


def test_again_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init", str(tmp_path)])
    (tmp_path / "segocr.toml").write_text("[limits]\npages = 7\n")
    capsys.readouterr()
    assert cli.run(["init", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"workspace": str(tmp_path), "made": []}
    assert (tmp_path / "segocr.toml").read_text() == "[limits]\npages = 7\n"


def test_a_folder_that_cannot_be_written_is_one_error(unprivileged: Unprivileged) -> None:
    import sys

    unprivileged.folder.chmod(0o500)
    done = unprivileged.run([sys.executable, "-m", "segocr.cli", "init", unprivileged.folder / "w"])
    assert done.returncode == 4
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_templates_with_validators_of_the_workspace_s_own_are_known_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "templates" / "lease"
    folder.mkdir(parents=True)
    (tmp_path / "validators").mkdir()
    (tmp_path / "validators" / "own.py").write_text("def even(text): ...\n")
    (folder / "template.yaml").write_text("template: lease\nversion: 1\nfields:\n  a: {validators: [even]}\n")
    assert cli.run(["init", str(tmp_path)]) == 0, capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert cli.run(["query", "select count(*) as n from lease", "--json"]) == 0
    assert cli.run(["bench", "lease"]) == 2
    assert "there are no pictures" in capsys.readouterr().err
