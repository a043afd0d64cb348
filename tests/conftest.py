"""What all tests share: the labelled data, what may be skipped, and another user's rights."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from drawn_records import HOSTILE, Drawn, draw_document
from drawn_records import failed_record as make_failed_record
from postgresql_server import postgresql  # noqa: F401  # a fixture
from unprivileged import Unprivileged

from segocr.records import Record

# A busy machine may take a second over an example that usually takes a millisecond.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

# A run in a shell's background is told to ignore Ctrl-C, and so would be all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


def required(reason: str) -> bool:
    """Whether a skip for this reason counts as a failure: it stands in the list ``SEGOCR_REQUIRE``."""
    return reason in os.environ.get("SEGOCR_REQUIRE", "").replace(" ", "").split(",")


def require_or_skip(reason: str, available: object, why: str) -> None:
    """Skip the test if something is not available; fail if ``SEGOCR_REQUIRE`` lists the reason.

    Args:
        reason: One word, such as ``data``, ``torch``, ``paddle``, ``postgresql``, ``gpu``, ``root``.
        available: Whether it is there.
        why: What is lacking and what would bring it, for the person who reads the summary.
    """
    if available:
        return
    if required(reason):
        pytest.fail(f"{reason}: {why} (SEGOCR_REQUIRE asks for it)", pytrace=False)
    pytest.skip(f"{reason}: {why}")


@pytest.fixture(scope="session")
def require() -> Callable[[str, object, str], None]:
    """Give ``require(reason, available, why)``: skip, or fail where the reason is required."""
    return require_or_skip


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of labelled real documents, which are not part of the project."""
    folder = Path(os.environ.get("SEGOCR_DATA", ROOT.parent / "shared" / "data"))
    require_or_skip("data", folder.is_dir(), f"the labelled documents are not at {folder}; set SEGOCR_DATA")
    return folder


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """A drawn receipt with tilted lines, and a record with a field of every status."""
    return draw_document()


@pytest.fixture(scope="session")
def hostile() -> Drawn:
    """The same with a file name and a text that attack terminals, HTML and spreadsheets."""
    return draw_document(name=HOSTILE.replace("/", "_"), company=HOSTILE)


@pytest.fixture(scope="session")
def failed_record() -> Record:
    """The record of a document that could not be read."""
    return make_failed_record()


@pytest.fixture
def unprivileged(tmp_path: Path) -> Unprivileged:
    """Commands without root's power over file permissions, and a folder for them."""
    folder = tmp_path / "unprivileged"
    folder.mkdir()
    return Unprivileged(folder)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was skipped, grouped by reason."""
    groups: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("skipped"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        groups.setdefault(why.removeprefix("Skipped: "), []).append(report.nodeid)
    terminalreporter.section("skipped, and why")
    if not groups:
        terminalreporter.line("nothing was skipped")
    for why, tests in sorted(groups.items()):
        terminalreporter.line(f"{len(tests):4d}  {why}")
