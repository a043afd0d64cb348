"""Typed views: one for each template, one for each field with ``instances: all``, and ``needs_review``.

Their SQL stands in ``views/*.sql.j2``. Every identifier and literal goes through SQLAlchemy's dialect.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    String,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ProgrammingError

from db.connect import database_error, reading, writing
from db.tables import ExtractionRow, FieldValueRow, TemplateRow
from db.viewrights import Kept, give_back, kept_of, options_of
from segocr.errors import UsageError
from segocr.records import RecordStatus
from segocr.service.logs import tell
from segocr.spelling import known_words

_log = logging.getLogger("segocr.views")

NEEDS_REVIEW = "needs_review"
COLUMNS = ("sha256", "file", "part", "status", "accepted", "extracted_at")
"""Columns of every template's view before those of its fields; ``segocr.templates.names`` reserves them."""

_TYPED = {
    "integer": "number_value",
    "decimal": "number_value",
    "money": "number_value",
    "date": "date_value",
    "boolean": "boolean_value",
}
_NUMBERS = ("decimal", "money", "integer")
_SHOWS = {"decimal": _NUMBERS, "money": _NUMBERS, "text": ("text", "enum")}
"""What a field of a type can show of records from when it had another: every integer is a decimal number."""


@dataclass(frozen=True, slots=True)
class ViewField:
    """What a view has to know of a field.

    Attributes:
        name: Its own.
        type: Its type's name.
        many: Whether it is a list (``instances: all``).
        part: Whether its entries are parts of a list's (``from``): one left out is a value, too.
    """

    name: str
    type: str
    many: bool = False
    part: bool = False

    @property
    def column(self) -> str:
        """The column of ``field_values`` that holds the typed value."""
        return _TYPED.get(self.type, "value")

    @property
    def shows(self) -> tuple[str, ...]:
        """The types whose values it can show; others share its column, and would be another form in it."""
        return _SHOWS.get(self.type, (self.type,))


@dataclass(frozen=True, slots=True)
class TemplateShape:
    """What the views have to know of a template."""

    name: str
    version: int
    fields: tuple[ViewField, ...]


class _FieldSpec(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> Any: ...
    @property
    def instances(self) -> Any: ...
    @property
    def from_(self) -> str | None: ...


class _Template(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def fields(self) -> Mapping[str, _FieldSpec]: ...


def shape_of(template: _Template) -> TemplateShape:
    """Return what the views need of a ``segocr.templates.Template``."""
    return TemplateShape(template.name, template.version, tuple(map(_view_field, template.fields.values())))


def _view_field(spec: _FieldSpec) -> ViewField:
    many = str(spec.instances) == "all"
    return ViewField(spec.name, str(spec.type), many, many and spec.from_ is not None)


def register_template(engine: Engine, shape: TemplateShape) -> bool:
    """Make the template's views, unless they are so already.

    They show the template as it is now: one that is put back to an older version takes its views back, too.

    Returns:
        Whether views were made anew.

    Raises:
        DatabaseError: ``view-name`` if a view's name belongs to a table or to another template's view;
            ``view-in-use`` if a view of somebody else's rests on the old one.
    """
    with reading(engine) as connection:
        if _registered(connection, shape.name) == shape:
            return False
    with writing(engine) as connection:
        _lock(connection)
        known = _registered(connection, shape.name)
        if known is not None and known.fields == shape.fields:
            theirs = update(TemplateRow).where(TemplateRow.name == shape.name)
            connection.execute(theirs.values(version=shape.version))
            return False
        if known is not None:
            connection.execute(delete(TemplateRow).where(TemplateRow.name == shape.name))
        _replace(connection, known, shape)
        fields = [_as_row(field) for field in shape.fields]
        connection.execute(insert(TemplateRow).values(name=shape.name, version=shape.version, fields=fields))
    if known is not None and known.version > shape.version:  # put back; or two machines have two versions
        tell(
            _log, logging.WARNING, "views made anew by an older version",
            template=shape.name, version=shape.version, before=known.version,
        )  # fmt: skip
    return True


def unregister_template(engine: Engine, name: str) -> list[str]:
    """Drop the views of a template that is gone, so that another one can have their names.

    Its records stay; if it is there after all, its next record makes them anew.

    Returns:
        The names of the views.

    Raises:
        UsageError: ``no-such-template``: no template of this name has views.
        DatabaseError: ``view-in-use``.
    """
    with writing(engine) as connection:
        _lock(connection)
        known = _registered(connection, name)
        if known is None:
            names = [one.name for one in registered_templates(connection)]
            raise UsageError(
                f"no template {name!r} has views here", code="no-such-template", hint=known_words(name, names)
            )
        views = list(_view_names(known))
        _drop(connection, views)
        connection.execute(delete(TemplateRow).where(TemplateRow.name == name))
    return views


def count_untyped(engine: Engine, shape: TemplateShape) -> int:
    """Return how many current records the views show with null where they have, or could have, a value.

    A field had another type when they were made, or was not there, or had another name.
    """
    value = select(FieldValueRow.id).where(FieldValueRow.extraction_id == ExtractionRow.id)
    lacking: list[ColumnElement[bool]] = [
        value.where(
            FieldValueRow.name == field.name,
            FieldValueRow.value.is_not(None),
            FieldValueRow.type.not_in(field.shows),
        ).exists()
        for field in shape.fields
    ]
    # Of several values none is that of a field that is no list any more.
    lacking += [
        value.where(FieldValueRow.name == field.name, FieldValueRow.ordinal > 0).exists()
        for field in shape.fields
        if not field.many
    ]
    # A list may be empty; of every other field each record has a value, if only a missing one.
    lacking += [
        ~value.where(FieldValueRow.name == field.name).exists() for field in shape.fields if not field.many
    ]
    query = select(func.count()).where(
        ExtractionRow.current,
        ExtractionRow.template == shape.name,
        ExtractionRow.status != RecordStatus.FAILED.value,
        or_(*lacking),
    )
    with reading(engine) as connection:
        return connection.execute(query).scalar_one()


def untyped_notice(engine: Engine, shape: TemplateShape) -> str | None:
    """Return what to tell a person whose new views lack values of other records; None: they don't."""
    count = count_untyped(engine, shape)
    if not count:
        return None
    return (
        f"{count} record{'s' * (count != 1)} of {shape.name} from when a field had another type or name, "
        f"was a list or was not there: null in the views; run: segocr replay {shape.name}"
    )


def _registered(connection: Connection, name: str) -> TemplateShape | None:
    return next((one for one in registered_templates(connection) if one.name == name), None)


def _lock(connection: Connection) -> None:
    """Let two processes that register templates take turns (SQLite's transaction already does)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE templates IN SHARE ROW EXCLUSIVE MODE"))


def _replace(connection: Connection, known: TemplateShape | None, shape: TemplateShape) -> None:
    """Make a template's views anew; one that would be as it was stays, with all that rests on it."""
    there = _relations(connection)
    before = {} if known is None else dict(_definitions(connection.dialect, known))
    after = dict(_definitions(connection.dialect, shape))
    stay = {name for name, sql in after.items() if before.get(name) == sql and name in there}
    gone = [name for name in before if name not in stay]
    kept = kept_of(connection, gone)
    _drop(connection, gone)
    _refuse_taken_names(connection, shape, there - set(before))
    for name, sql in after.items():
        if name not in stay:
            connection.exec_driver_sql(sql)
    give_back(connection, kept)


def _relations(connection: Connection) -> set[str]:
    """Return the names that are taken where views are made: of tables, views, indexes and sequences."""
    if connection.dialect.name == "sqlite":  # it takes Receipt for receipt
        return set(connection.scalars(text("SELECT lower(name) FROM sqlite_master")))
    here = "CAST(quote_ident(current_schema()) AS regnamespace)"
    return set(connection.scalars(text(f"SELECT relname FROM pg_class WHERE relnamespace = {here}")))


def _refuse_taken_names(connection: Connection, shape: TemplateShape, taken: Collection[str]) -> None:
    of = {view: other.name for other in registered_templates(connection) for view in _view_names(other)}
    for view in _view_names(shape):
        if view not in taken and view not in of:
            continue
        whose = f"has it for template {of[view]!r}" if view in of else "has something else of that name"
        gone = f"; if {of[view]!r} is gone, run `segocr db drop-views {of[view]}`" if view in of else ""
        raise database_error(
            "view-name",
            f"template {shape.name!r} needs a view {view!r}, but the database {whose}",
            f"rename the template or the field{gone}",
        )


def registered_templates(connection: Connection) -> list[TemplateShape]:
    """Return the templates whose views exist, by name."""
    rows = connection.execute(
        select(TemplateRow.name, TemplateRow.version, TemplateRow.fields).order_by(TemplateRow.name)
    )
    return [TemplateShape(row.name, row.version, _from_rows(row.fields)) for row in rows]


def create_views(connection: Connection, kept: Sequence[Kept] = ()) -> list[str]:
    """Create ``needs_review`` and all registered templates' views; return their names.

    Args:
        connection: In a transaction.
        kept: What ``drop_views`` returned.
    """
    definitions = _all_definitions(connection)
    for sql in definitions.values():
        connection.exec_driver_sql(sql)
    give_back(connection, kept)
    return list(definitions)


def renew_views(connection: Connection) -> None:
    """Make those views anew that are not as they should be; what rests on the others stays."""
    for name, sql in _all_definitions(connection).items():
        if connection.dialect.name == "sqlite":
            there = text("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = :name")
            if connection.scalar(there, {"name": name}) == sql:
                continue
        else:
            options = options_of(connection, [name])
            with suppress(ProgrammingError), connection.begin_nested():
                connection.exec_driver_sql(sql.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
                give_back(connection, options)
                continue  # it was so already, or has the same columns
        kept = kept_of(connection, [name])
        _drop(connection, [name])
        connection.exec_driver_sql(sql)
        give_back(connection, kept)


def _all_definitions(connection: Connection) -> dict[str, str]:
    definitions = {NEEDS_REVIEW: _render(connection.dialect, "needs_review", view=NEEDS_REVIEW)}
    for shape in registered_templates(connection):
        definitions |= _definitions(connection.dialect, shape)
    return definitions


def drop_views(connection: Connection) -> list[Kept]:
    """Drop every view that ``create_views`` makes, and return what others were given on them.

    Views of others are left alone.
    """
    shapes = registered_templates(connection) if inspect(connection).has_table("templates") else []
    names = [NEEDS_REVIEW, *(name for shape in shapes for name in _view_names(shape))]
    kept = kept_of(connection, names)
    _drop(connection, names)
    return kept


def _definitions(dialect: Dialect, shape: TemplateShape) -> Iterator[tuple[str, str]]:
    """Yield the names of a template's views, and the statements that make them."""
    single = [field for field in shape.fields if not field.many]
    yield shape.name, _render(dialect, "template", view=shape.name, template=shape.name, fields=single)
    for field in shape.fields:
        if field.many:
            view = f"{shape.name}_{field.name}"
            yield view, _render(dialect, "list", view=view, template=shape.name, field=field)


def _view_names(shape: TemplateShape) -> Iterator[str]:
    yield shape.name
    yield from (f"{shape.name}_{field.name}" for field in shape.fields if field.many)


def _drop(connection: Connection, names: Sequence[str]) -> None:
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name in names:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {quote(name)}")


def _as_row(field: ViewField) -> list[Any]:
    row = [field.name, field.type, field.many]
    return [*row, True] if field.part else row


def _from_rows(rows: Sequence[Sequence[Any]]) -> tuple[ViewField, ...]:
    return tuple(ViewField(*row) for row in rows)


def _render(dialect: Dialect, source: str, **values: Any) -> str:
    return _environment(dialect).get_template(f"{source}.sql.j2").render(**values)


@cache
def _environment(dialect: Dialect) -> Environment:
    # SQL, not HTML: the two filters below do the escaping.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "views"), undefined=StrictUndefined
    )
    literal: Any = String().literal_processor(dialect)  # type: ignore[no-untyped-call]
    environment.filters["name"] = dialect.identifier_preparer.quote_identifier
    environment.filters["literal"] = literal
    return environment
