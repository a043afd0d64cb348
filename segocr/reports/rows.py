"""Records as flat rows of text: one row a record, for CSV and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from segocr.records import FieldValue, Record

HEAD = ("file", "sha256", "part", "template", "version", "status", "accepted", "problems")
"""The first columns of every row; the fields' columns follow."""
SEPARATOR = "; "
"""Between the entries of a list (``instances: all``) and between problem codes."""


def record_row(record: Record) -> dict[str, str]:
    """Return a record's cells by column.

    After ``HEAD``, each field has three columns: its canonical value, ``_status`` and ``_confidence``.
    """
    row = {
        "file": str(record.file),
        "sha256": record.sha256 or "",
        "part": str(record.part),
        "template": record.recipe.template,
        "version": str(record.recipe.version),
        "status": record.status.value,
        "accepted": "true" if record.accepted else "false",
        "problems": SEPARATOR.join(problem.code for problem in record.problems),
    }
    for name, values in record.fields.items():
        row[name] = SEPARATOR.join(value.value or "" for value in values)
        row[f"{name}_status"] = SEPARATOR.join(value.status.value for value in values)
        row[f"{name}_confidence"] = SEPARATOR.join(f"{value.confidence:.4f}" for value in values)
    return row


def columns_of(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the columns that any of the rows has, ``HEAD`` first, then in order of appearance."""
    found = dict.fromkeys(HEAD)
    for row in rows:
        found.update(dict.fromkeys(row))
    return list(found)


def values_with_source(record: Record) -> Iterator[tuple[str, FieldValue, str | None]]:
    """Yield each value with its field's name and, for a part of another field, that field's name."""
    shown_by: dict[int, str] = {}
    for name, values in record.fields.items():
        for value in values:
            sources = [shown_by.get(id(reading)) for reading in value.readings]
            yield name, value, sources[0] if sources and all(sources) else None
        for value in values:
            for reading in value.readings:
                shown_by.setdefault(id(reading), name)


def shown_value(value: FieldValue) -> str:
    """Return what a person is shown: the value, else what was read, marked as no value."""
    if value.value is not None:
        return value.value
    return f"({value.text if value.text is not None else value.raw})" if value.raw else "–"


def worst(values: Sequence[FieldValue]) -> str:
    """Return the least good status among the values of a field; empty for an empty list."""
    # Of a list, what an entry leaves out says nothing about the others.
    order = ("missing", "ok", "corrected", "doubtful", "invalid")
    return max((value.status.value for value in values), key=order.index, default="")
