"""The keeper: owns hosts, starts them when they are first needed, restarts failed ones, lets idle ones go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from segocr.errors import EnvironmentMissing, HostError
from segocr.steps.host import Host, HostKey, Spawner
from segocr.steps.protocol import Channel, Message

_MAX_STARTS = 3
"""Failed starts in a row after which a host is not started again for a while."""
_MAX_DEATHS = 20
"""Failed calls in a row, each with a new host, after which it is the machine's fault."""
_RETRY_SECONDS = 60.0
_MAX_PAUSE = 5.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HostInfo:
    """A running host as ``doctor`` shows it.

    Attributes:
        engine: ``step/name``.
        pid: Its process.
        memory_mb: Proportional share of memory (PSS).
        idle_seconds: Since its last call.
        about: What its engine says of itself; nothing while it starts.
    """

    engine: str
    pid: int
    memory_mb: float
    idle_seconds: float
    about: dict[str, object]


class _Slot:
    """The place of one host: at most one process at a time, and the memory of its failures."""

    def __init__(self, key: HostKey, spawner: Spawner, closing: threading.Event) -> None:
        self.key = key
        self._closing = closing
        self.lock = threading.Lock()
        self.host: Host | None = None
        self._spawner = spawner
        self._deaths = 0
        self._starts = 0
        self._error: EnvironmentMissing | None = None
        self._failed_at = 0.0

    def use(self, action: Callable[[Host], Result]) -> Result:
        """Run an action on the host, alone, starting it first if need be."""
        with self.lock:
            host = self._ready()
            try:
                result = action(host)
            except HostError:
                host.kill()
                self.host = None
                self._deaths += 1
                self._failed_at = time.monotonic()
                raise
            self._deaths = 0
            return result

    def _ready(self) -> Host:
        self._refuse_if_closing()
        if self.host is not None and self.host.alive:
            return self.host
        if self.host is not None:  # it ended while idle: nobody's call was in hand
            self.host.kill()
            self.host = None
        since = time.monotonic() - self._failed_at
        if self._error and self._starts >= _MAX_STARTS and since < _RETRY_SECONDS:
            raise self._error
        if self._deaths >= _MAX_DEATHS and since < _RETRY_SECONDS:
            raise HostError(
                f"the host {self.key.engine.key} ended {self._deaths} times in a row",
                code="host-failing",
                hint="segocr doctor",
            )
        if self._deaths > 1:
            self._closing.wait(max(0.0, min(0.1 * 2**self._deaths, _MAX_PAUSE) - since))
        try:
            self.host = Host(self.key, self._spawner)
            self._refuse_if_closing()  # who closes the keeper ends what it sees, perhaps not this one
            self.host.start()
        except EnvironmentMissing as error:
            self._starts += 1
            self._error, self._failed_at = error, time.monotonic()
            raise
        self._starts = 0
        return self.host

    def _refuse_if_closing(self) -> None:
        if self._closing.is_set():
            raise HostError("the keeper is closed", code="keeper-closed")


class Keeper:
    """Owns hosts, by what they are. Safe to use from several threads; a host answers one call at a time.

    Args:
        idle_seconds: A host that nobody called for so long is ended; the next call starts a new one.
    """

    def __init__(self, idle_seconds: float = 600.0) -> None:
        self._idle_seconds = idle_seconds
        self._spawner = Spawner()
        self._slots: dict[HostKey, _Slot] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        threading.Thread(target=self._reap, name="segocr-reaper", daemon=True).start()

    def _slot(self, key: HostKey) -> _Slot:
        with self._lock:
            return self._slots.setdefault(key, _Slot(key, self._spawner, self._closing))

    def call(self, key: HostKey, message: Message, seconds: float | None = None) -> Message:
        """Have a host answer a call. Errors as ``Host`` and ``Host.call``.

        ``host-failing`` when it always ends.
        """
        return self._slot(key).use(lambda host: host.call(message, seconds=seconds))

    def forward(
        self, key: HostKey, text: bytes, files: list[int], seconds: float | None, asker: Channel
    ) -> tuple[bytes, list[int]]:
        """Like ``call`` with messages that stay written, until the asker goes."""
        return self._slot(key).use(lambda host: host.forward(text, files, seconds, asker))

    def start(self, key: HostKey) -> dict[str, object]:
        """Start a host if it does not run, and return what its engine says of itself."""
        return self._slot(key).use(lambda host: host.about)

    def describe(self) -> list[HostInfo]:
        """Return the hosts that run now."""
        with self._lock:
            hosts = [slot.host for slot in self._slots.values() if slot.host is not None]
        now = time.monotonic()
        return [
            HostInfo(host.key.engine.key, host.pid, host.memory_mb(), now - host.last_used, host.about)
            for host in hosts
            if host.alive
        ]

    def close(self) -> None:
        """End all hosts, also those that start, and wait until they are gone.

        A call in progress fails with ``HostDied``, one that comes now with ``keeper-closed``.
        """
        self._closing.set()
        with self._lock:
            slots = list(self._slots.values())
        for slot in slots:
            if slot.host is not None:
                slot.host.end()
        for slot in slots:
            with slot.lock:
                if slot.host is not None:
                    slot.host.kill()
                    slot.host = None

    def _reap(self) -> None:
        while not self._closing.wait(min(30.0, self._idle_seconds / 4)):
            with self._lock:
                slots = list(self._slots.values())
            for slot in slots:
                if slot.lock.acquire(blocking=False):
                    try:
                        if slot.host and time.monotonic() - slot.host.last_used > self._idle_seconds:
                            slot.host.kill()
                            slot.host = None
                    finally:
                        slot.lock.release()
