"""Head: the small trained model that tells which line is which field; plain arrays, walked by numpy.

A head is one ``.npz`` file without pickled objects: a forest that says which lines are worth reading, one
that says what they are once they are read, the table that reduces words, and a description (classes,
features, the digests of the OCR model whose lines it learned from and of its data).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.deciding.wording import Wording, packed, unpacked
from segocr.errors import ModelError
from segocr.textlines.calibration import Curve, is_curve
from segocr.textlines.words import BUCKETS

VERSION = 2
"""Of the features and of what is done with them: a head of a version not in ``_READABLE`` is not loaded."""
_READABLE = (1, 2)
"""Heads of version 1 have no first forest: with them every line is read."""
LARGEST = 16 << 20
_LARGEST_INSIDE = 128 << 20
"""Bytes of all arrays, unpacked: what a file says that it holds is believed up to here."""
WORD_FEATURES = 36
"""Features of a word (see ``parts``)."""
PLACES = 19
"""Features of a line's place (see ``features``); the first forest takes its own and its four neighbours'."""
_LEAF = 0xFFFF
_DAMAGE = (
    OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError, MemoryError,
    OverflowError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What numpy and zipfile raise at files that somebody cut, changed or made up."""

_TREES = {
    "feature": np.uint16, "threshold": np.float32, "right": np.uint32, "shares": np.uint8, "roots": np.uint32,
}  # fmt: skip
_ARRAYS: dict[str, np.dtype[Any]] = {
    "card": np.dtype(np.uint8),
    "table": np.dtype(np.float16),
    "wording_keys": np.dtype(np.uint32),
    "wording_counts": np.dtype(np.uint32),
    **{
        f"{prefix}{name}": np.dtype(kind)
        for prefix in ("", "part_", "first_")
        for name, kind in _TREES.items()
    },
}
"""All that a head's file may hold."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Forest:
    """Decision trees: the left child of a node is the one after it.

    Attributes:
        feature: ``uint16 (nodes,)``, 65535 for a leaf.
        threshold: ``float32 (nodes,)``: to the left where the feature is at most this.
        right: ``int64 (nodes,)``, the right child, always further on.
        shares: ``uint8 (leaves, kinds)``, of 255, in the order of the leaves.
        roots: ``int64 (trees,)``.
    """

    feature: NDArray[np.uint16]
    threshold: Floats
    right: NDArray[np.int64]
    shares: NDArray[np.uint8]
    roots: NDArray[np.int64]

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Forest:
        """Take a forest out of named arrays.

        Raises:
            KeyError: One of them is not there.
            ValueError: They do not fit together, or a walk would not end.
        """
        forest = cls(
            np.asarray(arrays[f"{prefix}feature"], np.uint16),
            np.asarray(arrays[f"{prefix}threshold"], np.float32),
            np.asarray(arrays[f"{prefix}right"], np.int64),
            np.asarray(arrays[f"{prefix}shares"], np.uint8),
            np.asarray(arrays[f"{prefix}roots"], np.int64),
        )
        nodes, inner = len(forest.feature), forest.feature != _LEAF
        whole = (
            nodes > 0
            and not inner[-1]
            and forest.threshold.shape == forest.right.shape == (nodes,)
            and forest.shares.ndim == 2
            and len(forest.shares) == int((~inner).sum())
            and len(forest.roots) > 0
            # Children always stand further on: no walk can go round in circles.
            and bool((forest.right[inner] > np.flatnonzero(inner)).all())
            and bool((forest.right < nodes).all())
            and bool(((forest.roots >= 0) & (forest.roots < nodes)).all())
        )
        if not whole:
            raise ValueError("the arrays of its trees do not fit together")
        return forest

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return what ``of`` takes."""
        return {
            f"{prefix}feature": self.feature,
            f"{prefix}threshold": self.threshold,
            f"{prefix}right": self.right.astype(np.uint32),
            f"{prefix}shares": self.shares,
            f"{prefix}roots": self.roots.astype(np.uint32),
        }

    def fits(self, width: int, kinds: int) -> bool:
        """Whether it asks for no more than ``width`` features, and tells ``kinds`` classes."""
        return self.shares.shape[1] == kinds and bool((self.feature[self.feature != _LEAF] < width).all())

    def tell(self, features: Floats) -> Floats:
        """Return ``float32 (n, kinds)``, how probable each class is for each line: the trees' mean."""
        inner = self.feature != _LEAF
        leaf = np.cumsum(~inner) - 1
        feature = np.where(inner, self.feature, 0).astype(np.int64)
        at = np.repeat(self.roots[None, :], len(features), axis=0)
        rows = np.broadcast_to(np.arange(len(features))[:, None], at.shape)
        moving = inner[at]
        while moving.any():
            nodes, lines = at[moving], rows[moving]
            left = features[lines, feature[nodes]] <= self.threshold[nodes]
            at[moving] = np.where(left, nodes + 1, self.right[nodes])
            moving = inner[at]
        shares = self.shares[leaf[at]].astype(np.float32).mean(axis=1)
        return np.asarray(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9), np.float32)


@dataclass(frozen=True, slots=True)
class HeadCard:
    """What a head is and where it comes from.

    Attributes:
        classes: The template's classes that it tells apart; ``none`` comes before them.
        names: Its features: a line's own, words and neighbours apart.
        ocr: Digest of the OCR model that found and read the lines it learned from.
        ocr_name: Its name, for people.
        data: Digest of the labelled documents.
        pages: How many there were.
        least: Probability from which a line belongs to a field of several lines or instances.
        about: What else is worth knowing: settings, accuracy, dates of nothing.
        worth: By class, probability from which the first forest has a line read; empty without that forest.
        sparse: Whether the pages hold so little text that only its areas are looked at closely.
        curves: By class, what scores of its instances mean (see ``calibration``); none where it is not known.
        shared: Whether lines that hold the texts of several fields are cut between them.
    """

    classes: tuple[str, ...]
    names: tuple[str, ...]
    ocr: str
    ocr_name: str
    data: str
    pages: int
    least: float = 0.5
    about: Mapping[str, Any] = field(default_factory=dict)
    worth: tuple[float, ...] = ()
    sparse: bool = False
    curves: Mapping[str, Curve] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """A trained head.

    Attributes:
        card: What it is.
        forest: Tells the classes of lines; None: patterns alone do (see ``patterns``).
        table: ``float32 (BUCKETS, k)``, reduces words.
        parts: Tells which words of a line belong to its field (0 no, 1 yes); None where all always did.
        first: Tells the classes of lines that are not read yet; None: every line is read.
        digest: SHA-256 of the file that it was read from, 64 hexadecimal digits.
        wordings: By class, how texts without a pattern usually go on.
    """

    card: HeadCard
    forest: Forest | None
    table: Floats
    parts: Forest | None = None
    first: Forest | None = None
    digest: str = field(default="", compare=False)
    wordings: Mapping[str, Wording] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the file's content; the same head gives the same bytes."""
        card = self.card
        description = {
            "version": VERSION, "classes": card.classes, "names": card.names, "ocr": card.ocr,
            "ocr_name": card.ocr_name, "data": card.data, "pages": card.pages, "least": card.least,
            "worth": card.worth, "sparse": card.sparse, "curves": dict(card.curves),
            "shared": card.shared,
            "about": dict(card.about),
        }  # fmt: skip
        if self.wordings:
            description["wordings"] = {name: len(one.keys) for name, one in self.wordings.items()}
        arrays = {
            "card": np.frombuffer(json.dumps(description, sort_keys=True).encode(), np.uint8),
            **(self.forest.arrays("") if self.forest is not None else {}),
            **(self.parts.arrays("part_") if self.parts is not None else {}),
            **(self.first.arrays("first_") if self.first is not None else {}),
            "table": self.table.astype(np.float16),
            **(packed(self.wordings) if self.wordings else {}),
        }
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, array in arrays.items():
                content = io.BytesIO()
                np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue(),
                                 zipfile.ZIP_DEFLATED, 9)  # fmt: skip
        return file.getvalue()


def load_head(path: Path) -> Head:
    """Read a head.

    Raises:
        ModelError: ``model-absent``, ``model-broken`` (damaged, too large, or trees that lead nowhere) or
            ``model-kind`` (no head, or of another version).
    """
    if not path.is_file():
        raise ModelError(f"the head {path} does not exist", code="model-absent", hint=_TRAIN)
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path} is larger than any head", code="model-broken", hint=_TRAIN)
    try:
        content = path.read_bytes()  # once: what it is, and what its digest is of
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            description = json.loads(_unpacked(archive, "card").tobytes().decode())
            if description["version"] not in _READABLE:
                raise ModelError(
                    f"{path} is a head of version {description['version']}, this segocr reads "
                    f"{' and '.join(map(str, _READABLE))}",
                    code="model-kind",
                    hint=_TRAIN,
                )
            _require_arrays(archive)
            names = [name for name in _ARRAYS if f"{name}.npy" in archive.namelist()]
            head = _checked(description, {name: _unpacked(archive, name) for name in names})
            return replace(head, digest=hashlib.sha256(content).hexdigest())
    except _DAMAGE as error:
        raise ModelError(
            f"{path} is no head or damaged: {error}", code="model-broken", hint=_TRAIN
        ) from error


_TRAIN = "train it again: segocr train TEMPLATE --engine textlines --data DIR"


def _require_arrays(archive: zipfile.ZipFile) -> None:
    """Refuse, before any of it is unpacked, what no head holds, and what is too much for one."""
    known = {f"{name}.npy" for name in _ARRAYS}
    if foreign := sorted(set(archive.namelist()) - known):
        raise ValueError(f"it holds {foreign[0]!r}, which no head has")
    if sum(one.file_size for one in archive.infolist()) > _LARGEST_INSIDE:
        raise ValueError("its arrays are larger than those of any head")


def _unpacked(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return one array; no more is unpacked than the archive says and a head may hold."""
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"its array {name!r} is packed otherwise than that of any head")
    if member.file_size > _LARGEST_INSIDE:
        raise ValueError(f"its array {name!r} is larger than that of any head")
    with archive.open(member) as stream:
        content = io.BytesIO(stream.read(member.file_size))
    try:
        version = np.lib.format.read_magic(content)
        shape, by_columns, kind = np.lib.format.read_array_header_1_0(content)
    # numpy has Python's parser read it; its own error's text may tell to trust the file.
    except (ValueError, SyntaxError, tokenize.TokenError, RecursionError) as error:
        raise ValueError(f"its array {name!r} has no whole header") from error
    if version != (1, 0):  # the only one that plain numbers are written in
        raise ValueError(f"its array {name!r} is of another version")
    if kind != _ARRAYS[name] or by_columns or math.prod(shape) * kind.itemsize != _left(content):
        raise ValueError(f"its array {name!r} is none of {_ARRAYS[name]}, or not whole")
    return np.frombuffer(content.getbuffer(), kind, offset=content.tell()).reshape(shape)


def _left(content: io.BytesIO) -> int:
    return len(content.getbuffer()) - content.tell()


def _checked(description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Head:
    card = HeadCard(
        tuple(map(str, description["classes"])),
        tuple(map(str, description["names"])),
        str(description["ocr"]),
        str(description["ocr_name"]),
        str(description["data"]),
        int(description["pages"]),
        float(description["least"]),
        dict(description["about"]),
        tuple(map(float, description.get("worth", ()))),
        bool(description.get("sparse", False)),
        {
            str(name): tuple((float(x), float(y)) for x, y in curve)
            for name, curve in description.get("curves", {}).items()
        },
        bool(description.get("shared", False)),
    )
    table = np.asarray(arrays["table"], np.float32)
    forest = Forest.of(arrays) if "roots" in arrays else None
    parts = Forest.of(arrays, "part_") if "part_roots" in arrays else None
    first = Forest.of(arrays, "first_") if "first_roots" in arrays else None
    if (
        table.shape != (BUCKETS, table.shape[-1])
        or (
            forest is not None
            and not forest.fits(4 * (len(card.names) + table.shape[1]), 1 + len(card.classes))
        )
        or (parts is not None and not parts.fits(WORD_FEATURES, 2))
        or (first is not None and not first.fits(5 * PLACES, 1 + len(card.classes)))
        or len(card.worth) != (0 if first is None else len(card.classes))
        or not all(map(is_curve, card.curves.values()))
    ):
        raise ValueError("its arrays do not fit together")
    if not all(0 < one < 1 for one in (card.least, *card.worth)):
        raise ValueError("a probability of its card does not lie between 0 and 1")
    sizes = {str(name): int(count) for name, count in description.get("wordings", {}).items()}
    wordings = unpacked(sizes, arrays["wording_keys"], arrays["wording_counts"]) if sizes else {}
    return Head(card, forest, table, parts, first, wordings=wordings)
