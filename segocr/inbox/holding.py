"""Holding claims: what is being moved stays its mover's, for as long as that takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from segocr.inbox.arrivals import Arrival, Ledger

CLAIM_SECONDS = 300.0
"""How long others leave alone what somebody moves who died; one who lives says so three times as often."""


class Hold:
    """Arrivals that this process has claimed and is about to move.

    Args:
        ledger: Where they are claimed.
        owner: Who claimed them.
        arrivals: The arrivals, held for ``CLAIM_SECONDS`` from now.

    Attributes:
        owner: Who claimed them.
        arrivals: The arrivals, in the order in which they are to be moved.
    """

    def __init__(self, ledger: Ledger, owner: str, arrivals: Sequence[Arrival]) -> None:
        self.owner = owner
        self.arrivals = arrivals
        self._ledger = ledger
        self._held = {arrival.id for arrival in arrivals}
        self._renewed_at = time.monotonic()

    def keep(self) -> None:
        """Prolong the leases if it is time to; call it between files and between the blocks of one."""
        if time.monotonic() - self._renewed_at >= CLAIM_SECONDS / 3:
            self._held = self._ledger.renew(self.owner, sorted(self._held), CLAIM_SECONDS)
            self._renewed_at = time.monotonic()

    def has(self, arrival: Arrival) -> bool:
        """Whether an arrival is still its mover's, who may have stood still for too long."""
        self.keep()
        return arrival.id in self._held
