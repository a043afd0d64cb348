"""The views and their columns, as people are told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from db.connect import reading
from db.views import COLUMNS, NEEDS_REVIEW, TemplateShape, ViewField, registered_templates


@dataclass(frozen=True, slots=True)
class View:
    """A view as people query it: name, and (column, type's name) in order."""

    name: str
    columns: tuple[tuple[str, str], ...]


def list_views(engine: Engine) -> list[View]:
    """Return every view that ``create_views`` makes, with its columns.

    Raises:
        DatabaseError: The database cannot be asked.
    """
    with reading(engine) as connection:
        views = [_needs_review_view()]
        for shape in registered_templates(connection):
            views.extend(_views_of(shape))
    return views


def _needs_review_view() -> View:
    texts = ("sha256", "file", "template")
    columns = [(name, "text") for name in texts]
    columns += [("part", "integer"), ("status", "text"), ("doubtful_fields", "integer")]
    return View(NEEDS_REVIEW, (*columns, ("problems", "integer"), ("extracted_at", "time")))


def _views_of(shape: TemplateShape) -> Iterator[View]:
    types = ("text", "text", "integer", "text", "boolean", "time")
    columns = list(zip(COLUMNS, types, strict=True))
    for field in shape.fields:
        if not field.many:
            columns += _columns_of(field)
    yield View(shape.name, tuple(columns))
    for field in shape.fields:
        if field.many:
            head = [*columns[:3], ("ordinal", "integer")]
            yield View(f"{shape.name}_{field.name}", (*head, *_columns_of(field)))


def _columns_of(field: ViewField) -> list[tuple[str, str]]:
    return [
        (field.name, field.type),
        (f"{field.name}_status", "text"),
        (f"{field.name}_confidence", "number"),
    ]
