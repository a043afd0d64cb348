"""Names that a template may use: they become names of SQL views and columns."""

from __future__ import annotations

import re

PATTERN = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED_SUFFIXES = ("_status", "_confidence")
# Tables and views of db/; a template's view may not take their place.
TABLES = frozenset({
    "arrivals", "documents", "extractions", "regions", "readings", "field_values",
    "field_value_readings", "problems", "templates", "needs_review", "alembic_version",
})  # fmt: skip
LONGEST_VIEW = 63
"""PostgreSQL cuts longer names (NAMEDATALEN), and two that begin alike would be one."""
# Columns that every template's view has.
COLUMNS = frozenset({"sha256", "file", "part", "status", "accepted", "extracted_at", "ordinal"})
# Words of the rules' language.
RULE_WORDS = frozenset({"today", "true", "false", "present"})
# PostgreSQL 17, appendix C: "reserved" and "reserved (can be function or type)".
_POSTGRESQL = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
collation column concurrently constraint create cross current_catalog current_date current_role
current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
only or order outer overlaps placing primary references returning right select session_user similar some
symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when
where window with
"""
# SQLite 3: the keywords that its parser refuses as a bare name.
_SQLITE = """
add all alter and as autoincrement between case cast check collate commit constraint create default
deferrable delete distinct drop else escape except exists foreign from group having if in index insert
intersect into is isnull join limit not nothing notnull null on or order primary raise references returning
select set table then to transaction union unique update using values when where
"""
# Words that Python's grammar keeps, which rules could not name.
_GRAMMAR = """
and as assert async await break class def del elif else except for from if import in is lambda not or pass
raise return try while with yield
"""
KEYWORDS = frozenset(f"{_POSTGRESQL} {_SQLITE}".split())
UNSPEAKABLE = frozenset(_GRAMMAR.split())


def fault_of_name(name: str) -> str | None:
    """Say what is wrong with any name, or None."""
    if not PATTERN.fullmatch(name):
        return f"{name!r} is not a name: small letters, digits and _, a letter first, at most 40 characters"
    if name in KEYWORDS:
        return f"{name!r} is a keyword of SQL"
    return None


def fault_of_template_name(name: str) -> str | None:
    """Say what is wrong with a template's name, or None."""
    if name in TABLES:
        return f"{name!r} is the name of a table of the database"
    return fault_of_name(name)


def fault_of_field_name(name: str) -> str | None:
    """Say what is wrong with a field's name, or None."""
    if name in COLUMNS:
        return f"{name!r} is a column that every template's view has"
    if name in RULE_WORDS or name in UNSPEAKABLE:
        return f"{name!r} is a word of the rules' language"
    suffix = next((suffix for suffix in RESERVED_SUFFIXES if name.endswith(suffix)), None)
    if suffix:
        return f"{name!r} ends with {suffix}, which is reserved for the view's own columns"
    return fault_of_name(name)


def fault_of_view_name(name: str) -> str | None:
    """Say what is wrong with the name of a list's view, ``<template>_<field>``, or None."""
    if name in TABLES:
        return f"{name!r}, which is the name of a table of the database"
    if len(name) > LONGEST_VIEW:
        return f"{name!r} of {len(name)} characters; PostgreSQL takes {LONGEST_VIEW}"
    return None


def view_collision(name: str, lists: set[str], other: str, other_lists: set[str]) -> str | None:
    """Return the view name that two templates would both take, or None.

    Args:
        name: A template.
        lists: Its fields with ``instances: all``, which have views ``<template>_<field>``.
        other: Another template.
        other_lists: Its fields with ``instances: all``.
    """
    own = {name, *(f"{name}_{field}" for field in lists)}
    theirs = {other, *(f"{other}_{field}" for field in other_lists)}
    return min(own & theirs, default=None) if name != other else None
