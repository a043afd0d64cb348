"""`deployments/prefect.yaml` as people run it: server, process pool, two workers, PostgreSQL, real hosts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from postgresql_server import new_database

from db.connect import Engine, open_database, reading
from db.schema import prepare
from flows.server import prefect_environment
from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "templates" / "license_plate" / "golden" / "images"
_PATIENCE = 400.0


@pytest.fixture
def workspace(tmp_path: Path, require: object) -> Path:
    """A workspace with documents in its inbox; two of them are the same, one is broken."""
    try:
        for name in ("open", "openvino", "validate"):
            resolve(name)
    except EnvironmentMissing as error:
        require("environments", False, str(error))  # type: ignore[operator]
    folder = tmp_path / "workspace"
    plates = folder / "inbox" / "license_plates"
    plates.mkdir(parents=True)
    (folder / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\nsettle_seconds = 0\n')
    samples = sorted(GOLDEN.iterdir())[:4]
    for sample in samples:
        shutil.copyfile(sample, plates / sample.name)
    shutil.copyfile(samples[0], plates / "again.jpg")
    (plates / "broken.jpg").write_bytes(b"no picture")
    return folder


@contextmanager
def running(*words: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Prefect command; all that it started is ended with it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *words],
            env=env, cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def prefect(*words: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words], env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def ended(engine: Engine) -> dict[str, int]:
    sql = "select state, count(*) from arrivals where filed_at is not null group by state"
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.exec_driver_sql(sql)}


def test_two_workers_of_the_deployments_bring_files_to_rows(
    server: str, postgresql: str, workspace: Path, tmp_path: Path
) -> None:
    from prefect.deployments import run_deployment

    with new_database(postgresql) as url, ExitStack() as stack:
        engine = open_database(url)
        stack.callback(engine.dispose)
        prepare(engine)
        home = tmp_path / ".prefect"
        home.mkdir()
        env = dict(os.environ) | prefect_environment(home, server) | {
            "SEGOCR_WORKSPACE": str(workspace), "SEGOCR_CHECKOUT": str(ROOT), "SEGOCR_DATABASE_URL": url,
        }  # fmt: skip
        prefect("work-pool", "create", "segocr", "--type", "process", "--overwrite", env=env)
        prefect("--no-prompt", "deploy", "--prefect-file", "deployments/prefect.yaml", "--all", env=env)
        for name in ("one", "two"):
            words = ("worker", "start", "--pool", "segocr", "--name", name, "--limit", "2")
            stack.enter_context(running(*words, env=env, log=tmp_path / f"{name}.log"))
        deadline = time.monotonic() + _PATIENCE
        while sum(ended(engine).values()) < 6 and time.monotonic() < deadline:
            time.sleep(0.5)
        states = ended(engine)
        logs = "".join((tmp_path / f"{name}.log").read_text()[-3000:] for name in ("one", "two"))
        assert (states.get("failed"), sum(states.values())) == (1, 6), logs
        foreign = {"workspace": str(tmp_path / "foreign")}
        refused = run_deployment(
            "notify/notify", parameters=foreign, timeout=_PATIENCE, as_subflow=False
        ).state
        assert refused is not None
        assert (refused.is_failed(), "only, not in" in str(refused.message)) == (True, True)
        with reading(engine) as connection:
            sql = "select count(*) from extractions where current and status <> 'failed'"
            assert connection.exec_driver_sql(sql).scalar() == 4
    assert not [path for name in ("inbox", "work") for path in (workspace / name).rglob("*.jpg")]
