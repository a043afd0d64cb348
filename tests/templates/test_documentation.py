"""The page on templates is true: its example loads, and it names everything that the language has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from segocr.constraints import CHECKS
from segocr.templates import load_template
from segocr.templates.written import FieldWritten, Normaliser, TemplateWritten, Written
from segocr.validators.registry import VALIDATORS
from segocr.validators.rules import FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()


def test_the_example_loads(tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "template.yaml").write_text(example)
    template = load_template(tmp_path)
    assert template.fields["year"].from_ == "number"
    assert template.lists == {"stamps"}


@pytest.mark.parametrize("model", [FieldWritten, TemplateWritten])
def test_every_key_is_described(model: type[Written]) -> None:
    for name, info in model.model_fields.items():
        assert f"`{info.alias or name}`" in PAGE


@pytest.mark.parametrize(
    "names", [get_args(Normaliser), VALIDATORS, FUNCTIONS], ids=["normalisers", "validators", "functions"]
)
def test_every_word_is_described(names: tuple[str, ...]) -> None:
    assert [name for name in names if not re.search(rf"`{name}[`(]", PAGE)] == []


def test_every_check_is_named() -> None:
    assert [
        name for name in CHECKS if f"`{name}`" not in PAGE and not name.startswith(("mrz_", "mrv_"))
    ] == []
