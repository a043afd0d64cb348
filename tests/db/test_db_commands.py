"""The commands query, db and documents, as a person types them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import threading
from pathlib import Path

import pytest
from sample_records import digest, receipt, record, value
from sqlalchemy import Engine, text

from db.connect import writing
from db.store import store_records
from db.views import TemplateShape, ViewField, register_template
from segocr.cli import run

FIELDS = (ViewField("company", "text"), ViewField("date", "date"), ViewField("total", "money"))


@pytest.fixture
def stored(engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    register_template(engine, TemplateShape("receipt", 1, FIELDS))
    hostile = "=cmd|'/C calc'!A0\x1b[31m"
    store_records(engine, [receipt("a", "12.50"), receipt("b", "0.1", company=hostile), receipt("c", "0.2")])
    return engine


def test_json_is_the_same_on_both_databases(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    columns = "company, date, total, accepted, total_confidence as c"
    query = f"select {columns} from receipt order by total desc limit 1"
    assert run(["query", query, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"company": "Acme", "date": "2018-02-11", "total": 12.5, "accepted": True, "c": 0.98}
    ]
    sums = "select sum(total) as s, sum(total) * 10 as t, count(*) as n from receipt"
    assert run(["query", sums, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert repr(answer) == "[{'s': 12.8, 't': 128, 'n': 3}]"


LONG = (2**53 - 1, 2**53, 2**53 + 1, 9999999999999998, 12345678901234567, 123456789012345680, 2**63 - 1)


@pytest.mark.parametrize("output", ["--json", "--jsonl", "--csv", "--table"])
def test_whole_numbers_are_printed_digit_by_digit(
    engine: Engine, url: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    register_template(engine, TemplateShape("slip", 1, (ViewField("card", "integer"),)))
    for one in LONG:
        store_records(engine, [record(str(one), value("card", "integer", str(one)), template="slip")])
    assert run(["query", "select card from slip order by card", output]) == 0
    printed = capsys.readouterr().out
    assert [int(word) for word in re.findall(r"\d+", printed)] == list(LONG)
    assert '"' not in printed.replace('"card"', "")


def test_fractions_are_numbers_in_json_and_exact_elsewhere(
    stored: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["query", "select total / 3 as third from receipt order by total", "--json"]) == 0
    thirds = [row["third"] for row in json.loads(capsys.readouterr().out)]
    assert thirds == [pytest.approx(total / 3) for total in (0.1, 0.2, 12.5)]
    if stored.dialect.name == "postgresql":
        for output in ("--csv", "--table"):
            assert run(["query", "select 12345678901234.5678 as exact", output]) == 0
            assert "12345678901234.5678" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("output", ["--json", "--csv", "--table"])
def test_numbers_that_no_double_holds_are_printed(
    stored: Engine, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "'Infinity'::numeric as a, 'NaN'::numeric as b, array['NaN'::float, 1.5::numeric] as c"
    long = "repeat('9', 5000)::numeric as d, (repeat('7', 400) || '.5')::numeric as e"
    assert run(["query", f"select {odd}, {long}", output]) == 0
    printed = capsys.readouterr().out
    assert [word for word in ("inf", "nan", "9" * 5000, "7" * 400 + ".5") if word not in printed] == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_union_of_a_typed_column_and_text_shows_both(
    stored: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    for column in ("date", "extracted_at", "accepted", "total"):
        union = f"select {column} as x from receipt union all select 'all'"
        assert run(["query", union, "--json"]) == 0
        rows = [row["x"] for row in json.loads(capsys.readouterr().out)]
        assert (len(rows), rows[-1]) == (4, "all")


def test_csv_and_tables_are_harmless(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    query = "select company, total from receipt where total < 0.15"
    assert run(["query", query, "--csv"]) == 0
    header, row = csv.reader(capsys.readouterr().out.splitlines())
    assert header == ["company", "total"]
    assert not row[0].startswith("=")
    assert run(["query", query]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_columns_of_one_name_are_all_printed(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "select 1 as a, 2 as a, 3 as b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "a_2": 2, "b": 3}]
    joined = "select * from documents d join extractions e on e.document_id = d.id limit 1"
    printed = []
    for output in ("--jsonl", "--csv"):
        assert run(["query", joined, output]) == 0
        printed.append(capsys.readouterr().out)
    assert list(json.loads(printed[0])) == next(csv.reader(printed[1].splitlines()))
    assert "id_2" in json.loads(printed[0])


def test_a_row_of_many_columns_is_a_block(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    wide = ", ".join(f"company as company_{place}" for place in range(40))
    assert run(["query", f"select {wide} from receipt where total > 0.15 order by total desc"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == ["company_0   Acme", "company_0   Acme"]


def test_an_answer_that_is_too_large_is_refused(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    zeros = (
        "replace('0', '0', repeat('0', 30000000))"
        if stored.dialect.name == "postgresql"
        else "hex(zeroblob(15000000))"
    )
    rows = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 20)"
    assert run(["query", f"{rows} select {zeros} from c", "--csv"]) == 6
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "256 MB" in captured.err
    assert "--limit" in captured.err


def test_a_sum_of_text_is_no_zero(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    number = "cast(value as numeric)" if stored.dialect.name == "postgresql" else "value"
    query = f"select sum({number}) as s, avg({number}) as a from field_values where name = 'total'"
    assert run(["query", query, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["s"], float(row["a"])) == (12.8, pytest.approx(12.8 / 3))


@pytest.mark.parametrize("comment", ["-- how many\n", "--\n", "--json\n", "--:\n-- b\n"])
def test_a_query_may_begin_with_a_comment(
    stored: Engine, comment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["query", "--json", f"{comment}select 1 as x"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"x": 1}]


def test_a_cut_result_says_so(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "select company from receipt", "--limit", "2"]) == 0
    assert "only the first 2 rows" in capsys.readouterr().err


def test_every_value_can_be_printed(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    query = "select lattice, extracted_at, 1e300 * 1e300 as much from readings, extractions limit 1"
    if stored.dialect.name == "postgresql":
        query = query.replace("1e300 * 1e300", "cast('Infinity' as float)")
    for output in ("--json", "--csv", "--table", "--jsonl"):
        assert run(["query", query, output]) == 0
        assert b"lattice".hex() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["query", "drop table documents"], 2, "`segocr query` takes one SELECT"),
        (["query", "select x from nowhere"], 2, "segocr db views"),
        (["documents", "show", "00000000"], 2, "segocr documents list"),
        (["documents", "forget", "nonsense"], 2, "at least 6"),
        (["documents", "forget", "./nonsense.jpg"], 2, "could not be read"),
    ],
)
def test_mistakes_are_answered(
    stored: Engine, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(arguments) == code
    assert words in capsys.readouterr().err


def test_outside_a_workspace_the_next_step_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    assert run(["query", "select 1"]) == 4
    assert "segocr init" in capsys.readouterr().err


def test_a_database_is_made_and_upgraded(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    assert run(["query", "select 1"]) == 6
    assert "segocr db upgrade" in capsys.readouterr().err
    assert run(["db", "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "empty"
    assert run(["db", "upgrade"]) == 0
    assert run(["db", "upgrade"]) == 0
    assert "already" in capsys.readouterr().err
    assert run(["db", "status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["state"], status["documents"]) == ("current", 0)


def test_a_newer_database_is_refused(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with writing(stored) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert run(["query", "select 1"]) == 6
    assert "newer segocr" in capsys.readouterr().err


def test_views_are_listed(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "views", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"view": "receipt", "column": "total", "type": "money"} in listed


def test_documents_are_listed_shown_and_forgotten(
    stored: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["documents", "list", "--json"]) == 0
    assert {one["sha256"] for one in json.loads(capsys.readouterr().out)} == {digest(name) for name in "abc"}
    assert run(["documents", "show", digest("a")[:10], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == digest("a")
    assert run(["documents", "show", digest("b")[:10]]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert run(["documents", "forget", digest("a"), "--dry-run"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to say yes
    assert run(["documents", "forget", digest("a")]) == 130
    assert run(["documents", "show", digest("a")]) == 0
    assert run(["documents", "forget", digest("a"), "--yes"]) == 0
    assert run(["documents", "show", digest("a")]) == 2


_ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c)"


@pytest.mark.parametrize("of", ["max(x)", "sum(x)"])
def test_ctrl_c_ends_a_query_as_interrupted(stored: Engine, of: str) -> None:
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    assert run(["query", f"{_ENDLESS} select {of} from c"]) == 130
    timer.join()
    assert run(["query", "select 1"]) == 0
