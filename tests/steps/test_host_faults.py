"""Whatever a guest does, its caller gets one clear error, the host is gone, and the next call works."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faulty
import numpy as np
import pytest
from faulty import gone

import segocr.steps.host as host_module
import segocr.steps.keeper as keeper_module
from segocr.errors import EnvironmentMissing, HostDied, HostError, HostTimeout
from segocr.steps.keeper import Keeper
from segocr.steps.protocol import Message

_PATIENCE = 30.0
_LONG = 120.0
"""Seconds: far more than a busy machine takes."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    guest = faulty.faulty_guest(tmp_path)
    monkeypatch.setattr(host_module, "guest_code", lambda: guest)
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(host_module, "_cache_of", lambda key: folder)
    return folder


@pytest.fixture
def keeper(cache: Path) -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.close()


def call(keeper: Keeper, operation: str, seconds: float | None = None, **changes: object) -> Message:
    return keeper.call(faulty.key(**changes), Message("call", {"operation": operation}), seconds)


def works(keeper: Keeper, **changes: object) -> bool:
    message = Message("call", {"operation": "echo", "word": "é"}, [np.arange(6).reshape(2, 3)])
    answer = keeper.call(faulty.key(**changes), message)
    return answer.body["got"] == {"word": "é"} and answer.arrays[0].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("operation", "error", "text"),
    [
        ("crash", HostDied, "SIGSEGV"),
        ("leave", HostDied, "status 3"),
        ("garble", HostError, "no JSON"),
        ("flood", HostError, "no message"),
    ],
)
def test_a_guest_that_breaks_is_replaced(
    keeper: Keeper, operation: str, error: type[HostError], text: str
) -> None:
    assert works(keeper)
    before = keeper.describe()[0].pid
    with pytest.raises(error, match=text):
        call(keeper, operation)
    assert gone(before)
    assert works(keeper)


def test_the_error_has_the_end_of_stderr_without_control_characters(keeper: Keeper) -> None:
    with pytest.raises(HostDied, match="about to crash") as caught:
        call(keeper, "crash")
    assert "\x1b" not in str(caught.value)


def test_a_guest_that_hangs_is_ended_at_its_deadline(keeper: Keeper) -> None:
    assert works(keeper)
    before = keeper.describe()[0].pid
    with pytest.raises(HostTimeout, match=r"within 0\.3 s"):
        call(keeper, "hang", seconds=0.3)
    assert gone(before)
    assert works(keeper)


def test_a_guest_that_burns_processor_time_is_ended(keeper: Keeper) -> None:
    with pytest.raises(HostDied, match="SIGXCPU"):
        call(keeper, "burn", seconds=60.0, processor_seconds=1)
    assert works(keeper, processor_seconds=1)


def test_what_a_guest_prints_does_no_harm(keeper: Keeper) -> None:
    assert call(keeper, "chatter").body["fine"]


def test_a_guest_short_of_memory_says_so_and_lives(keeper: Keeper) -> None:
    assert works(keeper, memory_mb=3000)
    before = keeper.describe()[0].pid
    answer = call(keeper, "devour", memory_mb=3000)
    assert (answer.kind, answer.body["code"]) == ("refusal", "out-of-memory")
    assert works(keeper, memory_mb=3000)
    assert keeper.describe()[0].pid == before


def test_a_bug_in_an_engine_is_no_end(keeper: Keeper) -> None:
    answer = call(keeper, "fail")
    assert (answer.kind, answer.body["code"]) == ("refusal", "engine-failed")
    assert "the engine has a bug" in answer.body["message"]
    assert works(keeper)


def test_a_guest_sees_no_secrets_and_none_of_our_packages(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    seen = call(keeper, "variables").body
    assert "SEGOCR_DATABASE_URL" not in seen["environ"]
    assert not [name for name in seen["environ"] if name.startswith("PYTHON")]
    assert seen["flags"] == 1
    assert str(Path(host_module.__file__).parents[2]) not in seen["path"]


def test_children_of_a_guest_end_with_it(keeper: Keeper) -> None:
    child = call(keeper, "spawn").body["child"]
    keeper.close()
    assert gone(child)


def test_an_engine_that_does_not_start_is_the_environments_fault(keeper: Keeper, cache: Path) -> None:
    (cache / "refuse").touch()
    for _ in range(5):
        with pytest.raises(EnvironmentMissing, match="does not start"):
            works(keeper)
    assert keeper.describe() == []


def test_an_interpreter_that_is_none_is_the_environments_fault(keeper: Keeper, tmp_path: Path) -> None:
    key = host_module.HostKey(faulty.FAULTS, tmp_path / "absent", "cpu", 1)
    with pytest.raises(EnvironmentMissing, match="absent"):
        keeper.call(key, Message("call", {"operation": "echo"}))


def test_a_host_that_ended_while_idle_is_replaced_silently(keeper: Keeper) -> None:
    assert works(keeper)
    pid = keeper.describe()[0].pid
    os.kill(pid, 9)
    assert gone(pid)
    assert works(keeper)


def test_an_idle_host_leaves(cache: Path) -> None:
    keeper = Keeper(idle_seconds=0.2)
    assert works(keeper)
    pid = next(iter(keeper.describe())).pid
    assert gone(pid)
    assert works(keeper)
    keeper.close()


def test_a_damaged_copy_of_the_guest_code_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    good = host_module.guest_code()
    damaged = faulty.faulty_guest(tmp_path / "other")
    with (damaged[0] / "segocr" / "steps" / "faults.py").open("a") as file:
        file.write("# changed\n")
    now = [damaged]
    monkeypatch.setattr(host_module, "guest_code", lambda: now[0])

    def renew() -> tuple[Path, str]:
        now[0] = good
        return good

    monkeypatch.setattr(host_module, "renew_guest_code", renew)
    keeper = Keeper()
    assert works(keeper)
    assert now[0] == good
    keeper.close()


def test_a_guest_of_other_code_is_not_used_though_it_was_copied_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    folder, digest = faulty.faulty_guest(tmp_path / "other")
    with (folder / "segocr" / "steps" / "faults.py").open("a") as file:
        file.write("# changed\n")
    renewed: list[int] = []

    def renew() -> tuple[Path, str]:
        renewed.append(1)
        return folder, digest

    monkeypatch.setattr(host_module, "guest_code", lambda: (folder, digest))
    monkeypatch.setattr(host_module, "renew_guest_code", renew)
    keeper = Keeper()
    with pytest.raises(EnvironmentMissing, match="other code") as caught:
        works(keeper)
    assert (caught.value.code, len(renewed)) == ("environment-broken", 1)
    assert str(folder) in str(caught.value)
    assert keeper.describe() == []
    keeper.close()


def closing_ends(keeper: Keeper) -> None:
    """Close a keeper, and fail where that waits for what takes long."""
    closing = threading.Thread(target=keeper.close)
    closing.start()
    closing.join(_PATIENCE)
    assert not closing.is_alive()


def await_it(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_closing_does_not_wait_for_a_host_that_starts(keeper: Keeper, cache: Path) -> None:
    (cache / "dawdle").touch()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(works, keeper, start_seconds=_LONG) for _ in range(2)]  # the second waits
        await_it(keeper.describe)
        pid = keeper.describe()[0].pid
        closing_ends(keeper)
        errors = [call.exception() for call in calls]
    assert gone(pid)
    assert sorted(error.code for error in errors if isinstance(error, HostError)) == [
        "host-died",
        "keeper-closed",
    ]


def test_closing_does_not_wait_for_a_host_between_two_failures(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HostDied):
        call(keeper, "crash")
    [slot] = keeper._slots.values()
    slot._deaths = 15  # so many that the next one starts when the longest pause has passed
    monkeypatch.setattr(keeper_module, "_MAX_PAUSE", _LONG)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(works, keeper)
        await_it(slot.lock.locked)
        closing_ends(keeper)
        assert isinstance(error := waiting.exception(), HostError)
    assert error.code == "keeper-closed"
