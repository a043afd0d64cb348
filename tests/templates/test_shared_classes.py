"""Several fields may read one class, as long as its regions can be cut for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from segocr.errors import TemplateError
from segocr.templates import load_template

HEAD = "template: thing\nversion: 1\nfields:\n"


@pytest.mark.parametrize(
    ("fields", "line", "column"),
    [
        ("  a: {pattern: '[A-Z]+'}\n  b: {class: a, lines: many}\n", 5, 24),
        ("  a: {lines: many}\n  b: {class: a, pattern: '[A-Z]+'}\n", 5, 3),
        ("  b: {class: a, lines: many}\n  a: {lines: one}\n", 5, 14),
    ],
)
def test_one_line_and_many_are_not_read_from_one_class(
    tmp_path: Path, fields: str, line: int, column: int
) -> None:
    (tmp_path / "template.yaml").write_text(HEAD + fields)
    with pytest.raises(TemplateError, match="of class 'a' as `lines: ") as caught:
        load_template(tmp_path)
    assert caught.value.mark is not None
    assert (caught.value.mark.line, caught.value.mark.column) == (line, column)
    assert "same `lines`" in str(caught.value.hint)


@pytest.mark.parametrize(
    "fields",
    [
        "  a: {lines: many}\n  b: {class: a, lines: many, instances: all}\n  c: {}\n",
        "  a: {instances: all}\n  b: {class: a, instances: join}\n",
        "  a: {lines: many, pattern: '(?P<c>[A-Z])'}\n  b: {from: a, part: c}\n  d: {class: b}\n",
    ],
)
def test_other_differences_are_no_mistake(tmp_path: Path, fields: str) -> None:
    (tmp_path / "template.yaml").write_text(HEAD + fields)
    assert load_template(tmp_path).fields["b"]
