"""The parts of a list's entries stand where their entries stand, whatever an entry leaves out."""

from __future__ import annotations

from pathlib import Path

from made_fields import INVALID, line, result, template

from segocr.fields import PartResult
from segocr.readings import Reading
from segocr.records import FieldStatus, Severity

ITEMS = r"""
  items: {pattern: '((?P<qty>[0-9]+) x )?(?P<name>[A-Z]+) (?P<amount>[0-9]+\.[0-9]{2})', instances: all}
  qty: {from: items, part: qty, type: integer%s}
  name: {from: items, part: name}
  amount: {from: items, part: amount, type: decimal%s}
  total: {type: decimal}
"""
RULE = "rules:\n  - {name: sum, expression: '%s'}\n"


def slip(
    folder: Path, *texts: str | None, required: tuple[str, ...] = (), rule: str = "sum(amount) > 0"
) -> PartResult:
    asked = (", required: true" if name in required else "" for name in ("qty", "amount"))
    made = template(folder, ITEMS % tuple(asked), RULE % rule)
    return result(made, {"items": [(_line(text, place),) for place, text in enumerate(texts)]})


def _line(text: str | None, place: int) -> Reading:
    status = {"status": INVALID, "raw": "smudge"} if text is None else {}
    return line(text, y=30 * place, **status)


def values(found: PartResult, name: str) -> list[tuple[int, str | None, str]]:
    return [(value.ordinal, value.value, value.status.value) for value in found.fields[name]]


def test_a_part_that_one_entry_leaves_out_is_missing_in_its_place(tmp_path: Path) -> None:
    found = slip(tmp_path, "2 x CHEESE 9.50", "SUGAR 13.08", "7 x MILK 1.01")
    assert values(found, "qty") == [(0, "2", "ok"), (1, None, "missing"), (2, "7", "ok")]
    assert [value for _, value, _ in values(found, "name")] == ["CHEESE", "SUGAR", "MILK"]
    gap = found.fields["qty"][1]
    assert (gap.text, gap.raw, gap.accepted, gap.confidence, gap.readings) == (None, None, False, 0.0, ())
    assert found.accepted


def test_a_part_of_what_could_not_be_read_is_invalid_in_its_place(tmp_path: Path) -> None:
    found = slip(tmp_path, "TEA 10.00", None, "MILK 20.00")
    assert values(found, "amount") == [(0, "10.00", "ok"), (1, None, "invalid"), (2, "20.00", "ok")]
    unread = found.fields["amount"][1]
    assert unread.readings == found.fields["items"][1].readings
    assert [problem.code for problem in unread.problems] == ["unreadable-text"]


def test_a_required_part_may_be_left_out_by_some_entries_but_not_by_all(tmp_path: Path) -> None:
    assert slip(tmp_path, "2 x CHEESE 9.50", "SUGAR 13.08", required=("qty",)).accepted
    found = slip(tmp_path, "SUGAR 13.08", required=("qty",))
    assert [problem.code for problem in found.problems] == ["required-missing"]
    assert not found.accepted


def test_a_required_part_of_what_could_not_be_read_needs_review(tmp_path: Path) -> None:
    assert not slip(tmp_path, "TEA 10.00", None, required=("amount",)).accepted
    assert slip(tmp_path, "TEA 10.00", None, rule="count(name) > 0").fields["amount"][0].accepted


def test_a_rule_takes_the_values_that_there_are_unless_one_could_not_be_read(tmp_path: Path) -> None:
    assert slip(tmp_path, "2 x CHEESE 9.50", "SUGAR 13.08", rule="sum(qty) == 2").problems == ()
    found = slip(tmp_path, "TEA 10.00", None)
    [problem] = found.problems
    assert (problem.code, problem.severity) == ("rule-not-evaluated", Severity.WARNING)


def test_a_single_part_of_what_could_not_be_read_is_invalid(tmp_path: Path) -> None:
    fields = "  a: {pattern: 'A(?P<serial>[0-9]*)'}\n  serial: {from: a, part: serial, required: true}\n"
    found = result(template(tmp_path, fields), {"a": [(_line(None, 0),)]})
    [value] = found.fields["serial"]
    assert (value.value, value.raw, value.status) == (None, "smudge", FieldStatus.INVALID)
    assert [problem.code for problem in found.problems] == ["required-invalid"]
