"""``segocr template`` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_models import checkpoint, onnx

from segocr.cli import group
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


def write(workspace: Path, name: str, more: str) -> None:
    folder = workspace / "templates" / name
    folder.mkdir()
    (folder / "template.yaml").write_text(f"template: {name}\nversion: 1\n{more}\n")


def test_list_says_what_each_takes_and_which_has_a_mistake(workspace: Path) -> None:
    write(workspace, "lease", "route: {folder: in, files: ['a*', 'b*']}\nfields: {a: {}}")
    write(workspace, "bill", "route: {folder: bills}\nfields: {a: {pattern: '('}}")
    rows = {row["template"]: row for row in json.loads(run("list", "--json"))}
    assert (rows["lease"]["takes"], rows["lease"]["mistake"]) == ("in/ a*, b*", None)
    assert rows["bill"]["takes"] is None
    assert "template.yaml:4:" in rows["bill"]["mistake"]


@pytest.mark.parametrize("subcommand", ["list", "check"])
def test_two_templates_of_one_route_are_told_of(workspace: Path, subcommand: str) -> None:
    for name in ("lease", "bill"):
        write(workspace, name, "route: {folder: in}\nfields: {a: {}}")
    done = CliRunner().invoke(command, [subcommand], catch_exceptions=False, standalone_mode=False)
    assert "the same route for bill, lease" in done.stderr


def test_check_looks_at_the_files_of_models(workspace: Path) -> None:
    write(workspace, "lease", "fields: {a: {}}")
    (workspace / "templates" / "lease" / "model.onnx").write_bytes(b"\x3a\xff\xff\x03 a stump")
    error = fails("check", "lease")
    assert (error.code, error.exit_code) == ("model-broken", 5)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "lease", "--engine", "textlines", "--data", "."], "labels"),
        (["train", "lease", "--data", "."], "labels"),
        (["dataset", "check", ".", "--template", "lease"], "labels"),
        (["constraint", "explain", "--field", "lease.nothing"], "usage"),
        (["template", "check", "lease"], "class-missing"),
    ],
)
def test_a_model_without_the_class_keeps_nobody_from_making_one_that_has_it(
    workspace: Path, arguments: list[str], code: str
) -> None:
    write(workspace, "lease", "fields: {state: {}}")
    onnx(workspace / "templates" / "lease" / "model.onnx", "{0: 'staet'}")
    with pytest.raises(SegocrError) as caught:
        CliRunner().invoke(group, arguments, catch_exceptions=False, standalone_mode=False)
    assert caught.value.code == code


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
