"""Runs that an earlier scheduler left on Prefect's server: begun ones, and those that came due since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

_PAGE = 200
_BEGUN = ("PENDING", "RUNNING", "CANCELLING")


async def end_leftovers(deployments: Sequence[UUID]) -> int:
    """End the runs of deployments that only this process runs, and that it did not begin.

    Those begun have lost their process. Of those that came due meanwhile, and that a schedule made, the last
    one of each deployment is run: once is enough.

    Args:
        deployments: Their ids.

    Returns:
        How many were ended.
    """
    async with get_client() as client:
        begun = await _runs(client, deployments, {"state": {"type": {"any_": _BEGUN}}})
        for run in begun:
            lost: State[None] = Crashed(message="its scheduler was ended, and its process with it")
            await client.set_flow_run_state(run.id, lost, force=True)
        due = {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "expected_start_time": {"before_": datetime.now(UTC)},
        }
        late = [run for run in await _runs(client, deployments, due) if run.auto_scheduled]
        kept = {run.deployment_id: run.id for run in reversed(late)}  # the latest one comes last
        passed = [run for run in late if kept[run.deployment_id] != run.id]
        for run in passed:
            await client.set_flow_run_state(run.id, Cancelled(message="a later one is due, too"), force=True)
        return len(begun) + len(passed)


async def _runs(
    client: PrefectClient, deployments: Sequence[UUID], which: dict[str, object]
) -> list[FlowRun]:
    """Return the runs that a filter chooses, the latest first."""
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(which),
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(deployments))),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _PAGE:
            return found
