"""What others were given on the views: rights, comments and options, which a view made anew would lack.

SQLite knows none of these.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# https://www.postgresql.org/docs/current/ddl-priv.html; the owner of the new view has all rights anyway.
_KEPT = text("""
WITH given AS (
  SELECT c.oid, c.relname, c.relacl FROM pg_class c
  WHERE c.oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:views AS text[])) AS name)
), rights AS (
  SELECT g.relname, CAST(NULL AS name) AS attname, x.* FROM given g, aclexplode(g.relacl) x
  UNION ALL
  SELECT g.relname, a.attname, x.* FROM given g
  JOIN pg_attribute a ON a.attrelid = g.oid, aclexplode(a.attacl) x
)
SELECT relname AS view, attname AS column, format(
  'GRANT %s%s ON %I TO %s%s', privilege_type, ' (' || quote_ident(attname) || ')', relname,
  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
  CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
FROM rights WHERE pg_get_userbyid(grantee) <> current_user
UNION ALL
SELECT g.relname, a.attname, format(
  'COMMENT ON %s IS %L',
  CASE WHEN a.attname IS NULL THEN format('VIEW %I', g.relname)
    ELSE format('COLUMN %I.%I', g.relname, a.attname) END, d.description)
FROM given g
JOIN pg_description d ON d.objoid = g.oid AND d.classoid = CAST('pg_class' AS regclass)
LEFT JOIN pg_attribute a ON a.attrelid = g.oid AND a.attnum = d.objsubid AND d.objsubid <> 0
""")

# security_invoker and security_barrier: they say, too, who can see what.
_OPTIONS = text("""
SELECT relname AS view, NULL AS column,
  format('ALTER VIEW %I SET (%s)', relname, array_to_string(reloptions, ', ')) AS statement
FROM pg_class
WHERE reloptions IS NOT NULL
  AND oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:views AS text[])) AS name)
""")

_COLUMNS = text("""
SELECT c.relname AS view, a.attname AS column
FROM (SELECT to_regclass(quote_ident(name)) AS oid FROM unnest(CAST(:views AS text[])) AS name) v
JOIN pg_class c ON c.oid = v.oid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
UNION ALL
SELECT c.relname, NULL FROM pg_class c
WHERE c.oid IN (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:views AS text[])) AS name)
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """One right, comment or option, and what gives it again; ``column`` is None for all of the view."""

    view: str
    column: str | None
    statement: str


def kept_of(connection: Connection, views: Collection[str]) -> list[Kept]:
    """Return what others were given on views, before they are dropped."""
    if connection.dialect.name != "postgresql":
        return []
    rows = connection.execute(_KEPT, {"views": list(views)})
    rights = [Kept(row.view, row.column, row.statement) for row in rows]
    return rights + options_of(connection, views)


def options_of(connection: Connection, views: Collection[str]) -> list[Kept]:
    """Return the options of views, before they are replaced (PostgreSQL)."""
    rows = connection.execute(_OPTIONS, {"views": list(views)})
    return [Kept(row.view, row.column, row.statement) for row in rows]


def give_back(connection: Connection, kept: Sequence[Kept]) -> None:
    """Give again what was given on what is there of the views and columns."""
    there: set[tuple[str, str | None]] = set()
    if kept:
        rows = connection.execute(_COLUMNS, {"views": list({one.view for one in kept})})
        there = {(row.view, row.column) for row in rows}
    for one in kept:
        if (one.view, one.column) in there:
            connection.exec_driver_sql(one.statement.replace("%", "%%"))  # the driver looks for parameters
