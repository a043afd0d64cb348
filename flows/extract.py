"""The batch flow: segment → read → validate → store for each chunk, one read while the next is segmented."""

from __future__ import annotations

from collections import deque
from typing import Any

from prefect import flow, tags, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TagsContext
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.batch import Batch, Tally, batch_of, under_way
from segocr.errors import SegocrError

AHEAD = 2
"""Chunks that may be under way beside the oldest one: what bounds memory."""

# One thread a stage.
_RUNNER: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=4)


def is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Say whether trying a failed task again can help: the error knows it itself."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, SegocrError) and error.transient


_OPTIONS: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": is_transient,
}


def _options(name: str, *marks: str) -> dict[str, Any]:
    return _OPTIONS | {"name": name, "task_run_name": f"{name}-{{chunk}}", "tags": marks}


# A global concurrency limit named `tag:segment` or `tag:ocr` holds for all machines, where one is set.
@task(**_options("segment", "segment"))
def segment(batch: str, chunk: int) -> None:
    """Open a chunk's documents and find their regions."""
    batch_of(batch).segment(chunk)


@task(**_options("read", "ocr"))
def read(batch: str, chunk: int) -> None:
    """Read a chunk's regions."""
    batch_of(batch).read(chunk)


@task(**_options("validate"))
def validate(batch: str, chunk: int) -> None:
    """Make a chunk's records."""
    batch_of(batch).validate(chunk)


@task(**_options("store"))
def store(batch: str, chunk: int) -> None:
    """Store a chunk's records."""
    batch_of(batch).store(chunk)


Futures = list[PrefectFuture[Any]]


def _name_of_run() -> str:
    return batch_of(flow_run.parameters["batch"]).name


def run_flow(batch: Batch) -> None:
    """Run a batch as a flow; its id is new with every hand-over, and is in the name of the run.

    Raises:
        SegocrError: As ``extract_batch``.
    """
    with under_way(batch), tags("segocr", batch.template):
        extract_batch(batch.id)


@flow(
    name="extract",
    flow_run_name=_name_of_run,
    persist_result=False,
    validate_parameters=False,
    task_runner=_RUNNER,  # type: ignore[arg-type]  # Prefect annotates it invariantly
)
def extract_batch(batch: str) -> None:
    """Process a batch that is under way in this process.

    Args:
        batch: Its id.

    Raises:
        SegocrError: Something kept it from being processed that no document is to blame for.
    """
    chunks: deque[Futures] = deque()
    before: Futures = []
    # Before a task begins, the server is asked for room under each of its tags; the run's own are no limits.
    with TagsContext(current_tags=set()):
        for chunk in batch_of(batch).chunks:
            before = _submit(batch, chunk, before)
            chunks.append(before)
            if len(chunks) > AHEAD:
                _finish(chunks.popleft())
        while chunks:
            _finish(chunks.popleft())
    report(batch_of(batch).tally, batch)


def _submit(batch: str, chunk: int, before: Futures) -> Futures:
    """Submit a chunk's tasks: each after the one before it, and after the same one of the chunk before."""
    futures: Futures = []
    for stage, verb in enumerate((segment, read, validate, store)):
        after = futures[-1:] + before[stage : stage + 1]
        futures.append(verb.submit(batch, chunk, wait_for=after, return_state=False))
    return futures


def _finish(futures: Futures) -> None:
    for future in futures:
        future.result()


def report(tally: Tally, batch: str) -> None:
    """Leave an artifact with states, problem codes and times: no file names, no values."""
    rows: list[dict[str, Any]] = [
        *({"what": "records", "which": state, "count": count} for state, count in tally.states.most_common()),
        *({"what": "problems", "which": code, "count": count} for code, count in tally.codes.most_common()),
        *({"what": "seconds", "which": step, "count": round(s, 3)} for step, s in tally.seconds.items()),
    ]
    create_table_artifact(
        rows, key="extract-batch", description=f"Batch {batch}: {tally.documents} documents"
    )
