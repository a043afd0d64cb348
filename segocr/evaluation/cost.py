"""What reading documents costs: processor time a page, by the process that spends it.

Processor time and not the clock's, because a busy machine changes it little. The step ``textlines`` has no
process of its own: it asks the one that reads for lines, so its cost is found there and in segocr itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segocr.bench.processor import processor_seconds
from segocr.steps.client import Steps

OWN = "segocr"
"""What the orchestrating process is called among the steps."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds (user and system) by step, such as ``ocr/openvino``, and of ``segocr`` itself."""

    pages: int
    seconds: Mapping[str, float]

    @property
    def a_page(self) -> float:
        """Processor seconds a page, all steps together; 0 without pages."""
        return sum(self.seconds.values()) / self.pages if self.pages else 0.0

    def of(self, step: str) -> float:
        """Processor seconds a page of one step, whatever its engine."""
        spent = sum(seconds for name, seconds in self.seconds.items() if name.partition("/")[0] == step)
        return spent / self.pages if self.pages else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        by_step = {name: round(seconds, 2) for name, seconds in self.seconds.items()}
        return {"pages": self.pages, "seconds_a_page": round(self.a_page, 4), "seconds": by_step}


class Meter:
    """Counts from its making on.

    Args:
        steps: The hosts; nobody else may use them meanwhile.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._before = self._now()

    def read(self, pages: int) -> Cost:
        """Return what was spent since, on so many pages."""
        spent: dict[str, float] = {}
        for (name, process), seconds in self._now().items():
            spent[name] = spent.get(name, 0.0) + seconds - self._before.get((name, process), 0.0)
        return Cost(pages, {name: seconds for name, seconds in spent.items() if seconds > 0})

    def _now(self) -> dict[tuple[str, int], float]:
        own = os.times()
        hosts = {(host.engine, host.pid): processor_seconds([host.pid]) for host in self._steps.describe()}
        return {(OWN, os.getpid()): own.user + own.system, **hosts}
