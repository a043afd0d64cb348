"""One process that keeps others running."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

import pytest

from segocr.service.supervision import Child, Supervisor


def test_every_start_of_a_child_is_told() -> None:
    started: list[str] = []

    def note(name: str) -> None:
        started.append(name)
        if len(started) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    Supervisor([Child("lasts", ["sleep", "60"], os.environ), Child("ends", ["true"], os.environ)], note).run()
    assert started == ["lasts", "ends", "ends"]


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(int(sys.argv[1]), b".")
time.sleep(600)
"""


def test_a_second_signal_ends_all_children_at_once(caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = os.pipe()
    stopping = threading.Event()
    told: list[float] = []

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "stopping":
                stopping.set()

    def tell_twice() -> None:
        for _ in range(3):
            os.read(reader, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        stopping.wait(30)
        told.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    command = [sys.executable, "-c", STUBBORN, str(writer)]
    children = [Child(name, command, os.environ, descriptors=(writer,), stop_seconds=8) for name in "abc"]
    seen = Seen()
    log = logging.getLogger("segocr.serve")
    with caplog.at_level(logging.INFO, log.name):
        log.addHandler(seen)
        telling = threading.Thread(target=tell_twice)
        telling.start()
        Supervisor(children).run()
        log.removeHandler(seen)
    telling.join()
    assert time.monotonic() - told[0] < 7
    assert [record.message for record in caplog.records].count("killed") == 3
    os.close(reader)
    os.close(writer)
