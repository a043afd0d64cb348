"""Ways: programs that go over the documents when they are told to, each in its own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from segocr.environments.locate import resolve
from segocr.errors import HostDied

_SCRIPTS = Path(__file__).parent / "scripts"


class Way:
    """One running program of ``scripts``: orders go in as lines, answers come out as JSON.

    Args:
        name: What messages call it.
        command: The interpreter and the program.
        config: Its configuration.

    Raises:
        HostDied: It does not get ready.
    """

    def __init__(self, name: str, command: list[str], config: dict[str, Any]) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self._process = subprocess.Popen(
            [*command, json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Way:
        """Give the running program."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()

    @property
    def process(self) -> int:
        """Its process id."""
        return self._process.pid

    def order(self, name: str) -> dict[str, Any]:
        """Give an order and wait for its answer.

        Raises:
            HostDied: The program ended; the message holds the end of what it said.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the answer says why
            self._process.stdin.write(f"{name}\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the program and everything it started."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            tail = " | ".join(deque((text.strip() for text in self._errors if text.strip()), maxlen=4))
            raise HostDied(f"the benchmark's program {self.name!r} ended: {tail}", hint="segocr doctor")
        answer: dict[str, Any] = json.loads(line)
        return answer


def ours(config: dict[str, Any]) -> Way:
    """Start segocr in a process of its own."""
    return Way("segocr", [sys.executable, "-m", "segocr.bench.scripts.ours"], config)


def foreign(name: str, environment: str, config: dict[str, Any], pythons: dict[str, Path]) -> Way:
    """Start a program of ``scripts`` in an environment.

    Args:
        name: The program's file, without suffix.
        environment: Where it runs.
        config: Its configuration.
        pythons: Interpreters named in ``segocr.toml``.

    Raises:
        EnvironmentMissing: The environment is not there.
        HostDied: The program does not get ready.
    """
    python = resolve(environment, pythons)
    return Way(name, [str(python), "-I", str(_SCRIPTS / f"{name}.py")], config)
