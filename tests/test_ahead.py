"""Working ahead keeps order, passes errors on and stops when its consumer leaves."""

import threading
import time
from collections.abc import Iterator

import pytest

from segocr.ahead import ahead


def test_items_come_in_order():
    assert list(ahead(range(100), 3)) == list(range(100))


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise LookupError("here")

    stream = ahead(items(), 2)
    assert next(stream) == 1
    with pytest.raises(LookupError, match="here"):
        next(stream)


def test_the_thread_ends_when_the_consumer_leaves():
    made = []

    def items():
        for number in range(1000):
            made.append(number)
            yield number

    stream = ahead(items(), 2)
    assert next(stream) == 0
    stream.close()
    assert len(made) <= 5
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_heavy_items_wait_alone_and_light_ones_together() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for weight in (9, 9, 1, 1, 1, 9):
            made.append(weight)
            yield weight

    def settled(count: int) -> bool:
        deadline = time.monotonic() + 5
        while len(made) < count and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        return len(made) == count

    stream = ahead(items(), 3, weigh=float, heaviest=3.0)
    assert next(stream) == 9
    assert settled(3)  # one waits, and one more is made
    assert next(stream) == 9
    assert settled(6)
    assert list(stream) == [1, 1, 1, 9]
