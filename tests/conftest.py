"""What all tests share: the labelled data, what may be skipped, and another user's rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from drawn_records import HOSTILE, Drawn, draw_document
from drawn_records import failed_record as make_failed_record

from segocr.records import Record

ROOT = Path(__file__).parents[1]
NOBODY = 65534


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


@dataclass(frozen=True)
class Unprivileged:
    """Another user, whom file permissions stop: root passes every one of them.

    Attributes:
        folder: A folder that this user owns and can reach.
    """

    folder: Path

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command as this user in ``folder``, its output captured as text."""
        options.setdefault("cwd", self.folder)
        options.setdefault("env", {**os.environ, "HOME": str(self.folder)})
        if os.geteuid() == 0:
            options |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)

    def own(self, path: Path) -> Path:
        """Give a file or folder to this user, and return it."""
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        return path


@pytest.fixture
def unprivileged() -> Iterator[Unprivileged]:
    """Another user than root, with a folder: the test's own user where that is not root."""
    folder = Path(tempfile.mkdtemp(prefix="segocr-test-"))
    folder.chmod(0o755)
    user = Unprivileged(folder)
    user.own(folder)
    yield user
    for place in [folder, *folder.rglob("*")]:
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o755)
    shutil.rmtree(folder)


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
