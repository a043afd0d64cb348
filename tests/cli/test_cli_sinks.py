"""Where extracted records go, and what an interruption leaves."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest
from drawn_records import Drawn

from segocr.cli.interrupts import undisturbed
from segocr.cli.output import Format
from segocr.cli.sinks import Csv, JsonArray, JsonLines, Pictures, Sink, Store, Tables, printing
from segocr.errors import ConfigurationError
from segocr.records import FieldStatus, FieldValue, Record, record_as_json
from segocr.reports.album import Album
from segocr.settings import Settings, parse_settings
from segocr.templates import Template, load_template


def test_the_json_array_is_the_contract(
    drawn: Drawn, failed_record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    with JsonArray() as sink:
        sink.add([drawn.record])
        sink.add([failed_record])
    assert json.loads(capsys.readouterr().out) == [
        record_as_json(drawn.record),
        record_as_json(failed_record),
    ]


def test_no_record_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonArray():
        pass
    assert json.loads(capsys.readouterr().out) == []


def test_an_error_before_the_first_record_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError), JsonArray():
        raise ConfigurationError("x")
    assert capsys.readouterr().out == ""


def test_an_interrupted_array_is_closed(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), JsonArray() as sink:
        sink.add([drawn.record])
        raise KeyboardInterrupt
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_json_lines_are_harmless_on_a_terminal(hostile: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as sink:
        sink.add([hostile.record, hostile.record])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "\x1b" not in lines[0]
    assert "\u202e" not in lines[0]
    assert json.loads(lines[0]) == record_as_json(hostile.record)


def test_csv_has_one_row_a_record(
    hostile: Drawn, failed_record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    with Csv() as sink:
        sink.add([failed_record])
        sink.add([hostile.record, hostile.record])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert len(rows) == 3
    assert rows[0]["problems"] == "unreadable"
    assert rows[1]["total"] == "12.50"
    assert rows[1]["phones"] == "'+49 (0) 30 / 1234"
    assert "\x1b" not in rows[1]["company"]


@pytest.mark.parametrize("output", list(Format))
def test_an_explanation_never_mixes_with_data(
    output: Format, drawn: Drawn, capsys: pytest.CaptureFixture[str]
) -> None:
    sinks = printing(output, explain=True)
    for sink in sinks:
        with sink:
            sink.add([drawn.record])
    out, error = capsys.readouterr()
    assert "edits 11/[O→0]2/18" in (out if output is Format.TABLE else error)
    assert ("edits 11/" in out) == (output is Format.TABLE)


def test_pictures_take_pages_and_leave_none_behind(drawn: Drawn, tmp_path: Path) -> None:
    album = Album()
    folder, report = tmp_path / "deep" / "overlays", tmp_path / "r.html"
    with Pictures(album, folder=folder, report=report, title="t") as sink:
        album.keep(drawn.document, drawn.page)
        sink.add([drawn.record])
    assert len(album) == 0
    assert [path.suffix for path in folder.iterdir()] == [".jpg"]
    assert report.read_text().count("data:image/jpeg") == 6


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    return parse_settings("", tmp_path)


def receipt(name: str) -> Template:
    return load_template(name)


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    from db.queries import run_query
    from segocr.cli.database import workspace_database

    engine = workspace_database(settings)
    try:
        return [tuple(row) for row in run_query(engine, sql).rows]
    finally:
        engine.dispose()


def fields_of_a_receipt(drawn: Drawn) -> dict[str, tuple[FieldValue, ...]]:
    """Return those of the shipped template, as the pipeline would: each of them."""
    fields = {name: drawn.record.fields[name] for name in ("company", "date", "total")}
    missing = dataclasses.replace(
        fields["company"][0], name="address", value=None, text=None, raw=None, status=FieldStatus.MISSING
    )
    return {**fields, "address": (missing,)}


def test_stored_records_answer_sql_and_again_adds_nothing(
    drawn: Drawn, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = fields_of_a_receipt(drawn)
    record = dataclasses.replace(drawn.record, fields=fields, lists=frozenset())
    for expected in ("stored 1 record\n", "stored 0 records, 1 were there already\n"):
        with Store(settings, receipt) as sink:
            sink.add([record])
        assert capsys.readouterr().err == expected
    wanted = [(date(2018, 2, 11), "Müller & Söhne 日本 Ω")]
    assert rows(settings, "select date, company from receipt") == wanted


def test_records_that_a_new_type_leaves_without_a_value_are_told(
    drawn: Drawn, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    def stored_as(kind: str, *records: Record) -> str:
        receipt = load_template("receipt")
        total = dataclasses.replace(receipt.fields["total"], type=kind)
        with Store(settings, load_template) as sink:
            sink.register(dataclasses.replace(receipt, fields={**receipt.fields, "total": total}))
            sink.add(records)
        return capsys.readouterr().err

    fields = fields_of_a_receipt(drawn)
    fields["total"] = (dataclasses.replace(fields["total"][0], type="text"),)
    assert stored_as("text", dataclasses.replace(drawn.record, fields=fields)) == "stored 1 record\n"
    told = stored_as("money")
    assert "\n1 record of receipt from when" in told
    assert "run: segocr replay receipt" in told
    assert stored_as("money") == "stored 0 records\n"


def test_outside_a_workspace_storing_is_refused_with_the_command_to_try() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Store(Settings(), receipt)
    assert "segocr init" in (caught.value.hint or "")


def test_an_interruption_waits_for_the_record_in_hand() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")
        done.append("not reached")
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_leaves_whole_json(tmp_path: Path) -> None:
    """A real process is interrupted again and again while it prints; its output stays JSON."""
    program = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        from drawn_records import draw_document
        from segocr.cli.interrupts import undisturbed
        from segocr.cli.sinks import JsonArray
        record = draw_document().record
        with JsonArray() as sink:
            print("ready", file=sys.stderr, flush=True)
            while True:
                with undisturbed():
                    sink.add([record])
        """
    )
    out = tmp_path / "out.json"
    for _ in range(3):
        with out.open("w") as file:
            command = [sys.executable, "-c", program, str(Path(__file__).parents[1])]
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True)
            assert process.stderr is not None
            assert process.stderr.readline() == "ready\n"
            while out.stat().st_size < 10_000 and process.poll() is None:
                os.sched_yield()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert len(json.loads(out.read_text())) > 1


def test_every_sink_survives_an_end_without_records(tmp_path: Path, settings: Settings) -> None:
    sinks: list[Sink] = [JsonArray(), JsonLines(), Csv(), Tables(), Store(settings, receipt)]
    sinks.append(Pictures(Album(), folder=tmp_path / "o", report=tmp_path / "r.html", title="t"))
    for sink in sinks:
        with sink:
            pass
    assert (tmp_path / "r.html").read_text().endswith("</html>\n")


def test_the_documented_json_has_the_keys_of_a_record(drawn: Drawn) -> None:
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    documented = json.loads(text.split("```json")[1].split("```")[0])
    real = record_as_json(drawn.record)
    assert list(documented) == list(real)
    assert list(documented["fields"]["date"]) == list(real["fields"]["date"])
    assert list(documented["fields"]["date"]["regions"][0]) == list(real["fields"]["date"]["regions"][0])
    assert list(documented["pages"][0]) == list(real["pages"][0])
    for key in (*real, *real["fields"]["date"]):
        assert f"`{key}`" in text
