"""What keeps some documents from being processed, held back for a call so that all others go on."""

from __future__ import annotations

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


@dataclass(slots=True)
class HeldBack:
    """Documents that one call took in vain; it takes them once only.

    Attributes:
        told: Called with each fault when it comes: the call may go on for hours.
        ids: The documents.
        fault: The first thing that kept some from being processed.
        ends: Whether no document can be processed.
    """

    told: Callable[[SegocrError], None] | None = None
    ids: set[uuid.UUID] = field(default_factory=set)
    fault: SegocrError | None = None
    ends: bool = False
    _by_template: dict[str, SegocrError] = field(default_factory=dict)

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
