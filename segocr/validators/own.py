"""A workspace's own validators: plain functions in the ``*.py`` files of its ``validators/`` folder.

A function gets the value as canonical text (and its argument, where the template gives one). It returns None
when it is content, or a sentence that says what is wrong. It runs in the validate host only, and only as long
as its time limit allows.
"""

from __future__ import annotations

import runpy
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from segocr.validators.failures import DOUBTFUL, Refused

SECONDS = 2.0


class _TimeIsUp(BaseException):
    """Not an ``Exception``, so that a function's own ``except Exception`` does not swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the block when its time is up.

    Signals reach the main thread only; elsewhere, and in code that never returns to Python, the supervisor's
    deadline for the whole host holds.

    Raises:
        Refused: ``validator-timeout``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise _TimeIsUp

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)  # again and again, should it be caught
    try:
        yield
    except _TimeIsUp as error:
        armed = False
        raise Refused("validator-timeout", f"not decided within {seconds:g} s", DOUBTFUL) from error
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def run_own(folder: Path, name: str, text: str, arguments: list[Any]) -> None:
    """Run one of the workspace's validators.

    Args:
        folder: The workspace's ``validators/``.
        name: The function.
        text: The value's canonical text.
        arguments: What the template gives it: nothing or one argument.

    Raises:
        Refused: ``own-validator`` with its sentence; ``validator-timeout``; ``validator-error`` if it raised;
            ``unknown-validator`` if there is no such function.
    """
    try:
        with time_limit(SECONDS):
            verdict = _function(folder, name)(text, *arguments)
    except Refused:
        raise
    except (Exception, SystemExit) as error:
        raise Refused(
            "validator-error", f"{name} raised {type(error).__name__}: {error}"[:300], DOUBTFUL
        ) from error
    if verdict is not None:
        raise Refused("own-validator", str(verdict)[:300], DOUBTFUL)


def _function(folder: Path, name: str) -> Callable[..., Any]:
    function = _functions(folder, _stamp(folder)).get(name)
    if function is None:
        raise Refused("unknown-validator", f"{folder} defines no function {name!r}", DOUBTFUL)
    return function


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    """Names and times of the files, so that an edited validator is loaded anew."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.py")))


@lru_cache(maxsize=4)
def _functions(folder: Path, stamp: tuple[tuple[str, int], ...]) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name, _ in stamp:
        names = runpy.run_path(str(folder / name), run_name=f"validators.{Path(name).stem}")
        found.update(
            {key: value for key, value in names.items() if callable(value) and not key.startswith("_")}
        )
    return found
