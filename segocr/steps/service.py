"""A keeper that several commands share: ``segocr hosts`` serves it, ``client.Steps`` attaches to it.

Its socket has an abstract address, named by user, environments and guest code. So it is never stale, never
left behind, and a keeper of another version is not found. Any user can connect to such an address: both sides
check that the other one is the same user.

Calls are passed on to hosts unread, pixels included (their descriptors travel on). The text of a call says
under ``host`` which one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import struct
import threading
from pathlib import Path
from typing import Any

from segocr.environments.guestcode import guest_code
from segocr.environments.locate import environments_root
from segocr.errors import EnvironmentMissing, HostError, SegocrError
from segocr.steps.engines import ENGINES
from segocr.steps.host import HostKey
from segocr.steps.keeper import Keeper
from segocr.steps.protocol import Channel, Message, ProtocolError
from segocr.steps.refusals import failure_as_json

_CREDENTIALS = struct.Struct("3i")


def default_address() -> str:
    """Return this user's keeper's address for these environments and this version of segocr."""
    name = f"{environments_root().resolve()}\0{guest_code()[1]}"
    return f"\0segocr-{os.getuid()}-{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def same_user(sock: socket.socket) -> bool:
    """Say whether the other end of a UNIX socket belongs to the same user."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(credentials)
    return bool(user == os.getuid())


class Service:
    """A keeper on a socket.

    Args:
        keeper: What answers; the service closes it at the end.
        address: Where; None for the default.

    Raises:
        HostError: ``keeper-running``: another keeper has the address.
    """

    def __init__(self, keeper: Keeper, address: str | None = None) -> None:
        self._keeper = keeper
        self._stopping = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(address or default_address())
        except OSError as error:
            self._listener.close()
            raise HostError(
                "a keeper is running already", code="keeper-running", hint="segocr hosts --stop"
            ) from error
        self._listener.listen(16)

    def run(self) -> None:
        """Serve until ``stop``; then end all hosts."""
        try:
            while not self._stopping.is_set():
                try:
                    sock, _ = self._listener.accept()
                except OSError:
                    break
                if self._stopping.is_set() or not same_user(sock):
                    sock.close()
                    continue
                threading.Thread(target=self._serve, args=(Channel(sock),), daemon=True).start()
        finally:
            self._listener.close()
            self._keeper.close()

    def stop(self) -> None:
        """Make ``run`` return, soon. Safe in signal handlers and from other threads."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def _serve(self, channel: Channel) -> None:
        with contextlib.closing(channel), contextlib.suppress(EOFError, ProtocolError, OSError):
            while True:
                text, files = channel.receive_raw()
                try:
                    self._answer(channel, text, files)
                finally:
                    for descriptor in files:
                        os.close(descriptor)

    def _answer(self, channel: Channel, text: bytes, files: list[int]) -> None:
        body: dict[str, Any] = json.loads(text)["body"]
        try:
            if "keeper" in body:
                channel.send(self._manage(str(body["keeper"]), body))
                return
            key, seconds = _key(body["host"]), body.get("seconds")
            reply, passed = self._keeper.forward(key, text, files, seconds, channel)
        except SegocrError as error:
            channel.send(Message("failure", failure_as_json(error)))
            return
        try:
            channel.forward(reply, passed)
        finally:
            for descriptor in passed:
                os.close(descriptor)

    def _manage(self, wish: str, body: dict[str, Any]) -> Message:
        match wish:
            case "start":
                return Message("answer", {"about": self._keeper.start(_key(body["host"]))})
            case "describe":
                hosts = [
                    {"engine": host.engine, "pid": host.pid, "memory_mb": host.memory_mb,
                     "idle_seconds": host.idle_seconds, "about": host.about}
                    for host in self._keeper.describe()
                ]  # fmt: skip
                return Message("answer", {"hosts": hosts, "pid": os.getpid()})
            case "stop":
                threading.Timer(0.05, self.stop).start()
                return Message("answer", {"pid": os.getpid()})
        raise HostError(f"a keeper cannot {wish}", code="unknown-operation")


def host_as_json(key: HostKey) -> dict[str, Any]:
    """Return what names a host in a call to a shared keeper."""
    return {"engine": key.engine.key, "python": str(key.python), "device": key.device, "threads": key.threads}


def _key(host: dict[str, Any]) -> HostKey:
    return HostKey(ENGINES[host["engine"]], Path(host["python"]), str(host["device"]), int(host["threads"]))


def connect(address: str | None = None) -> Channel | None:
    """Return a channel to a running keeper of the same user, or None if there is none."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(address or default_address())
        if same_user(sock):
            return Channel(sock)
    except (OSError, EnvironmentMissing):
        pass
    sock.close()
    return None


def await_end(address: str | None = None) -> None:
    """Wait until no keeper runs at an address, if one does: commands use that one meanwhile."""
    while (channel := connect(address)) is not None:
        with contextlib.closing(channel):
            channel.poll(None)
