"""Whatever stands in a template file, it is a template or a mistake with a place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segocr.errors import TemplateError
from segocr.templates.load import compile_source
from segocr.templates.source import parse_source
from segocr.templates.written import FieldWritten, TemplateWritten

FILE = Path("template.yaml")


def loaded(text: str) -> bool:
    """Load a text; whether it is a template."""
    try:
        compile_source(parse_source(text, FILE))
    except TemplateError as error:
        assert error.mark is not None
        assert 1 <= error.mark.line <= text.count("\n") + 2
        assert error.mark.column >= 1
        assert error.message.startswith("template.yaml:")
        return False
    return True


def keys(model: type[TemplateWritten] | type[FieldWritten]) -> st.SearchStrategy[str]:
    return st.sampled_from([info.alias or name for name, info in model.model_fields.items()])


words = st.sampled_from(
    [
        "date",
        "text",
        "money",
        "a",
        "b",
        "today",
        "luhn",
        "[A-Z",
        "(a|b)*",
        "dd/MM/yyyy",
        "all",
        "upper",
        "a > 1",
        "de",
        "1",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(allow_nan=False)
    | words
    | st.text(max_size=8)
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=5), inner, max_size=3)
    ),
)
fields = st.dictionaries(
    st.sampled_from("abcd"), st.dictionaries(keys(FieldWritten), trees, max_size=4) | trees, max_size=3
)
files = st.dictionaries(keys(TemplateWritten), trees, max_size=4)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert not loaded(text)


@given(st.text(alphabet="ab:-{}[],&*!'\"#|>? \n\t%@`", max_size=60))
def test_anything_like_yaml(text: str) -> None:
    assert not loaded(text)


@given(files, fields)
def test_any_tree(tree: dict[str, Any], some: dict[str, Any]) -> None:
    loaded(json.dumps({"template": "lease", "version": 1, "fields": some} | tree, indent=1))


@given(fields)
def test_any_fields(some: dict[str, Any]) -> None:
    loaded(json.dumps({"template": "lease", "version": 1, "fields": {"e": {}} | some}, indent=1))
