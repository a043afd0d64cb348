"""A trained model becomes a template's model: engines compared, measured, described, put in place.

It is made in a folder of its own first. What was there stays until all of it is whole and no worse.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import ConfigurationError, ModelError, UsageError
from segocr.steps.client import Steps
from segocr.steps.contract import SegmentModel
from segocr.templates.classes import model_classes
from segocr.templates.spec import Segment
from segocr.training.agreement import Agreement, compare_engines, require_agreement
from segocr.training.card import ModelCard, licence_text, read_card, write_card
from segocr.training.measure import RegionScore, measure
from segocr.training.yardstick import Yardstick

WEIGHTS = ("model.pt", "model.onnx")
FILES = (*WEIGHTS, "LICENSE-MODEL", "model.json")
"""In the order in which they are put in place: the card last, it vouches for the others."""
_COMPARED = 12
"""Pictures on which the two engines are compared."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be put in place.

    Attributes:
        folder: Holds both files of weights; card and licence are written there.
        story: Its card, but for the metrics.
        yardstick: What it is measured on.
        sizes: Image size and least score with which the template finds regions.
    """

    folder: Path
    story: ModelCard
    yardstick: Yardstick
    sizes: Segment


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that was put in place: its folder and card, how good it is, and the one before it."""

    folder: Path
    card: ModelCard
    score: RegionScore
    before: RegionScore | None
    agreement: Agreement


def install(
    candidate: Candidate, target: Path, steps: Steps, *, force: bool, say: Callable[[str], None]
) -> Installed:
    """Compare a model's engines, measure it, describe it, and put it in place if it is no worse.

    Args:
        candidate: The model.
        target: The template's folder.
        steps: The hosts.
        force: Whether to put it in place even of a better one.
        say: Told what is being done.

    Raises:
        ModelError: ``engines-disagree`` or ``model-worse``: what was there is as it was.
    """
    weights, exported = (candidate.folder / name for name in WEIGHTS)
    sizes, yardstick, story = candidate.sizes, candidate.yardstick, candidate.story
    pictures = [page.path for page in yardstick.pages[:_COMPARED]]
    say(f"compares torch with OpenVINO on {len(pictures)} pictures")
    agreement = compare_engines(steps, weights, exported, pictures, sizes.image_size, sizes.confidence)
    require_agreement(agreement)
    say(f"measures on {len(yardstick.pages)} pages ({yardstick.name})")
    model = SegmentModel("openvino", exported, sizes.image_size, sizes.confidence)
    score = measure(steps, model, yardstick.pages, story.label_padding)
    before = present_score(steps, target, yardstick, sizes, story.label_padding)
    card = story.model_copy(update={"metrics": {yardstick.name: score.as_metrics()}})
    write_card(candidate.folder, card)
    (candidate.folder / "LICENSE-MODEL").write_text(licence_text(card), encoding="utf-8")
    if not force:
        require_better(score, before, yardstick, target, _other_size(story.image_size, sizes.image_size))
    put_in_place(candidate.folder, target)
    return Installed(target, card, score, before, agreement)


def present_score(
    steps: Steps, folder: Path, yardstick: Yardstick, sizes: Segment, padding: float
) -> RegionScore | None:
    """Measure the model that a folder holds; None where it has none, or one that lacks a class.

    Args:
        steps: The hosts.
        folder: The template's.
        yardstick: What to measure on.
        sizes: Image size and least score with which the template finds regions.
        padding: Share of their height by which labels are widened, where the model's card does not say.

    Raises:
        ModelError: It is there and cannot be used.
    """
    path = folder / "model.onnx"
    classes = {one.name for page in yardstick.pages for one in page.outlines}
    if not path.is_file() or not classes <= set(model_classes(path)):
        return None
    card = read_card(folder)
    # Labels are widened as they were for the model that is measured: it cannot know of others.
    widened = card.label_padding if card else padding
    model = SegmentModel("openvino", path, sizes.image_size, sizes.confidence)
    return measure(steps, model, yardstick.pages, widened)


def _other_size(trained: int, looked_at: int) -> str:
    if trained == looked_at:
        return ""
    return (
        f"it was trained at {trained} pixels and measured at the template's {looked_at}: write image_size: "
        f"{trained} into its segment; "
    )


def require_better(
    new: RegionScore, present: RegionScore | None, yardstick: Yardstick, folder: Path, before: str = ""
) -> None:
    """Refuse to put a model in the place of a better one, or one that finds nothing in any place.

    Args:
        new: Of the model.
        present: Of the one that is there.
        yardstick: What both were measured on.
        folder: The template's.
        before: What is to be done before anything else, put in front of the hint.

    Raises:
        ModelError: ``model-worse``.
    """
    pages = f"{len(yardstick.pages)} pages ({yardstick.name})"
    if not new.named:
        raise ModelError(
            f"the model finds none of the {new.labelled} regions of the {pages}",
            code="model-worse",
            hint=f"{before}train longer or on more pictures; --force installs it all the same",
        )
    if present is not None and present.f1 > new.f1:
        raise ModelError(
            f"the model in {folder} is better: F1 of regions {present.f1:.3f}, the new one {new.f1:.3f}, on "
            f"the same {pages}",
            code="model-worse",
            hint=f"{before}the new one is kept beside its run; --force installs it all the same",
        )


def require_writable(folder: Path) -> None:
    """Refuse a folder that the model could not be put into, before hours are spent on it.

    Raises:
        ConfigurationError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".segocr-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"the model's folder {folder} cannot be written: {error.strerror}",
            hint="name another one with --out",
        ) from error


def require_own(folder: Path, shipped: Path, workspace: Path | None) -> None:
    """Refuse to change a shipped template from within somebody's workspace.

    Raises:
        UsageError: It is a shipped one.
    """
    if workspace is not None and folder.resolve().is_relative_to(shipped.resolve()):
        raise UsageError(
            f"{folder.name} is a template that segocr ships; its model is not replaced from a workspace",
            hint=f"copy {folder} into the workspace's templates, or name a folder with --out",
        )


def put_in_place(made: Path, target: Path) -> None:
    """Copy a whole model into its place; a full disk leaves the old one as it was.

    Args:
        made: Holds all ``FILES``.
        target: The template's folder.
    """
    target.mkdir(parents=True, exist_ok=True)
    scratch = [target / f".{name}.new" for name in FILES]
    try:
        for name, new in zip(FILES, scratch, strict=True):
            shutil.copyfile(made / name, new)
        for name, new in zip(FILES, scratch, strict=True):
            new.replace(target / name)
    finally:
        for new in scratch:
            new.unlink(missing_ok=True)
