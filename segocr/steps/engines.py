"""Which engines there are: the step each serves, its environment, its guest module and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from segocr.errors import ConfigurationError
from segocr.spelling import known_words


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine.

    Attributes:
        step: ``open``, ``segment``, ``ocr`` or ``validate``.
        name: Its name in templates and on the command line.
        environment: Where it runs.
        module: Guest module with ``start(settings)``.
        network: Whether its framework may fetch models (it then gets the user's proxy and certificate
            settings).
        memory_mb: Limit of its address space; 0 for none (frameworks reserve far more than they use).
        processor_seconds: Limit of processor time a call; 0 for none.
        start_seconds: Deadline for starting.
        call_seconds: Deadline of a call, if the caller names none …
        item_seconds: … and this much more for each picture in it.
    """

    step: str
    name: str
    environment: str
    module: str
    network: bool = False
    memory_mb: int = 0
    processor_seconds: int = 0
    start_seconds: float = 120.0
    call_seconds: float = 120.0
    item_seconds: float = 10.0

    @property
    def key(self) -> str:
        """``step/name``."""
        return f"{self.step}/{self.name}"


ENGINES: dict[str, EngineSpec] = {
    spec.key: spec
    for spec in (
        EngineSpec(
            "open", "open", "open", "segocr.steps.open.engine",
            memory_mb=4096, processor_seconds=60, start_seconds=60.0, call_seconds=90.0,
        ),
        EngineSpec("segment", "openvino", "openvino", "segocr.steps.segment.openvino"),
        EngineSpec("segment", "ultralytics", "torch", "segocr.steps.segment.ultralytics"),
        # Told by the orchestrator (segocr.textlines) from lines that the OCR host finds; trained in this one.
        EngineSpec("segment", "textlines", "openvino", "segocr.steps.ocr.openvino"),
        EngineSpec("ocr", "openvino", "openvino", "segocr.steps.ocr.openvino"),
        EngineSpec(
            "ocr", "paddleocr", "paddle", "segocr.steps.ocr.paddleocr", network=True, call_seconds=300.0
        ),
        EngineSpec(
            "validate", "python", "validate", "segocr.steps.validate.python",
            memory_mb=2048, start_seconds=60.0, call_seconds=30.0,
        ),
    )
}  # fmt: skip


def engine_of(step: str, name: str) -> EngineSpec:
    """Return an engine.

    Raises:
        ConfigurationError: ``unknown-engine``, with the known names and the nearest.
    """
    spec = ENGINES.get(f"{step}/{name}")
    if spec is not None:
        return spec
    known = [engine.name for engine in ENGINES.values() if engine.step == step]
    raise ConfigurationError(
        f"there is no {step} engine {name!r}", code="unknown-engine", hint=known_words(name, known)
    )
