"""SIGKILL of any party leaves no process and no socket, and whoever is left goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faulty
import pytest
from faulty import gone

from segocr.errors import HostDied, HostError
from segocr.steps.attached import AttachedKeeper
from segocr.steps.engines import ENGINES
from segocr.steps.keeper import Keeper
from segocr.steps.protocol import Message
from segocr.steps.service import Service

Party = tuple[subprocess.Popen[str], int]


class Parties:
    """Starts ``killable.py`` and ends what is left of it."""

    def __init__(self, folder: Path) -> None:
        self.guest = faulty.faulty_guest(folder)[0]
        self.address = f"segocr-test-{os.getpid()}-{folder.name}"
        self._started: list[subprocess.Popen[str]] = []

    def start(self, mode: str) -> Party:
        script = Path(__file__).with_name("killable.py")
        process = subprocess.Popen(
            [sys.executable, script, mode, self.guest, self.address], stdout=subprocess.PIPE, text=True
        )
        self._started.append(process)
        assert process.stdout is not None
        word, host = process.stdout.readline().split()
        assert word == "ready"
        return process, int(host)

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def listening(self) -> bool:
        return f"@{self.address}" in Path("/proc/net/unix").read_text("ascii")

    def attach(self) -> AttachedKeeper:
        return AttachedKeeper("\0" + self.address)


@pytest.fixture
def parties(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parties]:
    monkeypatch.setitem(ENGINES, "test/faults", faulty.FAULTS)
    parties = Parties(tmp_path)
    yield parties
    parties.end()


def echo(keeper: AttachedKeeper) -> bool:
    answer = keeper.call(faulty.key(), Message("call", {"operation": "echo", "word": 1}))
    return bool(answer.body["got"]["word"] == 1)


def test_a_killed_command_takes_its_hosts_along(parties: Parties) -> None:
    command, host = parties.start("alone")
    command.kill()
    assert gone(host)


def test_a_killed_keeper_takes_its_hosts_and_its_address_along(parties: Parties) -> None:
    keeper, host = parties.start("keeper")
    assert parties.listening()
    keeper.kill()
    keeper.wait()
    assert gone(host)
    assert not parties.listening()
    again, _ = parties.start("keeper")
    assert again.poll() is None


def test_a_killed_command_leaves_the_shared_keeper_at_work(parties: Parties) -> None:
    _, host = parties.start("keeper")
    command, same_host = parties.start("attached")
    assert same_host == host
    command.kill()
    command.wait()
    with attached(parties) as keeper:
        assert echo(keeper)


def test_a_killed_host_is_one_clear_error_for_the_command_that_waits(parties: Parties) -> None:
    _, host = parties.start("keeper")
    with attached(parties) as keeper:
        assert echo(keeper)
        with pytest.raises(HostDied):
            keeper.call(faulty.key(), Message("call", {"operation": "leave"}))
        assert gone(host)
        assert echo(keeper)


def test_a_killed_keeper_is_one_clear_error_for_the_command_that_waits(parties: Parties) -> None:
    process, host = parties.start("keeper")
    with attached(parties) as keeper:
        assert echo(keeper)
        process.kill()
        process.wait()
        with pytest.raises(HostDied) as caught:
            echo(keeper)
        assert caught.value.code == "keeper-gone"
        with pytest.raises(HostError) as caught_again:
            echo(keeper)
        assert caught_again.value.code == "no-keeper"
    assert gone(host)


def test_a_keeper_that_is_told_to_stop_ends_its_hosts(parties: Parties) -> None:
    process, host = parties.start("keeper")
    with attached(parties) as keeper:
        assert keeper.stop_keeper() == process.pid
    assert process.wait(20) == 0
    assert gone(host)


def test_there_is_one_keeper_at_an_address(parties: Parties) -> None:
    parties.start("keeper")
    with pytest.raises(HostError) as caught:
        Service(Keeper(), "\0" + parties.address)
    assert caught.value.code == "keeper-running"


def test_errors_and_arrays_pass_through_a_shared_keeper(parties: Parties) -> None:
    import numpy as np

    parties.start("keeper")
    with attached(parties) as keeper:
        picture = np.arange(5000, dtype=np.uint8).reshape(50, 100)
        answer = keeper.call(faulty.key(), Message("call", {"operation": "echo"}, [picture]))
        assert (answer.arrays[0] == picture).all()
        answer = keeper.call(faulty.key(), Message("call", {"operation": "fail"}))
        assert answer.kind == "refusal"


@contextmanager
def attached(parties: Parties) -> Iterator[AttachedKeeper]:
    keeper = parties.attach()
    yield keeper
    keeper.close()
