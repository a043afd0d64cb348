"""Working ahead: one thread prepares the next items of an iterator while the present ones are used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Full, Queue
from typing import TypeVar

Item = TypeVar("Item")


class _End:
    """Marks the end of the items, with the error that ended them if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[Item], depth: int, cut_short: Callable[[], None] | None = None) -> Iterator[Item]:
    """Yield the items of an iterable that runs in its own thread, at most ``depth`` items ahead.

    An error of the iterable is raised here. Leaving early, by an interrupt for example, stops the thread
    after its present item.

    Args:
        items: Made in the thread.
        depth: How many may wait.
        cut_short: Called on leaving early, so that the present item ends soon, with an error perhaps.
    """
    queue: Queue[Item | _End] = Queue(maxsize=depth)
    left = threading.Event()

    def put(item: Item | _End) -> bool:
        while not left.is_set():
            try:
                queue.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_End())
        except BaseException as error:
            put(_End(error))

    worker = threading.Thread(target=run, name="ahead", daemon=True)
    worker.start()
    ended = False
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        ended = True
        if item.error is not None:
            raise item.error
    finally:
        left.set()
        if cut_short is not None and not ended:
            cut_short()
        worker.join()
