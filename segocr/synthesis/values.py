"""New values for the fields of a document type: they satisfy pattern, checks, type and validators.

A candidate is walked from the field's own constraint, or put together from the words of the examples; then
the whole document is judged as a reading would be, derived fields and rules included, and what is not good is
drawn again.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segocr.errors import ConfigurationError
from segocr.fields import texts_request
from segocr.synthesis.usual import moved_date, without_needless_zeros
from segocr.synthesis.wording import accepted, bare_text, rearranged
from segocr.templates import Template
from segocr.templates.spec import FieldSpec
from segocr.validators.registry import NUMBERS

Validate = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks the validate host; ``segocr.steps.validate.python.handle`` is what answers."""
Wished = Mapping[str, Sequence[str]]
"""By class: the texts that one document shows, in reading order, as printed; lines end in line breaks."""

Fits = Callable[[int, str, int, str], bool]
"""Whether a text has room: (place of the document, class, number of the text in it, text)."""

_ROUNDS, _RULED, _BATCH = 40, 20, 200
_TRIES = 15
_FAR = 5 * 365
"""Days by which the dates of a document are moved, at most."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that the examples use, by class."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, examples: Sequence[Wished]) -> Vocabulary:
        """Collect the words of examples."""
        found: dict[str, set[str]] = {}
        for example in examples:
            for name, texts in example.items():
                found.setdefault(name, set()).update(word for text in texts for word in text.split())
        return cls({name: tuple(sorted(words)) for name, words in found.items()})


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with drawn texts: the field, None for a rule across fields, and what."""

    field: str | None
    told: str


def field_of(template: Template, class_name: str) -> FieldSpec | None:
    """Return the field that is read from a class; None if there is none."""
    return next((spec for spec in template.fields.values() if spec.class_name == class_name), None)


def draw_text(spec: FieldSpec | None, like: str, words: Sequence[str], source: random.Random) -> str | None:
    """Draw one text for a field; each line of it satisfies the field's constraint, as each is read by itself.

    Args:
        spec: The field; None for a class of no field, whose texts are any.
        like: An example, as printed.
        words: Of all examples of the class.
        source: Of chance.

    Returns:
        None if none was found. An amount keeps its currency.
    """
    lines = [_draw_line(spec, line, words, source) for line in like.split("\n")]
    return None if None in lines else "\n".join(filter(None, lines))


def _moved(spec: FieldSpec | None, like: str, days: int | None, today: dt.date) -> str | None:
    """Return an example's date some days off; None where that is no text of the field."""
    if days is None or spec is None or spec.type != "date" or spec.constraint is None:
        return None
    text = moved_date(like, spec, days, today)
    return text if text is not None and spec.constraint.accepts(bare_text(spec.constraint, text)) else None


def _draw_line(spec: FieldSpec | None, like: str, words: Sequence[str], source: random.Random) -> str | None:
    if spec is None or spec.constraint is None:
        return rearranged(like, words, source)
    listed = tuple(spec.enum or ()) or spec.lookup
    if listed:
        fitting = [word for word in listed if spec.constraint.accepts(bare_text(spec.constraint, word))]
        return source.choice(fitting) if fitting else None
    constraint = spec.constraint
    if spec.preferred is not None and spec.preferred.accepts(bare_text(spec.preferred, like)):
        constraint = spec.preferred
    text = accepted(constraint, like, source)
    if text is None or spec.type not in NUMBERS:
        return text
    if spec.type == "money" and len(text) == len(like):
        kept = "".join(old if old.isalpha() else new for old, new in zip(like, text, strict=True))
        text = kept if constraint.accepts(bare_text(constraint, kept)) else text
    usual = without_needless_zeros(text, like, spec.locale, source)
    return usual if constraint.accepts(bare_text(constraint, usual)) else text


def draw_values(
    template: Template,
    wishes: Sequence[Wished],
    vocabulary: Vocabulary,
    seeds: Sequence[Sequence[int]],
    validate: Validate,
    today: dt.date,
    fits: Fits = lambda *_: True,
) -> list[dict[str, list[str]]]:
    """Draw new texts for documents.

    Rules across fields are kept where chance finds such texts; sums that must come out may not be among them.

    Args:
        template: What they must satisfy.
        wishes: One document each: what the example shows in its place.
        vocabulary: Of the examples.
        seeds: One a document; what is drawn for it depends on nothing else.
        validate: Judges them.
        today: What ``today`` means in validators.
        fits: Says whether a text has room where it would stand; a text that never has stays the example's.

    Returns:
        By class the new texts, as many as were wished for.

    Raises:
        ConfigurationError: ``no-valid-values``: none were found for some document.
    """
    drawn: list[dict[str, list[str]]] = [{} for _ in wishes]
    sources = [random.Random(repr(list(seed))) for seed in seeds]
    open_places, said = list(range(len(wishes))), _Fault(None, "")
    for number in range(_ROUNDS):
        if not open_places:
            return drawn
        for place in open_places:
            # The dates of a document go together: what is due after it stays due after it.
            days = sources[place].randint(-_FAR, _FAR) if number < _RULED else None
            drawn[place] = _draw_document(
                template, wishes[place], vocabulary, sources[place], functools.partial(fits, place),
                functools.partial(_moved, days=days, today=today),
            )  # fmt: skip
        left = []
        for start in range(0, len(open_places), _BATCH):
            places = open_places[start : start + _BATCH]
            documents = [drawn[place] for place in places]
            problems = _problems(template, documents, validate, today, ruled=number < _RULED)
            left += [place for place, problem in zip(places, problems, strict=True) if problem]
            said = next(filter(None, problems), said)
        open_places = left
    raise ConfigurationError(
        f"{template.name}: no texts were found that satisfy every field; the last were not good: {said.told}",
        code="no-valid-values",
        hint=_what_to_do(template, said.field),
    )


def _what_to_do(template: Template, name: str | None) -> str:
    anyway = "change nothing in the pages: --augment-only"
    read = template.fields[template.fields[name].from_ or name] if name else None
    if read is None or read.constraint is None:
        return anyway
    explain = f"segocr constraint explain --field {template.name}.{read.name}"
    return f"see what the field accepts: {explain}; or {anyway}"


def _draw_document(
    template: Template,
    wished: Wished,
    vocabulary: Vocabulary,
    source: random.Random,
    fits: Callable[[str, int, str], bool],
    moved: Callable[[FieldSpec | None, str], str | None],
) -> dict[str, list[str]]:
    drawn: dict[str, list[str]] = {}
    for name, examples in wished.items():
        spec, words = field_of(template, name), vocabulary.words.get(name, ())
        drawn[name] = []
        for number, like in enumerate(examples):
            walked = (draw_text(spec, like, words, source) for _ in range(_TRIES))
            tried = itertools.chain([moved(spec, like)], walked)
            fitting = (text for text in tried if text is not None and fits(name, number, text))
            drawn[name].append(next(fitting, like))
    return drawn


def _problems(
    template: Template, documents: Sequence[Wished], validate: Validate, today: dt.date, *, ruled: bool
) -> list[_Fault | None]:
    """Return of each document what is wrong with it; None if nothing is."""
    parts = [
        {
            spec.name: list(document[spec.class_name])
            for spec in template.fields.values()
            if spec.from_ is None and spec.class_name is not None and spec.class_name in document
        }
        for document in documents
    ]
    answers = validate(texts_request(template, parts, today))["parts"]
    return [
        _unaccepted(template, part) or _judged(answer, ruled)
        for part, answer in zip(parts, answers, strict=True)
    ]


def _unaccepted(template: Template, part: Mapping[str, Sequence[str]]) -> _Fault | None:
    for name, texts in part.items():
        constraint = template.fields[name].constraint
        for line in "\n".join(texts).split("\n"):
            if constraint is not None and not constraint.accepts(bare_text(constraint, line)):
                return _Fault(name, f"{name}: {line!r} is not accepted")
    return None


def _judged(answer: Mapping[str, Any], ruled: bool) -> _Fault | None:
    for name, values in answer["fields"].items():
        for value in values:
            if value["verdict"] is not None:
                told = "; ".join(message for _, message in value["problems"])
                return _Fault(name, f"{name}: {value['text']!r}: {told or value['verdict']}")
    broken = [rule["name"] for rule in answer["rules"] if rule["verdict"] == "failed"]
    return _Fault(None, f"the rule {broken[0]!r} does not hold") if broken and ruled else None
