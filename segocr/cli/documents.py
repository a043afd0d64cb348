"""``segocr documents``: list and show documents, forget them, retry and discard those that failed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from segocr.cli.output import Format, formats, note, print_json, print_mapping, print_rows
from segocr.errors import UsageError
from segocr.inbox.arrivals import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from db.connect import Engine
    from db.documents import Listed
    from db.ended import Discarding, Ended
    from db.forgetting import Forgetting
    from segocr.inbox.places import Places

_RECORD = ("sha256", "file", "template", "part", "status", "accepted", "state", "problems", "at")
_ARRIVAL = ("arrival", "place", "attempts", "message", "lease_owner", "lease_until", "received_at",
            "claimed_at", "ended_at")  # fmt: skip
_REMOVED = "inbox-removed"
_STATES = ("arrival", "file", "state", "attempts", "problems", "lease_until", "received_at", "ended_at")


@click.group()
def command() -> None:
    """List and show documents; forget them; retry and discard those that failed."""


@command.command(name="list")
@formats(Format.TABLE, Format.JSON, Format.CSV)
@click.option("--template", metavar="NAME", help="Only this template's.")
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only arrivals in this state."
)
@click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(min=1), help="Most rows to print."
)
def list_command(output: Format, template: str | None, state: str | None, limit: int) -> None:
    """List the newest documents and the dropped files that wait.

    With --state the table is about the files: attempts, last problem, lease and times.
    """
    from db.documents import count_documents, list_documents
    from segocr.cli.database import opened_database

    places = _places()
    with opened_database() as engine:
        found = list_documents(engine, template=template, state=state, limit=limit, places=places)
        all_ = limit
        if len(found) == limit:
            all_ = count_documents(engine, template=template, state=state, places=places)
    columns: tuple[str, ...] = _RECORD + _ARRIVAL
    if output is Format.TABLE:
        columns = _STATES if state is not None else _RECORD
    cells = [_cells(one, output) for one in found]
    print_rows(columns, [[row[column] for column in columns] for row in cells], output)
    if all_ > limit:
        note(f"{all_ - limit} more, older ones: --limit {all_}")


def _cells(one: Listed, output: Format) -> dict[str, object]:
    """Return all columns of a document; in a table, ids and times are short."""
    short = output is Format.TABLE
    brought = one.arrival
    moments = {name: getattr(brought, name, None) for name in _ARRIVAL if name.endswith(("_at", "_until"))}
    arrival = str(brought.id) if brought else None
    return {
        "sha256": one.sha256[:12] if short and one.sha256 else one.sha256,
        "file": Path(one.file),
        "template": one.template,
        "part": one.part,
        "status": one.status,
        "accepted": one.accepted,
        "state": one.state,
        "problems": list(one.problems) if output is Format.JSON else " ".join(one.problems),
        "at": _time(one.at),
        "arrival": arrival[:8] if short and arrival else arrival,
        "place": brought.place if brought else None,
        "attempts": brought.attempts if brought else None,
        "message": brought.message if brought else None,
        "lease_owner": brought.lease_owner if brought else None,
        **{name: _time(moment) for name, moment in moments.items()},
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(sep=" ", timespec="seconds") if moment else None


@command.command()
@click.argument("which", metavar="SHA256|ARRIVAL")
@formats(Format.TABLE, Format.JSON)
def show(which: str, output: Format) -> None:
    """Show all that is known of a document.

    It is named by at least 6 digits of its SHA-256, or of the id of an arrival that brought it; a file that
    could not be hashed has only that id.
    """
    from db.documents import find_shown, show_document
    from segocr.cli.database import opened_database

    with opened_database() as engine:
        shown = show_document(engine, find_shown(engine, which))
    if output is Format.JSON:
        print_json(shown)
        return
    print_mapping({name: shown[name] for name in ("sha256", "media_type")})
    for extraction in shown["extractions"]:
        keys = ("file", "template", "version", "part", "status", "accepted", "current", "extracted_at")
        print_mapping({key: _shown(key, extraction[key]) for key in keys})
        columns = ("name", "value", "text", "raw", "status", "accepted", "confidence")
        print_rows(columns, [[field[key] for key in columns] for field in extraction["fields"]], output)
        for problem in extraction["problems"]:
            print_mapping(problem)
    for arrival in shown["arrivals"]:
        print_mapping({key: _shown(key, value) for key, value in arrival.items()})


def _shown(key: str, value: object) -> object:
    """Return a value as it is printed: paths are such, and stand on one line."""
    return Path(str(value)) if key in ("file", "place") and value is not None else value


@command.command()
@click.argument("which", metavar="SHA256|PATH")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(which: str, dry_run: bool, yes: bool) -> None:
    """Remove a document: its rows, readings and the copies that segocr keeps.

    It is named by at least 6 digits of its SHA-256, or, if it could not even be hashed, by its path.
    """
    from db.forgetting import forget as forget_document
    from segocr.cli.database import opened_database

    places = _places()
    with opened_database() as engine:
        plan = _plan(engine, which, places)
        _show_plan(plan)
        if dry_run:
            return
        if not yes:
            click.confirm("Remove all this for good?", abort=True, err=True)
        gone = forget_document(engine, plan, places=places)
    for file in gone.files:
        if file not in plan.files:  # filed or brought since it was shown
            note(f"removed: {file}")
    note(f"forgotten: {plan.sha256 or plan.path}")


def _places() -> Places | None:
    """Return the workspace's folders; outside of one, files are only known by their rows."""
    from segocr.inbox.places import places_in
    from segocr.settings import load_settings

    settings = load_settings()
    return places_in(settings) if settings.workspace is not None else None


def _plan(engine: Engine, which: str, places: Places | None) -> Forgetting:
    from db.documents import find_document
    from db.forgetting import plan_forgetting, plan_forgetting_failures

    if os.sep in which or Path(which).suffix:
        return plan_forgetting_failures(engine, Path(which))
    return plan_forgetting(engine, find_document(engine, which), places=places)


def _show_plan(plan: Forgetting) -> None:
    rows = {f"rows of {table}": count for table, count in plan.rows.items()}
    print_mapping({"sha256": plan.sha256 or "unknown", **rows})
    for file in plan.files:
        note(f"would remove: {file}")
    for file in plan.left:
        again = " (delete it there, or it is taken again)" if file in plan.returning else ""
        note(f"left to its owner: {file}{again}")


def _which(function: Callable[..., None]) -> Callable[..., None]:
    """Add what `retry` and `discard` share: which arrivals, and what is done first."""
    for decorate in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only show what would be done."),
        click.option("--code", metavar="CODE", help="All that failed with this code."),
        click.option("--all", "everything", is_flag=True, help="All that failed."),
        click.argument("which", nargs=-1, metavar="[WHICH]..."),
    ):
        function = decorate(function)
    return function


def _check_which(which: Sequence[str], code: str | None, everything: bool) -> None:
    if bool(which) + (code is not None) + everything != 1:
        raise UsageError(
            "say which files: WHICH, --code CODE or --all", hint="see `segocr documents list --state failed`"
        )


@command.command()
@_which
def retry(which: tuple[str, ...], code: str | None, everything: bool, dry_run: bool, yes: bool) -> None:
    """Send failed files back to work, with their attempts at zero.

    WHICH is the start of an arrival's id or of a SHA-256 (at least 6 digits), or a path as it was dropped.
    Named so, a file that needs review is taken, too. More than one file: you are asked first. What came by an
    inbox that segocr.toml does not name any more is passed over: nobody would take it.
    """
    from db.ended import find_ended, send_back
    from segocr.cli.database import opened_database
    from segocr.inbox.places import places_in
    from segocr.settings import load_settings

    _check_which(which, code, everything)
    states = (State.FAILED, State.NEEDS_REVIEW) if which else (State.FAILED,)
    with opened_database() as engine:
        found = find_ended(engine, which, code=code, states=states, places=_places())
        inboxes = _inboxes()
        chosen = [ended for ended in found if ended.inbox in inboxes]
        for ended in found:
            if ended not in chosen:
                note(f"not retried: {ended.dropped} (segocr.toml does not name its inbox any more)")
        if not chosen:
            return
        _show_ended(chosen)
        if dry_run:
            return
        if len(chosen) > 1 and not yes:
            click.confirm(f"Retry these {len(chosen)} files?", abort=True, err=True)
        places = places_in(load_settings())
        for ended in chosen:
            if send_back(engine, ended, places):
                note(f"back to work: {ended.dropped}")
            else:
                note(f"not retried: {ended.dropped} (its file is gone, or somebody else has it)")


@command.command()
@_which
def discard(which: tuple[str, ...], code: str | None, everything: bool, dry_run: bool, yes: bool) -> None:
    """Remove failed files for good: the file, what was written beside it, and its failed record.

    WHICH is the start of an arrival's id or of a SHA-256 (at least 6 digits), or a path as it was dropped.
    What waits for an inbox that segocr.toml does not name any more can be named, too, or all of it by
    `--code inbox-removed`: segocr forgets that it saw it. A file that was left in its inbox is its owner's.
    """
    from db.ended import discard as discard_arrival
    from segocr.cli.database import opened_database

    _check_which(which, code, everything)
    with opened_database() as engine:
        plans = _plans_to_discard(engine, which, code)
        for plan in plans:
            note(f"{plan.dropped}: {plan.extractions} failed record{'' if plan.extractions == 1 else 's'}")
            for file in plan.files:
                note(f"would remove: {file}")
        if dry_run or not plans:
            return
        if not yes:
            click.confirm("Remove all this for good?", abort=True, err=True)
        count = 0
        for plan in plans:
            if discard_arrival(engine, plan):
                count += 1
            else:
                note(f"not discarded: {plan.dropped} (somebody sent it back to work, or has it)")
    note(f"discarded: {count}")


def _plans_to_discard(engine: Engine, which: Sequence[str], code: str | None) -> list[Discarding]:
    """Plan what can be discarded, and note of the rest why not.

    Raises:
        UsageError: ``unknown-arrival``; ``left-in-inbox`` of one that was named.
    """
    from db.ended import find_ended, plan_discarding

    states = [State.FAILED, State.RECEIVED] if which else [State.FAILED]
    if code == _REMOVED:
        code, states = None, [State.RECEIVED]
    inboxes = _inboxes()
    plans: list[Discarding] = []
    for ended in find_ended(engine, which, code=code, states=states, places=_places()):
        if ended.state is State.RECEIVED and ended.inbox in inboxes:
            if which:
                note(f"not discarded: {ended.dropped} (it is about to be taken)")
            continue
        try:
            plans.append(plan_discarding(engine, ended))
        except UsageError as error:
            if which:
                raise
            note(f"not discarded: {error.message}")
    return plans


def _inboxes() -> set[str]:
    """Return the keys of the inboxes that are configured."""
    from segocr.inbox.places import inboxes_in
    from segocr.settings import load_settings

    return {inbox.key for inbox in inboxes_in(load_settings())}


def _show_ended(chosen: Sequence[Ended]) -> None:
    columns = ("arrival", "file", "state", "attempts", "problem")
    print_rows(
        columns,
        [[str(one.id)[:8], one.dropped, one.state.value, one.attempts, one.code] for one in chosen],
        Format.TABLE,
    )
