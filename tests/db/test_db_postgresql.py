"""What is PostgreSQL's own: options in the URL, settings of the server, encodings."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator

import pytest
from postgresql_server import ask, url_of
from sample_records import receipt
from sqlalchemy import Engine, make_url, text

import db.queries
from db.connect import open_database, reading
from db.queries import run_query
from db.schema import check_schema
from db.store import store_records
from segocr.cli import run
from segocr.errors import DatabaseError, SegocrError

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def shown(url: str, setting: str, **options: str) -> str:
    """Return a setting of a connection by this URL with these options."""
    plain = make_url(url).update_query_dict(options).render_as_string(hide_password=False)
    engine = open_database(plain, busy_seconds=7)
    with reading(engine) as connection:
        found = connection.scalar(text(f"SHOW {setting}"))
    engine.dispose()
    return str(found)


def test_options_of_the_url_are_kept_beside_our_own(url: str) -> None:
    assert shown(url, "search_path", options="-csearch_path=mine") == "mine"
    assert shown(url, "lock_timeout", options="-csearch_path=mine") == "7s"
    assert shown(url, "lock_timeout", options="-c lock_timeout=3s") == "3s"
    assert shown(url, "application_name", application_name="mine") == "mine"
    assert shown(url, "application_name") == "segocr"


def test_a_server_of_another_date_style_is_understood(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = make_url(url).database
    for setting in ("datestyle = 'German, DMY'", "intervalstyle = 'iso_8601'", "client_encoding = 'LATIN1'"):
        ask(url, f"ALTER DATABASE {name} SET {setting}")
    store_records(engine, [receipt("a", company="日本")])
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    columns = "date '2026-03-01' as d, interval '1 day' as i, (select value from field_values limit 1) as c"
    assert run(["query", f"select {columns}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"d": "2026-03-01", "i": "1 day, 0:00:00", "c": "日本"}]
    assert run_query(engine, "select extracted_at from extractions").rows[0][0].tzinfo is not None


@pytest.fixture
def latin(url: str) -> Iterator[str]:
    """URL of a database of another encoding."""
    name = f"segocr_{uuid.uuid4().hex}"
    ask(url, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    yield url_of(url, name)
    ask(url, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_of_another_encoding_is_refused_at_once(latin: str) -> None:
    engine = open_database(latin)
    with pytest.raises(DatabaseError, match="LATIN1") as caught:
        check_schema(engine)
    assert caught.value.code == "database-encoding"
    assert not caught.value.transient
    engine.dispose()


WRONG = {
    "select repeat('x', 1073741824)": "query-too-large",
    "select $1": "query",
    "select pg_sleep(0) from nowhere": "query",
    "select 1 / 0": "query",
    "select date '10000-01-01'": "query",
    "select date 'infinity'": "query",
    "select nextval('documents_id_seq')": "query-forbidden",
    "select pg_terminate_backend(pg_backend_pid())": "database-unreachable",
    "select pg_cancel_backend(pg_backend_pid()), pg_sleep(1)": "query-timeout",
}


@pytest.mark.parametrize("sql", WRONG)
def test_whatever_the_server_says_is_one_clear_error(engine: Engine, sql: str) -> None:
    with pytest.raises(SegocrError) as caught:
        run_query(engine, sql)
    assert caught.value.code == WRONG[sql]
    assert run_query(engine, "select 1").rows == ((1,),)


def test_a_server_lost_in_the_middle_of_a_query_is_named(engine: Engine, url: str) -> None:
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    timer = threading.Timer(0.7, ask, (url, f"{end} and wait_event = 'PgSleep'"))
    timer.start()
    with pytest.raises(DatabaseError) as caught:
        run_query(engine, "select pg_sleep(20)")
    timer.join()
    assert (caught.value.code, caught.value.transient) == ("database-unreachable", True)
    assert run_query(engine, "select 1").rows == ((1,),)


def test_a_server_that_never_answers_is_given_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db.queries, "_PATIENCE", -39.7)
    with pytest.raises(DatabaseError) as caught:
        run_query(engine, "select pg_sleep(20)", time_limit=20)
    assert caught.value.code == "database-unreachable"


def test_a_lock_is_waited_for_and_then_named(engine: Engine, url: str) -> None:
    impatient = open_database(url, busy_seconds=0.2)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE documents"))
        with pytest.raises(DatabaseError) as caught:
            run_query(impatient, "select * from documents")
    assert (caught.value.code, caught.value.transient) == ("database-locked", True)
    impatient.dispose()


@pytest.fixture
def reader(url: str) -> Iterator[str]:
    """URL of a user who may look at the schema's revision and at nothing else."""
    role = f"reader_{uuid.uuid4().hex}"
    ask(url, f"CREATE ROLE {role} LOGIN")
    ask(url, f"GRANT SELECT ON alembic_version TO {role}")
    yield make_url(url).set(username=role).render_as_string(hide_password=False)
    ask(url, f"DROP OWNED BY {role}")
    ask(url, f"DROP ROLE {role}")


def test_a_right_that_is_lacking_is_told_as_such(engine: Engine, reader: str) -> None:
    theirs = open_database(reader)
    with pytest.raises(DatabaseError, match="permission denied for table documents") as caught:
        run_query(theirs, "select * from documents")
    assert caught.value.code == "database-no-access"
    theirs.dispose()


def test_a_query_that_needs_more_room_than_the_server_gives_is_too_large(engine: Engine, url: str) -> None:
    ask(url, f"ALTER DATABASE {make_url(url).database} SET temp_file_limit = '1MB'")
    with pytest.raises(DatabaseError, match="temp_file_limit") as caught:
        run_query(engine, "select i from generate_series(1, 300000) i order by md5(i::text)")
    assert caught.value.code == "query-too-large"


ODD = [
    "interval '1000000000 days'",
    "time '24:00'",
    "'4713-01-01 BC'::timestamptz",
    "'0001-01-01 00:00+14'::timestamptz",
    "'[1,5)'::int4range",
    "'1.2.3.0/24'::cidr",
    """json '{"a": [1e400]}'""",
    "row(1, 'a')",
]


@pytest.mark.parametrize("expression", ODD)
def test_a_value_is_printed_or_refused(
    engine: Engine, url: str, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    for output in ("--json", "--csv", "--table"):
        assert run(["query", f"select {expression} as x", output]) in (0, 2)
