"""``segocr replay``: stored readings decided again, without pixels or models."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from segocr.cli.output import Format, formats, note, print_json, print_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.connect import Engine
    from db.stored import StoredRecord
    from segocr.records import Problem, Record
    from segocr.replay import Change, Replayed
    from segocr.settings import Settings
    from segocr.templates import Template

SOME_STAY = 3
_TOGETHER = 64
_COLUMNS = ("file", "part", "field", "was", "is")


@click.command()
@click.argument("template", required=False, metavar="[TEMPLATE]")
@click.option(
    "--document", "documents", multiple=True, metavar="SHA256",
    help="Only this document (at least 6 digits); may be given several times.",
)  # fmt: skip
@click.option("--verify", is_flag=True, help="Decide also what nothing has changed for, and compare.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Store without asking.")
@formats(Format.TABLE, Format.JSON)
def command(
    template: str | None,
    documents: tuple[str, ...],
    verify: bool,
    dry_run: bool,
    yes: bool,
    output: Format,
) -> int:
    r"""Decide stored records again, after patterns, checks, rules, validators or thresholds changed.

    What changes is shown, and stored when you agree; the older versions stay in the database. Without
    TEMPLATE every template that has records is replayed; records of one that is gone or has a mistake stay.

    \b
    segocr replay receipt --dry-run
    segocr replay receipt --yes
    """
    from db.documents import find_document
    from db.stored import current_ids, current_templates
    from segocr.cli.database import workspace_database
    from segocr.cli.interrupts import orderly_termination
    from segocr.settings import load_settings
    from segocr.steps.client import Steps

    settings = load_settings()
    with ExitStack() as stack:
        stack.enter_context(orderly_termination())
        engine = workspace_database(settings)
        stack.callback(engine.dispose)
        wanted = tuple(find_document(engine, one) for one in documents)
        if template is not None:
            loaded: list[Template | _Unloaded] = [_load(template, settings)]
        else:
            loaded = [_load_or_why_not(name, settings) for name in current_templates(engine)]
        work = [(one, current_ids(engine, one.name, wanted)) for one in loaded]
        if not any(ids for _, ids in work):
            note("there is no record to replay")
        steps = stack.enter_context(
            Steps(environments=settings.environment_pythons, device=settings.engines.devices)
        )
        run = _Run(engine, steps, verify=verify)
        run.decide(work)
    run.show(output)
    if run.pairs and not dry_run:
        if yes or click.confirm(f"Store {_count(len(run.pairs), 'record')}?", err=True):
            run.store([one for one in loaded if not isinstance(one, _Unloaded)])
        else:
            note("nothing was stored")
    return SOME_STAY if run.staying else 0


@dataclass(frozen=True, slots=True)
class _Unloaded:
    """A template that has records and cannot be loaded: it is gone, or has a mistake."""

    name: str
    why: Problem


class _Run:
    """What was decided again, until it is shown and stored."""

    def __init__(self, engine: Engine, steps: Any, *, verify: bool) -> None:
        self._engine = engine
        self._steps = steps
        self._verify = verify
        self.pairs: list[tuple[StoredRecord, Record]] = []
        self.changed: list[Replayed] = []
        self.staying: list[Replayed] = []
        self.same = 0

    def decide(self, work: list[tuple[Template | _Unloaded, list[int]]]) -> None:
        """Decide the records of each template."""
        from db.stored import stored_records
        from segocr.cli.progress import progress_bar

        with progress_bar(sum(len(ids) for _, ids in work)) as advance:
            for template, ids in work:
                for start in range(0, len(ids), _TOGETHER):
                    stored = list(stored_records(self._engine, ids[start : start + _TOGETHER]))
                    answers = self._decided([one.record for one in stored], template)
                    for before, answer in zip(stored, answers, strict=True):
                        self._take(before, answer)
                        advance(before.record.file.name)

    def _decided(self, records: list[Record], template: Template | _Unloaded) -> Iterable[Replayed]:
        from segocr.replay import Replayed, replay

        if isinstance(template, _Unloaded):
            return [Replayed(record, None, problem=template.why) for record in records]
        return replay(records, template, validate=self._steps.validate, verify=self._verify)

    def _take(self, before: StoredRecord, answer: Replayed) -> None:
        if answer.problem is not None:
            self.staying.append(answer)
        elif answer.after is None:
            self.same += 1
        else:
            self.pairs.append((before, answer.after))
            if answer.changes:
                self.changed.append(answer)

    def show(self, output: Format) -> None:
        """Print what changes; on standard error what stays as it is, and why."""
        from segocr.replayable import WANT_PAGES

        if output is Format.JSON:
            print_json(self._as_json())
        elif self.changed:
            print_rows(_COLUMNS, [row for one in self.changed for row in _rows(one)], output)
        reasons = Counter(one.problem.message for one in self.staying if one.problem)
        for one in self.staying:
            assert one.problem is not None
            if reasons[one.problem.message]:
                more = reasons.pop(one.problem.message) - 1
                others = f" (and {_count(more, 'other record')})" if more else ""
                note(f"stays as it is: {one.before.file}{others}: {one.problem.code}: {one.problem.message}")
        if any(one.problem and one.problem.code in WANT_PAGES for one in self.staying):
            note("what stays needs its pages: extract the documents again")
        note(
            f"{_count(len(self.pairs), 'record')} decided again: {len(self.changed)} with other values, "
            f"{len(self.pairs) - len(self.changed)} with the same; "
            f"{self.same} already decided by this template; {len(self.staying)} stay as they are"
        )

    def _as_json(self) -> dict[str, Any]:
        return {
            "decided": len(self.pairs),
            "same": self.same,
            "changed": [
                {**_about(one), "changes": [_change_as_json(change) for change in one.changes]}
                for one in self.changed
            ],
            "staying": [
                {**_about(one), "code": one.problem.code, "message": one.problem.message}
                for one in self.staying
                if one.problem
            ],
        }

    def store(self, templates: list[Template]) -> None:
        """Store what was decided again, and make the views of the templates as they are now."""
        from db.replaying import store_replayed
        from db.views import register_template, shape_of

        for name in sorted({record.recipe.template for _, record in self.pairs}):
            register_template(self._engine, shape_of(next(one for one in templates if one.name == name)))
        stored = 0
        for start in range(0, len(self.pairs), _TOGETHER):
            stored += store_replayed(self._engine, self.pairs[start : start + _TOGETHER])
        newer = len(self.pairs) - stored
        note(
            f"stored {_count(stored, 'record')}"
            + (f"; {newer} were extracted anew meanwhile and are left" if newer else "")
        )


def _load(name: str, settings: Settings) -> Template:
    from segocr.templates import load_template

    return load_template(name, search=settings.template_folders, validators_folder=settings.validators_folder)


def _load_or_why_not(name: str, settings: Settings) -> Template | _Unloaded:
    from segocr.errors import ModelError, TemplateError
    from segocr.records import Problem

    try:
        return _load(name, settings)
    except (TemplateError, ModelError) as error:
        return _Unloaded(name, Problem(error.code, error.message))


def _about(one: Replayed) -> dict[str, Any]:
    before = one.before
    return {
        "file": str(before.file),
        "sha256": before.sha256,
        "part": before.part,
        "template": before.recipe.template,
    }


def _rows(one: Replayed) -> list[tuple[object, ...]]:
    return [
        (
            Path(one.before.file.name),
            one.before.part or None,
            _field(change),
            _state(change.before),
            _state(change.after),
        )
        for change in one.changes
    ]


def _field(change: Change) -> str:
    if change.field is None:
        return "(record)"
    return f"{change.field}[{change.ordinal}]" if change.ordinal else change.field


def _state(state: tuple[str | None, str] | None) -> str:
    if state is None:
        return ""
    value, status = state
    return status if value is None else f"{value} ({status})"


def _change_as_json(change: Change) -> dict[str, Any]:
    def shown(state: tuple[str | None, str] | None) -> dict[str, str | None] | None:
        return None if state is None else {"value": state[0], "status": state[1]}

    return {
        "field": change.field,
        "ordinal": change.ordinal,
        "before": shown(change.before),
        "after": shown(change.after),
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
