from __future__ import annotations

import os
import subprocess
import sys

from segocr.bench.memory import Peak, descendants, measure, pss
from segocr.bench.processor import processor_seconds

_HOLD = "import sys; block = bytearray(b'x') * 60_000_000; print('held', flush=True); sys.stdin.read()"


def test_counts_what_a_process_started_and_what_that_started() -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLD!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == "held\n"
        below = set(descendants(os.getpid()))
        memory = measure(os.getpid())
        child.stdin.close()
    assert child.pid in below
    assert len(below - {child.pid}) >= 1
    assert memory.hosts > 60
    assert memory.total == memory.orchestrator + memory.hosts


def test_a_process_that_is_gone_takes_nothing() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    assert pss(int(child.stdout)) == 0.0


def test_the_peak_is_kept_when_memory_is_given_back() -> None:
    with Peak(os.getpid(), interval=0.01) as peak:
        before = peak.memory.total
        block = bytearray(b"x") * 80_000_000
        while peak.memory.total < before + 40:
            pass
        del block
    assert peak.memory.total > pss(os.getpid()) + 40


def test_processor_time_counts_work_and_not_waiting() -> None:
    add = "sum(i * i for i in range(6_000_000))"
    work = f"import sys\nfor _ in sys.stdin:\n    {add}; print('done', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        before = processor_seconds([child.pid])
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"
        after = processor_seconds([child.pid])
        child.stdin.close()
    assert after - before > 0.1
    assert processor_seconds([child.pid]) == 0.0
