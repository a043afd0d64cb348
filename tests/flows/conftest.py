"""One local Prefect server for all tests of flows: it takes about ten seconds to start."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server import local_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API's URL of a running server, which flows in this process use."""
    with local_server(Path(tmp_path_factory.mktemp("workspace"))) as url:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing Prefect warns about its own dependencies
            import prefect  # noqa: F401
        yield url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Prefect leaves connections to the garbage collector
        gc.collect()
