"""What travels between the orchestrator and a step host: versioned JSON, pixels in anonymous memory.

A message is one JSON object through ``send_bytes`` and ``recv_bytes(maxlength)`` of
``multiprocessing.connection`` (its ``send`` and ``recv`` unpickle, and are never used). If it has arrays or
open files, one byte with their descriptors follows (``SCM_RIGHTS``). All arrays of a message lie in one
sealed ``memfd``: nothing has a name, so nothing is left when any party is killed; and the seal keeps a sender
from pulling memory from under a reader.

Guest code: standard library and numpy only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import mmap
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

VERSION = 1
MAX_TEXT = 32 << 20
"""Bytes of JSON that a reader accepts."""
MAX_PIXELS = 4 << 30
"""Bytes of arrays that a reader accepts in one message."""
MAX_FILES = 8
_ALIGNMENT = 64
_DTYPES = frozenset({"uint8", "uint16", "int32", "int64", "float16", "float32", "float64"})
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class ProtocolError(Exception):
    """The other side sent something that is no message of this version.

    The connection cannot be used further.
    """


class Refusal(Exception):
    """A guest cannot do what it was asked.

    Args:
        culprit: ``document`` (its bytes), ``model`` (its files), ``environment`` (its packages, memory,
            device) or ``request`` (a mistake of the orchestrator).
        code: Stable identifier in kebab-case.
        message: One sentence.
        item: Place in the request's list, if one item is to blame.
    """

    def __init__(self, culprit: str, code: str, message: str, *, item: int | None = None) -> None:
        super().__init__(message)
        self.culprit = culprit
        self.code = code
        self.message = message
        self.item = item


@dataclass(slots=True)
class Message:
    """One message.

    Attributes:
        kind: ``hello``, ``call``, ``answer`` or ``refusal``.
        body: JSON object.
        arrays: Numpy arrays; read-only views of shared memory on the receiving side.
        files: Open file descriptors; the receiver owns and closes those it receives.
    """

    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    arrays: Sequence[np.ndarray[Any, Any]] = ()
    files: Sequence[int] = ()


class Channel:
    """One end of a conversation over a connected UNIX stream socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._connection = Connection(os.dup(sock.fileno()))

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._connection.fileno()

    def limit_stalls(self, seconds: float) -> None:
        """Let a send or receive that makes no progress for so long fail with ``TimeoutError``."""
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, limit)

    def poll(self, seconds: float | None) -> bool:
        """Wait for something to receive; also true if the other side has gone."""
        return self._connection.poll(seconds)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError: The other side has gone, or takes nothing (``TimeoutError``).
            ValueError: The message is larger than a reader accepts.
        """
        places, size = _place(message.arrays)
        text = json.dumps(
            {"segocr": VERSION, "kind": message.kind, "body": message.body, "arrays": places, "size": size,
             "files": len(message.files)},
            allow_nan=False, separators=(",", ":"),
        ).encode()  # fmt: skip
        if len(text) > MAX_TEXT or size > MAX_PIXELS or len(message.files) > MAX_FILES:
            raise ValueError(f"message too large: {len(text)} bytes of text, {size} of arrays")
        with _Memory(message.arrays, places, size) as memory:
            self.forward(text, [*memory, *message.files])

    def receive(self) -> Message:
        """Receive a message.

        Raises:
            EOFError: The other side has gone.
            ProtocolError: It sent something else; close the channel.
            TimeoutError: It stopped in the middle (see ``limit_stalls``).
        """
        text, descriptors = self.receive_raw()
        head = _parse(text)
        try:
            arrays = (
                _views(descriptors[0], head["arrays"], head["size"])
                if head["size"]
                else _empty(head["arrays"])
            )
        except (ProtocolError, ValueError, OSError) as error:
            _close_all(descriptors)
            raise ProtocolError(str(error)) from error
        if head["size"]:
            os.close(descriptors.pop(0))
        return Message(head["kind"], head["body"], arrays, descriptors)

    def forward(self, text: bytes, descriptors: Sequence[int]) -> None:
        """Send a message that is already written (as ``receive_raw`` gave it)."""
        try:
            self._connection.send_bytes(text)
            if descriptors:
                socket.send_fds(self._socket, [b"F"], list(descriptors))
        except BlockingIOError as error:
            raise TimeoutError("the other side takes nothing") from error

    def receive_raw(self) -> tuple[bytes, list[int]]:
        """Receive a message's text and descriptors without looking at its arrays. Errors as ``receive``."""
        try:
            text = self._connection.recv_bytes(MAX_TEXT)
            head = _parse(text)
            expected = head["files"] + (1 if head["size"] else 0)
            descriptors: list[int] = []
            if expected:
                mark, descriptors, _, _ = socket.recv_fds(self._socket, 1, MAX_FILES + 1)
                if not mark:  # killed between a message's text and its descriptors
                    raise EOFError
        except BlockingIOError as error:
            raise TimeoutError("the other side stopped in the middle of a message") from error
        except (ConnectionResetError, BrokenPipeError) as error:
            raise EOFError from error
        except OSError as error:  # recv_bytes: "bad message length", above maxlength or negative
            if "end of file" in str(error):  # killed in the middle of a message's text
                raise EOFError from error
            raise ProtocolError(f"no message: {error}") from error
        if len(descriptors) != expected:
            _close_all(descriptors)
            raise ProtocolError(f"{expected} descriptors announced, {len(descriptors)} came")
        return text, descriptors

    def interrupt(self) -> None:
        """End the conversation from another thread: one that waits for a message sees its end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end; the other sees the end of the conversation."""
        self._connection.close()
        self._socket.close()


class _Memory:
    """A sealed memfd that holds arrays, as a list of no or one descriptor, closed on leaving."""

    def __init__(
        self, arrays: Sequence[np.ndarray[Any, Any]], places: Sequence[Mapping[str, Any]], size: int
    ) -> None:
        self._descriptors: list[int] = []
        if not size:
            return
        descriptor = os.memfd_create("segocr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._descriptors.append(descriptor)
        try:
            os.ftruncate(descriptor, size)
            for array, place in zip(arrays, places, strict=True):
                _write(descriptor, np.ascontiguousarray(array), place["offset"])
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        except BaseException:
            os.close(descriptor)
            raise

    def __enter__(self) -> list[int]:
        return self._descriptors

    def __exit__(self, *_: object) -> None:
        _close_all(self._descriptors)


def _write(descriptor: int, array: np.ndarray[Any, Any], offset: int) -> None:
    rest = memoryview(array.reshape(-1).view(np.uint8).data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        offset += written
        rest = rest[written:]


def _place(arrays: Sequence[np.ndarray[Any, Any]]) -> tuple[list[dict[str, Any]], int]:
    places: list[dict[str, Any]] = []
    end = 0
    for array in arrays:
        if array.dtype.name not in _DTYPES:
            raise ValueError(f"arrays of {array.dtype} do not travel")
        places.append({"dtype": array.dtype.name, "shape": list(array.shape), "offset": end})
        end += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    return places, end


def _parse(text: bytes) -> dict[str, Any]:
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message that is no JSON") from error
    if not isinstance(head, dict) or head.get("segocr") != VERSION:
        raise ProtocolError(f"a message of another version than {VERSION}")
    types = {"kind": str, "body": dict, "arrays": list, "size": int, "files": int}
    if any(type(head.get(name)) is not kind for name, kind in types.items()):
        raise ProtocolError("a message with missing or mistaken parts")
    if not (0 <= head["size"] <= MAX_PIXELS and 0 <= head["files"] <= MAX_FILES):
        raise ProtocolError("a message that announces too much")
    return head


def _check_place(place: Any, size: int) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    if not isinstance(place, dict) or str(place.get("dtype")) not in _DTYPES:
        raise ProtocolError("an array of unknown type")
    shape, offset = place.get("shape"), place.get("offset")
    if not isinstance(shape, list) or len(shape) > 6:
        raise ProtocolError("an array of no shape")
    if any(type(number) is not int or number < 0 for number in (offset, *shape)):
        raise ProtocolError("an array of no shape")
    dtype = np.dtype(str(place["dtype"]))
    start, sizes = int(offset or 0), tuple(int(number) for number in shape)
    if start + math.prod(sizes) * dtype.itemsize > size:
        raise ProtocolError("an array that leaves its memory")
    if max(sizes, default=0) > MAX_PIXELS:  # of one that has no bytes at all
        raise ProtocolError("an array of no shape")
    return dtype, sizes, start


def _views(descriptor: int, places: Sequence[Any], size: int) -> list[np.ndarray[Any, Any]]:
    try:
        sealed = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & _SEALS == _SEALS
    except OSError:
        sealed = False
    if not sealed or os.fstat(descriptor).st_size != size:
        raise ProtocolError("arrays that are not in sealed memory of the announced size")
    memory = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
    views = []
    for place in places:
        dtype, shape, offset = _check_place(place, size)
        count = math.prod(shape)
        views.append(np.frombuffer(memory, dtype, count, offset).reshape(shape))
    return views


def _empty(places: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    checked = [_check_place(place, 0) for place in places]
    return [np.empty(shape, dtype) for dtype, shape, _ in checked]


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
