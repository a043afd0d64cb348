from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segocr.environments.locate import State, resolve, status_of
from segocr.steps.client import Steps

Require = Callable[[str, object, str], None]


@pytest.fixture(scope="session")
def environment(require: Require) -> Callable[[str], Path]:
    """Give an environment's interpreter, or skip (fail where the reason, its name, is required)."""

    def interpreter(name: str) -> Path:
        built = status_of(name).state is State.BUILT
        require(name, built, f"the environment is not built; segocr env create {name}")
        return resolve(name)

    return interpreter


@pytest.fixture(scope="session")
def steps(environment: Callable[[str], Path]) -> Iterator[Steps]:
    """Hosts of the default engines, shared by the tests."""
    for name in ("open", "openvino"):
        environment(name)
    with Steps(shared=False) as steps:
        yield steps


@pytest.fixture(scope="session")
def drawn_files(environment: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents in every format, drawn with Pillow, which only the environment ``open`` has."""
    folder = tmp_path_factory.mktemp("documents")
    script = Path(__file__).with_name("draw_documents.py")
    subprocess.run([environment("open"), "-I", script, folder], check=True, timeout=120)
    return folder
