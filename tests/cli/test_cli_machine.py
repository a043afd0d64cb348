"""``segocr env``, ``hosts`` and ``doctor``: what this machine has, and what mends what it lacks."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segocr import cli
from segocr.cli import checkup
from segocr.cli.checkup import Health
from segocr.environments.specs import SPECS
from segocr.settings import EnvironmentSettings, Settings
from segocr.steps.client import Steps
from segocr.templates import load_template


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any environment, outside a workspace."""
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_env_list_says_what_is_absent(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["env", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == list(SPECS)
    assert {one["state"] for one in listed} == {"absent"}


def test_env_create_checks_all_names_before_it_builds(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["env", "create", "open", "opne"]) == 5
    assert "did you mean 'open'?" in capsys.readouterr().err
    assert not (bare / "home").exists()


def test_env_create_takes_names_or_all(bare: Path) -> None:
    assert cli.run(["env", "create", "open", "--all"]) == 2


def test_env_remove_of_what_is_not_there_is_an_error(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["env", "remove", "torch"]) == 5
    assert "segocr env list" in capsys.readouterr().err


def test_doctor_on_a_bare_machine_names_each_command_that_mends_it(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["doctor", "--json"]) == 5
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    by_name = {(one["kind"], one["name"]): one for one in report["findings"]}
    for name in ("open", "openvino", "validate"):
        assert by_name["environment", name]["health"] == "broken"
        assert by_name["environment", name]["mend"] == f"segocr env create {name}"
    assert by_name["environment", "torch"]["health"] == "absent"
    assert by_name["engine", "segment/openvino"]["mend"] == "segocr env create openvino"
    assert by_name["database", "-"]["mend"] == "segocr init"


def test_doctor_prints_what_to_do_last(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor"]) == 5
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "the default engines do not work"
    assert "    segocr env create openvino" in lines


def test_an_interpreter_that_is_no_environment_is_broken(bare: Path) -> None:
    named = EnvironmentSettings(python=bare / "no" / "python")
    settings = Settings(environments={"openvino": named})
    found = {one.name: one for one in checkup.environments(settings)}
    assert found["openvino"].health is Health.BROKEN


def test_a_head_says_itself_where_it_comes_from() -> None:
    with Steps(shared=False) as steps:
        found = {one.name: one for one in checkup.models([load_template("receipt")], frozenset(), steps)}
    head = found["receipt (segment/textlines)"]
    assert head.health is Health.OK
    assert "SROIE" in head.detail
    assert "CC-BY-4.0" in head.detail


def test_a_damaged_head_is_broken(tmp_path: Path) -> None:
    template = dataclasses.replace(load_template("receipt"), folder=tmp_path)
    (tmp_path / "head.npz").write_bytes(b"no head")
    with Steps(shared=False) as steps:
        found = {one.name: one for one in checkup.models([template], frozenset(), steps)}
    assert found["receipt (segment/textlines)"].health is Health.BROKEN
    assert "segocr train" in found["receipt (segment/textlines)"].mend


@pytest.mark.parametrize(
    ("there", "health"),
    [
        ("head.npz", [Health.OK, Health.ABSENT]),
        ("model.onnx", [Health.ABSENT, Health.OK]),
        (None, [Health.BROKEN, Health.ABSENT]),
    ],
)
def test_a_model_that_a_template_does_without_is_absent_and_not_broken(
    tmp_path: Path, there: str | None, health: list[Health]
) -> None:
    receipt = load_template("receipt")
    engines = dataclasses.replace(receipt.segment, engines=("textlines", "openvino"))
    template = dataclasses.replace(receipt, folder=tmp_path, segment=engines)
    if there == "head.npz":
        shutil.copy(receipt.folder / receipt.segment.head, tmp_path / receipt.segment.head)
    elif there:
        (tmp_path / there).write_bytes(b"a model")
    with Steps(shared=False) as steps:
        found = [one.health for one in checkup.models([template], frozenset(), steps)]
    assert found == health


def test_a_model_file_that_its_card_does_not_know_is_broken(tmp_path: Path) -> None:
    template = dataclasses.replace(load_template("passport"), folder=tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"another model")
    card = {
        "name": "passport", "architecture": "x", "files": {"model.onnx": {"sha256": "0" * 64, "bytes": 1}},
        "classes": [], "image_size": 640, "label_padding": 0.0, "data": [], "licence": "x", "versions": {},
        "training": {}, "metrics": {},
    }  # fmt: skip
    (tmp_path / "model.json").write_text(json.dumps(card))
    with Steps(shared=False) as steps:
        found = list(checkup.models([template], frozenset(), steps))
    first = found[0]
    assert first.health is Health.BROKEN
    assert "is not the one in model.json" in first.detail


@pytest.fixture
def keeper(bare: Path) -> Iterator[subprocess.Popen[str]]:
    """``segocr hosts`` in a process; its address is its own, because SEGOCR_HOME is."""
    command = [sys.executable, "-m", "segocr.cli", "hosts"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    assert "hosts are kept warm" in process.stderr.readline()
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_hosts_are_listed_and_stopped(
    keeper: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["hosts", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert cli.run(["hosts"]) == 5
    assert "a keeper is running already" in capsys.readouterr().err
    assert cli.run(["hosts", "--stop"]) == 0
    assert keeper.wait(timeout=20) == 0
    assert cli.run(["hosts", "--stop"]) == 5
    assert "no keeper is running" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_keeper_in_order(keeper: subprocess.Popen[str], number: signal.Signals) -> None:
    keeper.send_signal(number)
    assert keeper.wait(timeout=20) == 0


def test_doctor_finds_the_default_engines_working(
    require: Callable[[str, object, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    built = [one for one in checkup.environments(Settings()) if one.needed]
    ready = all(one.health is Health.OK for one in built)
    require("environments", ready, "the default engines' environments are not built: segocr env create")
    with Steps(shared=False) as steps:
        started = {
            one.name: one
            for spec in checkup.ENGINES.values()
            if spec.key in checkup.DEFAULT_ENGINES
            for one in [checkup._engine(spec, Settings(), steps)]
        }
    assert set(started) == checkup.DEFAULT_ENGINES
    assert {one.health for one in started.values()} == {Health.OK}
    assert "devices" in started["segment/openvino"].detail
