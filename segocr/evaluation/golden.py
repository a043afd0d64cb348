"""The golden documents of a template: what they say is read, and what is read wrong is not accepted.

A template's folder may hold ``golden/``: a few documents in the labelled format, whose values are the stored
expectation. As they are, every value must be read right, but for those in ``golden/known.json``; after a
mishap a value may be lost. Accepted and wrong is a failure in any case.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from segocr.errors import UsageError
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.mishaps import Mishap, with_mishap
from segocr.evaluation.outcomes import FieldRule, Outcome, Result, outcomes_of
from segocr.evaluation.run import field_rules
from segocr.extraction import extract
from segocr.records import Record
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template

AS_IT_IS = "as it is"


class Verdict(StrEnum):
    """What a golden value is worth.

    right: read as labelled. known: not, and ``known.json`` says so. lost: not right, and not accepted
    either; a failure only without a mishap. wrong: accepted and not right.
    """

    RIGHT = "right"
    KNOWN = "known"
    LOST = "lost"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One value of one golden document after one mishap.

    Attributes:
        document: Its id.
        mishap: What happened to it, ``AS_IT_IS`` if nothing.
        field: The field's name.
        expected: The value that it should have; None: nobody labelled one here.
        read: The value read; None if none was.
        accepted: Whether the record accepts it.
        verdict: What that is worth.
    """

    document: str
    mishap: str
    field: str
    expected: str | None
    read: str | None
    accepted: bool
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether the template's test fails because of this."""
        return self.verdict is Verdict.WRONG or (self.verdict is Verdict.LOST and self.mishap == AS_IT_IS)


def golden_documents(template: Template) -> list[LabelledDocument]:
    """Return a template's golden documents; none if it has no such folder.

    Raises:
        UsageError: ``labels``: they cannot be understood.
    """
    folder = template.folder / "golden"
    return read_labels(folder, None) if (folder / "fields.jsonl").is_file() else []


def known_failures(template: Template) -> frozenset[tuple[str, str]]:
    """Return the (document, field) pairs that are known not to be read right.

    Raises:
        UsageError: ``labels``: ``golden/known.json`` is not ``{"document": ["field", …]}``.
    """
    path = template.folder / "golden" / "known.json"
    try:
        listed = json.loads(path.read_text("utf-8"))
        return frozenset((document, field) for document, fields in listed.items() for field in fields)
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{path} cannot be understood: {error}",
            code="labels",
            hint='it lists what is not read right: {"document": ["field"]}',
        ) from error


def check_golden(
    template: Template,
    documents: Sequence[LabelledDocument],
    *,
    settings: Settings,
    steps: Steps,
    mishaps: Sequence[Mishap] = (),
    segment_engine: str | None = None,
    progress: Callable[[str, int, int], None] = lambda _, __, ___: None,
) -> list[Finding]:
    """Extract golden documents as they are and after mishaps, and judge every value.

    Fields that are parts of others have no labels of their own: what they were without a mishap, where
    that was accepted, is what they should be.

    Args:
        template: The template.
        documents: Its golden documents.
        settings: Of the workspace.
        steps: The hosts.
        mishaps: What happens to the documents, one after the other, besides nothing.
        segment_engine: Instead of the template's list.
        progress: Called with the mishap's name, documents done and documents in all.

    Raises:
        SegocrError: As ``extract``.
    """
    rules, known = field_rules(template, documents), known_failures(template)
    plain: dict[str, Record] = {}
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="segocr-golden-") as scratch:
        for number, mishap in enumerate((None, *mishaps)):
            name = mishap.name if mishap else AS_IT_IS
            shown = with_mishap(documents, mishap, Path(scratch) / str(number)) if mishap else list(documents)
            paths = [document.path for document in shown]
            records = extract(
                paths, template=template, settings=settings, steps=steps, segment_engine=segment_engine,
                progress=lambda done, name=name: progress(name, done.done, done.total),  # type: ignore[misc]
            )  # fmt: skip
            for document, record in zip(shown, _whole(records, paths), strict=True):
                if mishap is None:
                    plain[document.id] = record
                findings += _judged(document, record, rules, name, known)
                if mishap is not None:
                    findings += _parts(document.id, plain[document.id], record, rules, name)
    return findings


def _whole(records: Iterator[Record], paths: Sequence[Path]) -> list[Record]:
    """Return one record a document; golden ones have one page or one record over all."""
    found = {record.file: record for record in records}
    return [found[path] for path in paths]


def _judged(
    document: LabelledDocument,
    record: Record,
    rules: Sequence[FieldRule],
    mishap: str,
    known: frozenset[tuple[str, str]],
) -> Iterator[Finding]:
    for outcome in outcomes_of(document, record, rules):
        verdict = _verdict(outcome)
        if verdict is None:
            continue
        if verdict is Verdict.LOST and mishap == AS_IT_IS and (document.id, outcome.field) in known:
            verdict = Verdict.KNOWN
        yield Finding(
            document.id, mishap, outcome.field, outcome.label, outcome.read, outcome.accepted, verdict
        )


def _verdict(outcome: Outcome) -> Verdict | None:
    """Return what a value is worth; None for one that nobody expects and nobody accepts."""
    if outcome.result is Result.RIGHT:
        return Verdict.RIGHT
    if outcome.accepted:
        return Verdict.WRONG
    return Verdict.LOST if outcome.result in (Result.WRONG, Result.MISSING) else None


def _parts(
    document: str, plain: Record, record: Record, rules: Sequence[FieldRule], mishap: str
) -> Iterator[Finding]:
    labelled = {rule.name for rule in rules}
    for name, values in plain.fields.items():
        if name in labelled:
            continue
        for before, after in zip(values, record.fields.get(name, ()), strict=False):
            if before.accepted:
                same = before.value == after.value
                verdict = Verdict.RIGHT if same else Verdict.WRONG if after.accepted else Verdict.LOST
                yield Finding(document, mishap, name, before.value, after.value, after.accepted, verdict)


def summary(findings: Sequence[Finding]) -> Mapping[str, Mapping[Verdict, int]]:
    """Return how often each verdict was given, by mishap, in the order of the mishaps."""
    counts: dict[str, dict[Verdict, int]] = {}
    for finding in findings:
        row = counts.setdefault(finding.mishap, dict.fromkeys(Verdict, 0))
        row[finding.verdict] += 1
    return counts
