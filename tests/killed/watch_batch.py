"""A process that runs the batch flow over a workspace's inbox, to be killed: ``watch_batch.py WORKSPACE``.

It starts a Prefect server of its own, and says ``stored`` on a line for each document.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from db.connect import open_database
from db.schema import prepare
from flows.server import local_server
from flows.watch import Hooks, Watch
from segocr.settings import load_settings
from segocr.steps.client import Steps


def main() -> None:
    settings = load_settings(Path(sys.argv[1]))
    assert settings.workspace is not None
    engine = open_database(settings.database_url or "", folder=settings.workspace)
    prepare(engine)
    with local_server(settings.workspace):
        from flows.extract import run_flow  # only now: Prefect reads its settings when it is imported

        hooks = Hooks(records=lambda *_: print("stored", flush=True))
        with (
            Steps(shared=False) as steps,
            Watch(settings, engine, steps, run_flow, hooks=hooks) as watch,
        ):
            while watch.sweep():
                time.sleep(0.2)
            watch.extract()
    engine.dispose()


main()
