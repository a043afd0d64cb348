"""Messages arrive as they were sent, and what is no message is refused."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segocr.steps.protocol import MAX_TEXT, Channel, Message, ProtocolError

NAMES = ["uint8", "uint16", "int32", "int64", "float16", "float32", "float64"]
arrays = st.sampled_from(NAMES).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=7))
)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
bodies = st.dictionaries(
    st.text(max_size=8), st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=8)
)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    one, other = socket.socketpair()
    raw = socket.socket(fileno=os.dup(one.fileno()))
    sender, receiver = Channel(one), Channel(other)
    yield sender, receiver, raw
    raw.close()
    sender.close()
    receiver.close()


def pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


def head(**changes: Any) -> bytes:
    whole = {"segocr": 1, "kind": "call", "body": {}, "arrays": [], "size": 0, "files": 0}
    return json.dumps(whole | changes).encode()


@settings(max_examples=60, deadline=None)
@given(body=bodies, sent=st.lists(arrays, max_size=5))
def test_a_message_arrives_as_it_was_sent(body: dict[str, Any], sent: list[np.ndarray[Any, Any]]) -> None:
    sender, receiver = pair()
    sender.send(Message("call", body, sent))
    got = receiver.receive()
    assert (got.kind, got.body, got.files) == ("call", body, [])
    assert len(got.arrays) == len(sent)
    for one, other in zip(sent, got.arrays, strict=True):
        assert other.dtype == one.dtype and other.shape == one.shape
        np.testing.assert_array_equal(other, one)
    sender.close()
    receiver.close()


@settings(max_examples=80, deadline=None)
@given(text=st.binary(max_size=200))
def test_what_is_no_message_is_refused(text: bytes) -> None:
    sender, receiver = pair()
    sender.forward(text, [])
    with pytest.raises(ProtocolError):
        receiver.receive()
    sender.close()
    receiver.close()


def test_files_travel_and_belong_to_the_receiver(ends: Any, tmp_path: Any) -> None:
    sender, receiver, _ = ends
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file:
        sender.send(Message("call", {}, [np.arange(3)], [file.fileno()]))
    got = receiver.receive()
    with os.fdopen(got.files[0], "rb") as file:
        assert file.read() == b"content"
    assert got.arrays[0].tolist() == [0, 1, 2]


def test_a_view_of_a_slice_arrives_whole(ends: Any) -> None:
    sender, receiver, _ = ends
    whole = np.arange(60, dtype=np.uint8).reshape(6, 10)
    sender.send(Message("call", {}, [whole[::2, 1:4]]))
    np.testing.assert_array_equal(receiver.receive().arrays[0], whole[::2, 1:4])


def test_received_arrays_cannot_be_changed_by_either_side(ends: Any) -> None:
    sender, receiver, _ = ends
    sender.send(Message("call", {}, [np.zeros(10)]))
    got = receiver.receive()
    with pytest.raises(ValueError, match="read-only"):
        got.arrays[0][0] = 1


@pytest.mark.parametrize(
    "changes",
    [
        {"segocr": 2},
        {"kind": 5},
        {"body": []},
        {"size": -1},
        {"size": 1 << 60},
        {"files": 99},
        {"files": True},
        {"arrays": [{"dtype": "object", "shape": [1], "offset": 0}]},
        {"arrays": [{"dtype": "uint8", "shape": [1], "offset": 0}]},
        {"arrays": [{"dtype": "uint8", "shape": [-1], "offset": 0}]},
        {"arrays": [{"dtype": "uint8", "shape": [0], "offset": -4}]},
        {"arrays": [{"dtype": "uint8", "shape": "big", "offset": 0}]},
        {"arrays": [{"dtype": ["uint8"], "shape": [0], "offset": 0}]},
        {"arrays": [{"dtype": {}, "shape": [0], "offset": 0}]},
        {"arrays": [{"dtype": "uint8", "shape": [0, 1 << 70], "offset": 0}]},
        {"arrays": [{"dtype": "uint8", "shape": [0, 1 << 31, 1 << 31, 1 << 31], "offset": 0}]},
    ],
)
def test_a_false_head_is_refused(ends: Any, changes: dict[str, Any]) -> None:
    sender, receiver, _ = ends
    sender.forward(head(**changes), [])
    with pytest.raises(ProtocolError):
        receiver.receive()


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{" * 9, b'{"a":' + b"[" * 100_000, b"9" * 5000])
def test_text_that_nests_without_end_is_no_message(ends: Any, text: bytes) -> None:
    sender, receiver, _ = ends
    sender.forward(text, [])
    with pytest.raises(ProtocolError):
        receiver.receive()


def test_an_array_without_bytes_may_not_be_of_a_size_that_no_array_has(ends: Any) -> None:
    sender, receiver, _ = ends
    descriptor = os.memfd_create("sealed", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 64)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    before = len(list(Path("/proc/self/fd").iterdir()))
    place = [{"dtype": "uint8", "shape": [0, 1 << 31, 1 << 31, 1 << 31], "offset": 0}]
    sender.forward(head(size=64, arrays=place), [descriptor])
    with pytest.raises(ProtocolError):
        receiver.receive()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(descriptor)


@pytest.mark.parametrize("size", [100, 5000])
def test_memory_that_could_be_pulled_away_is_refused(ends: Any, size: int) -> None:
    sender, receiver, _ = ends
    descriptor = os.memfd_create("open", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 100)
    place = [{"dtype": "uint8", "shape": [50], "offset": 0}]
    sender.forward(head(size=size, arrays=place), [descriptor])
    os.close(descriptor)
    with pytest.raises(ProtocolError, match="sealed"):
        receiver.receive()


def test_announced_descriptors_that_do_not_come_are_refused(ends: Any) -> None:
    sender, receiver, raw = ends
    sender.forward(head(files=2), [])
    raw.send(b"F")
    with pytest.raises(ProtocolError, match="2 descriptors"):
        receiver.receive()


def test_an_endless_text_is_refused_before_it_is_read(ends: Any) -> None:
    _, receiver, raw = ends
    raw.send((MAX_TEXT + 1).to_bytes(4, "big"))
    with pytest.raises(ProtocolError):
        receiver.receive()


def test_a_message_that_stops_in_the_middle_does_not_hang(ends: Any) -> None:
    _, receiver, raw = ends
    receiver.limit_stalls(0.2)
    raw.send((1000).to_bytes(4, "big") + b"only a little")
    with pytest.raises(TimeoutError):
        receiver.receive()


def test_the_end_of_the_other_side_is_an_end_of_file(ends: Any) -> None:
    sender, receiver, raw = ends
    sender.close()
    raw.close()
    with pytest.raises(EOFError):
        receiver.receive()


@pytest.mark.parametrize("sent", ["a part of the text", "the text without its descriptors"])
def test_a_sender_that_is_killed_in_the_middle_of_a_message_has_gone(ends: Any, sent: str) -> None:
    sender, receiver, raw = ends
    if sent == "a part of the text":
        raw.send((1000).to_bytes(4, "big") + b"only a little")
    else:
        sender.forward(head(files=1), [])
    sender.close()
    raw.close()
    with pytest.raises(EOFError):
        receiver.receive()


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    sender, receiver = pair()
    for _ in range(20):
        sender.send(Message("call", {}, [np.zeros(1000)]))
        receiver.receive()
    sender.close()
    receiver.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
