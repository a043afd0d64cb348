"""``segocr serve``, really: dropped files become rows, a stop leaves nothing, a SIGKILL loses nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import ENVIRONMENTS, HOSTS, Machine

from segocr.environments.locate import State, status_of

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "templates" / "license_plate" / "golden" / "images").iterdir())
SERVE = ("-m", "segocr.cli", "serve")
ENDED = "select count(*) from arrivals where state in ('extracted', 'needs_review', 'failed')"
COUNT = 24
_PATIENCE = 240.0
"""Seconds: a Prefect server takes its time to start, on a busy machine more than a minute."""

pytestmark = pytest.mark.skipif(not SAMPLES, reason="models: the template has no samples")


@pytest.fixture
def machine(tmp_path: Path, require: Callable[[str, object, str], None]) -> Machine:
    built = all(status_of(name).state is State.BUILT for name in ENVIRONMENTS)
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    machine = Machine(tmp_path)
    settings = '[[inbox]]\npath = "in"\ninterval = 2\nsettle_seconds = 0.4\n'
    (machine.workspace / "segocr.toml").write_text(settings)
    (machine.workspace / "in" / "license_plates").mkdir(parents=True)
    return machine


def drop(machine: Machine, numbers: range) -> None:
    """Drop documents; a byte behind the end of a picture makes it another document."""
    for number in numbers:
        content = SAMPLES[number % len(SAMPLES)].read_bytes() + bytes([number])
        (machine.workspace / "in" / "license_plates" / f"{number:02}.jpg").write_bytes(content)


def ended(machine: Machine) -> int:
    count = machine.rows(ENDED)[0][0]
    assert isinstance(count, int)
    return count


def await_ended(machine: Machine, count: int, serve: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while ended(machine) < count:
        assert time.monotonic() < deadline, f"{ended(machine)} of {count} ended"
        assert serve.poll() is None, "serve ended early"
        time.sleep(0.1)


def command(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    with machine.started("-m", "segocr.cli", *words) as process:
        out, _ = process.communicate(timeout=_PATIENCE)
        error = max(machine.folder.glob("errors-*.txt")).read_text()
    return subprocess.CompletedProcess(words, process.returncode, out, error)


def assert_stored_once_and_filed(machine: Machine, count: int) -> None:
    documents = "select count(*), count(distinct document_id) from extractions where status <> 'failed'"
    assert machine.rows(documents) == [(count, count)]
    assert machine.rows("select count(*) from extractions where status = 'failed'") == [(0,)]
    assert machine.rows("select count(*) from arrivals where filed_at is null") == [(0,)]
    for folder, files in {"in": 0, "work": 0, "failed": 0, "done": count}.items():
        found = [path for path in (machine.workspace / folder).rglob("*") if path.is_file()]
        assert len(found) == files, (folder, found)


def test_serve_is_killed_and_a_new_one_goes_on_and_leaves_nothing_when_told_to_end(machine: Machine) -> None:
    assert command(machine, "init").returncode == 0
    drop(machine, range(8))
    with machine.started(*SERVE) as serve:
        await_ended(machine, 2, serve)
        second = command(machine, "serve")
        assert second.returncode == 5
        assert "runs in" in second.stderr
        state = json.loads(command(machine, "status", "--json").stdout)
        assert state["service"]["pid"] == serve.pid
        assert {host["pid"] for host in state["hosts"]} == set(machine.hosts().values())
        drop(machine, range(8, COUNT))
        await_ended(machine, 9, serve)
        machine.kill(serve.pid)
        serve.wait()
    assert machine.leavings() == {}
    assert ended(machine) < COUNT
    with machine.started(*SERVE) as serve:
        await_ended(machine, COUNT, serve)
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(60) == 0
    assert machine.leavings() == {}
    assert machine.rows("select max(attempts) from arrivals") == [(0,)]  # the end of it all blames nobody
    assert_stored_once_and_filed(machine, COUNT)
    assert json.loads(command(machine, "status", "--json").stdout)["service"] is None


def test_a_stop_hands_back_what_is_not_begun_and_watch_finishes_it(machine: Machine) -> None:
    assert command(machine, "init").returncode == 0
    drop(machine, range(COUNT))
    with machine.started(*SERVE) as serve:
        await_ended(machine, 1, serve)
        serve.send_signal(signal.SIGINT)
        assert serve.wait(120) == 0
    assert machine.leavings() == {}
    left = machine.rows("select count(*) from arrivals where state = 'extracting' or lease_until is not null")
    assert left == [(0,)]
    done = command(machine, "watch", "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["settling"] == 0
    assert machine.leavings() == {}
    assert_stored_once_and_filed(machine, COUNT)


def test_killed_children_are_started_again_and_nothing_is_lost_or_blamed(machine: Machine) -> None:
    assert command(machine, "init").returncode == 0
    with machine.started(*SERVE) as serve:
        for number, child in enumerate(("hosts --idle", "flows.sweeper", "flows.server", "flows.extractor")):
            drop(machine, range(6 * number, 6 * number + 6))
            await_ended(machine, 6 * number + 1, serve)
            if number == 0:
                assert machine.hosts().keys() == HOSTS.keys()
            machine.kill(next(pid for pid, line in machine.processes().items() if child in line))
            await_ended(machine, 6 * number + 6, serve)
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(60) == 0
    assert machine.leavings() == {}
    assert_stored_once_and_filed(machine, COUNT)
