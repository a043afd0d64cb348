from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segocr.environments.locate import State, resolve, status_of
from segocr.steps.client import Steps

Require = Callable[[str, object, str], None]


@pytest.fixture(scope="session")
def openvino(require: Require) -> Callable[[], Path]:
    """Give the interpreter of the environment openvino, or skip."""

    def interpreter() -> Path:
        built = status_of("openvino").state is State.BUILT
        require("openvino", built, "the environment is not built; segocr env create openvino")
        return resolve("openvino")

    return interpreter


@pytest.fixture(scope="session")
def steps(openvino: Callable[[], Path]) -> Iterator[Steps]:
    """Hosts for these tests."""
    openvino()
    with Steps(shared=False) as steps:
        yield steps
