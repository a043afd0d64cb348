"""The files in ``deployments/`` name things that exist."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"


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
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_the_deployments_prefect_is_the_pinned_one() -> None:
    pins = (ROOT / "segocr" / "environments" / "core.txt").read_text("utf-8").splitlines()
    assert f"prefect=={load('prefect.yaml')['prefect-version']}" in pins


def test_containers_and_units_start_programs_of_the_checkout() -> None:
    services = load("compose.yaml")["services"]
    assert {"database", "prefect", "worker"} == set(services)
    assert (DEPLOYMENTS / "../deployments" / "Containerfile").is_file()
    assert services["worker"]["build"]["dockerfile"] == "deployments/Containerfile"
    for unit in (DEPLOYMENTS / "systemd").iterdir():
        command = re.search(r"^ExecStart=(\S+)", unit.read_text("utf-8"), re.MULTILINE)
        assert command is not None
        assert command[1] == "/opt/segocr/.venv/bin/prefect"


def test_every_pin_is_a_name_and_a_version() -> None:
    for file in (ROOT / "segocr" / "environments").glob("*.txt"):
        for line in file.read_text("utf-8").splitlines():
            assert line.startswith("#") or not line or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][\w.]*", line), (
                file,
                line,
            )
