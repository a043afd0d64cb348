"""``segocr train --engine textlines``: labelled pages become a head that tells which line is which field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segocr.errors import ModelError
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, shipped_folder
from segocr.textlines.head import Head, load_head
from segocr.textlines.training import Trained, train_textlines
from segocr.training.install import require_own, require_writable

if TYPE_CHECKING:
    from collections.abc import Callable


def make_head(
    template: Template,
    data: Path,
    settings: Settings,
    *,
    out: Path | None,
    work: Path | None,
    force: bool,
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> tuple[Path, Trained]:
    """Train a template's head on the documents of split ``train`` and put it in place.

    Args:
        template: The template.
        data: Folder of labelled documents.
        settings: Of the workspace.
        out: Where the head goes; None: into the template's folder.
        work: Where read lines are kept; None: ``.cache/textlines`` of the workspace or the current folder.
        force: Whether to replace a head that learned from more pages.
        device: Where lines are read.
        progress: Called with (pages read, pages in all).

    Returns:
        The head's file, and what is known of it.

    Raises:
        UsageError: The labels cannot be understood, or lack a class.
        ModelError: ``model-worse``: the present head learned from more pages; ``training-failed``.
        SegocrError: An environment or the template's folder cannot be used.
    """
    from segocr.environments.locate import resolve

    target = out or template.folder
    require_own(target, shipped_folder(), settings.workspace)
    require_writable(target)
    documents = read_labels(data, "train")
    file = target / template.segment.head
    if file.is_file() and not force:
        _require_more_pages(load_head(file), documents, file)
    cache = work or (settings.workspace or Path.cwd()) / ".cache" / "textlines"
    python = resolve("openvino", settings.environment_pythons)
    with Steps(environments=settings.environment_pythons, device=device) as steps:
        trained = train_textlines(
            template, documents, steps=steps, model=OcrModel(template.ocr.engines[0], template.ocr.model),
            python=python, cache=cache, progress=progress,
        )  # fmt: skip
    trained = replace(trained, head=_told(trained))
    scratch = file.with_name(f".{file.name}.new")
    try:
        scratch.write_bytes(trained.head.to_bytes())
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    return file, trained


def shown(file: Path, trained: Trained) -> dict[str, object]:
    """Return what is printed of a head that was put in place."""
    return {
        "head": str(file),
        "pages": trained.pages,
        "expected right": ", ".join(f"{share:.1%} from {pages} pages" for pages, share in trained.curve),
        **{
            f"expected right, {name}": f"{share.count} of {share.total}"
            for name, share in (trained.expected.by_class if trained.expected else {}).items()
        },
        "labels without a text line": len(trained.missed),
        "least sure documents": ", ".join(trained.doubtful[:5]),
    }


def _require_more_pages(present: Head, documents: list[LabelledDocument], file: Path) -> None:
    if present.card.pages > len(documents):
        raise ModelError(
            f"the head {file} learned from {present.card.pages} pages; these are {len(documents)}",
            code="model-worse",
            hint="--force replaces it all the same, --out puts the new one elsewhere",
        )


def _told(trained: Trained) -> Head:
    """Return the head with what it is expected to read right on its card."""
    if trained.expected is None:
        return trained.head
    expected = {name: [share.count, share.total] for name, share in trained.expected.by_class.items()}
    card = trained.head.card
    return replace(trained.head, card=replace(card, about={**card.about, "expected": expected}))
