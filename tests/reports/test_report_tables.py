"""Rows, tables and explanations of records."""

from __future__ import annotations

import dataclasses
import io

from drawn_records import Drawn
from rich.console import Console

from segocr.records import Record
from segocr.reports.edits import pieces
from segocr.reports.rows import HEAD, columns_of, record_row
from segocr.reports.table import explanation, print_records


def printed(*records: Record, width: int) -> str:
    file = io.StringIO()
    print_records(records, Console(file=file, width=width, force_terminal=False))
    return file.getvalue()


def test_a_row_has_value_status_and_confidence_of_every_field(drawn: Drawn) -> None:
    row = record_row(drawn.record)
    assert tuple(row)[: len(HEAD)] == HEAD
    assert row["date"] == "2018-02-11"
    assert row["date_status"] == "corrected"
    assert row["date_confidence"] == "0.9100"
    assert row["cashier"] == ""
    assert row["cashier_status"] == "missing"
    assert row["problems"] == "rule-sum"
    assert row["accepted"] == "false"


def test_a_list_is_joined_and_an_empty_one_is_empty(drawn: Drawn) -> None:
    phone = drawn.record.fields["phones"][0]
    for values, expected in (
        ((), ""),
        ((phone, dataclasses.replace(phone, value="2")), "+49 (0) 30 / 1234; 2"),
    ):
        record = dataclasses.replace(drawn.record, fields={"phones": values})
        assert record_row(record)["phones"] == expected


def test_columns_are_those_of_all_templates(drawn: Drawn, failed_record: Record) -> None:
    other = dataclasses.replace(drawn.record, fields={"plate": drawn.record.fields["company"]})
    columns = columns_of([record_row(r) for r in (failed_record, drawn.record, other)])
    assert columns[: len(HEAD)] == list(HEAD)
    assert columns[len(HEAD)] == "company"
    assert columns[-3:] == ["plate", "plate_status", "plate_confidence"]
    assert len(columns) == len(set(columns))


def test_records_that_fit_are_one_table(drawn: Drawn, failed_record: Record) -> None:
    text = printed(drawn.record, failed_record, width=200)
    head = text.splitlines()[1] if not text.splitlines()[0].strip() else text.splitlines()[0]
    assert "company" in head
    assert "12.50 ?" in text
    assert "unreadable" in text
    assert max(map(len, text.splitlines())) <= 200


def test_what_an_entry_of_a_list_leaves_out_hides_no_doubt_about_another(drawn: Drawn) -> None:
    total, cashier = drawn.record.fields["total"][0], drawn.record.fields["cashier"][0]
    record = dataclasses.replace(drawn.record, fields={"total": (total, cashier)})
    rows = [line.rstrip() for line in printed(record, record, width=200).splitlines()]
    assert any(row.endswith("– ?") for row in rows)


def test_records_that_do_not_fit_are_blocks(drawn: Drawn, failed_record: Record) -> None:
    text = printed(drawn.record, failed_record, width=90)
    assert "read as 11/O2/18" in text
    assert "! unreadable: not a picture" in text
    assert "partial, needs review" in text


def test_terminals_get_no_escape_and_no_markup_from_documents(hostile: Drawn) -> None:
    for text in (printed(hostile.record, width=90), printed(hostile.record, hostile.record, width=300)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\e[31m" in text
    assert "\x1b" not in explanation(hostile.record)


def test_an_explanation_names_edits_cost_and_rivals(drawn: Drawn) -> None:
    text = explanation(drawn.record)
    assert "11/O2/18 → 11/02/18" in text
    assert "edits 11/[O→0]2/18, cost 1.70, margin 4.20" in text
    assert "rivals 11/08/18 (-6.10), 11/07/18 (-8.00)" in text
    assert "0.8B → nothing accepted" in text
    assert "cashier: –  [missing, confidence 0.00]" in text


def test_pieces_join_to_both_texts(drawn: Drawn) -> None:
    reading = drawn.record.fields["date"][0].readings[0]
    found = pieces(reading)
    assert [(p.raw, p.text) for p in found] == [("11/", "11/"), ("O", "0"), ("2/18", "2/18")]
    inserted = dataclasses.replace(reading, raw="ab", text="axb", edits=((1, "", "x"),))
    assert [(p.raw, p.text) for p in pieces(inserted)] == [("a", "a"), ("", "x"), ("b", "b")]


def test_edits_that_do_not_lead_to_the_text_are_shown_as_one_change(drawn: Drawn) -> None:
    reading = dataclasses.replace(drawn.record.fields["date"][0].readings[0], edits=((0, "X", "0"),))
    assert [(p.raw, p.text) for p in pieces(reading)] == [("11/O2/18", "11/02/18")]


def test_a_part_names_its_field_and_does_not_repeat_the_reading(drawn: Drawn) -> None:
    date = drawn.record.fields["date"][0]
    year = dataclasses.replace(date, name="year", value="2018")
    record = dataclasses.replace(drawn.record, fields={"date": (date,), "year": (year,)})
    assert printed(record, width=90).count("read as 11/O2/18") == 1
    assert "from date" in printed(record, width=90)
    assert explanation(record).count("11/O2/18 →") == 1
    assert "year: 2018  [corrected, confidence 0.91, from date]" in explanation(record)
    unread = [dataclasses.replace(value, value=None, text=None) for value in (date, year)]
    record = dataclasses.replace(drawn.record, fields={value.name: (value,) for value in unread})
    assert printed(record, width=90).count("(11/O2/18)") == 1
