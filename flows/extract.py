"""The batch flow: segment → read → validate → store for each chunk, one read while the next is segmented."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from prefect import flow, tags, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TagsContext
from prefect.exceptions import ObjectNotFound
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task

from flows.batch import Batch, Tally, batch_of, under_way
from flows.heartbeat import beating, without_prefects_own
from segocr.errors import SegocrError

AHEAD = 2
"""Chunks that may be under way beside the oldest one: what bounds memory."""

_STAGES = 4
# A thread for each task that may be submitted: one that waits for another keeps its thread meanwhile.
_RUNNER: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=_STAGES * (AHEAD + 1))


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


def _options(name: str) -> dict[str, Any]:
    return _OPTIONS | {"name": name, "task_run_name": f"{name}-{{chunk}}"}


@task(**_options("segment"))
def segment(batch: str, chunk: int) -> None:
    """Open a chunk's documents and find their regions."""
    batch_of(batch).segment(chunk)


@task(**_options("read"))
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
Stages = Sequence[Task[[str, int], None]]


def limited_stages() -> Stages:
    """Return the tasks of a chunk; a task for which somebody set a limit has its tag.

    The server is asked for room under each tag of a task before it begins, and a busy one answers after
    seconds. So the limits ``tag:segment`` and ``tag:ocr``, which hold for all machines, are looked for once.
    """
    with get_client(sync_client=True) as client:
        limited = [
            verb.with_options(tags=[tag]) if _has_limit(client, tag) else verb
            for verb, tag in ((segment, "segment"), (read, "ocr"))
        ]
    return [*limited, validate, store]


def _has_limit(client: SyncPrefectClient, tag: str) -> bool:
    try:
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}").active
    except ObjectNotFound:
        return False


def _name_of_run() -> str:
    return batch_of(flow_run.parameters["batch"]).name


def run_flow(batch: Batch) -> None:
    """Run a batch as a flow; its id is new with every hand-over, and is in the name of the run.

    Raises:
        SegocrError: As ``extract_batch``.
    """
    with under_way(batch), tags("segocr", batch.template), without_prefects_own():
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
    stages = limited_stages()
    with beating(), TagsContext(current_tags=set()):  # the run's own tags are no limits
        for chunk in batch_of(batch).chunks:
            before = _submit(stages, batch, chunk, before)
            chunks.append(before)
            if len(chunks) > AHEAD:
                _finish(chunks.popleft())
        while chunks:
            _finish(chunks.popleft())
    report(batch_of(batch).tally, batch)


def _submit(stages: Stages, batch: str, chunk: int, before: Futures) -> Futures:
    """Submit a chunk's tasks: each after the one before it, and after the same one of the chunk before."""
    futures: Futures = []
    for stage, verb in enumerate(stages):
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
