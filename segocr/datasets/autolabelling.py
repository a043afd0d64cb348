"""Pages that nobody labelled become a folder of labelled documents, as far as extraction is sure of them."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from segocr.datasets.folder import cannot_write, label_row, new_folder, origin, require_free, write_labels
from segocr.datasets.importing import image_names
from segocr.datasets.likeness import byte_digest
from segocr.datasets.sheet import write_sheet
from segocr.datasets.sure import CHEAP, Doubt, Sure, labels_found, labels_of
from segocr.diskroom import require_room
from segocr.documents import Document
from segocr.errors import UsageError
from segocr.evaluation.labels import REVIEW, Label, LabelledDocument
from segocr.extraction import Progress, extract
from segocr.inputs import find_inputs
from segocr.pages import Page
from segocr.records import Record
from segocr.reports.printable import csv_cell
from segocr.settings import Settings
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template

LEFT_OUT = "left-out.csv"
_A_SHEET = 24
_COPIED = {"image/jpeg", "image/png", "image/webp", "image/bmp"}
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that was not labelled: its file, the part (0: all of it), and why."""

    file: Path
    part: int
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Autolabelled:
    """What was labelled.

    Attributes:
        files: How many files were looked at.
        documents: Pages labelled, the least sure first.
        confidence: Of the least sure field of each, 0–1.
        left_out: What was not, and why.
        known: Files that are among the hand-labelled documents already.
        added: How many hand-labelled documents lie in the same folder.
        review: Pages of which not all is sure, with what was found, for a person to correct.
        sheets: Contact sheets written, in the same order as the documents.
    """

    files: int
    documents: tuple[LabelledDocument, ...]
    confidence: tuple[float, ...]
    left_out: tuple[LeftOut, ...]
    known: int
    added: int
    review: tuple[LabelledDocument, ...] = ()
    sheets: tuple[Path, ...] = ()

    @property
    def labels(self) -> dict[str, int]:
        """Number of labels by class."""
        return dict(Counter(label.class_name for one in self.documents for label in one.labels))

    @property
    def reasons(self) -> dict[str, int]:
        """Number of documents left out by code, the most frequent first."""
        return dict(Counter(one.doubt.code for one in self.left_out).most_common())


def autolabel(
    template: Template,
    source: Path,
    target: Path,
    *,
    settings: Settings,
    engine: str = "textlines",
    ocr_engine: str | None = None,
    cheap: float = CHEAP,
    by_hand: Sequence[LabelledDocument] = (),
    review: bool = False,
    limit: int | None = None,
    dry_run: bool = False,
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Autolabelled:
    """Label the documents of a folder with a template's own readings, where all of a document is sure.

    Args:
        template: What to look for; its head or model reads.
        source: Folder or file: pictures and PDFs.
        target: The new folder; see ``segocr.datasets.folder.new_folder``. The pages labelled here are of
            split ``train``: nothing may be measured on them.
        settings: Of the workspace.
        engine: What finds the regions.
        ocr_engine: Instead of the template's list.
        cheap: Nats that a constraint may have taken from a value.
        by_hand: Labelled documents that are put into the same folder; files of theirs are not labelled again.
        review: Whether pages of which not all is sure are written, too, as split ``review``.
        limit: Only so many files.
        dry_run: Nothing is written.
        force: Whether to put it into a folder that is somebody else's.
        progress: Called after each file.

    Raises:
        UsageError: No documents there, none of them sure; ``folder-taken``.
        ConfigurationError: ``disk-full``, or ``target`` cannot be written.
        SegocrError: As ``extract``.
    """
    made = {"by": "segocr dataset autolabel", **origin([source]), "template": template.name}
    require_free(target, made, [source, *(one.path for one in by_hand)], force=force)
    files, known = _wanted(source, target, by_hand)
    files = files[:limit]
    taken = {one.id for one in by_hand}
    with _scratch(target) as scratch:
        records = extract(
            files, template=template, settings=settings, segment_engine=engine, ocr_engine=ocr_engine,
            progress=progress, on_page=lambda document, page: _keep(document, page, scratch, target),
        )  # fmt: skip
        found, left_out, doubtful = _sorted(records, template, source, scratch, cheap, taken, review=review)
        done = Autolabelled(
            len(files), tuple(document for _, document in found), tuple(least for least, _ in found),
            tuple(left_out), known, len(by_hand), tuple(doubtful),
        )  # fmt: skip
        if dry_run:
            return done
        if not found and not doubtful:
            raise _none_is_sure(done)
        with new_folder(target, made, [source], force=force) as folder:
            sheets = _write(folder, done, by_hand)
    return replace(done, sheets=tuple(target / name for name in sheets))


def _wanted(source: Path, target: Path, by_hand: Sequence[LabelledDocument]) -> tuple[list[Path], int]:
    """Return the files of a folder that nobody has labelled, and how many somebody has."""
    if not source.exists():
        raise UsageError(f"there is no {source}")
    made = target.resolve()
    files = [file for file in find_inputs(source).files if not file.resolve().is_relative_to(made)]
    if not files:
        raise UsageError(f"{source} holds no picture and no PDF", hint="name the folder with the new pages")
    known = {byte_digest(one.path) for one in by_hand}
    wanted = [file for file in files if not (known and file.is_file() and byte_digest(file) in known)]
    if not wanted:
        raise UsageError(f"every page of {source} is labelled already", hint="name a folder with new pages")
    return wanted, len(files) - len(wanted)


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Give a folder for pages on the disk that they will lie on."""
    there = next(folder for folder in target.resolve().parents if folder.is_dir())
    try:
        folder = tempfile.TemporaryDirectory(prefix=f".{target.name}.pages.", dir=there)
    except OSError as error:
        raise cannot_write(target, error) from error
    with folder as name:
        yield Path(name)


def _keep(document: Document, page: Page, scratch: Path, target: Path) -> None:
    coded = cv2.imencode(".jpg", page.image, _QUALITY)[1].tobytes()
    try:
        _page_file(scratch, document.sha256, page.number).write_bytes(coded)
    except OSError as error:
        raise cannot_write(target, error) from error


def _page_file(scratch: Path, sha256: str | None, page: int) -> Path:
    return scratch / f"{sha256}-{page}.jpg"


def _sorted(
    records: Iterable[Record],
    template: Template,
    source: Path,
    scratch: Path,
    cheap: float,
    taken: set[str],
    *,
    review: bool,
) -> tuple[list[tuple[float, LabelledDocument]], list[LeftOut], list[LabelledDocument]]:
    """Part the records into labelled pages, the least sure first, documents left out, and their pages."""
    found: list[tuple[float, LabelledDocument]] = []
    left_out: list[LeftOut] = []
    doubtful: list[LabelledDocument] = []
    seen: dict[str, Path] = {}
    for record in records:
        sure = labels_of(record, template, cheap=cheap)
        if record.sha256 and seen.setdefault(record.sha256, record.file) != record.file:
            sure = Doubt(None, "duplicate", f"the same bytes as {seen[record.sha256]}")
        labelled = sure.labels if isinstance(sure, Sure) else {}
        if isinstance(sure, Doubt):
            left_out.append(LeftOut(record.file, record.part, sure))
            if review and sure.code != "duplicate":
                labelled = labels_found(record, template)
                pages = _pages(record, labelled, source, scratch, taken)
                doubtful += [replace(one, split=REVIEW) for one in pages]
        else:
            found += [(sure.confidence, one) for one in _pages(record, labelled, source, scratch, taken)]
        if not (isinstance(sure, Doubt) and sure.code == "duplicate"):
            for info in record.pages:
                if info.number not in labelled:
                    _page_file(scratch, record.sha256, info.number).unlink(missing_ok=True)
    return sorted(found, key=lambda pair: (pair[0], pair[1].id)), left_out, doubtful


def _pages(
    record: Record, labels: Mapping[int, tuple[Label, ...]], source: Path, scratch: Path, taken: set[str]
) -> Iterator[LabelledDocument]:
    folder = source if source.is_dir() else source.parent
    stem = record.file.relative_to(folder).with_suffix("").as_posix()
    sizes = {info.number: (info.width, info.height) for info in record.pages}
    for page, found in sorted(labels.items()):
        name = _free(stem if len(sizes) == 1 and not record.part else f"{stem}-page-{page}", taken)
        kept = _page_file(scratch, record.sha256, page)
        path = record.file if _is_the_page(record, sizes[page]) else kept
        if path != kept:
            kept.unlink(missing_ok=True)
        yield LabelledDocument(name, path, sizes[page], found, split="train")


def _free(name: str, taken: set[str]) -> str:
    """Return an id that no other document has."""
    free = next(one for one in (name, *(f"{name}-{at}" for at in range(2, 1_000_000))) if one not in taken)
    taken.add(free)
    return free


def _is_the_page(record: Record, size: tuple[int, int]) -> bool:
    """Whether a file is a picture of its only page as it was looked at, so that it may be copied."""
    if len(record.pages) != 1 or record.part or record.media_type not in _COPIED:
        return False
    try:
        picture = read_picture(record.file)
    except (UsageError, OSError):
        return False
    return (picture.shape[1], picture.shape[0]) == size


def _none_is_sure(done: Autolabelled) -> UsageError:
    reasons = ", ".join(f"{code} {count}" for code, count in done.reasons.items())
    return UsageError(
        f"of {done.files} files none is sure in all fields ({reasons})",
        code="labels",
        hint="--dry-run shows why for each; label more pages by hand and train again",
    )


def _write(folder: Path, done: Autolabelled, by_hand: Sequence[LabelledDocument]) -> list[str]:
    """Write pictures, labels, what was left out and why, and the contact sheets; return the sheets' names."""
    documents = [*by_hand, *done.documents, *done.review]
    needed = sum(one.path.stat().st_size for one in documents)
    require_room(folder, needed, hint="make room, or name another disk with --out")
    (folder / "images").mkdir()
    rows = []
    for place, (document, image) in enumerate(zip(documents, image_names(documents), strict=True)):
        shutil.copyfile(document.path, folder / image)
        row = label_row(document, image)
        if place >= len(by_hand):
            row |= {"labelled_by": "segocr dataset autolabel"}
        rows.append(row)
    write_labels(folder, rows)
    with (folder / LEFT_OUT).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "part", "field", "code", "message"])
        for one in done.left_out:
            cells = (str(one.file), one.part, one.doubt.field or "", one.doubt.code, one.doubt.message)
            writer.writerow([csv_cell(str(cell)) for cell in cells])
    names = []
    for start in range(0, len(done.documents), _A_SHEET):
        names.append(f"sheet-{1 + start // _A_SHEET:02d}.jpg")
        write_sheet(done.documents[start : start + _A_SHEET], folder / names[-1], _A_SHEET)
    return names
