"""What a training starts from: pretrained weights, the template's own model, a file, or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from segocr.errors import ModelError
from segocr.templates import Template
from segocr.templates.classes import model_classes
from segocr.templates.trust import require_trust
from segocr.training.train import FROM_SCRATCH, PRETRAINED, fetch_pretrained

PRETRAINED_WORD, OWN_WORD, SCRATCH_WORD = "pretrained", "own", "scratch"


@dataclass(frozen=True, slots=True)
class Start:
    """Weights to start from.

    Attributes:
        weights: A ``.pt`` file, or the name of an architecture.
        identity: A digest of the weights, or that name.
        description: For ``model.json`` and people.
        own: Whether they are the template's present model: its data are in them.
    """

    weights: Path | str
    identity: str
    description: str
    own: bool = False


FROM_NOTHING = Start(FROM_SCRATCH, FROM_SCRATCH, "from scratch")


def choose_start(
    asked: str | None, template: Template, python: Path, downloads: Path, workspace: Path | None
) -> Start:
    """Return what a training starts from.

    Args:
        asked: ``pretrained``, ``own``, ``scratch`` or a ``.pt`` file, which is loaded and so must be trusted
            by whoever names it; None: the first of the three that can be had.
        template: Whose model is trained.
        python: Interpreter of the torch environment.
        downloads: Where pretrained weights are kept.
        workspace: Whose list of trusted models holds.

    Raises:
        ModelError: ``model-absent`` or ``model-untrusted``: what was asked for cannot be had.
    """
    if asked == SCRATCH_WORD:
        return FROM_NOTHING
    if asked == OWN_WORD:
        return _own(template, workspace)
    if asked not in (None, PRETRAINED_WORD):
        return _file(Path(asked))
    found = fetch_pretrained(python, downloads)
    if found is not None:
        return Start(found, _digest(found), f"{PRETRAINED}, pretrained by ultralytics")
    if asked == PRETRAINED_WORD:
        raise ModelError(
            f"{PRETRAINED} cannot be downloaded here",
            code="model-absent",
            hint=f"put it into {downloads}, or start from something else: --start own, --start scratch",
        )
    try:
        return _own(template, workspace)
    except ModelError:
        return FROM_NOTHING


def _own(template: Template, workspace: Path | None) -> Start:
    path = template.folder / "model.pt"
    classes = model_classes(path)
    if classes != template.classes:
        raise ModelError(
            f"{path} knows the classes {', '.join(classes)}; the template has {', '.join(template.classes)}",
            code="class-missing",
            hint="start from something else: --start scratch",
        )
    require_trust(path, workspace)
    digest = _digest(path)
    return Start(path.resolve(), digest, f"{template.name}'s model.pt, {digest[:16]}", own=True)


def _file(path: Path) -> Start:
    if not path.is_file():
        raise ModelError(
            f"there are no weights {path}",
            code="model-absent",
            hint=f"--start takes a .pt file, {PRETRAINED_WORD}, {OWN_WORD} or {SCRATCH_WORD}",
        )
    model_classes(path)  # a file of another kind is refused here, by name
    digest = _digest(path)
    return Start(path.resolve(), digest, f"{path.name}, {digest[:16]}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
