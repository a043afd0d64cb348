"""Template and FieldSpec: what a checked template means to the rest of the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from segocr.errors import ModelError
from segocr.records import Severity
from segocr.spelling import known_words

if TYPE_CHECKING:
    from segocr.constraints import Constraint
    from segocr.deciding.wording import Wording

MODEL_SUFFIX = {"ultralytics": ".pt", "openvino": ".onnx"}


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a line is cut out of its region.

    Attributes:
        fit: Whether the region is fitted to its print.
        along: Margin left and right, in line heights.
        across: Margin above and below, in line heights.
    """

    fit: bool = True
    along: float = 0.15
    across: float = 0.05


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a template, checked.

    Attributes:
        name: The field.
        class_name: Segmentation class of its regions; None for a field made from another one.
        type: text, integer, decimal, money, date, time, enum or boolean.
        formats: Of dates and times, in order of preference.
        bounds: First and last day that is read as a date, ``YYYY-MM-DD``; None for 1900 to 2099.
        enum: Printed text to value.
        pattern: As the author wrote it; None if there is none.
        checks: Check digits that take part in the reading: names, or ``{"weighted": {…}}``.
        lookup: Allowed texts; None for any.
        required: A record without it is partial.
        instances: best, first, all or join.
        lines: one or many.
        normalise: Names of normalisers, or ``{"replace": {…}}``, in order.
        validators: (name,) or (name, argument), in order.
        locale: Language tag: how numbers are printed.
        decimals: How many digits stand after the decimal sign; None for any number, or none.
        century: past, near or future: what two-digit years mean.
        from_: The field that it is a part of; None if it is read.
        part: Which part; None for the whole text.
        print_: Which characters look alike in it: everyday, none or ocr_b; None: what its checks say.
        ignore_case: Letters' case does not matter to pattern, lookup and enum.
        ignore_spaces: White space does not matter to them.
        crop: How its lines are cut out of their regions.
        preferred: Any of the patterns of the usual texts, together with ``constraint``; None without one.
        constraint: Pattern, checks, lookup and what the type implies, compiled; None if any text will do.
        wording: How its texts usually go on, as its head has learned; only where any text will do.
    """

    name: str
    class_name: str | None
    type: str
    formats: tuple[str, ...] = ()
    bounds: tuple[str, str] | None = None
    enum: Mapping[str, str] | None = None
    pattern: str | None = None
    checks: tuple[str | dict[str, Any], ...] = ()
    lookup: tuple[str, ...] | None = None
    required: bool = False
    instances: str = "best"
    lines: str = "one"
    normalise: tuple[str | dict[str, dict[str, str]], ...] = ()
    validators: tuple[tuple[Any, ...], ...] = ()
    locale: str = "en"
    decimals: int | None = None
    century: str = "near"
    from_: str | None = None
    part: str | None = None
    print_: str | None = None
    ignore_case: bool = False
    ignore_spaces: bool = False
    crop: CropSpec = CropSpec()
    preferred: Constraint | None = None
    constraint: Constraint | None = None
    wording: Wording | None = None

    @property
    def is_list(self) -> bool:
        """Whether it may have any number of values."""
        return self.instances == "all"


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule across fields (language: ``segocr.validators.rules``)."""

    name: str
    expression: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Route:
    """Which files a template takes: those below a folder whose names fit a pattern, or only one of both."""

    folder: str | None = None
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it for people."""
        folder = [] if self.folder is None else [f"{self.folder.rstrip('/')}/"]
        return " ".join([*folder, *([", ".join(self.files)] if self.files else [])])

    def nearness(self, path: PurePath) -> int | None:
        """Say how surely it takes a file.

        Args:
            path: The file; only its name and the folders named in it count.

        Returns:
            None if it does not; else the greater, the nearer its folder is to the file.
        """
        if self.folder is None and not self.files:
            return None
        name = path.name.casefold()
        if self.files and not any(fnmatchcase(name, pattern.casefold()) for pattern in self.files):
            return None
        if self.folder is None:
            return 0
        folder, parents = PurePath(self.folder).parts, path.parts[:-1]
        ends = [at for at in range(len(folder), len(parents) + 1) if parents[at - len(folder) : at] == folder]
        return max(ends, default=None)


@dataclass(frozen=True, slots=True)
class Pages:
    """Which pages make a record: all, some (1-based ``numbers``), or each one its own (``each_record``)."""

    each_record: bool = False
    numbers: tuple[int, ...] | None = None

    def takes(self, number: int) -> bool:
        """Whether a page is read at all."""
        return self.numbers is None or number in self.numbers

    def part(self, number: int) -> int:
        """Return the record's part that a page belongs to: its number, or 0 for the whole document."""
        return number if self.each_record else 0


@dataclass(frozen=True, slots=True)
class Segment:
    """The step ``segment``.

    Attributes:
        engines: In order of preference.
        model: File in the template's folder.
        head: File in the template's folder, for the engine textlines.
        image_size: Input size in pixels.
        confidence: Regions with a lower score (0–1) are left out.
    """

    engines: tuple[str, ...]
    model: str
    head: str
    image_size: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Ocr:
    """The step ``ocr``: engines in order of preference, and a model's name or folder, absolute."""

    engines: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Accept:
    """A field is accepted from this confidence on, and from this score of its regions on (both 0–1)."""

    confidence: float
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Template:
    """A document type.

    Attributes:
        name: Also that of its SQL view.
        version: Counted by its author.
        title: For people.
        folder: Where its files are, absolute.
        file: The YAML file, absolute.
        route: Which files it takes.
        pages: Which pages make a record.
        segment: How its regions are found.
        ocr: How they are read.
        fields: By name, in the author's order; every ``from_`` names a field that is read.
        rules: Across fields.
        accept: When a field is accepted.
        digest: SHA-256 of what decides a result: the file and those it refers to, models apart.
        validators_folder: The workspace's own validators; None if the template uses none.
    """

    name: str
    version: int
    title: str
    folder: Path
    file: Path
    route: Route
    pages: Pages
    segment: Segment
    ocr: Ocr
    fields: Mapping[str, FieldSpec]
    rules: tuple[RuleSpec, ...]
    accept: Accept
    digest: str
    validators_folder: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """The segmentation classes that its fields are read from."""
        return tuple(dict.fromkeys(spec.class_name for spec in self.fields.values() if spec.class_name))

    def fields_of(self, class_name: str) -> tuple[FieldSpec, ...]:
        """Return the fields that are read from a segmentation class, in order."""
        return tuple(spec for spec in self.fields.values() if spec.class_name == class_name)

    @property
    def lists(self) -> frozenset[str]:
        """Names of the fields with any number of values."""
        return frozenset(name for name, spec in self.fields.items() if spec.is_list)

    def segment_model(self, engine: str) -> Path:
        """Return an engine's model file: ``segment.model`` with the engine's suffix, ``head`` for textlines.

        Raises:
            ModelError: ``model-absent``: it is not there.
        """
        name = self.segment.head if engine == "textlines" else self.segment.model
        path = self.folder / name
        if engine in MODEL_SUFFIX:
            path = path.with_suffix(MODEL_SUFFIX[engine])
        if not path.is_file():
            hint = f"train one: segocr train {self.name}, or name another engine with --segment-engine"
            raise ModelError(
                f"template {self.name} has no model {path.name} in {self.folder}",
                code="model-absent",
                hint=hint,
            )
        return path

    def check_classes(self, classes: Iterable[str], model: str) -> None:
        """Compare the template's classes with a model's.

        Args:
            classes: What the model knows.
            model: Its name, for the message.

        Raises:
            ModelError: ``class-missing``: the template names a class that the model lacks.
        """
        known = list(classes)
        for spec in self.fields.values():
            if spec.class_name is not None and spec.class_name not in known:
                raise ModelError(
                    f"field {spec.name!r} of template {self.name} is read from class {spec.class_name!r}, "
                    f"which {model} lacks",
                    code="class-missing",
                    hint=known_words(spec.class_name, known),
                )


def may_be_worded(spec: FieldSpec) -> bool:
    """Whether how a field's texts usually go on is of use: it is read, and any text will do."""
    return spec.from_ is None and spec.type == "text" and spec.constraint is None
