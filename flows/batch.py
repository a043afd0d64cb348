"""A batch: documents under one template, worked on in chunks; what a flow run keeps for its tasks.

Prefect keeps the parameters and results of tasks until a flow run ends. So tasks are given the batch's id and
the chunk's number, and everything else stays here, freed when a chunk is stored.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.connect import Engine
from db.store import Processed, store_documents
from segocr.ahead import ahead
from segocr.errors import SegocrError
from segocr.pipeline import Pipeline
from segocr.records import Record, RecordStatus
from segocr.work import Work

LEAST = 4
MOST = 32
"""Documents in a chunk: enough to share the cost of its task runs, few enough to keep all their crops."""
MOST_BYTES = 16_000_000
"""What their files may hold together: photos of many megapixels and files of many pages have large crops."""


def chunk_bounds(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each chunk of documents whose files are so large.

    A chunk holds as many as all before it, and half of what is left: while the first is segmented and while
    the last is read, nothing else is done, so these are small.
    """
    start = 0
    while left := len(sizes) - start:
        count = left if left < 2 * LEAST else min(MOST, max(LEAST, min(start, left // 2)))
        while count > 1 and sum(sizes[start : start + count]) > MOST_BYTES:
            count -= 1
        yield start, start + count
        start += count


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # opening it says what is wrong
        return 0


@dataclass(frozen=True, slots=True)
class Item:
    """One document to process.

    Attributes:
        path: Where it lies now.
        shown: The path that its records name: where somebody dropped it; None if that is ``path``.
        arrival: What brought it, if something did.
        owner: Who holds the arrival's lease.
    """

    path: Path
    shown: Path | None = None
    arrival: uuid.UUID | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A document and its records, ready to be stored."""

    item: Item
    work: Work
    records: Sequence[Record]


Keep = Callable[[Item], bool]
Filed = Callable[[Item, Work, Sequence[Record]], None]


@dataclass(slots=True)
class Tally:
    """What became of a batch, without a file name or a field's value in it.

    Attributes:
        states: Records by accepted, needs_review, failed.
        codes: Problems by code.
        seconds: Time by step.
        documents: How many were stored.
    """

    states: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    documents: int = 0

    def note(self, records: Sequence[Record]) -> None:
        """Count the records of one document."""
        self.documents += 1
        for record in records:
            self.states[state_of(record)] += 1
            problems = [
                *record.problems,
                *(p for vs in record.fields.values() for v in vs for p in v.problems),
            ]
            self.codes.update(problem.code for problem in problems)
        for step, seconds in records[0].timings.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + seconds


def state_of(record: Record) -> str:
    """Return what a record means for its reader: accepted, needs_review or failed."""
    if record.status is RecordStatus.FAILED:
        return "failed"
    return "accepted" if record.accepted else "needs_review"


class Batch:
    """Documents of one template and their chunks under way.

    Args:
        pipeline: What processes them.
        items: The documents.
        engine: The database.
        begin: Told which documents are in hand from now on.
        keep: Asked just before a document's records are stored; False drops them.
        filed: Called with each document once its chunk's records are stored.
        chunk_filed: Called when that was done for all of a chunk.
        stopping: Asked before each chunk; True ends the batch with the chunks that were begun.

    Attributes:
        id: Its own, new with every batch.
        tally: What became of it so far.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        items: Sequence[Item],
        engine: Engine,
        *,
        begin: Callable[[Sequence[Item]], None] | None = None,
        keep: Keep | None = None,
        filed: Filed | None = None,
        chunk_filed: Callable[[], None] | None = None,
        stopping: Callable[[], bool] = bool,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.tally = Tally()
        self._pipeline = pipeline
        self._chunks = [items[start:end] for start, end in chunk_bounds([_size(item.path) for item in items])]
        self._engine = engine
        self._begin = begin
        self._keep = keep
        self._filed = filed
        self._chunk_filed = chunk_filed
        self._stopping = stopping
        self._works: dict[int, list[Work]] = {}
        self._made: dict[int, list[_Made]] = {}

    @property
    def name(self) -> str:
        """What a person calls it."""
        count = sum(map(len, self._chunks))
        return f"{self._pipeline.template.name}, {count} document{'s' * (count != 1)}, {self.id}"

    @property
    def template(self) -> str:
        """The template's name."""
        return self._pipeline.template.name

    @property
    def chunks(self) -> Iterator[int]:
        """Yield the numbers of the chunks, until told to stop."""
        for number in range(len(self._chunks)):
            if self._stopping():
                return
            yield number

    def segment(self, chunk: int) -> None:
        """Open a chunk's documents and find their regions."""
        items = self._chunks[chunk]
        if self._begin is not None:
            self._begin(items)
        self._works[chunk] = self._pipeline.segment([item.path for item in items])

    def read(self, chunk: int) -> None:
        """Read its regions."""
        self._pipeline.read(self._works[chunk])

    def validate(self, chunk: int) -> None:
        """Make its records."""
        works = self._works[chunk]
        self._made[chunk] = [
            _Made(item, work, [replace(record, file=item.shown or item.path) for record in records])
            for item, work, records in zip(
                self._chunks[chunk], works, self._pipeline.validate(works), strict=True
            )
        ]

    def store(self, chunk: int) -> None:
        """Store its records, in one transaction where that can be, and free all that is kept of it."""
        made = self._made[chunk]  # a second try goes on where the first one stopped
        try:
            self._store(made, made)
        except SegocrError as error:
            if error.transient or len(made) == 1:
                raise
            self._store_each(made)
        del self._works[chunk], self._made[chunk]

    def _store_each(self, left: list[_Made]) -> None:
        """Store one after the other: what keeps one from being stored is to keep no other from it."""
        failure: SegocrError | None = None
        for one in list(left):
            try:
                self._store(left, [one])
            except SegocrError as error:
                if error.transient:
                    raise
                failure = failure or error
        if failure is not None:
            raise failure

    def _store(self, left: list[_Made], some: Sequence[_Made]) -> None:
        kept = [one for one in some if self._keep is None or self._keep(one.item)]
        dropped = [one for one in some if one not in kept]
        store_documents(
            self._engine, [Processed(one.records, one.item.arrival, one.item.owner) for one in kept]
        )
        for one in dropped:
            left.remove(one)
        for one in kept:
            if self._filed is not None:
                self._filed(one.item, one.work, one.records)
            self.tally.note(one.records)
            left.remove(one)
        if self._chunk_filed is not None:
            self._chunk_filed()


_under_way: dict[str, Batch] = {}


@contextmanager
def under_way(batch: Batch) -> Iterator[Batch]:
    """Let tasks find a batch by its id for the time of a ``with`` block."""
    _under_way[batch.id] = batch
    try:
        yield batch
    finally:
        del _under_way[batch.id]


def batch_of(batch_id: str) -> Batch:
    """Return a batch that is under way in this process."""
    return _under_way[batch_id]


def run_here(batch: Batch) -> None:
    """Run a batch in this process, without Prefect: one chunk is segmented while the one before is read.

    Raises:
        SegocrError: Something kept it from being processed that no document is to blame for.
    """

    def segmented() -> Iterator[int]:
        for chunk in batch.chunks:
            batch.segment(chunk)
            yield chunk

    for chunk in ahead(segmented(), 1):
        batch.read(chunk)
        batch.validate(chunk)
        batch.store(chunk)
