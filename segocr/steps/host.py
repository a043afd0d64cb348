"""One supervised subprocess: started, greeted, given calls with deadlines, killed when it fails.

The child is reached over a socket pair, so nothing lies on disk; the kernel kills it with the thread that
started it (see ``guest``), so it never outlives its keeper.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import select
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from segocr.environments.guestcode import guest_code, renew_guest_code
from segocr.errors import EnvironmentMissing, HostDied, HostError, HostTimeout
from segocr.steps.engines import EngineSpec
from segocr.steps.protocol import Channel, Message, ProtocolError

_BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from segocr.steps.guest import main; main()"
_PASSED = (
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
)
_PASSED_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
                   "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")  # fmt: skip
_STALL_SECONDS = 60.0
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)
"""What a process cannot be started for lack of: no environment is broken then."""
_ABANDONED_SECONDS = 3.0
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]")


_Task = tuple[list[str], dict[str, str], int, "Future[subprocess.Popen[bytes]]"]


@dataclass(frozen=True, slots=True)
class HostKey:
    """What makes two hosts the same.

    Attributes:
        engine: What runs in it.
        python: The interpreter that runs it.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: How many it may use; 0 for one a core.
    """

    engine: EngineSpec
    python: Path
    device: str
    threads: int


class Spawner:
    """A thread that starts processes, and nothing else, as long as this one lives.

    The kernel ends a guest with the *thread* that started it; a thread of a pool may end at any time.
    """

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="segocr-spawner", daemon=True).start()

    def spawn(
        self, command: list[str], variables: dict[str, str], descriptor: int
    ) -> subprocess.Popen[bytes]:
        """Start a process of its own session that inherits one descriptor; its stderr is a pipe.

        Raises:
            OSError: It cannot be started.
        """
        task: _Task = (command, variables, descriptor, Future())
        self._tasks.put(task)
        return task[3].result()

    def _run(self) -> None:
        while True:
            command, variables, descriptor, future = self._tasks.get()
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    env=variables, pass_fds=[descriptor], start_new_session=True, cwd="/",
                )  # fmt: skip
            except OSError as error:
                future.set_exception(error)
            else:
                future.set_result(process)


class Host:
    """A guest's process. One call at a time: the owner holds the lock. ``end`` and ``alive`` are anybody's.

    Attributes:
        key: What it is.
        about: What its engine said of itself; nothing before it has started.
        pid: Its process.
        last_used: ``time.monotonic()`` at the end of the last call.
    """

    def __init__(self, key: HostKey, spawner: Spawner) -> None:
        """Begin the process; ``start`` waits for it.

        Args:
            key: What to start.
            spawner: The thread that the process lives and dies with.

        Raises:
            EnvironmentMissing: ``environment-broken``: the interpreter does not start.
        """
        self.key = key
        self.about: dict[str, object] = {}
        self._spawner = spawner
        self._stderr: deque[str] = deque(maxlen=40)
        self._told_to_end = False
        self._launch(guest_code())

    def start(self) -> None:
        """Wait until the engine has started.

        Raises:
            EnvironmentMissing: ``environment-broken``: the framework does not start, or runs other code.
            HostTimeout: It took longer than the engine's ``start_seconds``.
            HostDied: Somebody ended it meanwhile.
        """
        key = self.key
        try:
            self._meet()
            body = {"device": key.device, "threads": key.threads, "cache": str(_cache_of(key))}
            answer = self.call(Message("call", body), seconds=key.engine.start_seconds)
        except HostTimeout:
            raise
        except HostError as error:
            self.kill()
            if self._told_to_end:
                raise
            raise EnvironmentMissing(
                f"the host {key.engine.key} does not start: {error.message}",
                code="environment-broken",
                hint=f"segocr env create {key.engine.environment} --again; segocr doctor",
            ) from error
        if answer.kind == "refusal":
            self.kill()
            raise EnvironmentMissing(
                f"the environment {key.engine.environment!r} is broken: {answer.body.get('message')}",
                code="environment-broken",
                hint=f"segocr env create {key.engine.environment} --again",
            )
        self.about = answer.body["about"]

    def _meet(self) -> None:
        """Look whether the guest has this code; a copy that was damaged is renewed, once."""
        if self._greet(guest_code()[1]):
            return
        self.kill()
        self._launch(renew_guest_code())
        if not self._greet(guest_code()[1]):
            self.kill()
            raise EnvironmentMissing(
                f"the host {self.key.engine.key} runs other code than segocr's, copied anew all the same",
                code="environment-broken",
                hint=f"remove {guest_code()[0]}; segocr doctor",
            )

    def _launch(self, code: tuple[Path, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        engine = self.key.engine
        command = [
            str(self.key.python), "-I", "-c", _BOOT, str(code[0]), str(theirs.fileno()), str(os.getpid()),
            engine.module, str(engine.memory_mb), str(engine.processor_seconds),
        ]  # fmt: skip
        try:
            with theirs:
                self._process = self._spawner.spawn(command, _environment(self.key), theirs.fileno())
        except OSError as error:
            ours.close()
            scarce = error.errno in _SCARCE
            hint = "raise the limit (ulimit -n, ulimit -u), or end other programs"
            raise EnvironmentMissing(
                f"{self.key.python} does not start: {error}",
                code="environment-broken",
                hint=hint if scarce else f"segocr env create {engine.environment} --again",
            ) from error
        self.pid = self._process.pid
        self._channel = Channel(ours)
        self._channel.limit_stalls(_STALL_SECONDS)
        self.last_used = time.monotonic()
        assert self._process.stderr is not None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        if self._told_to_end:  # between two processes, of which this is the second
            self._end_process()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(4096):
                self._stderr.append(_UNPRINTABLE.sub("�", line.decode("utf-8", "replace").rstrip()))

    def _greet(self, digest: str) -> bool:
        hello = self._receive(self.key.engine.start_seconds)
        return hello.kind == "hello" and hello.body.get("digest") == digest

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def call(self, message: Message, *, seconds: float | None = None) -> Message:
        """Send a call and wait for its answer (or refusal).

        Args:
            message: The call; its descriptors stay the caller's.
            seconds: Deadline; None for the engine's own.

        Raises:
            HostDied: The process ended. It is gone; the next call needs a new host.
            HostTimeout: It passed the deadline and was killed.
            HostError: ``host-garbled``: it sent something that is no answer, and was killed.
        """
        with self._failing():
            self._channel.send(message)
        return self._receive(self.key.engine.call_seconds if seconds is None else seconds)

    def forward(
        self, text: bytes, files: list[int], seconds: float | None, asker: Channel
    ) -> tuple[bytes, list[int]]:
        """Like ``call``, with messages that stay written (a shared keeper passes them on unread).

        If the asker goes, nobody wants the answer: the host has a moment to finish, and is ended otherwise.
        """
        with self._failing():
            self._channel.forward(text, files)
        self._wait(self.key.engine.call_seconds if seconds is None else seconds, asker)
        with self._failing():
            return self._channel.receive_raw()

    def _receive(self, seconds: float) -> Message:
        self._wait(seconds)
        with self._failing():
            return self._channel.receive()

    def _wait(self, seconds: float, asker: Channel | None = None) -> None:
        poller = select.poll()
        poller.register(self._channel.fileno(), select.POLLIN)
        if asker is not None:
            poller.register(asker.fileno(), select.POLLRDHUP)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poller.poll(left * 1000)}
            if self._channel.fileno() in ready:
                self.last_used = time.monotonic()
                return
            if asker is not None and asker.fileno() in ready:
                poller.unregister(asker.fileno())
                deadline = min(deadline, time.monotonic() + _ABANDONED_SECONDS)
        self.kill()
        raise HostTimeout(f"the host {self.key.engine.key} did not answer within {seconds:g} s and was ended")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            self.kill()
            raise HostTimeout(f"the host {self.key.engine.key} stopped in the middle of a message") from error
        except (EOFError, OSError) as error:
            raise self._died() from error
        except ProtocolError as error:
            self.kill()
            raise HostError(f"the host {self.key.engine.key} sent {error}", code="host-garbled") from error

    def _died(self) -> HostDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self.kill()
        status = self._process.returncode
        how = (
            f"signal {signal.Signals(-status).name}"
            if status is not None and status < 0
            else f"status {status}"
        )
        tail = " | ".join(list(self._stderr)[-4:])
        return HostDied(f"the host {self.key.engine.key} ended ({how})" + (f": {tail}" if tail else ""))

    def end(self) -> None:
        """Kill the process and all that it started, for good; who waits for its answer sees it die."""
        self._told_to_end = True
        self._end_process()

    def _end_process(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End the process, wait until it is gone and free what belonged to it."""
        self._end_process()
        self._process.wait()
        self._channel.close()
        self._listener.join(1.0)

    def memory_mb(self) -> float:
        """Return the proportional share of memory (PSS) in MB; 0 if it is gone."""
        try:
            text = Path(f"/proc/{self.pid}/smaps_rollup").read_text("ascii")
        except OSError:
            return 0.0
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def _environment(key: HostKey) -> dict[str, str]:
    """Environment variables of a host: what it needs and nothing else (no secrets, no PYTHON*)."""
    passed = _PASSED + (_PASSED_NETWORK if key.engine.network else ())
    variables = {name: os.environ[name] for name in passed if name in os.environ}
    threads = str(key.threads or os.cpu_count() or 1)
    variables |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    variables |= {
        "PATH": "/usr/bin:/bin",
        "OMP_WAIT_POLICY": "PASSIVE",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",
    }
    return variables


def _cache_of(key: HostKey) -> Path:
    """Return a directory for compiled models.

    In the environment if it is ours and writable, else the user's cache.
    """
    beside = key.python.parent.parent / "cache"
    if beside.is_dir() and os.access(beside, os.W_OK):
        return beside
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "segocr" / key.engine.environment
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
