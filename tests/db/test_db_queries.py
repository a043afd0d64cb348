"""Queries: they read and nothing else, within limits, and both databases answer the same."""

from __future__ import annotations

import dataclasses
import time
import tracemalloc
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_records import failed, receipt, record, value
from sqlalchemy import Engine, text

from db.connect import open_database, reading
from db.queries import run_query
from db.schema import prepare
from db.store import store_records
from db.viewlist import list_views
from db.views import (
    TemplateShape,
    ViewField,
    count_untyped,
    register_template,
    registered_templates,
    untyped_notice,
)
from segocr.errors import DatabaseError, SegocrError, UsageError
from segocr.records import Record

RECEIPT = TemplateShape(
    "receipt", 1, (ViewField("company", "text"), ViewField("date", "date"), ViewField("total", "money"))
)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    register_template(engine, RECEIPT)
    store_records(
        engine,
        [receipt("a", "12.50", "2018-02-11"), receipt("b", "0.1"), receipt("c", "0.2", company="Bär & Co")],
    )
    return engine


def test_the_view_has_typed_columns(filled: Engine) -> None:
    answer = run_query(
        filled, "select company, date, total, accepted, total_status from receipt where total > 10"
    )
    assert answer.columns == ("company", "date", "total", "accepted", "total_status")
    assert answer.rows == (("Acme", date(2018, 2, 11), Decimal("12.50"), True, "ok"),)
    assert not answer.truncated


def test_sums_are_exact(filled: Engine) -> None:
    [(total, mean)] = run_query(filled, "select sum(total), avg(total) from receipt where total < 1").rows
    assert (float(total), float(mean)) == (0.3, 0.15)
    rows = run_query(filled, "select sum(total) over (order by total) from receipt order by total").rows
    assert [float(row[0]) for row in rows] == [0.1, 0.3, 12.8]


def test_whole_numbers_divide_as_others(engine: Engine) -> None:
    fields = (ViewField("pieces", "integer"), ViewField("total", "money"))
    register_template(engine, TemplateShape("slip", 1, fields))
    given = (value("pieces", "integer", "25"), value("total", "money", "10.00"))
    store_records(engine, [record("a", *given, template="slip")])
    [(pieces, *quotients)] = run_query(engine, "select pieces, pieces / 4, total / 4 from slip").rows
    assert pieces == 25
    quotients += run_query(engine, "select sum(pieces) / 4, sum(total) / 4 from slip").rows[0]
    assert [float(one) for one in quotients] == [6.25, 2.5, 6.25, 2.5]


def test_long_whole_numbers_are_exact(engine: Engine) -> None:
    long = [
        999999999999999,
        4111111111111111,
        4111111111111112,
        12345678901234567,
        123456789012345678,
        2**63 - 1,
    ]
    register_template(engine, TemplateShape("slip", 1, (ViewField("card", "integer"),)))
    for one in (*long, 7, -long[-1]):
        store_records(engine, [record(str(one), value("card", "integer", str(one)), template="slip")])
    assert run_query(engine, "select card from slip where card > 7 order by card").rows == tuple(
        (Decimal(one),) for one in long
    )
    sums = run_query(engine, "select card, sum(card) as s from slip group by card order by card").rows
    assert [(int(card), int(total)) for card, total in sums] == [
        (one, one) for one in sorted((*long, 7, -long[-1]))
    ]
    [(both,)] = run_query(engine, f"select sum(card) from slip where card in (7, {long[3]})").rows
    assert int(both) == long[3] + 7
    for one in long:
        assert run_query(engine, f"select count(*) from slip where card = {one}").rows == ((1,),)
    [(least,)] = run_query(engine, "select min(card) from slip").rows
    assert least == -long[-1]


def test_the_row_limit_cuts_and_says_so(filled: Engine) -> None:
    answer = run_query(filled, "select company from receipt", row_limit=2)
    assert (len(answer.rows), answer.truncated) == (2, True)
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
    assert [row[0] for row in run_query(filled, endless, row_limit=3).rows] == [1, 2, 3]


def test_the_time_limit_ends_a_query(filled: Engine) -> None:
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c"
    start = time.monotonic()
    with pytest.raises(DatabaseError) as caught:
        run_query(filled, endless, time_limit=0.3)
    assert caught.value.code == "query-timeout"
    assert time.monotonic() - start < 5
    assert run_query(filled, "select 1").rows == ((1,),)


@pytest.mark.parametrize("row_limit", [1000, 10**30])
def test_the_size_limit_ends_a_query(filled: Engine, row_limit: int) -> None:
    rows = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 500) select"
    long = f"{rows} replace(cast(x + 1000000 as text), '1', '{'x' * 1000}') from c"
    assert len(run_query(filled, long, row_limit=row_limit).rows) == 500
    with pytest.raises(DatabaseError) as caught:
        run_query(filled, long, row_limit=row_limit, size_limit=400_000)
    assert caught.value.code == "query-too-large"
    assert not caught.value.transient
    assert run_query(filled, long, row_limit=100, size_limit=400_000).truncated
    with pytest.raises(DatabaseError):  # many small rows take memory, too
        run_query(filled, f"{rows} x from c", size_limit=10_000)
    assert run_query(filled, "select 1").rows == ((1,),)


def test_no_more_is_held_than_the_size_limit_allows(filled: Engine) -> None:
    wide = "replace(cast(x * 0 as text), '0', '" + "x" * 10_000 + "')"
    doubled = f"replace({wide}, 'x', '{'y' * 200}')"
    rows = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100)"
    tracemalloc.start()
    try:
        with pytest.raises(DatabaseError) as caught:
            run_query(filled, f"{rows} select {doubled} from c", size_limit=5_000_000)
        assert tracemalloc.get_traced_memory()[1] < 15_000_000  # 200 MB in all, of 2 MB each
    finally:
        tracemalloc.stop()
    assert caught.value.code == "query-too-large"


def test_all_that_is_in_a_value_counts(filled: Engine) -> None:
    if filled.dialect.name == "postgresql":
        long = "repeat('x', 100000)"
        nested = f"select jsonb_build_object('a', jsonb_build_array({long})), array[{long}]"
        assert len(run_query(filled, nested, size_limit=250_000).rows) == 1
        with pytest.raises(DatabaseError):
            run_query(filled, nested, size_limit=150_000)


HARMFUL = [
    "delete from documents",
    "select 1; delete from documents",
    "with gone as (delete from documents returning id) select * from gone",
    "drop view receipt",
    "update documents set media_type = 'x'",
    "attach database '/tmp/other.db' as other",
    "pragma journal_mode = delete",
    "pragma query_only = off",
    "vacuum into '/tmp/copy.db'",
    "commit",
    "begin; delete from documents; commit",
    "copy (select 1) to program 'touch /tmp/segocr-was-here'",
    "set transaction read write",
    "create temp table t (x int)",
    "explain analyze delete from documents",
    "select load_extension('x')",
    "/* comment */ -- another\n delete from documents",
    "select * into copied from documents",
    "",
    "   ;",
]


@pytest.mark.parametrize("sql", HARMFUL)
def test_nothing_but_reading_is_possible(filled: Engine, sql: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_query(filled, sql)
    assert caught.value.code in ("query-forbidden", "query")
    with reading(filled) as connection:
        assert connection.scalar(text("select count(*) from documents")) == 3


@pytest.mark.parametrize(
    "sql", ["selec 1", "select nothing from receipt", "select * from nowhere", "select 'open"]
)
def test_wrong_sql_is_the_askers_mistake(filled: Engine, sql: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_query(filled, sql)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("sql", ["select '\udcff' as x", "\udcc3\udca9"])
def test_bytes_that_are_no_text_are_the_askers_mistake(filled: Engine, sql: str) -> None:
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        run_query(filled, sql)
    assert caught.value.code == "query"


def test_a_percent_sign_and_a_colon_mean_themselves(filled: Engine) -> None:
    assert run_query(filled, "select ':x %s' from receipt where company like 'B%r%' ").rows == ((":x %s",),)


def test_a_query_does_not_wait_for_a_writer(filled: Engine) -> None:
    with filled.begin() as writer:
        writer.execute(text("update documents set media_type = 'image/png'"))
        assert run_query(filled, "select distinct media_type from documents").rows == (("image/jpeg",),)


def test_a_closing_semicolon_and_comments_are_fine(filled: Engine) -> None:
    assert run_query(filled, "-- how many\n/* really */ (select 1) ;\n" if filled.dialect.name == "postgresql"
                     else "-- how many\n/* really */ select 1 ;\n").rows == ((1,),)  # fmt: skip


HOSTILE = [
    "x'; drop table documents; --",
    'x"; drop table documents; --',
    "per%cent",
    "new\nline",
    "sel:ect",
    "ü",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_taken_for_sql(engine: Engine, name: str) -> None:
    fields = (ViewField(name, "text"), ViewField(f"{name}s", "text", many=True))
    register_template(engine, TemplateShape(name, 1, fields))
    values = [value(f"{name}s", "text", text, ordinal=place) for place, text in enumerate(("one", "two"))]
    store_records(engine, [record("a", value(name, "text", "here"), *values, template=name)])
    quoted = name.replace('"', '""')
    assert run_query(engine, f'select "{quoted}" from "{quoted}"').rows == (("here",),)
    listed = run_query(engine, f'select ordinal, "{quoted}s" from "{quoted}_{quoted}s" order by 1')
    assert listed.rows == ((0, "one"), (1, "two"))


@pytest.mark.parametrize("name", ["documents", "needs_review", "alembic_version", "extractions"])
def test_a_template_cannot_take_the_name_of_a_table(engine: Engine, name: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        register_template(engine, TemplateShape(name, 1, (ViewField("x", "text"),)))
    assert caught.value.code == "view-name"


def test_two_templates_cannot_share_a_views_name(engine: Engine) -> None:
    register_template(engine, TemplateShape("order", 1, (ViewField("items", "text", many=True),)))
    with pytest.raises(DatabaseError) as caught:
        register_template(engine, TemplateShape("order_items", 1, (ViewField("x", "text"),)))
    assert caught.value.code == "view-name"


def test_the_views_follow_the_template_forwards_and_back(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    register_template(engine, RECEIPT)
    newer = TemplateShape("receipt", 2, (ViewField("total", "money"), ViewField("items", "text", many=True)))
    assert register_template(engine, newer)
    assert not register_template(engine, newer)
    assert {view.name for view in list_views(engine)} == {"needs_review", "receipt", "receipt_items"}
    assert not caplog.messages
    assert register_template(engine, RECEIPT)
    assert caplog.messages == ["views made anew by an older version"]
    assert run_query(engine, "select company from receipt").rows == ()
    with pytest.raises(SegocrError):
        run_query(engine, "select * from receipt_items")


def test_a_version_with_the_same_fields_leaves_the_views_and_is_remembered(engine: Engine) -> None:
    register_template(engine, RECEIPT)
    assert not register_template(engine, dataclasses.replace(RECEIPT, version=2))
    with reading(engine) as connection:
        assert [one.version for one in registered_templates(connection)] == [2]


def read(content: str, kind: str, total: str | None) -> Record:
    return record(content, value("total", kind, total), value("note", "text", "x"), recipe=kind)


def typed(kind: str, *, many: bool = False) -> TemplateShape:
    return TemplateShape("receipt", 1, (ViewField("total", kind, many), ViewField("note", "text")))


def test_records_without_a_value_of_a_fields_new_type_are_counted(engine: Engine) -> None:
    register_template(engine, typed("text"))
    store_records(engine, [read("a", "text", "1.50"), read("b", "text", "2.50"), read("c", "text", None)])
    assert count_untyped(engine, typed("text")) == 0
    register_template(engine, typed("money"))
    assert count_untyped(engine, typed("money")) == 2
    store_records(engine, [read("a", "money", "1.50")])
    assert count_untyped(engine, typed("money")) == 1
    assert count_untyped(engine, typed("decimal")) == 1  # what is money is a number
    assert count_untyped(engine, typed("date")) == 2


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("before", "canonical", "now", "shown"),
    [
        ("date", "2034-12-11", "text", None),
        ("text", "310608", "date", None),
        ("text", "310608", "time", None),
        ("decimal", "12.5", "integer", None),
        ("integer", "12", "decimal", "12"),
        ("money", "12.5", "decimal", "12.5"),
        ("enum", "red", "text", "red"),
        ("text", "maroon", "enum", None),
    ],
)
def test_a_column_shows_one_form_of_values_only(
    engine: Engine, before: str, canonical: str, now: str, shown: str | None, many: bool
) -> None:
    register_template(engine, typed(now, many=many))
    store_records(engine, [read("a", before, canonical)])
    view = "receipt_total" if many else "receipt"
    [(total,)] = run_query(engine, f"select total from {view}").rows
    assert total == (Decimal(shown) if shown and now == "decimal" else shown)
    assert count_untyped(engine, typed(now, many=many)) == (shown is None)


def listed(*texts: str | None) -> Record:
    values = [value("item", "text", text, ordinal=place) for place, text in enumerate(texts)]
    return record(str(texts), *values, template="slip")


def slip(*, many: bool, part: bool = False) -> TemplateShape:
    return TemplateShape("slip", 1, (ViewField("item", "text", many, part),))


def test_of_several_values_none_is_that_of_a_field_that_is_no_list_any_more(engine: Engine) -> None:
    store_records(engine, [listed("TEA", "MILK"), listed("SUGAR")])
    register_template(engine, slip(many=False))
    assert run_query(engine, "select item from slip order by item is null").rows == (("SUGAR",), (None,))
    assert count_untyped(engine, slip(many=False)) == 1
    assert count_untyped(engine, slip(many=True)) == 0


def test_a_value_that_is_missing_is_no_entry_of_a_list_but_of_its_parts(engine: Engine) -> None:
    store_records(engine, [listed("TEA"), listed(None)])
    register_template(engine, slip(many=True))
    assert run_query(engine, "select item from slip_item").rows == (("TEA",),)
    assert register_template(engine, slip(many=True, part=True))
    assert not register_template(engine, slip(many=True, part=True))
    assert len(run_query(engine, "select item from slip_item").rows) == 2


def test_records_without_a_field_that_has_another_name_now_are_counted(engine: Engine) -> None:
    store_records(engine, [read("a", "text", "1.50"), failed("b")])
    renamed = TemplateShape("receipt", 2, (ViewField("sum", "text"), ViewField("items", "text", many=True)))
    assert count_untyped(engine, renamed) == 1
    notice = untyped_notice(engine, renamed)
    assert notice is not None
    assert "1 record of receipt from when" in notice
    assert "segocr replay receipt" in notice


def test_listed_columns_are_those_of_the_views(engine: Engine) -> None:
    fields = (*RECEIPT.fields, ViewField("items", "decimal", many=True))
    register_template(engine, TemplateShape("receipt", 1, fields))
    for view in list_views(engine):
        assert run_query(engine, f"select * from {view.name}").columns == tuple(
            name for name, _ in view.columns
        )


def test_a_record_without_a_field_shows_null(filled: Engine) -> None:
    store_records(filled, [record("d", value("company", "text", "Only"))])
    assert run_query(filled, "select total, total_status from receipt where company = 'Only'").rows == (
        (None, None),
    )


def test_needs_review_lists_what_is_not_accepted(filled: Engine) -> None:
    store_records(filled, [receipt("d", accepted=False)])
    assert run_query(filled, "select file, template, status from needs_review").rows == (
        ("d.jpg", "receipt", "complete"),
    )


numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(numbers, min_size=1, max_size=12, unique=True))
def test_numbers_compare_sort_and_sum_as_decimals(engine: Engine, values: list[Decimal]) -> None:
    register_template(engine, RECEIPT)
    tag = f"{hash(tuple(values))}"
    store_records(
        engine, [receipt(f"{tag}{place}", str(one), company=tag) for place, one in enumerate(values)]
    )
    of_these = f"from receipt where company = '{tag}'"
    rows = [row[0] for row in run_query(engine, f"select total {of_these} order by total").rows]
    assert [Decimal(str(row)) for row in rows] == sorted(values)
    [(total,)] = run_query(engine, f"select sum(total) {of_these}").rows
    assert Decimal(str(total)) == sum(values)
    middle = values[0]
    [(below,)] = run_query(engine, f"select count(*) {of_these} and total < {middle}").rows
    assert below == sum(one < middle for one in values)


days = st.lists(st.dates(min_value=date(1, 1, 1)), min_size=1, max_size=8, unique=True)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=days)
def test_dates_compare_and_sort_as_dates(engine: Engine, values: list[date]) -> None:
    register_template(engine, RECEIPT)
    tag = f"{hash(tuple(values))}"
    store_records(
        engine,
        [receipt(f"{tag}{place}", "1", one.isoformat(), company=tag) for place, one in enumerate(values)],
    )
    of_these = f"from receipt where company = '{tag}'"
    assert [row[0] for row in run_query(engine, f"select date {of_these} order by date").rows] == sorted(
        values
    )
    [(later,)] = run_query(engine, f"select count(*) {of_these} and date > '{values[0].isoformat()}'").rows
    assert later == sum(one > values[0] for one in values)


def test_asking_makes_no_database(tmp_path: Any) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'absent.db'}")
    with pytest.raises(DatabaseError) as caught:
        run_query(engine, "select 1")
    assert caught.value.code == "database-empty"
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_a_strangely_named_folder_can_be_asked(tmp_path: Any) -> None:
    folder = tmp_path / "a b#c?d%e ü"
    folder.mkdir()
    engine = open_database("sqlite:///x.db", folder=folder)
    prepare(engine)
    assert run_query(engine, "select 1").rows == ((1,),)
    assert (folder / "x.db").exists()
    engine.dispose()
