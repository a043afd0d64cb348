"""A field as written → FieldSpec: what can be wrong with it is found here, before anything is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from segocr.constraints import Constraint
from segocr.constraints.checks import CHECKS, make_check
from segocr.constraints.errors import ConstraintError, PatternError
from segocr.errors import TemplateError
from segocr.plainfiles import FileTooLarge, read_plain
from segocr.spelling import known_words
from segocr.templates.cache import cached_constraint
from segocr.templates.implied import number_pattern, time_pattern
from segocr.templates.own import OwnValidator
from segocr.templates.source import Source, Step
from segocr.templates.spec import CropSpec, FieldSpec
from segocr.templates.written import FieldWritten, ReplaceWritten
from segocr.validators import dates
from segocr.validators.normalise import normalised
from segocr.validators.numbers import LOCALES, locale_named
from segocr.validators.registry import NUMBERS, VALIDATORS, ArgumentError
from segocr.validators.values import FALSE_WORDS, TRUE_WORDS, as_compared

MAX_LOOKUP_BYTES = 1 << 20
# Key → the types that it speaks of; elsewhere it would be skipped silently, so it is a mistake.
_ONLY_FOR = {
    "formats": ("date", "time"),
    "bounds": ("date",),
    "enum": ("enum",),
    "century": ("date",),
    "locale": NUMBERS,
    "decimals": ("decimal", "money"),
    "lookup": ("text",),
}
_NOT_WITH_FROM = (
    "class_", "pattern", "prefer", "checks", "lookup", "bounds", "instances", "lines", "crop", "print_",
    "ignore_spaces",
)  # fmt: skip


class FieldCompiler:
    """Compiles the fields of one template.

    Args:
        source: The file, for places.
        folder: The template's folder, for lookup files.
        own: The workspace's own validators by name.
    """

    def __init__(self, source: Source, folder: Path, own: Mapping[str, OwnValidator]) -> None:
        self.source = source
        self.folder = folder
        self.own = own
        self.files: set[Path] = set()
        self.used_own: set[str] = set()

    def spec(self, name: str, written: FieldWritten, fields: Mapping[str, FieldWritten]) -> FieldSpec:
        """Return a field's spec.

        Raises:
            TemplateError: With the place of the mistake.
        """
        at: tuple[Step, ...] = ("fields", name)
        self._keys_fit(at, written)
        self._formats(at, written)
        self._locale(at, written)
        self._lines_agree(at, name, written, fields)
        parent = self._parent(at, written, fields)
        spec = FieldSpec(
            name=name,
            class_name=None if parent else written.class_ or name,
            type=written.type,
            formats=tuple(written.formats or (("HH:mm", "HH:mm:ss") if written.type == "time" else ())),
            bounds=written.bounds,
            enum=_as_mapping(written.enum),
            pattern=written.pattern,
            checks=tuple(self._check(at, place, check) for place, check in enumerate(written.checks)),
            lookup=self._lookup(at, written.lookup),
            required=written.required,
            instances=(parent or written).instances or "best",
            lines=written.lines,
            normalise=tuple(
                n.model_dump() if isinstance(n, ReplaceWritten) else n for n in written.normalise
            ),
            validators=tuple(
                self._validator(at, place, v, written.type) for place, v in enumerate(written.validators)
            ),
            locale=written.locale,
            decimals=written.decimals,
            century=written.century,
            from_=written.from_,
            part=written.part,
            print_=written.print_,
            ignore_case=written.ignore_case,
            ignore_spaces=written.ignore_spaces,
            crop=CropSpec(written.crop.fit, written.crop.along, written.crop.across),
        )
        self._entries(at, written, spec)
        return spec if parent else self._preferring(at, self._constrained(at, spec), written.prefer)

    def _keys_fit(self, at: tuple[Step, ...], written: FieldWritten) -> None:
        given = written.model_fields_set
        for key, types in _ONLY_FOR.items():
            if key in given and written.type not in types:
                message = f"{key!r} has no meaning for type {written.type}; it is for {', '.join(types)}"
                raise self.source.mistake(message, (*at, key), key=True)
        for key, kind in (("formats", "date"), ("enum", "enum")):
            if written.type == kind and key not in given:
                raise self.source.mistake(f"a field of type {kind} needs {key!r}", at, key=True)
        if written.from_ is None and "part" in given:
            raise self.source.mistake(
                "'part' needs 'from': the field that it is a part of", (*at, "part"), key=True
            )
        if written.from_ is not None and (wrong := [key for key in _NOT_WITH_FROM if key in given]):
            key = wrong[0].rstrip("_")
            raise self.source.mistake(
                f"a field with 'from' is not read, so it has no {key!r}", (*at, key), key=True
            )

    def _formats(self, at: tuple[Step, ...], written: FieldWritten) -> None:
        for place, layout in enumerate(written.formats or ()):
            try:
                dates.check_format(layout, written.type)
            except dates.FormatError as error:
                raise self.source.mistake(str(error), (*at, "formats", place)) from error
        if "century" in written.model_fields_set and not any(
            map(dates.has_short_year, written.formats or ())
        ):
            message = "'century' has no meaning where every format says the year in four digits"
            raise self.source.mistake(message, (*at, "century"), key=True)

    def _locale(self, at: tuple[Step, ...], written: FieldWritten) -> None:
        try:
            locale_named(written.locale)
        except KeyError as error:
            hint = known_words(written.locale, LOCALES)
            raise self.source.mistake(
                f"unknown locale {written.locale!r}", (*at, "locale"), hint=hint
            ) from error

    def _lines_agree(
        self, at: tuple[Step, ...], name: str, written: FieldWritten, fields: Mapping[str, FieldWritten]
    ) -> None:
        """Refuse a class of which one field reads many lines and another one: its regions are cut one way."""
        shared, said = written.class_ or name, "lines" in written.model_fields_set
        for other, earlier in takewhile(lambda field: field[0] != name, fields.items()):
            read = written.from_ is None and earlier.from_ is None
            if read and (earlier.class_ or other) == shared and earlier.lines != written.lines:
                raise self.source.mistake(
                    f"{name!r} reads regions of class {shared!r} as `lines: {written.lines}`, "
                    f"{other!r} as `lines: {earlier.lines}`",
                    (*at, "lines") if said else at,
                    key=not said,
                    hint="say the same `lines` in both fields, or read them from classes of their own",
                )

    def _parent(
        self, at: tuple[Step, ...], written: FieldWritten, fields: Mapping[str, FieldWritten]
    ) -> FieldWritten | None:
        if written.from_ is None:
            return None
        read = [name for name, other in fields.items() if other.from_ is None]
        if written.from_ not in read:
            message = f"'from' names {written.from_!r}, which is no field that is read"
            raise self.source.mistake(message, (*at, "from"), hint=known_words(written.from_, read))
        parent = fields[written.from_]
        known = _parts(parent)
        if written.part is not None and written.part not in known:
            message = f"{written.from_!r} has no part {written.part!r}"
            raise self.source.mistake(message, (*at, "part"), hint=known_words(written.part, known))
        if written.part is not None and parent.instances == "join":
            message = (
                f"{written.from_!r} is joined of several texts, each of which has a part {written.part!r}"
            )
            hint = f"`instances: all` in {written.from_!r} makes a list, and one of each of its parts"
            raise self.source.mistake(message, (*at, "part"), hint=hint)
        return parent

    def _check(self, at: tuple[Step, ...], place: int, check: str | dict[str, Any]) -> str | dict[str, Any]:
        try:
            make_check(check)
        except ConstraintError as error:
            name = check if isinstance(check, str) else next(iter(check))
            hint = known_words(name, [*CHECKS, "weighted"]) if error.code == "unknown-check" else None
            message = f"unknown check {name!r}" if hint else error.message
            mark = self.source.mark((*at, "checks", place))
            raise TemplateError(message, mark=mark, code=error.code, hint=hint) from error
        return check

    def _lookup(self, at: tuple[Step, ...], lookup: list[str] | str | None) -> tuple[str, ...] | None:
        if lookup is None or isinstance(lookup, list):
            return None if lookup is None else tuple(lookup)
        path = self.folder / lookup
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise self.source.mistake(f"{lookup!r} leaves the template's folder", (*at, "lookup"))
            lines = read_plain(path, MAX_LOOKUP_BYTES).decode("utf-8-sig").splitlines()
        except FileTooLarge as error:
            raise self.source.mistake(f"{lookup!r} is larger than 1 MiB", (*at, "lookup")) from error
        except (OSError, ValueError) as error:
            hint = "write the allowed texts as a list, or one a line in a file beside the template"
            raise self.source.mistake(
                f"{lookup!r} cannot be read: {error}", (*at, "lookup"), hint=hint
            ) from error
        self.files.add(path)
        return tuple(line.strip() for line in lines if line.strip())

    def _validator(
        self, at: tuple[Step, ...], place: int, written: str | dict[str, Any], kind: str
    ) -> tuple[Any, ...]:
        where = (*at, "validators", place)
        name, *given = (written,) if isinstance(written, str) else next(iter(written.items()))
        if name in self.own:
            if fault := self.own[name].fault(len(given)):
                raise self.source.mistake(fault, where)
            self.used_own.add(name)
            return (name, *given)
        if name not in VALIDATORS:
            raise self.source.mistake(
                f"unknown validator {name!r}", where, hint=known_words(name, [*VALIDATORS, *self.own])
            )
        validator = VALIDATORS[name]
        if validator.types and kind not in validator.types:
            message = f"{name!r} judges fields of type {', '.join(validator.types)}, not {kind}"
            raise self.source.mistake(message, where)
        try:
            validator.prepare(given[0] if given else None, kind)
        except ArgumentError as error:
            raise self.source.mistake(f"{name!r} wants {error}", (*where, name)) from error
        return (name, *given)

    def _constrained(self, at: tuple[Step, ...], spec: FieldSpec) -> FieldSpec:
        if not (_patterns(spec) or spec.checks or _words(spec) or spec.type == "date"):
            return spec
        try:
            constraint = _compiled(spec, _patterns(spec))
        except PatternError as error:
            raise self._bad_pattern(at, spec, error) from error
        except ConstraintError as error:
            key = next((key for key in ("checks", "pattern", "lookup", "bounds") if getattr(spec, key)), None)
            raise TemplateError(
                f"{spec.name}: {error.message}",
                mark=self.source.mark((*at, key) if key else at),
                code=error.code,
            ) from error
        self._restricting(at, spec, constraint)
        return replace(spec, constraint=constraint)

    def _entries(self, at: tuple[Step, ...], written: FieldWritten, spec: FieldSpec) -> None:
        """Refuse an entry of an enumeration that is read as another one of another value, or as none."""
        allowed = spec.enum or {}
        compared = partial(as_compared, ignore_case=spec.ignore_case, ignore_spaces=spec.ignore_spaces)
        first = {compared(printed): printed for printed in reversed([*allowed])}
        for printed, value in allowed.items():
            text = normalised(printed, list(spec.normalise))
            entry = first.get(compared(text))
            if entry is not None and allowed[entry] == value:
                continue
            message = f"{printed!r} is the same text as {entry!r}, but the values are two"
            if entry is None:
                message = f"{printed!r} is normalised to {text!r}, which is no entry"
            hint = "entries are compared as `normalise`, `ignore_case` and `ignore_spaces` leave them"
            step = written.enum.index(printed) if isinstance(written.enum, list) else printed
            raise self.source.mistake(message, (*at, "enum", step), key=True, hint=hint)

    def _restricting(self, at: tuple[Step, ...], spec: FieldSpec, constraint: Constraint) -> None:
        """Refuse what restricts nothing, or everything: its author meant something else."""
        if constraint.automaton.accepts_only_the_empty_text:
            message, code = "no text is accepted but the empty one", "accepts-nothing"
        elif constraint.automaton.accepts_everything and not constraint.checks:
            message = "the pattern accepts every text; leave it out where any text will do"
            code = "accepts-everything"
        else:
            return
        mark = self.source.mark((*at, "pattern") if spec.pattern is not None else at)
        raise TemplateError(f"{spec.name}: {message}", mark=mark, code=code)

    def _preferring(self, at: tuple[Step, ...], spec: FieldSpec, patterns: list[str]) -> FieldSpec:
        """Compile the preferred patterns with the field's own: one search finds the best of them all."""
        for place, pattern in enumerate(patterns):
            try:
                _compiled(spec, [pattern, *_patterns(spec)])
            except ConstraintError as error:
                mark = self.source.mark((*at, "prefer", place), offset=getattr(error, "position", None))
                message = f"{spec.name}: preferred pattern {pattern!r}: {error.message}"
                raise TemplateError(message, mark=mark, code=error.code) from error
        any_of_them = "|".join(f"(?:{pattern})" for pattern in patterns)
        if not patterns:
            return spec
        usual = _compiled(spec, [any_of_them, *_patterns(spec)])
        wider = spec.constraint.digest if spec.constraint is not None else ""
        return replace(spec, preferred=replace(usual, narrows=wider))

    def _bad_pattern(self, at: tuple[Step, ...], spec: FieldSpec, error: PatternError) -> TemplateError:
        place = (*at, "pattern") if spec.pattern is not None else at
        mark = self.source.mark(place, offset=error.position if spec.pattern is not None else None)
        return TemplateError(f"{spec.name}: {error.message}", mark=mark, code=error.code)


def _compiled(spec: FieldSpec, patterns: Sequence[str]) -> Constraint:
    """Compile all that a field's texts must satisfy, under patterns of which the first is the author's."""
    first, last = spec.bounds or (None, None)
    return cached_constraint(
        patterns[0] if patterns else None,
        also=patterns[1:],
        checks=spec.checks,
        lookup=_words(spec),
        date_formats=spec.formats if spec.type == "date" else (),
        not_before=first,
        not_after=last,
        print_name=spec.print_,
        ignore_case=spec.ignore_case,
        ignore_spaces=spec.ignore_spaces,
    )


def _patterns(spec: FieldSpec) -> list[str]:
    return [pattern for pattern in (spec.pattern, _implied(spec)) if pattern is not None]


def _implied(spec: FieldSpec) -> str | None:
    if spec.type in NUMBERS:
        return number_pattern(spec.type, spec.locale, spec.decimals)
    return time_pattern(spec.formats) if spec.type == "time" else None


def _parts(written: FieldWritten) -> list[str]:
    """Return the names of the parts of a field's text: of its pattern's groups and of its checks' layouts."""
    layouts = [
        layout
        for check in written.checks
        if isinstance(check, str) and check in CHECKS
        for layout in CHECKS[check].layouts
    ]
    return list(dict.fromkeys(re.findall(r"\(\?P<(\w+)>", " ".join([written.pattern or "", *layouts]))))


def _words(spec: FieldSpec) -> tuple[str, ...] | None:
    if spec.type == "boolean":
        return tuple(
            word for plain in (*TRUE_WORDS, *FALSE_WORDS) for word in {plain, plain.upper(), plain.title()}
        )
    return tuple(spec.enum) if spec.enum else spec.lookup


def _as_mapping(enum: list[str] | dict[str, str] | None) -> dict[str, str] | None:
    return {value: value for value in enum} if isinstance(enum, list) else enum
