"""Characters that a template asks for and the recogniser does not know."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from segocr.templates import load_template
from segocr.templates.alphabets import lacking, warn_of_lacking

ALPHABET = ("", *map(chr, range(0x20, 0x7F)), "é")


@pytest.mark.parametrize(
    ("field", "absent"),
    [
        ("{pattern: '[A-Z]{3} ?€[0-9]+'}", ("€",)),
        ("{lookup: [Öl, Fett, Café]}", ("Ö",)),
        ('{pattern: "a\\tb"}', ("\t",)),
        ("{prefer: ['[ΩΨ]1']}", ("Ψ", "Ω")),
        # K has a twin in Unicode, the sign for kelvin; nobody asks for it.
        ("{pattern: '[a-z]{3}', ignore_case: true}", ()),
        # A whole script may have letters that a model lacks: none of them was named.
        ("{pattern: '\\w+.?'}", ()),
        ("{type: money, locale: en}", ()),
        ("{type: money, locale: en, pattern: '€?[0-9.]+'}", ("€",)),
        ("{type: date, formats: [\"yyyy'年'M/d\"]}", ("年",)),
        ("{checks: [mrz_td3_line2]}", ()),
    ],
)
def test_only_what_a_field_names_and_the_alphabet_lacks_is_named(
    tmp_path: Path, field: str, absent: tuple[str, ...]
) -> None:
    text = f"template: thing\nversion: 1\nfields:\n  a: {field}\n  b: {{}}\n"
    (tmp_path / "template.yaml").write_text(text)
    found = lacking(load_template(tmp_path), ALPHABET)
    assert found == ({"a": absent} if absent else {})


def test_the_warning_names_template_field_model_and_characters(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "template.yaml").write_text(
        "template: thing\nversion: 1\nfields:\n  a: {pattern: '[0-9]+[€£]'}\n"
    )
    with caplog.at_level(logging.WARNING, logger="segocr.templates.alphabets"):
        warn_of_lacking(load_template(tmp_path), ALPHABET, "SomeOcr")
    [record] = caplog.records
    message = record.getMessage()
    assert message.startswith("template thing, field a: the OCR model SomeOcr does not know '£', '€';")
