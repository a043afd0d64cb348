"""Why a head no longer fits its template, in the words of the template's author."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segocr.errors import ModelError
from segocr.templates import Template
from segocr.templates.load import compile_source
from segocr.templates.source import parse_source
from segocr.textlines.features import own_names
from segocr.textlines.fitting import require_fitting
from segocr.textlines.head import Head, HeadCard
from segocr.textlines.words import BUCKETS

FIELDS = {"total": "{type: text}", "date": "{type: date, formats: [dd/MM/yyyy]}"}


def template_of(fields: dict[str, str]) -> Template:
    lines = "".join(f"  {name}: {field}\n" for name, field in fields.items())
    text = f"template: note\nversion: 1\nfields:\n{lines}"
    return compile_source(parse_source(text, Path("template.yaml")))


def head_of(template: Template) -> Head:
    card = HeadCard(template.classes, tuple(own_names(template)), "0" * 64, "reader", "0" * 64, 1)
    return Head(card, None, np.zeros((BUCKETS, 1), np.float32))


def test_a_head_fits_the_template_that_it_was_trained_for() -> None:
    require_fitting(head_of(template_of(FIELDS)), template_of(FIELDS), "head.npz")


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (FIELDS | {"total": "{type: money}"}, "field total has another type or pattern now"),
        (FIELDS | {"total": "{pattern: '[A-Z]+'}"}, "field total has another type or pattern now"),
        (FIELDS | {"day": "{class: date}"}, "field day is new"),
        ({"total": "{}"}, "field date is gone"),
        (
            {"sum": "{class: total, type: money}", "date": "{}"},
            "field total is gone; field sum is new; field date has another type or pattern now",
        ),
        (dict(reversed(FIELDS.items())), "their order"),
    ],
)
def test_what_has_changed_is_named_by_field(now: dict[str, str], what: str) -> None:
    with pytest.raises(ModelError) as caught:
        require_fitting(head_of(template_of(FIELDS)), template_of(now), "head.npz")
    assert caught.value.code == "model-kind"
    assert caught.value.message.endswith(f"has now: {what}")


def test_a_head_of_other_features_is_of_another_version() -> None:
    head = head_of(template_of(FIELDS))
    other = replace(head, card=replace(head.card, names=("slant", *head.card.names)))
    with pytest.raises(ModelError, match="another version of segocr trained it"):
        require_fitting(other, template_of(FIELDS), "head.npz")
