"""An engine that fails on demand; copied beside the guest code by the tests."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segocr.steps.guest import Engine, Settings
from segocr.steps.protocol import Message, Refusal


def start(settings: Settings) -> Engine:
    if (settings.cache / "refuse").exists():
        raise Refusal("environment", "no-device", "this engine does not start")
    if (settings.cache / "dawdle").exists():
        time.sleep(600)
    Faults._cache = settings.cache
    return Engine(
        {"name": "faults"}, {name: act for name, act in vars(Faults).items() if not name.startswith("_")}
    )


class Faults:
    _cache: Path

    def page(message: Message) -> Message:  # type: ignore[misc]
        word = os.pread(message.files[0], 9, 0)
        if word == b"kill" or (Faults._cache / "sick").exists():
            os._exit(3)
        if word == b"hang":
            time.sleep(600)
        head = {"media_type": "image/png", "pages": 1, "number": 1, "dpi": None}
        return Message("answer", head, [np.zeros((9, 9, 3), np.uint8)])

    def segment(message: Message) -> Message:  # type: ignore[misc]
        if any(page.min() == 0 for page in message.arrays):
            os._exit(3)
        return Message("answer", {"pages": [[] for _ in message.arrays]}, [np.zeros((0, 2), np.float32)])

    def echo(message: Message) -> Message:  # type: ignore[misc]
        return Message("answer", {"got": message.body}, [np.array(array) for array in message.arrays])

    def variables(message: Message) -> Message:  # type: ignore[misc]
        return Message("answer", {"environ": dict(os.environ), "path": sys.path, "flags": sys.flags.isolated})

    def crash(message: Message) -> Message:  # type: ignore[misc]
        print("about to crash \x1b[31m", file=sys.stderr, flush=True)
        ctypes.string_at(0)
        raise AssertionError

    def hang(message: Message) -> Message:  # type: ignore[misc]
        time.sleep(600)
        raise AssertionError

    def leave(message: Message) -> Message:  # type: ignore[misc]
        os._exit(3)

    def chatter(message: Message) -> Message:  # type: ignore[misc]
        os.write(1, b"noise\n" * 200_000)
        print("more noise " * 10_000)
        return Message("answer", {"fine": True})

    def garble(message: Message) -> Message:  # type: ignore[misc]
        _write(b"\x00\x00\x00\x04oops")
        time.sleep(600)
        raise AssertionError

    def flood(message: Message) -> Message:  # type: ignore[misc]
        _write(b"\x7f\xff\xff\xff")
        time.sleep(600)
        raise AssertionError

    def devour(message: Message) -> Message:  # type: ignore[misc]
        return Message("answer", {"bytes": len(bytearray(8 << 30))})

    def burn(message: Message) -> Message:  # type: ignore[misc]
        while True:
            pass

    def fail(message: Message) -> Message:  # type: ignore[misc]
        raise RuntimeError("the engine has a bug")

    def spawn(message: Message) -> Message:  # type: ignore[misc]
        import subprocess

        child = subprocess.Popen(["/bin/sleep", "600"])
        return Message("answer", {"child": child.pid})


def _write(text: bytes) -> None:
    for path in Path("/proc/self/fd").iterdir():
        if str(path.readlink()).startswith("socket:"):
            os.write(int(path.name), text)
            return


Operation = Callable[[Message], Message]
