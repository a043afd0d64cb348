"""Working ahead: one thread prepares the next items of an iterator while the present ones are used."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _End:
    """Marks the end of the items, with the error that ended them if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@dataclass(slots=True)
class _Waiting(Generic[Item]):
    """What is made and not taken yet: so many items, of so much weight in all; one is always let in."""

    depth: int
    heaviest: float
    items: deque[tuple[Item, float]] = field(default_factory=deque)
    left: bool = False
    change: threading.Condition = field(default_factory=threading.Condition)

    def put(self, item: Item, weight: float) -> bool:
        """Wait until there is room, and put an item in; False if nobody takes any more."""
        with self.change:
            self.change.wait_for(lambda: self.left or self._has_room(weight))
            self.items.append((item, weight))
            self.change.notify_all()
            return not self.left

    def take(self) -> Item:
        """Wait for the next item."""
        with self.change:
            self.change.wait_for(lambda: self.items)
            item, _ = self.items.popleft()
            self.change.notify_all()
            return item

    def leave(self) -> None:
        """Take no more."""
        with self.change:
            self.left = True
            self.change.notify_all()

    def _has_room(self, weight: float) -> bool:
        held = sum(one for _, one in self.items)
        return not self.items or (len(self.items) < self.depth and held + weight <= self.heaviest)


def ahead(
    items: Iterable[Item],
    depth: int,
    cut_short: Callable[[], None] | None = None,
    *,
    weigh: Callable[[Item], float] = lambda item: 0.0,
    heaviest: float = 0.0,
) -> Iterator[Item]:
    """Yield the items of an iterable that runs in its own thread, at most ``depth`` items ahead.

    An error of the iterable is raised here. Leaving early, by an interrupt for example, stops the thread
    after its present item.

    Args:
        items: Made in the thread.
        depth: How many may wait.
        cut_short: Called on leaving early, so that the present item ends soon, with an error perhaps.
        weigh: Says how heavy an item is.
        heaviest: What those that wait may weigh together; one may wait whatever it weighs.
    """
    waiting: _Waiting[Item | _End] = _Waiting(depth, heaviest)

    def run() -> None:
        try:
            for item in items:
                if not waiting.put(item, weigh(item)):
                    return
            waiting.put(_End(), 0.0)
        except BaseException as error:
            waiting.put(_End(error), 0.0)

    worker = threading.Thread(target=run, name="ahead", daemon=True)
    worker.start()
    ended = False
    try:
        while not isinstance(item := waiting.take(), _End):
            yield item
        ended = True
        if item.error is not None:
            raise item.error
    finally:
        waiting.leave()
        if cut_short is not None and not ended:
            cut_short()
        worker.join()
