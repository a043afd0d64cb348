"""When to look at the inboxes again: at the interval, and often while files settle."""

from __future__ import annotations

import time

from segocr.settings import Settings

_GLANCE = 0.5
"""Seconds between two looks at the folders' times."""
_SHARE = 200
"""Looking takes at most one part in so many of the time."""
_FASTEST, _SLOW = 0.1, 5.0


class Pace:
    """Says when the next sweep is due.

    Args:
        settings: Of a workspace: intervals and settling times of its inboxes.
    """

    def __init__(self, settings: Settings) -> None:
        self._interval = min((inbox.interval for inbox in settings.inbox), default=30.0)
        self._settle = min((inbox.settle_seconds for inbox in settings.inbox), default=5.0)
        self._next = 0.0
        self._moved = 0.0

    def due(self) -> bool:
        """Say whether a sweep is due, whatever the folders say."""
        return time.monotonic() >= self._next

    def swept(self, waiting: int, cost: float, *, moving: bool) -> None:
        """Note a sweep.

        Args:
            waiting: How many files still settle.
            cost: Seconds it took.
            moving: Whether files came, went or were claimed.
        """
        now = time.monotonic()
        if moving:
            self._moved = now
        pause = self._interval
        if waiting:
            quiet = now - self._moved > 2 * self._settle + _SLOW
            often = max(_FASTEST, min(0.5, self._settle / 4))
            pause = min(self._interval, max(_SLOW if quiet else often, 20 * cost))
        self._next = now + pause

    def pause(self, cost: float) -> float:
        """Return the seconds to wait before the next look, which takes ``cost`` seconds."""
        glance = max(_GLANCE, _SHARE * cost)
        return max(0.0, min(glance, self._next - time.monotonic()))
