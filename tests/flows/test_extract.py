"""The batch flow on a real Prefect server, with a scripted pipeline in the place of hosts and models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from db.connect import open_database
from db.schema import prepare
from flows.batch import LEAST, MOST, MOST_BYTES, Batch, Item, chunk_bounds, state_of
from segocr.documents import Document
from segocr.errors import HostDied, ModelError
from segocr.records import Problem, Recipe, Record, RecordStatus
from segocr.work import Work

RECIPE = Recipe("letter", 1, "0" * 64)


class ScriptedPipeline:
    """Does what a pipeline does, without models; keeps what happened when, and fails where it is told to."""

    template = SimpleNamespace(name="letter")

    def __init__(self, fail: Callable[[str, int], Exception | None] = lambda stage, time: None) -> None:
        self.spans: list[tuple[str, float, float]] = []
        self.calls: dict[str, int] = {}
        self.most_under_way = 0
        self._fail = fail
        self._under_way = 0
        self._lock = threading.Lock()

    def _stage(self, name: str, change: int = 0, seconds: float = 0.15) -> None:
        with self._lock:
            self.calls[name] = call = self.calls.get(name, 0) + 1
            self._under_way += change
            self.most_under_way = max(self.most_under_way, self._under_way)
        begin = time.monotonic()
        time.sleep(seconds)
        self.spans.append((name, begin, time.monotonic()))
        if error := self._fail(name, call):
            raise error

    def segment(self, paths: Sequence[Path]) -> list[Work]:
        self._stage("segment", +1)
        return [Work(path, Document(path, f"{hash(path) % 2**64:064x}", 1)) for path in paths]

    def read(self, works: Sequence[Work]) -> None:
        self._stage("read")

    def validate(self, works: Sequence[Work]) -> list[list[Record]]:
        self._stage("validate", -1, 0.0)
        return [[record_of(work)] for work in works]


def record_of(work: Work) -> Record:
    """A failed record for files named so, an accepted one for the others."""
    assert work.document is not None
    failed = work.path.name.startswith("broken")
    return Record(
        file=work.path,
        sha256=work.document.sha256,
        media_type="image/jpeg",
        part=0,
        recipe=RECIPE,
        status=RecordStatus.FAILED if failed else RecordStatus.COMPLETE,
        accepted=not failed,
        problems=(Problem("truncated", "the file ends too early"),) if failed else (),
        pages=(),
        fields={},
        lists=frozenset(),
        timings={"segment": 0.5},
        day=datetime.now(UTC).date().isoformat(),
    )


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_database("sqlite:///flow.db", folder=tmp_path)
    prepare(engine)
    return engine


def run(pipeline: Any, engine: Engine, names: Sequence[str]) -> tuple[Batch, list[Path]]:
    """Run the flow over documents of these names; returns the batch and the files in the order of filing."""
    from flows.extract import run_flow

    filed: list[Path] = []
    batch = Batch(
        pipeline,
        [Item(Path(name)) for name in names],
        engine,
        filed=lambda item, *_: filed.append(item.path),
    )
    run_flow(batch)
    return batch, filed


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("select count(*) from extractions")).scalar_one())


@pytest.mark.usefixtures("server")
def test_every_document_is_stored_in_order_and_a_chunk_is_read_while_the_next_is_segmented(
    engine: Engine,
) -> None:
    pipeline = ScriptedPipeline()
    names = [f"{number:03}.jpg" for number in range(MOST + 13)]
    batch, filed = run(pipeline, engine, names)
    assert [path.name for path in filed] == names
    assert stored(engine) == len(names)
    assert batch.tally.states == {"accepted": len(names)}
    reads = [span for span in pipeline.spans if span[0] == "read"]
    segments = [span for span in pipeline.spans if span[0] == "segment"]
    overlaps = [r for r in reads for s in segments if r[1] < s[2] and s[1] < r[2]]
    assert overlaps
    assert pipeline.most_under_way <= 3


@pytest.mark.usefixtures("server")
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(engine: Engine) -> None:
    dies_once = ScriptedPipeline(
        lambda stage, call: HostDied("killed") if (stage, call) == ("read", 1) else None
    )
    run(dies_once, engine, ["a.jpg"])
    assert dies_once.calls == {"segment": 1, "read": 2, "validate": 1}

    never = ScriptedPipeline(lambda stage, call: ModelError("no model") if stage == "segment" else None)
    with pytest.raises(ModelError, match="no model"):
        run(never, engine, ["b.jpg"])
    assert never.calls == {"segment": 1}
    assert stored(engine) == 1


@pytest.mark.usefixtures("server")
def test_the_server_is_asked_for_room_only_where_a_limit_is_set(engine: Engine) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

    from flows.extract import limited_stages

    assert [set(stage.tags) for stage in limited_stages()] == [set(), set(), set(), set()]
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="tag:ocr", limit=1))
        try:
            assert [set(stage.tags) for stage in limited_stages()] == [set(), {"ocr"}, set(), set()]
            run(ScriptedPipeline(), engine, [f"{number}.jpg" for number in range(9)])
        finally:
            client.delete_global_concurrency_limit_by_name("tag:ocr")
    assert stored(engine) == 9


@pytest.mark.usefixtures("server")
def test_the_artifact_tells_states_codes_and_times_but_no_names(engine: Engine) -> None:
    from prefect.artifacts import Artifact

    batch, _ = run(ScriptedPipeline(), engine, ["secret.jpg", "broken-secret.jpg"])
    artifact = Artifact.get("extract-batch")
    assert artifact is not None
    assert batch.id in str(artifact.description)
    data = str(artifact.data)
    assert all(word in data for word in ("accepted", "failed", "truncated", "segment"))
    assert "secret" not in data


def test_a_store_that_failed_half_way_goes_on_where_it_stopped(engine: Engine) -> None:
    seen: list[str] = []

    def file_it(item: Item, work: Work, records: Sequence[Record]) -> None:
        seen.append(item.path.name)
        if seen == ["a", "b"]:
            raise HostDied("the disk was busy")

    batch = Batch(ScriptedPipeline(), [Item(Path(name)) for name in "abc"], engine, filed=file_it)  # type: ignore[arg-type]
    batch.segment(0)
    batch.read(0)
    batch.validate(0)
    with pytest.raises(HostDied):
        batch.store(0)
    batch.store(0)
    assert seen == ["a", "b", "b", "c"]
    assert stored(engine) == 3
    assert batch.tally.documents == 3


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 37, 200, 500])
def test_chunks_hold_every_document_once_and_are_small_at_both_ends(count: int) -> None:
    bounds = list(chunk_bounds([1] * count))
    assert [number for start, end in bounds for number in range(start, end)] == list(range(count))
    sizes = [end - start for start, end in bounds]
    assert max(sizes, default=0) <= MOST
    assert all(size < 2 * LEAST for size in sizes[:1] + sizes[-1:])


def test_large_files_come_in_small_chunks() -> None:
    third, more = MOST_BYTES // 3, MOST_BYTES + 1
    assert list(chunk_bounds([third] * 4 + [more] * 2)) == [(0, 3), (3, 4), (4, 5), (5, 6)]


def test_a_record_that_is_not_accepted_needs_review() -> None:
    record = record_of(Work(Path("a"), Document(Path("a"), "0" * 64, 1)))
    assert state_of(record) == "accepted"
    assert state_of(record_of(Work(Path("broken"), Document(Path("b"), "1" * 64, 1)))) == "failed"
