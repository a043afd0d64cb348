"""``segocr template`` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_models import checkpoint, onnx

from segocr.cli.template import command
from segocr.errors import SegocrError, TemplateError, UsageError


def run(*arguments: str) -> str:
    """Run a subcommand; errors come out as they are."""
    done = CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)
    return done.stdout


def fails(*arguments: str) -> SegocrError:
    with pytest.raises(SegocrError) as caught:
        run(*arguments)
    return caught.value


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "segocr.toml").write_text("")
    (tmp_path / "templates").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_finds_every_template_and_names_a_mistake(workspace: Path) -> None:
    rows = json.loads(run("check", "--json"))
    assert {"receipt", "passport", "license_plate"} <= {row["template"] for row in rows}
    (workspace / "templates" / "lease").mkdir()
    (workspace / "templates" / "lease" / "template.yaml").write_text(
        "template: lease\nversion: 0\nfields: {a: {}}\n"
    )
    error = fails("check")
    assert isinstance(error, TemplateError)
    assert "template.yaml:2:10" in str(error)
    assert error.exit_code == 4


def test_show_fills_in_defaults(workspace: Path) -> None:
    shown = json.loads(run("show", "passport", "--json"))
    assert shown["template"] == "passport"
    assert {field["field"] for field in shown["fields"]} >= {"mrz_line1", "birth_date"}
    assert "mrz_line2.birth_date" in run("show", "passport")


def test_the_schema_names_every_key_and_value() -> None:
    schema = json.loads(run("schema"))
    field = schema["$defs"]["FieldWritten"]
    assert {"class", "type", "from", "part", "validators"} <= set(field["properties"])
    assert field["properties"]["type"]["enum"][0] == "text"
    assert field["additionalProperties"] is False


def test_new_drafts_from_a_model_and_the_draft_checks(workspace: Path) -> None:
    model = onnx(workspace / "best.onnx", "{0: 'date', 1: 'total'}")
    run("new", "delivery_note", "--model", str(model))
    assert (workspace / "templates" / "delivery_note" / "model.onnx").is_file()
    [row] = json.loads(run("check", "delivery_note", "--json"))
    assert (row["template"], row["fields"]) == ("delivery_note", 2)
    assert "delivery_note" in run("list")


def test_trust_needs_a_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = checkpoint(workspace / "m.pt", {0: "a"})
    assert str(model) in run("trust", str(model))
    assert list(json.loads((workspace / "trusted-models.json").read_text()).values()) == [str(model)]
    outside = workspace / "elsewhere"
    (workspace / "segocr.toml").unlink()
    outside.mkdir()
    monkeypatch.chdir(outside)
    assert isinstance(fails("trust", str(model)), UsageError)
