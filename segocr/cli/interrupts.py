"""Interrupting a command: in order, and without tearing what it writes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM
_ENDING = b"segocr: ending in order; Ctrl-C once more ends it at once\n"


def interrupt_in_order() -> None:
    """Have the first Ctrl-C interrupt this process, the next ones wait for its end, and the third not wait.

    People press it twice: what the first one closes would be left half closed by the second.
    """
    came = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came += 1
        if came == 1:
            raise KeyboardInterrupt
        if came == 2:
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, _ENDING)
            return
        os._exit(_INTERRUPTED)  # hosts see their parent go and end

    signal.signal(signal.SIGINT, interrupt)


def uninterrupted_from_now() -> None:
    """Let nothing change the exit code any more: Python itself takes handlers back while it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a block run to its end: Ctrl-C or SIGTERM that comes in it takes effect right after it.

    A record is stored and printed whole or not at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextmanager
def orderly_termination() -> Iterator[None]:
    """Turn SIGTERM into an orderly end of the command, with exit code 143, in place of sudden death."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
