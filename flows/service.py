"""The flows that schedules run: a look at a workspace's inboxes, and batches of what is ready in them.

`watch` runs once at a time: it sweeps, and extracts. `extract-ready` only extracts, on as many workers as
there are: the database gives each document to one of them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from db.connect import Engine, open_database
from db.schema import check_schema, prepare
from flows.events import emit, emit_unless_failed
from flows.extract import run_flow
from flows.filer import Ended
from flows.inboxes import take_lock
from flows.watch import Hooks, Watch
from segocr.errors import ConfigurationError
from segocr.parentdeath import die_with_parent
from segocr.service.logs import start_logging
from segocr.service.troubles import Report, told
from segocr.settings import Settings, load_settings, served_settings
from segocr.steps.client import Steps

_log = logging.getLogger("segocr.schedule")

SCHEDULER = "SEGOCR_SCHEDULER"
"""Variable with the process number of what runs schedules for ``segocr serve``."""

WORKSPACE = "SEGOCR_WORKSPACE"
"""Variable with the workspace that this process was started for; its runs work in no other one."""


_P = ParamSpec("_P")


def one_at_a_time(role: str) -> Callable[[Callable[_P, None]], Callable[_P, State[None] | None]]:
    """Have a run that ``segocr serve`` started end at once, cancelled, while another of its kind works.

    What says that one works is a lock, which goes with its process, however that ends. Workers on several
    machines have Prefect's concurrency limits, which are free again minutes after who had them died.

    Args:
        role: The kind.
    """

    def decorate(run: Callable[_P, None]) -> Callable[_P, State[None] | None]:
        @wraps(run)
        def alone(*args: _P.args, **kwargs: _P.kwargs) -> State[None] | None:
            if not _is_served():
                run(*args, **kwargs)
                return None
            die_with_parent(int(os.environ[SCHEDULER]))
            with (Path(os.environ[WORKSPACE]) / ".prefect" / f"{role}.lock").open("a") as lock:
                if not take_lock(lock):
                    return Cancelled(message="the run before is still at work")
                run(*args, **kwargs)
            return None

        return alone

    return decorate


def _is_served() -> bool:
    return SCHEDULER in os.environ


@flow(name="watch", flow_run_name="watch", persist_result=False)
@one_at_a_time("watch")
def watch_inboxes(workspace: str) -> None:
    """Sweep the inboxes of a workspace once and process what has settled.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        SegocrError: Nobody's document is to blame; what was not stored is free again.
    """
    with _watching(workspace, "watch") as watch:
        watch.sweep()
        watch.extract()


@flow(name="extract-ready", flow_run_name="extract-ready", persist_result=False)
@one_at_a_time("extract-ready")
def extract_ready(workspace: str) -> None:
    """Process what lies ready in a workspace, beside whoever else does.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        SegocrError: As ``watch_inboxes``.
    """
    with _watching(workspace, "extract-ready") as watch:
        watch.extract()


def own_workspace(workspace: str) -> Path:
    """Return the folder that a run works in: what a parameter says must be what its process is for.

    A workspace names commands and holds validators, so whoever could choose it would run what they like.

    Args:
        workspace: As the run's parameter has it.

    Raises:
        ConfigurationError: ``foreign-workspace``.
    """
    own = os.environ.get(WORKSPACE)
    if not own:
        return Path(workspace)
    if Path(workspace).resolve() != Path(own).resolve():
        raise ConfigurationError(
            f"runs started here work in {own} only, not in {workspace}",
            code="foreign-workspace",
            hint=f"start a service or a worker for that workspace; {WORKSPACE} names the one of a worker",
        )
    return Path(own)  # not the parameter: a link in it may lead elsewhere by now


@contextmanager
def reported(workspace: str, role: str) -> Iterator[None]:
    """Have ``segocr status`` show what a ``with`` block raises, until such a block ends well.

    Args:
        workspace: A folder with ``segocr.toml``.
        role: What the block does, as ``segocr status`` names it.

    Raises:
        SegocrError: Whatever the block raises, as ``segocr.service.troubles.told`` has it.
    """
    with closing(Report(own_workspace(workspace), role)) as report:
        try:
            yield
        except Exception as error:
            fault = told(error)
            report.say({None: fault}, _log)
            raise fault from None
        report.say({}, _log)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Take the traceback off a line of Prefect's: it would name files."""
    record.exc_info = None
    return True


@contextmanager
def opened(workspace: str) -> Iterator[tuple[Settings, Engine]]:
    """Read a workspace's settings and open its database for a ``with`` block.

    A run that ``segocr serve`` started makes no tables: where there are none, somebody removed them.

    Raises:
        ConfigurationError: ``foreign-workspace``, ``no-database``, or a mistake in ``segocr.toml``.
        DatabaseError: As ``db.schema.prepare``.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_traceback)
    served = _is_served()
    if served:
        start_logging()
    settings = (served_settings if served else load_settings)(own_workspace(workspace))
    if settings.database_url is None:
        raise ConfigurationError("the workspace names no database", code="no-database")
    engine = open_database(settings.database_url, folder=settings.workspace, made=served)
    try:
        (check_schema if served else prepare)(engine)
        yield settings, engine
    finally:
        engine.dispose()


def emitter() -> Callable[[Ended], None]:
    """Return what tells Prefect of an arrival's end: of a failure, in a service, ``flows.failures`` does."""
    return emit_unless_failed if _is_served() else emit


def start_steps(settings: Settings) -> Steps:
    """Attach to the keeper of hosts that runs here, or be one; the caller closes it."""
    return Steps(environments=settings.environment_pythons, device=settings.engines.devices)


@contextmanager
def _watching(workspace: str, role: str) -> Iterator[Watch]:
    with (
        reported(workspace, role),
        opened(workspace) as (settings, engine),
        start_steps(settings) as steps,
        Watch(settings, engine, steps, run_flow, role=role, hooks=Hooks(ended=emitter())) as watch,
    ):
        yield watch
