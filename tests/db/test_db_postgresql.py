"""What is PostgreSQL's own: options in the URL, settings of the server, encodings."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from postgresql_server import ask, url_of
from sample_records import receipt
from sqlalchemy import Engine, make_url, text

from db.connect import open_database, reading
from db.queries import run_query
from db.schema import check_schema
from db.store import store_records
from segocr.cli import run
from segocr.errors import DatabaseError

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
