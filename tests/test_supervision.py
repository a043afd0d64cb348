"""One process that keeps others running."""

from __future__ import annotations

import os
import signal

from segocr.service.supervision import Child, Supervisor


def test_every_start_of_a_child_is_told() -> None:
    started: list[str] = []

    def note(name: str) -> None:
        started.append(name)
        if len(started) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    Supervisor([Child("lasts", ["sleep", "60"], os.environ), Child("ends", ["true"], os.environ)], note).run()
    assert started == ["lasts", "ends", "ends"]
