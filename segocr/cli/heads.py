"""``segocr train --engine textlines``: labelled pages become a head that tells which line is which field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from segocr.cli.output import note
from segocr.datasets.sheet import write_sheet
from segocr.datasets.unlabelled import left_out_said, with_labels
from segocr.errors import ModelError, UsageError
from segocr.evaluation.labels import Label, LabelledDocument, read_labels
from segocr.evaluation.scores import Share
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel
from segocr.templates import Template, shipped_folder
from segocr.textlines.evidence import constrained_fields
from segocr.textlines.head import Head, HeadCard, load_head
from segocr.training.data import check_page, require_labels
from segocr.training.heads.cache import require_usable
from segocr.training.heads.labels import has_area
from segocr.training.heads.nextpages import unlabelled_pages
from segocr.training.heads.outlook import expected_gain
from segocr.training.heads.train import Missed, Trained, train_textlines
from segocr.training.heads.unlike import Unlike
from segocr.training.install import require_own, require_writable
from segocr.training.labels import labelled_pages

if TYPE_CHECKING:
    from collections.abc import Callable

MISSED = "labels-without-a-line.jpg"
_LISTED = 10
_LEAST_SURE = 5


def make_head(
    template: Template,
    data: Path | None,
    settings: Settings,
    *,
    unlabelled: Path | None = None,
    negatives: bool = False,
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
        unlabelled: Folder of pictures of which some are to be labelled next; None: nothing is said of that.
        negatives: Whether pages without any label show that nothing stands on them; else they are left out.
        out: Where the head goes; None: into the template's folder.
        work: Where read lines are kept; None: as ``cache_folder`` says.
        force: Whether to replace a head that learned from more pages.
        device: Where lines are read.
        progress: Called with (pages read, pages in all).

    Returns:
        The head's file, and what is known of it.

    Raises:
        UsageError: The labels cannot be understood, or lack a class; neither labels nor patterns are there.
        ModelError: ``model-worse``: the present head learned from more pages; ``training-failed``.
        SegocrError: An environment or the template's folder cannot be used.
    """
    from segocr.environments.locate import resolve

    target = out or template.folder
    require_own(target, shipped_folder(), settings.workspace)
    require_writable(target)
    documents = _checked(data, template, negatives=negatives) if data is not None else []
    if not documents and not constrained_fields(template):
        raise UsageError(
            f"no field of template {template.name} has a pattern: without labelled pages its head would find "
            "nothing",
            hint="label some pages and name their folder with --data, or give the fields patterns or types",
        )
    others = unlabelled_pages(unlabelled, documents) if unlabelled is not None else []
    file = target / template.segment.head
    spoilt = _spoilt(file, documents, force=force)
    cache = cache_folder(settings, work)
    require_usable(cache)
    python = resolve("openvino", settings.environment_pythons)
    with Steps(environments=settings.environment_pythons, device=device) as steps:
        trained = train_textlines(
            template, documents, steps=steps, model=OcrModel(template.ocr.engines[0], template.ocr.model),
            python=python, cache=cache, unlabelled=others, progress=progress,
        )  # fmt: skip
    _show_missed(documents, trained.missed, cache / MISSED)
    trained = replace(trained, head=_told(trained))
    scratch = file.with_name(f".{file.name}.new")
    try:
        scratch.write_bytes(trained.head.to_bytes())
        if spoilt is not None:
            file.replace(spoilt)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    return file, trained


def _checked(data: Path, template: Template, *, negatives: bool) -> list[LabelledDocument]:
    """Return the documents to learn from; a mistake in labels or pictures costs no time."""
    every = read_labels(data, "train")
    _require_own_ids(every)
    documents = with_labels(every, negatives=negatives)
    if said := left_out_said(every, documents):
        note(f"{said}; --negatives takes them for pages without fields")
    for document in documents:
        for label in document.labels:
            if label.class_name in template.classes:
                _require_outlines(document, label)
    pages = labelled_pages(documents)
    require_labels(data, template.classes, Counter(one.name for page in pages for one in page.outlines))
    for page in pages:
        check_page(page)
    return documents


def _require_own_ids(documents: Iterable[LabelledDocument]) -> None:
    first: dict[str, str] = {}
    for document in documents:
        if (before := first.setdefault(document.id, document.place)) != document.place:
            raise UsageError(
                f"{document.place}: the id {document.id!r} was given before, at {before}",
                code="labels",
                hint="see all that is wrong with the labels: segocr dataset check",
            )


def _require_outlines(document: LabelledDocument, label: Label) -> None:
    """Refuse a label that no line could be found for."""
    what = None
    if not label.polygons:
        what = f"{label.class_name!r} ({label.value!r}) has no polygon"
    elif not all(map(has_area, (*label.polygons, *label.alternatives))):
        what = f"a polygon of {label.class_name!r} ({label.value!r}) has no area"
    if what is not None:
        raise UsageError(
            f"{document.place}: {what}",
            code="labels",
            hint="see all that is wrong with the labels: segocr dataset check",
        )


class _Listing(list[object]):
    """A list for programs that people see as a text."""

    def __init__(self, values: Iterable[object], text: str) -> None:
        super().__init__(values)
        self._text = text

    def __str__(self) -> str:
        return self._text


class _Facts(dict[str, object]):
    """Named numbers for programs that people see as a text."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(values)
        self._text = text

    def __str__(self) -> str:
        return self._text


def shown(file: Path, trained: Trained) -> dict[str, object]:
    """Return what is printed of a head that was put in place: texts in a table, lists and numbers in JSON."""
    gain = expected_gain(trained.curve)
    by_class = trained.expected.by_class if trained.expected else {}
    missed = [{"file": str(one.path), "class": one.class_name, "value": one.value} for one in trained.missed]
    doubtful, following = trained.doubtful[:_LEAST_SURE], list(map(str, trained.next_pages))
    return {
        "head": str(file),
        "pages": trained.pages,
        **({"expected right": _curve(trained)} if trained.curve else {}),
        **({} if gain is None else {"with 20 more pages": _Facts(f"about +{100 * gain:.1f} %", gain=gain)}),
        **{f"expected right, {name}": _with_interval(share) for name, share in by_class.items()},
        "labels without a text line": len(missed),
        **({"labels missed": _Listing(missed, _in_files(trained.missed))} if missed else {}),
        **({"least sure documents": _Listing(doubtful, ", ".join(doubtful))} if doubtful else {}),
        **({"to label next": _Listing(following, "\n".join(following))} if following else {}),
    }


def _curve(trained: Trained) -> _Listing:
    points = [{"pages": pages, "right": share} for pages, share in trained.curve]
    return _Listing(points, ", ".join(f"{share:.1%} from {pages} pages" for pages, share in trained.curve))


def _with_interval(share: Share) -> _Facts:
    low, high = share.interval or (0.0, 1.0)
    text = f"{share.count} of {share.total} (95 %: {100 * low:.0f}–{100 * high:.0f} %)"
    return _Facts(text, right=share.count, labelled=share.total, low=low, high=high)


def _in_files(missed: Sequence[Missed]) -> str:
    return f"in {_names(list(dict.fromkeys(one.path.name for one in missed)))}"


def doubts(template: Template, data: Path | None, trained: Trained, cache: Path) -> Iterator[str]:
    """Yield what a person should know about a training, a sentence each.

    Args:
        template: The template.
        data: What it learned from.
        trained: What came out.
        cache: Where the picture of labels without a line lies.
    """
    if trained.pages == 0:
        yield _patterns_alone(template)
    elif trained.expected is None:
        few = f"{_counted(trained)} too few to leave some out"
        yield f"{few}, so nothing is known of what to expect: label more"
    if trained.copies:
        yield (
            f"{_so_many(trained.copies)} the same picture as another one, and counted once: "
            f"{_names(trained.copies)}"
        )
    if trained.blank:
        yield f"{_so_many(trained.blank)} without any text that was found: {_names(trained.blank)}"
    if data is not None:
        labels = Counter(label.class_name for one in read_labels(data, "train") for label in one.labels)
        for name in labels.keys() - set(template.classes):
            yield f"{labels[name]} labels are of class {name!r}, which the template does not read: left out"
    yield from map(_said_of_unlike, trained.unlike)
    for one in trained.missed[:_LISTED]:
        yield f"{one.path}: no text line was found where {one.class_name} ({one.value!r}) is labelled"
    if trained.missed:
        rest = len(trained.missed) - _LISTED
        more = f"and {rest} more; " if rest > 0 else ""
        yield f"{more}the detector missed them, or the labels are off: see {cache / MISSED}"


def _said_of_unlike(unlike: Unlike) -> str:
    return (
        f"{unlike.count} of {unlike.total} labels of {unlike.class_name!r} are not what the field has of "
        f"their lines: {unlike.value!r} is labelled where {unlike.line!r} is printed, on {unlike.document}; "
        "correct the field's pattern or formats, or the labels: they say what is printed"
    )


def _patterns_alone(template: Template) -> str:
    known = {spec.class_name for spec in constrained_fields(template)}
    never = ", ".join(name for name in template.classes if name not in known)
    rest = f", and will never find {never}" if never else ""
    return (
        f"without labelled pages the head knows the fields' patterns and nothing else{rest}: label some pages"
    )


def _counted(trained: Trained) -> str:
    pages = "one page is" if trained.pages == 1 else f"{trained.pages} pages are"
    if trained.groups == trained.pages:
        return pages
    return (
        f"of {trained.pages} pages {trained.groups} count (copies and pages of one group once, pages without "
        "text not at all), which is"
    )


def _so_many(ids: Sequence[str]) -> str:
    return "one page is" if len(ids) == 1 else f"{len(ids)} pages are"


def _names(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return ", ".join(ids[:_LISTED]) + more


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


def _spoilt(file: Path, documents: Sequence[LabelledDocument], *, force: bool) -> Path | None:
    """Return where a present head goes that cannot be loaded; None where it is whole, or none is there.

    Raises:
        ModelError: ``model-worse``: it learned from more pages.
    """
    if not file.is_file():
        return None
    try:
        present = load_head(file)
    except ModelError as error:
        kept = file.with_name(f"{file.name}.bad")
        note(f"{error.message}: it will be replaced, and kept as {kept.name}")
        return kept
    if not force and present.card.pages > len(documents):
        raise ModelError(
            f"the head {file} learned from {present.card.pages} pages; these are {len(documents)}",
            code="model-worse",
            hint="--force replaces it all the same, --out puts the new one elsewhere",
        )
    return None


def expected_in_words(card: HeadCard) -> str | None:
    """Return what a head is expected to read right, as its training found it; None where nothing is known."""
    counts = [pair for pair in dict(card.about.get("expected", {})).values() if len(pair) == 2]
    right, total = (sum(pair[at] for pair in counts) for at in (0, 1))
    return f"expected right: {right} of {total} values" if total else None


def _told(trained: Trained) -> Head:
    """Return the head with what it is expected to read right on its card."""
    if trained.expected is None:
        return trained.head
    expected = {name: [share.count, share.total] for name, share in trained.expected.by_class.items()}
    card = trained.head.card
    return replace(trained.head, card=replace(card, about={**card.about, "expected": expected}))
