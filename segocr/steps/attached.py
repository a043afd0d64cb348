"""A shared keeper, seen from a command: the same calls as ``keeper.Keeper``, over its socket."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from segocr.errors import HostDied, HostError, HostTimeout
from segocr.steps.host import HostKey
from segocr.steps.keeper import HostInfo
from segocr.steps.protocol import Channel, Message, ProtocolError
from segocr.steps.refusals import raise_failure
from segocr.steps.service import connect, host_as_json

_PATIENCE_SECONDS = 900.0
"""Longer than any call: hosts have deadlines of their own, but calls of other commands may come first."""


class AttachedKeeper:
    """A shared keeper; one connection a thread, so that different hosts work at once.

    Args:
        address: Where it listens; None for the default.
        patience: Seconds that one which has gone is given to be started again.

    Raises:
        HostError: ``no-keeper``: none is running.
    """

    def __init__(self, address: str | None = None, *, patience: float = 0.0) -> None:
        self._address = address
        self._local = threading.local()
        self._channels: list[Channel] = []
        self._busy: list[Channel] = []
        self._lock = threading.Lock()
        self._patience = 0.0
        self._channel()
        self._patience = patience

    def _channel(self) -> Channel:
        channel: Channel | None = getattr(self._local, "channel", None)
        if channel is None:
            channel = self._connected()
            if channel is None:
                raise HostError("no keeper is running", code="no-keeper", hint="segocr hosts")
            self._local.channel = channel
            with self._lock:
                self._channels.append(channel)
        return channel

    def _connected(self) -> Channel | None:
        deadline = time.monotonic() + self._patience
        while (channel := connect(self._address)) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return channel

    def _ask(self, message: Message) -> Message:
        try:
            channel = self._channel()
            with self._in_use(channel):
                channel.send(message)
                answer = channel.receive() if channel.poll(_PATIENCE_SECONDS) else None
        except (EOFError, OSError, ProtocolError) as error:
            self._forget()
            raise HostDied(
                "the keeper that this command was attached to has gone", code="keeper-gone"
            ) from error
        if answer is None:
            self._forget()
            raise HostTimeout(
                f"the keeper did not answer within {_PATIENCE_SECONDS:g} s", hint="segocr hosts --stop"
            )
        if answer.kind == "failure":
            raise_failure(answer.body)
        return answer

    @contextlib.contextmanager
    def _in_use(self, channel: Channel) -> Iterator[None]:
        with self._lock:
            self._busy.append(channel)
        try:
            yield
        finally:
            with self._lock:
                self._busy.remove(channel)

    def _forget(self) -> None:
        channel: Channel | None = getattr(self._local, "channel", None)
        self._local.channel = None
        if channel is not None:
            with self._lock, contextlib.suppress(ValueError):
                self._channels.remove(channel)
            channel.close()

    def call(self, key: HostKey, message: Message, seconds: float | None = None) -> Message:
        """Have a host answer a call; errors as ``Keeper.call``, and ``HostDied`` if the keeper goes."""
        body = {**message.body, "host": host_as_json(key), "seconds": seconds}
        return self._ask(Message(message.kind, body, message.arrays, message.files))

    def start(self, key: HostKey) -> dict[str, object]:
        """Start a host if it does not run, and return what its engine says of itself."""
        answer = self._ask(Message("call", {"keeper": "start", "host": host_as_json(key)}))
        about: dict[str, object] = answer.body["about"]
        return about

    def describe(self) -> list[HostInfo]:
        """Return the hosts that run now, for whomever."""
        return [HostInfo(**host) for host in self._ask(Message("call", {"keeper": "describe"})).body["hosts"]]

    def stop_keeper(self) -> int:
        """End the keeper and its hosts; returns its process number."""
        pid: int = self._ask(Message("call", {"keeper": "stop"})).body["pid"]
        return pid

    def close(self) -> None:
        """Detach; the keeper and its hosts stay. Calls in progress in other threads fail."""
        with self._lock:
            channels, self._channels = self._channels, []
            busy = list(self._busy)
        for channel in channels:
            if channel in busy:  # the thread that waits for its answer closes it
                channel.interrupt()
            else:
                channel.close()
