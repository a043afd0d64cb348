"""Hosts where the limits of the machine are low: the lower ones hold, and no environment is blamed."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from segocr.errors import EnvironmentMissing
from segocr.steps.engines import engine_of
from segocr.steps.host import Host, HostKey, Spawner

UNDER_A_HARD_LIMIT = """
import resource
from segocr.steps.guest import _limit, _limit_processor_time
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
_limit(4096)
_limit_processor_time(60)
print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20, resource.getrlimit(resource.RLIMIT_CPU)[0])
"""


def test_a_guest_that_was_started_under_a_lower_limit_keeps_it() -> None:
    made = subprocess.run(
        [sys.executable, "-c", UNDER_A_HARD_LIMIT], check=True, capture_output=True, text=True, timeout=60
    )
    assert made.stdout.split() == ["2048", "30"]


class Refusing(Spawner):
    """One whose machine has no room."""

    def spawn(self, *_: object) -> subprocess.Popen[bytes]:
        """Fail."""
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_host_for_which_there_is_no_room_needs_no_new_environment() -> None:
    key = HostKey(engine_of("open", "open"), Path(sys.executable), "auto", 1)
    with pytest.raises(EnvironmentMissing, match="Too many open files") as caught:
        Host(key, Refusing())
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("raise the limit")
