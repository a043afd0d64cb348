"""Flows beside the main way: retrying, reprocessing, housekeeping, and telling somebody of failures."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from prefect import flow

from db.absent import drop_gone
from db.ended import Ended, find_ended, send_back
from db.housekeeping import tidy
from db.orphans import mend_orphans
from db.status import failures_within
from flows.filer import tell_failed
from flows.reprocess import reprocess_records
from flows.service import emitter, one_at_a_time, opened, own_workspace, reported, start_steps
from segocr.errors import DocumentError, TemplateError
from segocr.inbox.places import inboxes_in, places_in
from segocr.service.alerts import Alert, keep_alert, tell_alert
from segocr.service.logs import tell
from segocr.settings import Settings
from segocr.templates import route

_log = logging.getLogger("segocr.schedule")
_ROUTES = ("no-template", "ambiguous-template")
_LARGEST_LOG = 10_000_000


@flow(name="retry", flow_run_name="retry", persist_result=False)
@one_at_a_time("retry")
def retry_failed(workspace: str) -> None:
    """Send failed documents back to work that may do better now, as ``[retry]`` in ``segocr.toml`` says.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        SegocrError: Nobody's document is to blame.
    """
    with reported(workspace, "retry"), opened(workspace) as (settings, engine):
        places, inboxes = places_in(settings), {inbox.key for inbox in inboxes_in(settings)}
        since = timedelta(days=settings.retry.days)
        failed = find_ended(engine, since=since, inboxes=inboxes, places=places)
        chosen = [one for one in failed if one.code in settings.retry.codes and _may_do_better(one, settings)]
        sent = sum(send_back(engine, one, places) for one in chosen)
    tell(_log, logging.INFO, "retry", sent_back=sent)


def _may_do_better(ended: Ended, settings: Settings) -> bool:
    """Say no to a file that no template took, and that none takes now."""
    if ended.code not in _ROUTES:
        return True
    try:
        route(ended.dropped, search=settings.template_folders)
    except (DocumentError, TemplateError):
        return False
    return True


@flow(name="reprocess", flow_run_name="reprocess", persist_result=False)
@one_at_a_time("reprocess")
def reprocess(workspace: str, reread: bool = True) -> None:
    """Bring the records of templates that changed up to date.

    Args:
        workspace: A folder with ``segocr.toml``.
        reread: Whether files go back to work where what is stored does not suffice.

    Raises:
        SegocrError: Some of it is done; the next run goes on.
    """
    with (
        reported(workspace, "reprocess"),
        opened(workspace) as (settings, engine),
        start_steps(settings) as steps,
    ):
        done = reprocess_records(settings, engine, steps, reread=reread)
    counts = asdict(done) | {"broken": ",".join(done.broken) or None}
    tell(_log, logging.WARNING if done.broken else logging.INFO, "reprocess", **counts)


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False)
@one_at_a_time("housekeeping")
def keep_house(workspace: str) -> None:
    """Remove what ``[keep]`` in ``segocr.toml`` lets go, mend what a crash left, tidy the database.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        SegocrError: Some of it is done; the next run goes on.
    """
    with reported(workspace, "housekeeping"), opened(workspace) as (settings, engine):
        inboxes = inboxes_in(settings)
        mended = mend_orphans(engine, inboxes, places_in(settings))
        tell_failed(engine, mended.failed, emitter())
        gone = drop_gone(engine, [inbox.key for inbox in inboxes], places_in(settings))
        done = tidy(engine, settings.keep, places_in(settings))
        log = own_workspace(workspace) / ".prefect" / "server.log"
        if log.is_file() and log.stat().st_size > _LARGEST_LOG:
            log.write_bytes(b"")  # its writer appends
    tell(_log, logging.INFO, "housekeeping", orphans=mended.orphans, gone=gone, **asdict(done))


@flow(name="notify", flow_run_name="notify", persist_result=False)
@one_at_a_time("notify")
def notify(workspace: str) -> None:
    """Tell that many documents failed: the log, ``segocr status``, and whom ``[alert]`` names.

    Args:
        workspace: A folder with ``segocr.toml``.

    Raises:
        ConfigurationError: ``alert-untold``.
    """
    with reported(workspace, "notify"), opened(workspace) as (settings, engine):
        codes = failures_within(engine, timedelta(minutes=settings.alert.minutes), places_in(settings))
        if not (failures := sum(codes.values())):
            return  # retried or discarded meanwhile
        now = datetime.now(UTC).isoformat()
        alert = Alert(now, str(settings.workspace), failures, settings.alert.minutes, codes)
        tell(
            _log, logging.ERROR, "many documents fail", failures=failures, minutes=alert.minutes, codes=codes
        )
        keep_alert(own_workspace(workspace), alert)
        tell_alert(settings.alert, alert)
