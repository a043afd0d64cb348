"""``segocr train --engine textlines``: labelled pages become a head that tells which line is which field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segocr.datasets.sheet import write_sheet
from segocr.errors import ModelError
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.scores import Share
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, shipped_folder
from segocr.textlines.head import Head, load_head
from segocr.textlines.outlook import expected_gain
from segocr.textlines.training import Missed, Trained, train_textlines
from segocr.training.data import check_page, require_labels
from segocr.training.install import require_own, require_writable
from segocr.training.labels import labelled_pages

if TYPE_CHECKING:
    from collections.abc import Callable

MISSED = "labels-without-a-line.jpg"
_LISTED = 10


def make_head(
    template: Template,
    data: Path | None,
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
        data: Folder of labelled documents; None: the head knows the fields' patterns alone.
        settings: Of the workspace.
        out: Where the head goes; None: into the template's folder.
        work: Where read lines are kept; None: as ``cache_folder`` says.
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
    documents = _checked(data, template) if data is not None else []
    file = target / template.segment.head
    if file.is_file() and not force:
        _require_more_pages(load_head(file), documents, file)
    cache = cache_folder(settings, work)
    python = resolve("openvino", settings.environment_pythons)
    with Steps(environments=settings.environment_pythons, device=device) as steps:
        trained = train_textlines(
            template, documents, steps=steps, model=OcrModel(template.ocr.engines[0], template.ocr.model),
            python=python, cache=cache, progress=progress,
        )  # fmt: skip
    _show_missed(documents, trained.missed, cache / MISSED)
    trained = replace(trained, head=_told(trained))
    scratch = file.with_name(f".{file.name}.new")
    try:
        scratch.write_bytes(trained.head.to_bytes())
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    return file, trained


def _checked(data: Path, template: Template) -> list[LabelledDocument]:
    """Return the documents to learn from; a mistake in labels or pictures costs no time."""
    documents = read_labels(data, "train")
    pages = labelled_pages(documents)
    require_labels(data, template.classes, Counter(one.name for page in pages for one in page.outlines))
    for page in pages:
        check_page(page)
    return documents


def shown(file: Path, trained: Trained) -> dict[str, object]:
    """Return what is printed of a head that was put in place."""
    gain = expected_gain(trained.curve)
    return {
        "head": str(file),
        "pages": trained.pages,
        **({"expected right": _curve(trained)} if trained.curve else {}),
        **({} if gain is None else {"with 20 more pages": f"about +{100 * gain:.1f} %"}),
        **{
            f"expected right, {name}": _with_interval(share)
            for name, share in (trained.expected.by_class if trained.expected else {}).items()
        },
        "labels without a text line": len(trained.missed),
        **({"least sure documents": ", ".join(trained.doubtful[:5])} if trained.doubtful else {}),
    }


def _curve(trained: Trained) -> str:
    return ", ".join(f"{share:.1%} from {pages} pages" for pages, share in trained.curve)


def _with_interval(share: Share) -> str:
    low, high = share.interval or (0.0, 1.0)
    return f"{share.count} of {share.total} (95 %: {100 * low:.0f}–{100 * high:.0f} %)"


def doubts(template: Template, data: Path | None, trained: Trained, cache: Path) -> Iterator[str]:
    """Yield what a person should know about a training, a sentence each.

    Args:
        template: The template.
        data: What it learned from.
        trained: What came out.
        cache: Where the picture of labels without a line lies.
    """
    if trained.pages == 0:
        yield "without labelled pages the head knows the fields' patterns and nothing else: label some pages"
    elif trained.expected is None:
        pages = "one page is" if trained.pages == 1 else f"{trained.pages} pages are"
        yield f"{pages} too few to leave some out, so nothing is known of what to expect: label more"
    if data is not None:
        labels = Counter(label.class_name for one in read_labels(data, "train") for label in one.labels)
        for name in labels.keys() - set(template.classes):
            yield f"{labels[name]} labels are of class {name!r}, which the template does not read: left out"
    for one in trained.missed[:_LISTED]:
        yield f"{one.path}: no text line was found where {one.class_name} ({one.value!r}) is labelled"
    if trained.missed:
        rest = len(trained.missed) - _LISTED
        more = f"and {rest} more; " if rest > 0 else ""
        yield f"{more}the detector missed them, or the labels are off: see {cache / MISSED}"


def _show_missed(documents: Sequence[LabelledDocument], missed: Sequence[Missed], sheet: Path) -> None:
    """Draw the labels that meet no line; remove the picture of an earlier training that had some."""
    sheet.unlink(missing_ok=True)
    wanted = {(one.document, one.class_name, one.value) for one in missed}
    shown = [
        replace(document, labels=labels)
        for document in documents
        if (labels := tuple(x for x in document.labels if (document.id, x.class_name, x.value) in wanted))
    ]
    if shown:
        write_sheet(shown, sheet)


def cache_folder(settings: Settings, work: Path | None) -> Path:
    """Return where read lines are kept: `work`, else ``.cache/textlines`` of the workspace or of here."""
    return work or (settings.workspace or Path.cwd()) / ".cache" / "textlines"


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
