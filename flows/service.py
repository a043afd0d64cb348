"""The flow that a schedule runs: one look at a workspace's inboxes, and a batch of what is ready."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from db.connect import open_database
from db.schema import prepare
from flows.extract import run_flow
from flows.watch import Watch
from segocr.errors import ConfigurationError
from segocr.settings import load_settings
from segocr.steps.client import Steps


@flow(name="watch", flow_run_name="watch", persist_result=False)
def watch_inboxes(workspace: str) -> None:
    """Sweep the inboxes of a workspace once and process what has settled.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        SegocrError: Nobody's document is to blame; what was not stored is free again.
    """
    settings = load_settings(Path(workspace))
    if settings.database_url is None:
        raise ConfigurationError("the workspace names no database", code="no-database")
    engine = open_database(settings.database_url, folder=settings.workspace)
    try:
        prepare(engine)
        with (
            Steps(environments=settings.environment_pythons, device=settings.engines.devices) as steps,
            Watch(settings, engine, steps, run_flow) as watch,
        ):
            watch.sweep()
            watch.extract()
    finally:
        engine.dispose()
