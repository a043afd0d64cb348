"""A workspace's own validators: plain functions in the ``*.py`` files of its ``validators/`` folder.

A function gets the value as canonical text (and its argument, where the template gives one). It returns None
when it is content, or a sentence that says what is wrong. It runs in a process of its own
(``segocr.validators.own_process``), which is killed when the time is up: neither a loop without end nor a
crash in somebody's C library reaches anything else.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segocr.validators.failures import DOUBTFUL, Refused

SECONDS = 2.0
LOAD_SECONDS = 10.0
"""What loading all files of the folder may take besides: they may import large libraries."""
PART_SECONDS = 30.0
"""What all values of one record may take together; those that come after it are not decided."""
_START_SECONDS = 10.0
"""What starting the process may take besides; a busy machine needs it."""
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from segocr.validators.own_process import main; main()"
)
_AT_ONCE = 65536
_GARBLED = "wrote where its process answers"


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
        self._number, self._read = 0, b""
        ready = None
        with suppress(EOFError):
            ready = self._receive(time.monotonic() + _START_SECONDS)
        if ready is None:
            self.end()
            raise EOFError

    def ask(self, question: dict[str, Any], until: float) -> dict[str, Any]:
        """Return the answer.

        Args:
            question: See ``own_process``.
            until: On the monotonic clock, when it must be there at the latest.

        Raises:
            EOFError: The process ended, or something else writes where it answers.
            TimeoutError: There is none within the time; says what took so long.
        """
        assert self._process.stdin is not None
        self._number += 1
        try:
            self._process.stdin.write(json.dumps({"number": self._number, **question}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise EOFError from error
        answer = self._receive(min(until, time.monotonic() + LOAD_SECONDS))
        if answer is None:
            raise TimeoutError(f"the files are not loaded within {LOAD_SECONDS:g} s")
        if "loaded" in answer:
            answer = self._receive(min(until, time.monotonic() + SECONDS))
        if answer is None:
            raise TimeoutError(f"not decided within {SECONDS:g} s")
        if self._read:
            raise EOFError(_GARBLED)
        return answer

    def _receive(self, deadline: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        while b"\n" not in self._read:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), _AT_ONCE)
            if not more:
                raise EOFError
            self._read += more
            if len(self._read) > _AT_ONCE:
                raise EOFError(_GARBLED)
        line, _, self._read = self._read.partition(b"\n")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise EOFError(_GARBLED) from error
        if not isinstance(answer, dict) or answer.pop("number", None) != self._number:
            raise EOFError(_GARBLED)
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


@dataclass(slots=True)
class _Time:
    until: float = math.inf


_time = _Time()


def begin_part() -> None:
    """From now on, the values of another record are judged."""
    _time.until = time.monotonic() + PART_SECONDS


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
    if time.monotonic() >= _time.until:
        message = f"not begun: the values before it took {PART_SECONDS:g} s"
        raise Refused("validator-timeout", message, DOUBTFUL)
    question = {"folder": str(folder), "name": name, "text": text, "arguments": arguments}
    process = _running.pop() if _running else _started()
    try:
        answer = process.ask(question, _time.until)
    except EOFError as error:
        process.end()
        message = f"{name} {error}" if str(error) else f"{name} ended its process"
        raise Refused("validator-died", message, DOUBTFUL) from error
    except TimeoutError as error:
        process.end()
        raise Refused("validator-timeout", str(error), DOUBTFUL) from error
    except BaseException:
        process.end()
        raise
    _running.append(process)
    if "unknown" in answer:
        raise Refused("unknown-validator", f"{folder} defines no function {name!r}", DOUBTFUL)
    if "error" in answer:
        raise Refused("validator-error", f"{name} raised {answer['error']}", DOUBTFUL)
    if "returned" in answer:
        message = f"{name} returned {answer['returned']}; return None or a sentence that says what is wrong"
        raise Refused("validator-error", message, DOUBTFUL)
    if answer.get("said") is not None:
        raise Refused("own-validator", str(answer["said"]), DOUBTFUL)
