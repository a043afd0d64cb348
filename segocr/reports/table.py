"""Records for people at a terminal: a row a record where it fits, else a block; and explanations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from segocr.readings import Reading
from segocr.records import FieldValue, Problem, Record
from segocr.reports.edits import pieces
from segocr.reports.printable import one_line, printable
from segocr.reports.rows import shown_value, values_with_source, worst

_STYLES = {
    "ok": "green",
    "corrected": "blue",
    "doubtful": "yellow",
    "invalid": "red",
    "missing": "dim",
    "complete": "green",
    "partial": "yellow",
    "failed": "red",
    "accepted": "green",
}
_MARKS = {"ok": "", "corrected": "", "doubtful": " ?", "invalid": " ✗", "missing": "", "": ""}
_RIVALS = 3
_ANY_WIDTH = 10_000


def print_records(records: Sequence[Record], console: Console) -> None:
    """Print records as one table, or as blocks where the table would be wider than the console."""
    if not records:
        return
    table = records_table(records)
    natural = console.measure(table, options=console.options.update(max_width=_ANY_WIDTH)).maximum
    if len(records) > 1 and natural <= console.width:
        console.print(table)
        console.print(Text("? doubtful   ✗ invalid   – missing", style="dim"))
        return
    for record in records:
        console.print(record_block(record))


def records_table(records: Sequence[Record]) -> Table:
    """Return a table with one row a record and one column a field."""
    names = list(dict.fromkeys(name for record in records for name in record.fields))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("file", "record", *names):
        table.add_column(Text(one_line(column)), overflow="fold")
    for record in records:
        file = one_line(record.file.name) + (f" [{record.part}]" if record.part else "")
        cells = [_cell(record.fields.get(name, ())) for name in names]
        if not record.fields and record.problems and cells:
            cells[0] = Text(one_line(record.problems[0].code), style="red")
        table.add_row(Text(file), _verdict(record), *cells)
    return table


def _cell(values: Sequence[FieldValue]) -> Text:
    status = worst(values)
    return Text(
        printable("\n".join(map(shown_value, values))) + _MARKS[status], style=_STYLES.get(status, "")
    )


def _verdict(record: Record) -> Text:
    word = "accepted" if record.accepted else record.status.value
    return Text(word, style=_STYLES[word])


def record_block(record: Record) -> Group:
    """Return a record as its file's line, a table of its fields, and its problems."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, value, source in values_with_source(record):
        table.add_row(
            Text("  " + one_line(name), style="bold"),
            Text("–" if source and value.text is None else printable(shown_value(value))),
            Text(value.status.value, style=_STYLES[value.status.value]),
            Text(f"{value.confidence:.2f}" if value.raw is not None else ""),
            Text(f"from {one_line(source)}" if source else _raw_note(value), style="dim"),
        )
    return Group(
        _heading(record), *([table] if table.row_count else []), *_problem_lines(record.problems), Text("")
    )


def _raw_note(value: FieldValue) -> str:
    if value.raw is None or value.raw == value.text or value.text is None:
        return ""
    return "read as " + one_line(value.raw)


def _heading(record: Record) -> Text:
    part = f" page {record.part}" if record.part else ""
    review = "" if record.accepted or record.status.value == "failed" else ", needs review"
    return Text.assemble(
        (one_line(str(record.file)) + part, "bold"),
        f"  {one_line(record.recipe.template)}  ",
        _verdict(record),
        (review, _STYLES["partial"]),
    )


def _problem_lines(problems: Iterable[Problem]) -> list[Text]:
    return [Text(f"  ! {one_line(p.code)}: {one_line(p.message)}", style="red") for p in problems]


def explanation(record: Record) -> str:
    """Return, for each field of a record, what was read, what was accepted, and at which cost.

    Changed characters stand in brackets: ``11/[O→0]2/18``.
    """
    lines = [_heading(record).plain]
    for name, value, source in values_with_source(record):
        shown = "–" if value.value is None else printable(value.value).replace("\n", " / ")
        origin = f", from {one_line(source)}" if source else ""
        verdict = f"{value.status.value}, confidence {value.confidence:.2f}{origin}"
        lines.append(f"  {one_line(name)}: {shown}  [{verdict}]")
        for reading in () if source else value.readings:
            lines += [f"      {line}" for line in _reading_lines(reading)]
        lines += [f"      ! {one_line(p.code)}: {one_line(p.message)}" for p in value.problems]
    lines += [text.plain for text in _problem_lines(record.problems)]
    return "\n".join(lines)


def _reading_lines(reading: Reading) -> list[str]:
    changed = "".join(f"[{p.raw or '∅'}→{p.text or '∅'}]" if p.changed else p.raw for p in pieces(reading))
    margin = "" if reading.margin is None else f", margin {reading.margin:.2f}"
    turned = f", turned {reading.direction}°" if reading.direction else ""
    tries = f", {len(reading.tries)} tries: {', '.join(reading.tries)}" if len(reading.tries) > 1 else ""
    edits = "unchanged" if reading.text == reading.raw else f"edits {one_line(changed)}"
    if reading.text is None:
        return [f"{one_line(reading.raw)} → nothing accepted{turned}{tries}"]
    lines = [
        f"{one_line(reading.raw)} → {one_line(reading.text)}",
        f"{edits}, cost {reading.cost:.2f}{margin}{turned}{tries}",
    ]
    if reading.rivals:
        shown = ", ".join(f"{one_line(text)} ({score:.2f})" for text, score in reading.rivals[:_RIVALS])
        more = f" and {len(reading.rivals) - _RIVALS} more" if len(reading.rivals) > _RIVALS else ""
        lines.append(f"rivals {shown}{more}")
    return lines
