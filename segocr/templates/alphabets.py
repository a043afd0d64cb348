"""Characters that a template asks for and its recogniser does not know: said once, when a run begins."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping

from segocr.constraints import Constraint
from segocr.templates import Template
from segocr.templates.implied import number_pattern
from segocr.validators.registry import NUMBERS

_LARGE = 200
"""Of a class with so many characters, such as ``.`` or ``\\w``, no single one was meant."""
_NAMED = 20

_log = logging.getLogger("segocr.templates.alphabets")


def lacking(template: Template, alphabet: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return by field the characters that its patterns and lists name and an alphabet lacks.

    Args:
        template: Only its fields that are read count.
        alphabet: The recogniser's symbols.
    """
    found: dict[str, tuple[str, ...]] = {}
    for spec in template.fields.values():
        constraints = [one for one in (spec.constraint, spec.preferred) if one is not None]
        named = dict.fromkeys(character for one in constraints for character in _named(one))
        # Of all currencies' signs that an amount may have, its author named none.
        offered = set(number_pattern(spec.type, spec.locale) if spec.type in NUMBERS else "")
        absent = tuple(
            character
            for character in named
            if not _known(character, alphabet, ignore_case=spec.ignore_case)
            and (character not in offered or character in (spec.pattern or ""))
        )
        if absent:
            found[spec.name] = absent
    return found


def warn_of_lacking(template: Template, alphabet: Collection[str], model: str) -> None:
    """Log a warning for each field with such characters.

    Args:
        template: What is extracted.
        alphabet: The recogniser's symbols.
        model: The recogniser's name.
    """
    for field, characters in lacking(template, alphabet).items():
        named = ", ".join(map(repr, characters[:_NAMED]))
        more = f" and {len(characters) - _NAMED} more" if len(characters) > _NAMED else ""
        _log.warning(
            "template %s, field %s: the OCR model %s does not know %s%s; "
            "texts with such characters can hardly be read, and are doubtful or invalid",
            template.name, field, model, named, more,
        )  # fmt: skip


def _named(constraint: Constraint) -> Iterator[str]:
    for ranges in constraint.automaton.class_ranges().values():
        if sum(high - low + 1 for low, high in ranges) < _LARGE:
            yield from (chr(code) for low, high in ranges for code in range(low, high + 1))


def _known(character: str, alphabet: Collection[str], *, ignore_case: bool) -> bool:
    forms = (character, character.lower(), character.upper()) if ignore_case else (character,)
    return any(form in alphabet for form in forms)
