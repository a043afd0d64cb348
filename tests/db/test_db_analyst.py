"""The queries of docs/sql.md run as they stand there, on both databases, and answer their questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_records import failed, receipt, record, value
from sqlalchemy import Engine

from db.queries import Answer, run_query
from db.store import store_records
from db.views import TemplateShape, ViewField, register_template, shape_of
from segocr.records import FieldStatus, Problem
from segocr.templates import load_template

DOCUMENT = Path(__file__).parents[2] / "docs" / "sql.md"
_QUERY = re.compile(r"^## ([^\n]+\?)\n.*?```sql\n(.*?)```", re.MULTILINE | re.DOTALL)
QUERIES = dict(_QUERY.findall(DOCUMENT.read_text()))


def shape(name: str) -> TemplateShape:
    return shape_of(load_template(name))


def passport(content: str, number: str, expiry: str, **changes: Any) -> Any:
    values = [
        value("document_number", "text", number),
        value("surname", "text", "ERIKSSON"),
        value("given_names", "text", "ANNA MARIA"),
        value("nationality", "text", "UTO"),
        value("expiry_date", "date", expiry, **changes),
    ]
    return record(content, *values, template="passport")


def plates(content: str, *texts: str) -> Any:
    values = [value("plate", "text", text, ordinal=place) for place, text in enumerate(texts)]
    return record(content, *values, template="license_plate")


SLIP = TemplateShape(
    "slip", 1, tuple(ViewField(name, "text", many=True, part=True) for name in ("item", "qty", "amount"))
)
ROWS = (("CHEESE", "2", "9.50"), ("SUGAR", None, "13.08"), ("MILK", "7", "1.01"))


def slip(content: str) -> Any:
    values = [
        value(name, "text", cell, ordinal=place)
        for place, row in enumerate(ROWS)
        for name, cell in zip(("item", "qty", "amount"), row, strict=True)
    ]
    return record(content, *values, template="slip")


@pytest.fixture
def ask(engine: Engine) -> Callable[[str], Answer]:
    """Give a function that runs the document's query under a heading with these words."""
    for name in ("passport", "license_plate", "receipt"):
        register_template(engine, shape(name))
    register_template(engine, SLIP)
    corrected = {"status": FieldStatus.CORRECTED, "raw": "2O26-05-01", "cost": 4.25}
    dubious = {"status": FieldStatus.DOUBTFUL, "accepted": False}
    store_records(
        engine,
        [
            passport("p1", "L898902C3", "2026-05-01", **corrected),
            passport("p2", "X1", "2031-01-01"),
            passport("p3", "X2", "2026-02-01", **dubious),
            plates("l1", "ABC1234", "XYZ9876"),
            plates("l2", "ABC1234"),
            slip("s1"),
            receipt("r1", "0.10", "2018-02-11"),
            receipt("r2", "0.20", "2018-02-28"),
            receipt("r3", "5.00", "2018-03-01"),
            receipt("r4", "99.00", "2018-03-01", accepted=False, problems=(Problem("sum", "wrong"),)),
            failed("r5", code="encrypted"),
        ],
    )

    def run(words: str) -> Answer:
        [sql] = [sql for heading, sql in QUERIES.items() if words in heading]
        return run_query(engine, sql)

    return run


Ask = Callable[[str], Answer]


def test_the_document_asks_seven_questions() -> None:
    assert len(QUERIES) == 7


def test_passports_that_expire_soon(ask: Ask) -> None:
    assert [(row[0], str(row[4])) for row in ask("expire soon").rows] == [("L898902C3", "2026-05-01")]


def test_plates_seen_each_day(ask: Ask) -> None:
    [(day, seen, different)] = ask("each day").rows
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    assert (seen, different) == (3, 2)


def test_parts_of_an_entry_are_joined_by_its_place(ask: Ask) -> None:
    assert tuple(row[2:] for row in ask("Which quantity").rows) == ROWS


def test_receipts_by_company_and_month(ask: Ask) -> None:
    answer = ask("each month")
    assert answer.columns == ("company", "month", "receipts", "spent")
    assert [(row[0], row[1], row[2], float(row[3])) for row in answer.rows] == [
        ("Acme", "2018-02", 2, 0.3),
        ("Acme", "2018-03", 1, 5.0),
    ]


def test_what_to_look_at_first(ask: Ask) -> None:
    rows = ask("look at first").rows
    assert [(row[1], row[3], row[4]) for row in rows] == [("r4.jpg", "complete", 1), ("r5.jpg", "failed", 1)]


def test_the_most_daring_corrections(ask: Ask) -> None:
    expected = ("passport", "expiry_date", "2O26-05-01", "2026-05-01", 4.25, "p1.jpg")
    assert ask("most daring").rows == (expected,)


def test_documents_by_problem(ask: Ask) -> None:
    assert ask("Which problems").rows == (("encrypted", "error", 1, "r5.jpg"), ("sum", "error", 1, "r4.jpg"))
