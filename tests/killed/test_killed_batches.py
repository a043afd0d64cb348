"""SIGKILL of any party in the middle of a real batch: a new run finishes it, and nothing is left behind.

Real hosts, real models, a real database; what a killed party leaves to the others is tested with scripted
guests in ``tests/steps/test_killed_parties.py``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import ENVIRONMENTS, HOSTS, Machine

from segocr.environments.locate import State, status_of

ROOT = Path(__file__).parents[2]
PLATE = ROOT / "templates" / "license_plate"
COUNT = 20
EXTRACT = ("-m", "segocr.cli", "extract", "in", "--template", "license_plate", "--store", "--jsonl")
DOCUMENTS = "select count(*), count(distinct document_id) from extractions where status <> 'failed'"


@pytest.fixture
def machine(tmp_path: Path, require: Callable[[str, object, str], None]) -> Machine:
    built = all(status_of(name).state is State.BUILT for name in ENVIRONMENTS)
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    machine = Machine(tmp_path)
    settings = '[[inbox]]\npath = "in"\nsettle_seconds = 0.2\n'
    (machine.workspace / "segocr.toml").write_text(settings)
    drop(machine.workspace / "in")
    return machine


def drop(folder: Path) -> None:
    """Drop the documents; a byte behind the end of a picture makes it another document."""
    folder.mkdir(parents=True)
    samples = sorted((PLATE / "golden" / "images").iterdir())
    for number in range(COUNT):
        sample = samples[number % len(samples)]
        (folder / f"{number:02}.jpg").write_bytes(sample.read_bytes() + bytes([number]))


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    found = [process.stdout.readline() for _ in range(count)]
    assert all(found), "the process ended early"
    return found


def rest(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.read().splitlines()


def assert_all_are_stored_once(machine: Machine) -> None:
    assert machine.rows(DOCUMENTS) == [(COUNT, COUNT)]
    assert machine.rows("select count(*) from extractions where status = 'failed'") == [(0,)]


def test_each_host_is_killed_and_the_batch_goes_on(machine: Machine) -> None:
    with machine.started(*EXTRACT) as command:
        # Chunks are of 1, 2, 4 and 8 documents: each of these hosts has work to do after it was killed.
        for step, before in {"open": 1, "segment": 1, "ocr": 2, "validate": 4}.items():
            lines(command, before)
            machine.kill(machine.hosts()[step])
        assert len(rest(command)) == COUNT - 8
        assert command.wait() == 0
    assert machine.leavings() == {}
    assert_all_are_stored_once(machine)


def test_the_command_is_killed_and_a_new_one_finishes(machine: Machine) -> None:
    with machine.started(*EXTRACT) as command:
        seen = lines(command, 4)
        assert machine.hosts().keys() == HOSTS.keys()
        machine.kill(command.pid)
        command.wait()
    assert machine.leavings() == {}
    [(stored, documents)] = machine.rows(DOCUMENTS)
    assert len(seen) <= int(str(stored)) < COUNT
    assert stored == documents
    with machine.started(*EXTRACT) as command:
        records = [json.loads(line) for line in rest(command)]
        assert command.wait() == 0
    assert [Path(record["file"]).stem for record in records] == [f"{number:02}" for number in range(COUNT)]
    assert machine.leavings() == {}
    assert_all_are_stored_once(machine)


def test_attached_command_and_keeper_are_killed_in_turn(machine: Machine) -> None:
    with machine.started("-m", "segocr.cli", "hosts", "--template", "license_plate") as keeper:
        until_warm(machine)
        hosts = machine.hosts()
        with machine.started(*EXTRACT) as command:
            lines(command, 2)
            machine.kill(command.pid)
            command.wait()
        assert keeper.poll() is None
        assert machine.hosts().items() >= {step: hosts[step] for step in ("segment", "ocr")}.items()
        with machine.started(*EXTRACT) as command:
            lines(command, 2)
            machine.kill(keeper.pid)
            keeper.wait()
            assert len(rest(command)) == COUNT - 2
            assert command.wait() == 0
    assert machine.leavings() == {}
    assert_all_are_stored_once(machine)


def until_warm(machine: Machine) -> None:
    """Wait until the keeper has loaded the models: asking it for them again waits for that."""
    with machine.started("-c", WAIT) as waiting:
        assert waiting.wait(120) == 0


WAIT = """
import time
from segocr.errors import HostError
from segocr.steps.attached import AttachedKeeper
deadline = time.monotonic() + 100
while time.monotonic() < deadline:
    try:
        if len(AttachedKeeper().describe()) == 4:
            raise SystemExit(0)
    except HostError:
        pass
    time.sleep(0.1)
raise SystemExit(1)
"""


def test_hosts_and_process_of_the_batch_flow_are_killed_and_a_new_run_finishes(machine: Machine) -> None:
    folder = machine.workspace / "in"
    (folder / "license_plates").mkdir()
    for path in sorted(folder.glob("*.jpg")):
        path.rename(folder / "license_plates" / path.name)
    script = Path(__file__).with_name("watch_batch.py")
    with machine.started(script, machine.workspace) as flow:
        lines(flow, 1)
        for step, pid in machine.hosts().items():
            machine.kill(pid)
            if step in ("segment", "validate"):
                lines(flow, 1)
        machine.kill(flow.pid)
        flow.wait()
    assert machine.leavings() == {}
    [(stored, documents)] = machine.rows(DOCUMENTS)
    assert 3 <= int(str(stored)) < COUNT
    assert stored == documents
    with machine.started(script, machine.workspace) as flow:
        rest(flow)
        assert flow.wait() == 0
    assert machine.leavings() == {}
    assert_all_are_stored_once(machine)
    states = "select state, count(*) from arrivals group by state"
    ended = {str(state): int(str(count)) for state, count in machine.rows(states)}
    assert sum(ended.values()) == COUNT
    assert ended.keys() <= {"extracted", "needs_review"}
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert [path for path in (machine.workspace / "work").rglob("*") if path.is_file()] == []
    done = [path for path in (machine.workspace / "done").rglob("*") if path.is_file()]
    assert len(done) == COUNT
