"""Several segmentation engines over the same documents: what each gets right and costs, and which to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from segocr.errors import UsageError
from segocr.evaluation.difference import Difference, Key, difference
from segocr.evaluation.labels import LabelledDocument
from segocr.evaluation.outcomes import Result
from segocr.evaluation.run import Evaluation, evaluate
from segocr.extraction import Progress
from segocr.recipes import choose_models
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template

CHANCE = 0.05
"""A difference that comes about by chance more often than this is none."""


class Advice(StrEnum):
    """Whether to take an engine instead of the one that reads best.

    pays: cheaper, and no worse as far as these documents tell. trades: cheaper and worse. stays: not cheaper.
    """

    PAYS = "pays"
    TRADES = "trades"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Switch:
    """One engine beside the one that reads most values right.

    Attributes:
        engine: The one.
        best: The other.
        change: Values that turn right or wrong with it.
        saved: Processor seconds a page that it saves; negative if it costs more.
        share: What it costs of the other's processor time.
        advice: Whether the switch pays.
        seconds_a_value: Where it trades: processor seconds saved for each value lost.
    """

    engine: str
    best: str
    change: Difference
    saved: float
    share: float
    advice: Advice
    seconds_a_value: float | None

    def told(self) -> str:
        """Return it in words."""
        change = self.change
        values = (
            f"of {change.compared} values {len(change.better)} get better and {len(change.worse)} worse "
            f"(so uneven by chance: {change.chance:.2f})"
        )
        times = f"{self.share:.0%} of" if self.share < 1 else f"{self.share:.1f} times"
        costs = f"{self.engine} costs {times} what {self.best} does; {values}"
        page = f"{self.saved:.2f} s a page"
        if self.advice is Advice.STAYS:
            return f"{costs}: switching from {self.best} to {self.engine} does not pay"
        if self.advice is Advice.PAYS:
            return f"{costs}, no difference that these documents can show: the switch pays, by {page}"
        lost = f"loses a value for every {self.seconds_a_value:.2g} s saved"
        return f"{costs}: the switch saves {page}, and {lost}"

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "engine": self.engine, "instead_of": self.best, "advice": self.advice.value,
            "seconds_saved_a_page": round(self.saved, 4), "share_of_cost": round(self.share, 4),
            "seconds_saved_a_lost_value": (
                None if self.seconds_a_value is None else round(self.seconds_a_value, 2)
            ),
            **self.change.as_json(), "told": self.told(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The same documents under each engine, in the order that was asked for."""

    evaluations: Mapping[str, Evaluation]
    switches: tuple[Switch, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        some = next(iter(self.evaluations.values()))
        return {
            "template": some.template, "version": some.version, "documents": some.documents, **some.about,
            "engines": {name: one.as_json() for name, one in self.evaluations.items()},
            "switches": [switch.as_json() for switch in self.switches],
        }  # fmt: skip


def compare_engines(
    template: Template,
    documents: Sequence[LabelledDocument],
    engines: Sequence[str],
    *,
    settings: Settings,
    ocr_engine: str | None = None,
    about: Mapping[str, object] = {},
    progress: Callable[[str, Progress], None] = lambda _, __: None,
) -> SideBySide:
    """Measure a template with each of several segmentation engines.

    Args:
        template: What to measure.
        documents: Labelled pictures.
        engines: Two or more, each once.
        settings: Of the workspace.
        ocr_engine: Instead of the template's list, for all of them.
        about: What else to tell in the JSON.
        progress: Called with the engine's name after each document.

    Raises:
        UsageError: An engine is named twice.
        SegocrError: As ``extract``; an engine without its model is told before anything is read.
    """
    if len(set(engines)) < len(engines):
        raise UsageError(f"--engines names one twice: {', '.join(engines)}")
    for engine in engines:
        choose_models(
            template, settings.environment_pythons, workspace=settings.workspace, segment_engine=engine,
            ocr_engine=ocr_engine,
        )  # fmt: skip
    with Steps(
        environments=settings.environment_pythons, device=settings.engines.devices, shared=False
    ) as steps:
        found = {
            engine: evaluate(
                template, documents, settings=settings, engines=(engine, ocr_engine), oracle=False,
                about=about, steps=steps,
                progress=lambda _, done, engine=engine: progress(engine, done),  # type: ignore[misc]
            )
            for engine in engines
        }  # fmt: skip
    return SideBySide(found, switches(found))


def switches(evaluations: Mapping[str, Evaluation]) -> tuple[Switch, ...]:
    """Compare each engine with the one that reads most values right (of equal ones, with the cheapest)."""
    best = min(evaluations, key=lambda name: (-_right(evaluations[name]), _cost(evaluations[name])))
    before = _verdicts(evaluations[best])
    made = []
    for name, one in evaluations.items():
        if name == best:
            continue
        change = difference(before, one.found.outcomes)
        saved = _cost(evaluations[best]) - _cost(one)
        share = _cost(one) / max(_cost(evaluations[best]), 1e-9)
        lost = len(change.worse) - len(change.better)
        worse = lost > 0 and change.chance < CHANCE
        advice = Advice.STAYS if saved <= 0 else Advice.TRADES if worse else Advice.PAYS
        dear = saved * _pages(one) / lost if advice is Advice.TRADES else None
        made.append(Switch(name, best, change, saved, share, advice, dear))
    return tuple(made)


def _right(evaluation: Evaluation) -> int:
    return sum(outcome.result is Result.RIGHT for outcome in evaluation.found.outcomes)


def _cost(evaluation: Evaluation) -> float:
    return evaluation.found.cost.a_page


def _pages(evaluation: Evaluation) -> int:
    return evaluation.found.cost.pages


def _verdicts(evaluation: Evaluation) -> dict[Key, bool]:
    return {
        (outcome.document, outcome.field, outcome.label): outcome.result is Result.RIGHT
        for outcome in evaluation.found.outcomes
        if outcome.label is not None
    }
