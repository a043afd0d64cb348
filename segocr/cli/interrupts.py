"""Interrupting a command without tearing what it writes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_TERMINATED = 128 + signal.SIGTERM


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
