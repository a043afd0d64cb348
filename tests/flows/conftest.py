"""One local Prefect server for all tests of flows: it takes about ten seconds to start."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from flows.server import local_server


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Let pass what Prefect does: it leaves connections to the garbage collector."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API's URL of a running server, which flows in this process use."""
    with local_server(Path(tmp_path_factory.mktemp("workspace"))) as url:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # importing Prefect warns about its own dependencies
            import prefect  # noqa: F401
        yield url
    gc.collect()
