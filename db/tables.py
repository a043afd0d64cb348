"""The tables. One row of each is described by its class; DESIGN's words are their names."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.types import Moment, Number, PathText, SafeJSON, SafeText
from segocr.inbox.arrivals import State
from segocr.readings import ReadingStatus
from segocr.records import FieldStatus, RecordStatus, Severity

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's name and form)
        str: SafeText,
        float: Double,
        datetime: Moment,
        Decimal: Number,
        bytes: LargeBinary,
        dict[str, Any]: SafeJSON,
        list[Any]: SafeJSON,
    }


def table_of(row: type[Base]) -> Table:
    """Return the table of a class of rows: statements over it do without the costs of mapped objects."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


class DocumentRow(Base):
    """One content, whatever files carried it.

    ``pages`` is the number of pages whose size is known; ``page_sizes`` maps a page's number to
    ``[width, height, dpi]`` (pixels of the upright page; dpi may be null).
    """

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[str | None]
    pages: Mapped[int] = mapped_column(default=0)
    page_sizes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    first_seen_at: Mapped[datetime]


class ArrivalRow(Base):
    """One dropped file; ``path`` is relative to the inbox.

    ``place`` is where segocr put the file; null: it is in its inbox, or ``gone`` for good. ``workspace`` is
    the folder of the one that took it; null: not known, it came before that was kept.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        _one_of("state", State),
        Index(None, "inbox", "state"),
        Index(None, "state", "lease_until"),
        Index(  # what a crash left unfiled is found among any number of ended arrivals
            "ix_arrivals_unfiled",
            "state",
            sqlite_where=text("filed_at IS NULL"),
            postgresql_where=text("filed_at IS NULL"),
        ),
        Index(None, "path", postgresql_using="hash"),  # a path may be longer than a B-tree row
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inbox: Mapped[str] = mapped_column(PathText)
    path: Mapped[str] = mapped_column(PathText)
    place: Mapped[str | None] = mapped_column(PathText)
    workspace: Mapped[str | None] = mapped_column(PathText)
    gone: Mapped[bool] = mapped_column(default=False, server_default=false())
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    template: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    last_problem_code: Mapped[str | None]
    last_problem: Mapped[str | None]
    received_at: Mapped[datetime]
    steady_since: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL"), index=True
    )


class ExtractionRow(Base):
    """One record: a document's part, read under one recipe.

    ``document_id`` is null for a file that could not even be hashed. ``current`` marks the record that
    views show; ``replaced_at`` is when another took that from it. A failed record never takes ``current``
    from one that is not. ``facts`` is what ``recipe_digest`` was taken of; null where it was stored before
    that was kept.
    """

    __tablename__ = "extractions"
    __table_args__ = (
        _one_of("status", RecordStatus),
        Index(
            "uq_extractions_recipe",
            "document_id",
            "template",
            "part",
            "recipe_digest",
            unique=True,
            sqlite_where=text("status <> 'failed'"),
            postgresql_where=text("status <> 'failed'"),
        ),
        Index(
            "uq_extractions_current",
            "document_id",
            "template",
            "part",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
        Index(None, "template", "current"),
        Index(None, "file", postgresql_using="hash"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    arrival_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("arrivals.id", ondelete="SET NULL"), index=True
    )
    file: Mapped[str] = mapped_column(PathText)
    template: Mapped[str]
    template_version: Mapped[int]
    part: Mapped[int]
    recipe_digest: Mapped[str] = mapped_column(String(64))
    models: Mapped[dict[str, Any]]
    engines: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any] | None] = mapped_column(SafeJSON(none_as_null=True))
    day: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    accepted: Mapped[bool]
    current: Mapped[bool]
    timings: Mapped[dict[str, Any]]
    extracted_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]

    document: Mapped[DocumentRow | None] = relationship()
    regions: Mapped[list[RegionRow]] = relationship(order_by="RegionRow.id", passive_deletes=True)
    field_values: Mapped[list[FieldValueRow]] = relationship(
        order_by="FieldValueRow.id", passive_deletes=True
    )
    problems: Mapped[list[ProblemRow]] = relationship(order_by="ProblemRow.id", passive_deletes=True)


class RegionRow(Base):
    """One found instance; ``polygon`` is ``[[x, y], …]`` in pixels of the upright page."""

    __tablename__ = "regions"

    id: Mapped[int] = mapped_column(primary_key=True)
    extraction_id: Mapped[int] = mapped_column(ForeignKey("extractions.id", ondelete="CASCADE"), index=True)
    page: Mapped[int]
    class_name: Mapped[str]
    score: Mapped[float]
    polygon: Mapped[list[Any]]

    readings: Mapped[list[ReadingRow]] = relationship(order_by="ReadingRow.id", passive_deletes=True)


field_value_readings = Table(
    "field_value_readings",
    Base.metadata,
    Column("field_value_id", ForeignKey("field_values.id", ondelete="CASCADE"), primary_key=True),
    Column("reading_id", ForeignKey("readings.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("place", Integer, nullable=False),
)


class ReadingRow(Base):
    """One line of text read from a region; ``quad`` is TL, TR, BR, BL in reading direction, page pixels.

    ``chosen`` says that a field value rests on it. ``lattice`` holds compact posteriors; ``field`` is what
    it was read for, ``decided_by`` what decided its text; null where it was stored before that was kept.
    """

    __tablename__ = "readings"
    __table_args__ = (_one_of("status", ReadingStatus),)

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id", ondelete="CASCADE"), index=True)
    line: Mapped[int]
    quad: Mapped[list[Any]]
    direction: Mapped[int]
    raw: Mapped[str]
    text: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(20))
    confidence: Mapped[float]
    cost: Mapped[float]
    margin: Mapped[float | None]
    rivals: Mapped[list[Any]]
    edits: Mapped[list[Any]]
    model: Mapped[str]
    lattice: Mapped[bytes]
    tries: Mapped[list[Any]]
    chosen: Mapped[bool]
    field: Mapped[str | None]
    decided_by: Mapped[str | None] = mapped_column(String(64))


class FieldValueRow(Base):
    """One value of one field.

    ``value`` is the exact canonical text; beside it the typed column of its type (``number_value`` for
    integer, decimal and money, ``date_value``, ``boolean_value``) is filled where the text can be one.
    """

    __tablename__ = "field_values"
    __table_args__ = (
        _one_of("status", FieldStatus),
        Index("uq_field_values_place", "extraction_id", "name", "ordinal", unique=True),
        Index(None, "name", "date_value"),
        Index(None, "name", "number_value"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    extraction_id: Mapped[int] = mapped_column(ForeignKey("extractions.id", ondelete="CASCADE"))
    name: Mapped[str]
    ordinal: Mapped[int]
    type: Mapped[str] = mapped_column(String(20))
    value: Mapped[str | None]
    text: Mapped[str | None]
    raw: Mapped[str | None]
    number_value: Mapped[Decimal | None]
    date_value: Mapped[date | None]
    boolean_value: Mapped[bool | None]
    status: Mapped[str] = mapped_column(String(20))
    accepted: Mapped[bool]
    confidence: Mapped[float]
    cost: Mapped[float | None]

    readings: Mapped[list[ReadingRow]] = relationship(
        secondary=field_value_readings, order_by=field_value_readings.c.place, viewonly=True
    )


class ProblemRow(Base):
    """Something to know about a record; ``field`` and ``ordinal`` name the value it concerns, if one."""

    __tablename__ = "problems"
    __table_args__ = (_one_of("severity", Severity), Index(None, "code"))

    id: Mapped[int] = mapped_column(primary_key=True)
    extraction_id: Mapped[int] = mapped_column(ForeignKey("extractions.id", ondelete="CASCADE"), index=True)
    code: Mapped[str]
    message: Mapped[str]
    severity: Mapped[str] = mapped_column(String(20))
    field: Mapped[str | None]
    ordinal: Mapped[int | None]


class TemplateRow(Base):
    """A template whose views exist: ``fields`` is ``[[name, type, many], …]`` in the template's order."""

    __tablename__ = "templates"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    fields: Mapped[list[Any]]
