"""Records that another template, or another version of segocr, decided: decided again, or read again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from db.connect import Engine
from db.ended import find_ended, send_back
from db.replaying import store_replayed
from db.stored import StoredRecord, current_templates, outdated_ids, stored_records
from db.views import register_template, shape_of
from segocr.codeversion import deciding_code
from segocr.errors import TemplateError
from segocr.inbox.arrivals import State
from segocr.inbox.places import inboxes_in, places_in
from segocr.records import Record
from segocr.replay import replay
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template, load_template

_TOGETHER = 64
_STAYS = "replay-differs"


@dataclass(slots=True)
class Reprocessed:
    """What became of the records that were out of date.

    Attributes:
        decided: How many were decided again from what is stored.
        changed: How many of these have other values now.
        sent_back: How many files went back to work, to be read again.
        staying: How many records stay: what they were read from is not kept, or is its owner's.
        broken: Templates that cannot be loaded; their records stay.
    """

    decided: int = 0
    changed: int = 0
    sent_back: int = 0
    staying: int = 0
    broken: list[str] = field(default_factory=list)


def reprocess_records(settings: Settings, engine: Engine, steps: Steps, *, reread: bool) -> Reprocessed:
    """Bring every current record up to date, as far as what is kept allows.

    Args:
        settings: Of a workspace.
        engine: Its database.
        steps: The hosts; validating is all that is asked of them.
        reread: Whether files go back to work where pixels are needed.

    Raises:
        SegocrError: Some of it is done; the next call goes on.
    """
    done = Reprocessed()
    for name in current_templates(engine):
        try:
            template = load_template(
                name, search=settings.template_folders, validators_folder=settings.validators_folder
            )
        except TemplateError:
            done.broken.append(name)
            continue
        for stored in _outdated(engine, template):
            unread = _decide(engine, steps, template, stored, done)
            sent = _send_back(settings, engine, unread) if reread else 0
            done.sent_back += sent
            done.staying += len(unread) - sent
    return done


def _outdated(engine: Engine, template: Template) -> Iterator[list[StoredRecord]]:
    ids = outdated_ids(engine, template.name, template.digest, deciding_code())
    for start in range(0, len(ids), _TOGETHER):
        yield list(stored_records(engine, ids[start : start + _TOGETHER]))


def _decide(
    engine: Engine, steps: Steps, template: Template, stored: Sequence[StoredRecord], done: Reprocessed
) -> list[uuid.UUID | None]:
    """Store what can be decided again; return the arrivals (None: a file named by hand) of what cannot."""
    pairs: list[tuple[StoredRecord, Record]] = []
    unread: list[uuid.UUID | None] = []
    answers = replay([one.record for one in stored], template, validate=steps.validate)
    for before, answer in zip(stored, answers, strict=True):
        if answer.problem is not None and answer.problem.code != _STAYS:
            unread.append(before.arrival)
        elif answer.after is not None:
            pairs.append((before, answer.after))
            done.changed += bool(answer.changes)
    if pairs:
        register_template(engine, shape_of(template))
        done.decided += store_replayed(engine, pairs)
    return unread


def _send_back(settings: Settings, engine: Engine, arrivals: Sequence[uuid.UUID | None]) -> int:
    """Send the files of these arrivals back to work; return of how many records they are.

    What came by an inbox that is configured no more stays: nobody would take it.
    """
    places, inboxes = places_in(settings), {inbox.key for inbox in inboxes_in(settings)}
    ids = {arrival for arrival in arrivals if arrival is not None}
    states = (State.EXTRACTED, State.NEEDS_REVIEW)
    found = find_ended(engine, states=states, ids=ids, inboxes=inboxes, places=places)
    back = {one.id for one in found if send_back(engine, one, places)}
    return sum(arrival in back for arrival in arrivals)
