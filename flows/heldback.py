"""What keeps some documents from being processed, held back for a call so that all others go on."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from segocr.errors import (
    ConfigurationError,
    EnvironmentMissing,
    HostError,
    ModelError,
    SegocrError,
    TemplateError,
)

_OF_TEMPLATE = (TemplateError, ConfigurationError, ModelError, EnvironmentMissing, HostError)
"""What one template may meet while others do not: their models, engines and environments are their own."""

HELD_SECONDS = 600.0
"""How long a service leaves alone what it could not process; to try all of it again costs a while."""


@dataclass(slots=True)
class HeldBack:
    """Documents that one call took in vain; it takes them once only, or once in a while.

    Attributes:
        told: Called with each fault when it comes: the call may go on for hours.
        seconds: After so many, what was held is tried again: where documents come faster than they are read,
            a call has no end, and what was wrong may long be mended.
        ids: The documents.
        fault: The first thing that kept some from being processed.
        ends: Whether no document can be processed.
    """

    told: Callable[[SegocrError], None] | None = None
    seconds: float = math.inf
    ids: set[uuid.UUID] = field(default_factory=set)
    fault: SegocrError | None = None
    ends: bool = False
    _by_template: dict[str, SegocrError] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def ids_now(self) -> set[uuid.UUID]:
        """Return what is not to be taken; what is held for long enough is forgotten, all but its fault."""
        if time.monotonic() - self._since >= self.seconds:
            self.ids.clear()
            self._by_template.clear()
            self._since = time.monotonic()
        return self.ids

    def hold(self, ids: Collection[uuid.UUID], fault: SegocrError, template: str | None = None) -> None:
        """Note what was to be processed under a template (None: it is not known which), and what kept it."""
        self.ids.update(ids)
        self.fault = self.fault or fault
        of_all = not isinstance(fault, _OF_TEMPLATE) or (isinstance(fault, HostError) and fault.is_of_keeper)
        self.ends = self.ends or of_all
        if template is not None and template not in self._by_template:
            self._by_template[template] = fault
        if self.told is not None:
            self.told(fault)

    def fault_of(self, template: str) -> SegocrError | None:
        """Return what keeps a template's documents from being processed; it is not tried again."""
        return self._by_template.get(template)
