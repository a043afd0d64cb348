"""Twins: arrivals with the same bytes under the same template. One is read; where it fails, the others do."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from segocr.errors import DocumentError
from segocr.inbox.arrivals import Arrival


def same_failure(first: Arrival, code: str | None, message: str | None = None) -> DocumentError:
    """Return how an arrival fails whose bytes are those of one that failed."""
    because = f", which failed: {message}" if message else ", which failed"
    return DocumentError(f"the same bytes as {first.path}{because}", code=code)


@dataclass(slots=True)
class Twins:
    """The twins of one batch.

    Those of a document that is stored find its record in the next batch. Those of one that fails would find
    none, because failed bytes may be read again, and each of them would cost a batch of its own.
    """

    _firsts: dict[tuple[str | None, str], Arrival] = field(default_factory=dict)
    _others: dict[uuid.UUID, list[Arrival]] = field(default_factory=dict)
    _begun: set[uuid.UUID] = field(default_factory=set)
    _failed: dict[uuid.UUID, tuple[Arrival, str, str | None]] = field(default_factory=dict)

    def join(self, arrival: Arrival, template: str) -> bool:
        """Say whether another one of the batch is read for this one, too."""
        first = self._firsts.setdefault((arrival.sha256, template), arrival)
        if first is arrival:
            return False
        self._others.setdefault(first.id, []).append(arrival)
        return True

    def begin(self, ids: Collection[uuid.UUID]) -> None:
        """Note which ones are in hand."""
        self._begun.update(ids)

    def of_begun(self, ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Return the others of these, as far as these were begun."""
        return [one.id for first in ids if first in self._begun for one in self._others.get(first, [])]

    def fail(self, first: Arrival, template: str, code: str | None) -> None:
        """Note that one that was read failed."""
        self._failed[first.id] = (first, template, code)

    def failed(self) -> Iterator[tuple[Arrival, str, DocumentError]]:
        """Yield those whose first one failed: the arrival, the template, and how it fails."""
        for first, template, code in self._failed.values():
            for one in self._others.get(first.id, []):
                yield one, template, same_failure(first, code)
