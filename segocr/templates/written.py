"""The template language as people write it: pydantic models, and the JSON Schema made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

FieldType = Literal["text", "integer", "decimal", "money", "date", "time", "enum", "boolean"]
Instances = Literal["best", "first", "all", "join"]
SegmentEngine = Literal["textlines", "openvino", "ultralytics"]
OcrEngine = Literal["openvino", "paddleocr"]
Normaliser = Literal[
    "strip", "collapse_spaces", "remove_spaces", "upper", "lower", "title", "digits_only",
    "letters_digits_only", "fold_accents", "ascii", "half_width", "strip_punctuation",
]  # fmt: skip
Fraction = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[list[StrictStr], Field(min_length=1)]


class Written(BaseModel):
    """A mapping of the template file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RouteWritten(Written):
    """Which files of an inbox the template takes."""

    folder: StrictStr | None = Field(None, description="A folder of the inbox, with all below it.")
    files: Texts | None = Field(
        None, description="Patterns of file names, such as 'scan_*.pdf'; case does not matter."
    )


class PagesWritten(Written):
    """One record for each page."""

    each: Literal["record"]


class SegmentWritten(Written):
    """The step ``segment``."""

    engines: Annotated[list[SegmentEngine], Field(min_length=1)] = Field(
        ["openvino", "ultralytics"],
        description="In order of preference: the first installed one that has its model.",
    )
    model: StrictStr = Field(
        "model.onnx", description="File in the template's folder; ultralytics takes the .pt of the same name."
    )
    head: StrictStr = Field("head.npz", description="The trained head of the engine textlines.")
    image_size: Annotated[StrictInt, Field(ge=32, le=8192, multiple_of=32)] = 1024
    confidence: Fraction = Field(0.25, description="Regions with a lower score are left out.")


class OcrWritten(Written):
    """The step ``ocr``."""

    engines: Annotated[list[OcrEngine], Field(min_length=1)] = Field(["openvino", "paddleocr"])
    model: StrictStr = Field("PP-OCRv6_small", description="A known name, or a folder beside the template.")


class ReplaceWritten(Written):
    """``{replace: {old: new}}``: texts replaced one after the other."""

    replace: Annotated[dict[StrictStr, StrictStr], Field(min_length=1)]


class CropWritten(Written):
    """How a line is cut out of its region; margins in line heights, negative ones cut into it."""

    fit: StrictBool = Field(
        True, description="Whether the region is fitted to its print; not where it has a frame of its own."
    )
    along: Annotated[float, Field(ge=-0.5, le=2)] = Field(0.15, description="Left and right.")
    across: Annotated[float, Field(ge=-0.4, le=1)] = Field(0.05, description="Above and below.")


class FieldWritten(Written):
    """One field."""

    class_: StrictStr | None = Field(
        None, alias="class", description="Segmentation class; default: the field's name."
    )
    type: FieldType = "text"
    formats: Texts | None = Field(
        None, description="Of dates and times, such as dd/MM/yyyy; letters as in Unicode TR 35."
    )
    bounds: tuple[StrictStr, StrictStr] | None = Field(
        None, description="First and last day that is read as a date, as 'YYYY-MM-DD'."
    )
    enum: Texts | dict[StrictStr, StrictStr] | None = Field(
        None, description="Allowed texts, or printed text: value."
    )
    pattern: StrictStr | None = Field(
        None, description="Regular language that the whole text must match; no anchors."
    )
    prefer: list[StrictStr] = Field(
        [], description="Patterns of the usual texts: taken before others that are a little more probable."
    )
    crop: CropWritten = CropWritten()
    checks: list[StrictStr | Annotated[dict[StrictStr, Any], Field(min_length=1)]] = Field(
        [], description="Check digits, which take part in the reading."
    )
    lookup: Texts | StrictStr | None = Field(
        None, description="Allowed texts, or a file beside the template, one a line."
    )
    print_: Literal["everyday", "none", "ocr_b"] | None = Field(
        None,
        alias="print",
        description="Which characters look alike; default: ocr_b for MRZ checks, else everyday.",
    )
    ignore_case: StrictBool = False
    ignore_spaces: StrictBool = False
    required: StrictBool = False
    instances: Instances | None = Field(
        None, description="Which of several regions: best (default), first, all, join."
    )
    lines: Literal["one", "many"] = "one"
    normalise: list[Normaliser | ReplaceWritten] = []
    validators: list[StrictStr | Annotated[dict[StrictStr, Any], Field(min_length=1, max_length=1)]] = []
    locale: StrictStr = Field(
        "en", description="How numbers are printed: a language tag such as de or en-IN."
    )
    decimals: Annotated[StrictInt, Field(ge=0, le=12)] | None = Field(
        None, description="How many digits stand after the decimal sign, where all amounts have so many."
    )
    century: Literal["past", "near", "future"] = Field("near", description="What two-digit years mean.")
    from_: StrictStr | None = Field(
        None, alias="from", description="Another field that this one is a part of."
    )
    part: StrictStr | None = Field(
        None, description="The part: of an MRZ line, or a named group of the pattern."
    )


class RuleWritten(Written):
    """A rule across fields."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    expression: StrictStr
    severity: Literal["error", "warning"] = "error"


class AcceptWritten(Written):
    """When a field is accepted."""

    confidence: Fraction = 0.9
    score: Fraction = 0.0


class TemplateWritten(Written):
    """A document type."""

    template: StrictStr = Field(description="The type's name, and that of its SQL view.")
    version: Annotated[StrictInt, Field(ge=1)]
    title: StrictStr = ""
    route: RouteWritten = RouteWritten()
    pages: (
        Literal["all"]
        | PagesWritten
        | Annotated[list[Annotated[StrictInt, Field(ge=1)]], Field(min_length=1)]
    ) = Field("all", description="One record over all pages, over those listed, or {each: record}.")
    segment: SegmentWritten = SegmentWritten()
    ocr: OcrWritten = OcrWritten()
    fields: Annotated[dict[str, FieldWritten], Field(min_length=1, max_length=200)]
    rules: Annotated[list[RuleWritten], Field(max_length=100)] = []
    accept: AcceptWritten = AcceptWritten()
