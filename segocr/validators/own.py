"""A workspace's own validators: plain functions in the ``*.py`` files of its ``validators/`` folder.

A function gets the value as canonical text (and its argument, where the template gives one). It returns None
when it is content, or a sentence that says what is wrong. It runs in a process of its own
(``segocr.validators.own_process``), which is killed when the time is up: neither a loop without end nor a
crash in somebody's C library reaches anything else.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from segocr.validators.failures import DOUBTFUL, Refused

SECONDS = 2.0
_START_SECONDS = 10.0
"""What starting the process may take besides; a busy machine needs it."""
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from segocr.validators.own_process import main; main()"
)
_AT_ONCE = 65536


class _Process:
    """One running process of validators.

    Raises:
        EOFError: It ended before it was ready, or did not get ready.
    """

    def __init__(self) -> None:
        code = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, str(code), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that what a validator starts can be ended with it
        )
        ready = None
        with suppress(EOFError):
            ready = self._receive(_START_SECONDS)
        if ready is None:
            self.end()
            raise EOFError

    def ask(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer; None if there is none within the time.

        Raises:
            EOFError: The process ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise EOFError from error
        return self._receive(SECONDS)

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        deadline, line = time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), _AT_ONCE)
            if not more:
                raise EOFError
            line += more
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Kill it and what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


_running: list[_Process] = []


@atexit.register
def _end_running() -> None:
    while _running:
        _running.pop().end()


def start_own() -> None:
    """Have a process of validators ready.

    Raises:
        Refused: ``validator-died`` if it does not start.
    """
    if not _running:
        _running.append(_started())


def _started() -> _Process:
    try:
        return _Process()
    except EOFError as error:
        raise Refused("validator-died", "the process of the validators did not start", DOUBTFUL) from error


def run_own(folder: Path, name: str, text: str, arguments: list[Any]) -> None:
    """Run one of the workspace's validators.

    Args:
        folder: The workspace's ``validators/``.
        name: The function.
        text: The value's canonical text.
        arguments: What the template gives it: nothing or one argument.

    Raises:
        Refused: ``own-validator`` with its sentence; ``validator-timeout``; ``validator-died`` if it ended
            its process; ``validator-error`` if it raised, or returned neither None nor a sentence;
            ``unknown-validator`` if there is no such one.
    """
    question = {"folder": str(folder), "name": name, "text": text, "arguments": arguments}
    process = _running.pop() if _running else _started()
    try:
        answer = process.ask(question)
    except EOFError as error:
        process.end()
        raise Refused("validator-died", f"{name} ended its process", DOUBTFUL) from error
    except BaseException:
        process.end()
        raise
    if answer is None:
        process.end()
        raise Refused("validator-timeout", f"not decided within {SECONDS:g} s", DOUBTFUL)
    _running.append(process)
    if "unknown" in answer:
        raise Refused("unknown-validator", f"{folder} defines no function {name!r}", DOUBTFUL)
    if "error" in answer:
        raise Refused("validator-error", f"{name} raised {answer['error']}", DOUBTFUL)
    if "returned" in answer:
        message = f"{name} returned {answer['returned']}; return None or a sentence that says what is wrong"
        raise Refused("validator-error", message, DOUBTFUL)
    if answer["said"] is not None:
        raise Refused("own-validator", answer["said"], DOUBTFUL)
