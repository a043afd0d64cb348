"""What ``segocr serve`` runs by schedule: deployments on a real server, runs in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from db.arrivals import Arrivals
from db.connect import open_database
from db.schema import prepare
from flows.server import prefect_environment
from segocr.errors import ConfigurationError, SegocrError
from segocr.inbox.arrivals import State
from segocr.inbox.filing import file_away
from segocr.inbox.places import inboxes_in, places_in
from segocr.inbox.taking import sweep
from segocr.service.alerts import recent_alerts
from segocr.service.troubles import read_report
from segocr.settings import SERVED_VARIABLE, Settings, load_settings

NAME = "scheduled"
_PATIENCE = 180.0
_UNENDED = {"SCHEDULED", "PENDING", "RUNNING"}
_SETTINGS = """\
[[inbox]]
path = "inbox"
ready = "renamed"
[schedules]
watch = 900
retry = "off"
[retry]
codes = ["gave-up", "no-template"]
[alert]
failures = 3
command = ["%s", "-c", "import sys; open('told.json', 'w').write(sys.stdin.read())"]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace in which three documents failed: one that may do better, two that may not."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "segocr.toml").write_text(_SETTINGS % sys.executable)
    settings = load_settings(tmp_path)
    engine = open_database(settings.database_url or "", folder=tmp_path)
    prepare(engine)
    ledger, places, [inbox] = Arrivals(engine), places_in(settings), inboxes_in(settings)
    for name, code in (("a.jpg", "gave-up"), ("b.jpg", "encrypted"), ("c.jpg", "no-template")):
        (inbox.folder / name).write_bytes(name.encode())
        sweep(inbox, places, ledger, "me")
        [arrival] = ledger.take("me", 10, 60)
        ledger.end(arrival.id, State.FAILED, code, f"it is {code}")
        file_away(inbox, places, ledger, arrival, State.FAILED, code)
    engine.dispose()
    return tmp_path


def test_a_run_works_in_the_workspace_of_its_process_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.service import WORKSPACE, own_workspace

    (tmp_path / "own").mkdir()
    (tmp_path / "link").symlink_to("own")
    (tmp_path / "foreign").mkdir()
    monkeypatch.delenv(WORKSPACE, raising=False)
    assert own_workspace(str(tmp_path / "foreign")) == tmp_path / "foreign"
    monkeypatch.setenv(WORKSPACE, str(tmp_path / "own"))
    for named in ("own", "own/", "foreign/../own", "link"):
        assert own_workspace(str(tmp_path / named)) == tmp_path / "own"
    for named in ("foreign", "own/inbox", "", "absent"):
        with pytest.raises(ConfigurationError, match="only, not in") as caught:
            own_workspace(str(tmp_path / named))
        assert caught.value.code == "foreign-workspace"


def test_what_a_run_raises_is_told_without_names_until_one_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.service import WORKSPACE, reported

    monkeypatch.delenv(WORKSPACE, raising=False)
    with pytest.raises(SegocrError, match="unexpected KeyError"), reported(str(tmp_path), "retry"):
        raise KeyError("secret-name.jpg")
    assert [one.code for one in read_report(tmp_path, "retry").troubles] == ["internal"]
    with reported(str(tmp_path), "retry"):
        pass
    assert read_report(tmp_path, "retry").troubles == ()


OPENED = """
import os, sys
os.environ["SEGOCR_SCHEDULER"] = str(os.getppid())
from flows.service import opened
from segocr.errors import DatabaseError
with opened(sys.argv[1]) as (settings, _):
    print(settings.limits.pages)
os.unlink("segocr.db")
try:
    with opened(sys.argv[1]):
        pass
except DatabaseError as error:
    print(error.code, os.path.exists("segocr.db"))
"""


def test_a_run_of_a_service_goes_by_its_settings_and_makes_no_database(workspace: Path) -> None:
    served = {SERVED_VARIABLE: "[limits]\npages = 7\n", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPENED, str(workspace)],
        env={**os.environ, **served},
        cwd=workspace,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["7", "database-missing", "False"], done.stderr


def await_it(there: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not there():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def test_a_served_run_ends_at_once_while_one_of_its_kind_works_and_only_then(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import service
    from flows.inboxes import take_lock

    runs: list[str] = []
    run = service.one_at_a_time("retry")(runs.append)
    (workspace / ".prefect").mkdir()
    with (workspace / ".prefect" / "retry.lock").open("a") as of_another:
        assert take_lock(of_another)
        assert run("by a worker") is None
        monkeypatch.setenv(service.SCHEDULER, str(os.getpid()))
        monkeypatch.setenv(service.WORKSPACE, str(workspace))
        monkeypatch.setattr(service, "die_with_parent", lambda parent: None)
        skipped = run("while another one works")
        assert service.one_at_a_time("watch")(runs.append)("of another kind") is None
    assert skipped is not None
    assert skipped.is_cancelled()
    assert run("when it is done") is None
    assert runs == ["by a worker", "of another kind", "when it is done"]


@contextmanager
def scheduler(workspace: Path, server: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run what runs schedules, until the block ends; its log is the workspace's ``log``."""
    home = workspace / ".prefect"
    home.mkdir(exist_ok=True)
    with (workspace / "log").open("w") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "flows.schedules", str(workspace), str(os.getpid()), *words],
            env=dict(os.environ) | prefect_environment(home, server),
            cwd=workspace,
            stdout=output,
            stderr=output,
        )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(60)


async def make(settings: Settings, name: str) -> list[UUID]:
    """Make the workspace's deployments on the server, and return their ids: ``watch`` is the first."""
    from flows.deployments import deployments

    return [await one.aapply() for one in await deployments(settings, name)]  # type: ignore[misc]


def begin(deployment: UUID) -> list[UUID]:
    """Have a run begun in each way, with no process."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import State, StateType

    begun = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
    with get_client(sync_client=True) as client:
        return [client.create_flow_run_from_deployment(deployment, state=State(type=one)).id for one in begun]


def come_due(deployment: UUID) -> list[UUID]:
    """Have three runs of the schedule come due within the last hour; return them, the latest first."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    now = datetime.now(UTC)
    hour = {"start_time": (now - timedelta(hours=1)).isoformat(), "end_time": now.isoformat()}
    path, asked = {"id": deployment}, {**hour, "min_runs": 3, "max_runs": 3}
    past = {"state": {"type": {"any_": ["SCHEDULED"]}}, "expected_start_time": {"before_": now}}
    with get_client(sync_client=True) as client:
        client.request("POST", "/deployments/{id}/schedule", path_params=path, json=asked)
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(past),
            deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [deployment]}}),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        )
    return [run.id for run in runs]


def states(runs: Sequence[UUID]) -> list[str]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return [str(client.read_flow_run(run).state_type.value) for run in runs]  # type: ignore[union-attr]


@pytest.mark.usefixtures("server")
def test_runs_that_lost_their_process_are_ended_and_of_those_that_came_due_one_is_run(
    workspace: Path,
) -> None:
    from prefect.client.orchestration import get_client

    from flows.leftovers import end_leftovers

    own, foreign, *_ = asyncio.run(make(load_settings(workspace), "left"))
    begun, of_others, due = begin(own), begin(foreign), come_due(own)
    with get_client(sync_client=True) as client:
        by_a_person = client.create_flow_run_from_deployment(own).id
    assert asyncio.run(end_leftovers([own])) == 5
    assert states(begun) == ["CRASHED"] * 3
    assert states(due) == ["SCHEDULED", "CANCELLED", "CANCELLED"]
    assert states([by_a_person]) == ["SCHEDULED"]
    assert states(of_others) == ["PENDING", "RUNNING", "CANCELLING"]


def test_deployments_are_made_and_run_and_many_failures_are_told(
    server: str, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.deployments import run_deployment

    log = workspace / "log"
    left = begin(asyncio.run(make(load_settings(workspace), NAME))[0])
    with scheduler(workspace, server, NAME, "--own-server") as child:
        await_it(lambda: "ready deployments=6" in log.read_text(), log)
        assert f"runs of before ended runs={len(left)}" in log.read_text()
        with get_client(sync_client=True) as client:
            scheduled = {}
            for name in ("watch", "extract-ready", "retry", "reprocess", "housekeeping", "notify"):
                deployment = client.read_deployment_by_name(f"{name}/{NAME}")
                scheduled[name] = [str(one.schedule) for one in deployment.schedules]
        assert [name for name, schedules in scheduled.items() if schedules] == ["watch", "housekeeping"]
        await_it((workspace / "told.json").exists, log)
        for name in ("retry", "housekeeping"):
            run_deployment(f"{name}/{NAME}", timeout=0, as_subflow=False)
        await_it(lambda: "retry sent_back=1" in log.read_text() and "housekeeping" in log.read_text(), log)
        sent_back = [path.name for path in (workspace / "work").rglob("*.jpg")]
        (workspace / "work").rename(workspace / "away")
        troubles = []
        for away in (True, False):
            both = ("housekeeping", "watch")
            runs = [run_deployment(f"{name}/{NAME}", timeout=0, as_subflow=False).id for name in both]
            await_it(lambda runs=runs: _UNENDED.isdisjoint(states(runs)), log)
            troubles += [[one.code for one in read_report(workspace, name).troubles] for name in both]
            if away:
                (workspace / "away").rename(workspace / "work")
        fine = log.read_text()
        foreign = tmp_path_factory.mktemp("foreign")
        shutil.copytree(
            workspace, foreign, ignore=shutil.ignore_patterns(".prefect", "told.json"), dirs_exist_ok=True
        )
        named = {"workspace": str(foreign)}
        refused = run_deployment(
            f"notify/{NAME}", parameters=named, timeout=_PATIENCE, poll_interval=0.5, as_subflow=False
        )
    assert child.returncode == 0
    assert "Traceback" not in fine
    assert troubles == [["work-missing"], ["work-missing"], [], []]
    assert fine.count("paused code=work-missing") == fine.count("goes on code=work-missing") == 2
    assert refused.state is not None
    assert (refused.state.is_failed(), "only, not in" in str(refused.state.message)) == (True, True)
    assert not (foreign / "told.json").exists()
    [alert] = recent_alerts(workspace, timedelta(hours=1))
    assert (alert.failures, alert.codes) == (3, {"gave-up": 1, "encrypted": 1, "no-template": 1})
    assert json.loads((workspace / "told.json").read_text())["codes"] == alert.codes
    assert sent_back == ["a.jpg"]
