"""Asking an interpreter that somebody names which Python it is, if it is one."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from segocr.errors import EnvironmentMissing

ANSWER_SECONDS = 15.0
"""How long it may take; a cold start from a slow disk takes a few seconds."""
_MOST_BYTES = 1 << 16
_QUESTION = "import sys; print('\\npython', *sys.version_info[:2])"
_ANSWER = re.compile(r"^python (\d{1,4}) (\d{1,4})$", re.MULTILINE)


def version_of(python: Path) -> tuple[int, int]:
    """Run an interpreter and return its version, major and minor.

    Args:
        python: Its path, or a name to be looked for on ``PATH``.

    Raises:
        EnvironmentMissing: ``python-version``: it cannot be run, fails, hangs or is no Python.
    """
    started = time.monotonic()
    try:
        status, said = _ask(python)
    except OSError as error:
        raise _no_python(f"{python} does not run: {error.strerror}") from error
    answer = _ANSWER.search(said)
    if status == 0 and answer:
        return int(answer[1]), int(answer[2])
    if status == -signal.SIGKILL and time.monotonic() - started >= ANSWER_SECONDS:
        raise _no_python(f"{python} does not run: no answer within {ANSWER_SECONDS:g} seconds")
    line = " ".join(said.split())[:80]
    what = "is no Python" if status == 0 else f"does not run (status {status})"
    raise _no_python(f"{python} {what}: it said {line!r}" if line else f"{python} {what}: it said nothing")


def _ask(python: Path) -> tuple[int, str]:
    """Return an interpreter's status and the beginning of what it said; it is killed if it takes too long."""
    with subprocess.Popen(
        [python, "-I", "-c", _QUESTION],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0,
    ) as process:  # fmt: skip
        timer = threading.Timer(ANSWER_SECONDS, _kill, [process])
        timer.start()
        try:
            assert process.stdout is not None
            said = process.stdout.read(_MOST_BYTES)
            process.stdout.close()  # whoever goes on talking is ended by that
            return process.wait(), said.decode("utf-8", "replace")
        except BaseException:
            _kill(process)
            raise
        finally:
            timer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it and what it started: a child that holds the pipe would be waited for, too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _no_python(message: str) -> EnvironmentMissing:
    return EnvironmentMissing(
        message, code="python-version", hint="name an interpreter: --python /path/to/python3"
    )
