"""Every mistake of a template's author is found when it is loaded, and told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from segocr.errors import TemplateError
from segocr.templates import load_template

HEAD = "template: thing\nversion: 1\nfields:\n"


def mistake(folder: Path, text: str) -> TemplateError:
    """Load a text as a template and return the error."""
    file = folder / "template.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        load_template(folder)
    assert caught.value.mark is not None, caught.value
    assert caught.value.mark.file == file
    return caught.value


# (body below HEAD, line, column, in the message, in the hint)
FIELDS = [
    ("  a: {typ: date}\n", 4, 7, "unknown key 'fields.a.typ'", "did you mean 'type'"),
    ("  a: {type: dat}\n", 4, 13, "unknown value 'dat'", "did you mean 'date'"),
    ("  a: {type: dat}\n", 4, 13, "unknown value 'dat'", "boolean"),
    ("  a: {required: maybe}\n", 4, 17, "fields.a.required", ""),
    ("  a: {normalise: [uper]}\n", 4, 19, "unknown value 'uper'", "did you mean 'upper'"),
    ("  a: {normalise: [{replace: {}}]}\n", 4, 29, "fields.a.normalise[0].replace", ""),
    ("  a: {instances: every}\n", 4, 18, "unknown value 'every'", "best, first, all, join"),
    ("  a: {type: date}\n", 4, 3, "needs 'formats'", ""),
    ("  a: {type: enum}\n", 4, 3, "needs 'enum'", ""),
    (
        "  a: {type: enum, ignore_case: true, enum: {offen: closed, OFFEN: open}}\n",
        4, 60, "'OFFEN' is the same text as 'offen', but the values are two", "`ignore_case`",
    ),
    ("  a: {type: enum, ignore_spaces: true, enum: {AB: x, 'A B': y}}\n", 4, 54, "'A B' is the same", ""),
    ("  a: {type: enum, normalise: [upper], enum: {ab: x, AB: y}}\n", 4, 46, "'ab' is the same", ""),
    ("  a: {type: enum, ignore_case: true, enum: [ab, AB]}\n", 4, 49, "'AB' is the same", ""),
    ("  a: {type: enum, normalise: [lower], enum: [Paid]}\n", 4, 46, "normalised to 'paid'", "`normalise`"),
    ("  a: {type: date, formats: [dd/MM]}\n", 4, 29, "does not say the year", ""),
    ("  a: {type: date, formats: [dd/MM/jjjj]}\n", 4, 29, "not understood", ""),
    ("  a: {type: time, formats: [HH]}\n", 4, 29, "does not say the minute", ""),
    ("  a: {type: time, formats: ['HH:mm', 'hh:mm']}\n", 4, 38, "am or pm", ""),
    ("  a: {formats: [dd/MM/yyyy]}\n", 4, 7, "'formats' has no meaning for type text", ""),
    ("  a: {century: past}\n", 4, 7, "'century' has no meaning for type text", ""),
    ("  a: {type: date, formats: [dd/MM/yyyy], century: past}\n", 4, 42, "year in four digits", ""),
    ("  a: {type: integer, decimals: 2}\n", 4, 22, "'decimals' has no meaning for type integer", ""),
    ("  a: {type: money, decimals: -1}\n", 4, 30, "fields.a.decimals", ""),
    ("  a: {type: money, locale: xx}\n", 4, 28, "unknown locale 'xx'", "known: "),
    ("  a: {pattern: '[a-z'}\n", 4, 17, "is not closed", ""),
    ("  a: {pattern: 'abc$'}\n", 4, 20, "drop '$'", ""),
    ("  a: {pattern: abc^}\n", 4, 19, "drop '^'", ""),
    ('  a: {pattern: "\\\\d+("}\n', 4, 21, "not closed", ""),
    ("  a:\n    pattern: '(a+)\\1'\n", 5, 19, "back-references", ""),
    ("  a: {checks: [luhm]}\n", 4, 16, "unknown check 'luhm'", "did you mean 'luhn'"),
    ("  a: {pattern: '[A-Z]{3}', checks: [luhn]}\n", 4, 36, "no text", ""),
    ("  a: {pattern: 'x', lookup: [y]}\n", 4, 16, "no text satisfies", ""),
    ("  a: {pattern: '.*'}\n", 4, 16, "accepts every text", ""),
    ("  a: {pattern: ' *', ignore_spaces: true}\n", 4, 16, "no text is accepted but the empty one", ""),
    ("  a: {pattern: '(a|b)*a(a|b){20}'}\n", 4, 17, "more than 20000 states", ""),
    ("  a: {checks: [{weighted: {weights: [1], modulus: 7, values: {X: x}}}]}\n", 4, 16, "whole numbers", ""),
    ("  a: {bounds: ['2000-01-01', '2001-01-01']}\n", 4, 7, "'bounds' has no meaning for type text", ""),
    ("  a: {type: date, formats: [d/M/yy], bounds: ['2000-02-30', '2001-01-01']}\n", 4, 46, "not a date", ""),
    ("  a: {type: date, formats: [d/M/yy], bounds: ['2001-01-01', '2000-01-01']}\n", 4, 46, "no date", ""),
    ("  a: {lookup: words.txt}\n", 4, 15, "cannot be read", "one a line"),
    ("  a: {lookup: ../../etc/passwd}\n", 4, 15, "leaves the template's folder", ""),
    ("  a: {validators: [not_afer]}\n", 4, 20, "unknown validator 'not_afer'", "did you mean 'not_after'"),
    ("  a: {validators: [{not_after: today}]}\n", 4, 20, "judges fields of type date", ""),
    ("  a: {type: integer, validators: [{max: many}]}\n", 4, 41, "'max' wants a number", ""),
    ("  a: {validators: [{length: -1}]}\n", 4, 29, "'length' wants", ""),
    ("  a: {validators: [{check: '../x'}]}\n", 4, 28, "'check' wants", ""),
    ("  a: {validators: [{check: zz.nope}]}\n", 4, 28, "'check' wants a kind of python-stdnum", ""),
    ("  a: {validators: [{phone: ZZ}]}\n", 4, 28, "'phone' wants a country", ""),
    ("  a: {type: integer, validators: [{between: [10, 1]}]}\n", 4, 45, "the lowest bound first", ""),
    ("  a: {type: integer, validators: [{one_of: [1, x]}]}\n", 4, 44, "'one_of' wants a number", ""),
    ("  a: {type: boolean, validators: [{one_of: [yes]}]}\n", 4, 44, "true or false", ""),
    ("  a: {type: time, validators: [{one_of: ['9']}]}\n", 4, 41, "such as 23:59", ""),
    ("  a: {from: b, part: c}\n", 4, 13, "no field that is read", "known: "),
    ("  a: {part: c}\n", 4, 7, "'part' needs 'from'", ""),
    ("  a: {pattern: '(?P<x>a)'}\n  b: {from: a, part: y}\n", 5, 22, "'a' has no part 'y'", "known: x"),
    (
        "  a: {pattern: '(?P<x>a)', instances: join}\n  b: {from: a, part: x}\n",
        5, 22, "joined of several texts", "instances: all",
    ),
    ("  a: {from: b}\n  b: {from: a}\n", 4, 13, "no field that is read", ""),
    ("  a: {}\n  b: {from: a, pattern: x}\n", 5, 16, "is not read", ""),
    ("  Total: {}\n", 4, 3, "'Total' is not a name", ""),
    ("  select: {}\n", 4, 3, "keyword of SQL", ""),
    ("  sha256: {}\n", 4, 3, "column that every", ""),
    ("  total_status: {}\n", 4, 3, "reserved", ""),
    ("  today: {}\n", 4, 3, "word of the rules' language", ""),
    ("  a: {}\nrules:\n  - {name: r, expression: 'b > 1'}\n", 6, 28, "no field 'b'", "known: a"),
    ("  ab: {}\nrules:\n  - {name: r, expression: 'ab == a'}\n", 6, 34, "no field 'a'", "known: ab"),
    ("  a: {}\nrules:\n  - {name: r, expression: 'a >'}\n", 6, 31, "not an expression", ""),
    ("  a: {}\nrules:\n  - {name: r, expression: 'a ** 9'}\n", 6, 28, "'**'", ""),
    ("  a: {}\nrules:\n  - {name: r, expression: a.b}\n", 6, 27, "an attribute", ""),
    ("  a: {type: integer}\nrules:\n  - {name: r, expression: a < today}\n", 6, 27, "with a date", ""),
    ("  a: {type: integer}\nrules:\n  - {name: r, expression: 'a in [\"5\"]'}\n", 6, 28, "a list (text)", ""),
    ("  a: {}\nrules:\n  - {name: r, expression: true and a}\n", 6, 36, "this is a text", ""),
    ("  a: {type: integer}\nrules:\n  - {name: r, expression: a + 1}\n", 6, 27, "is a truth value", ""),
    ("  a: {}\nrules:\n  - {expression: a}\n", 6, 5, "'rules[0].name' is missing", ""),
    ("  a: {}\nrules:\n  - {name: r, expression: 1 > 0}\n", 6, 27, "speaks of no field", ""),
    (
        "  a: {type: enum, enum: [paid, open]}\nrules:\n  - {name: r, expression: a == 'opne'}\n",
        6, 32, "rule r: a is never 'opne'", "did you mean 'open'? known: paid, open",
    ),
    (
        "  a: {type: enum, enum: {BEZAHLT: paid}}\nrules:\n  - {name: r, expression: 'a == \"BEZAHLT\"'}\n",
        6, 33, "a is never 'BEZAHLT'", "known: paid",
    ),
    (
        "  a: {type: enum, enum: [x], instances: all}\nrules:\n  - {name: r, expression: not 'y' in a}\n",
        6, 31, "a is never 'y'", "known: x",
    ),
    ("  a: {}\naccept: {confidence: 2}\n", 5, 22, "accept.confidence", ""),
    ("  a: {}\npages: [0]\n", 5, 9, "pages", ""),
    ("  a: {}\npages: [1, 2, 1]\n", 5, 15, "page 1 is listed twice", ""),
    ("  a: {}\nroute: {}\n", 5, 1, "neither 'folder' nor 'files'", ""),
    ("  a: {}\npages: every\n", 5, 8, "unknown value 'every'", "all"),
    ("  a: {}\nsegment: {engines: [torch]}\n", 5, 21, "unknown value 'torch'", "textlines, openvino"),
    ("  a: {}\nsegment: {image_size: 1000}\n", 5, 23, "multiple of 32", ""),
    ("  a: {}\nroutes: {}\n", 5, 1, "unknown key 'routes'", "did you mean 'route'"),
    ("  a: {}\n  a: {}\n", 5, 3, "not YAML", ""),
    ("  a: [\n", 5, 1, "not YAML", ""),
    ("  a: !!python/object:os.system {}\n", 4, 6, "tags", ""),
    ("  a: {title: '\x00'}\n", 4, 15, "not YAML", ""),
    ("  1: {}\n", 4, 3, "not a text", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "line", "column", "message", "hint"), FIELDS, ids=[field[0][:50] for field in FIELDS]
)
def test_each_mistake_is_told_with_its_place(
    tmp_path: Path, body: str, line: int, column: int, message: str, hint: str
) -> None:
    error = mistake(tmp_path, HEAD + body)
    assert error.mark is not None
    assert (error.mark.line, error.mark.column) == (line, column), str(error)
    assert message in error.message
    assert hint in (error.hint or "")


def test_ways_to_print_one_value_may_differ_in_what_is_ignored(tmp_path: Path) -> None:
    entries = "{payé: paid, paye: paid, PAYE: paid}"
    body = f"  a: {{type: enum, ignore_case: true, normalise: [fold_accents], enum: {entries}}}\n"
    (tmp_path / "template.yaml").write_text(HEAD + body)
    assert load_template(tmp_path).fields["a"].enum == {"payé": "paid", "paye": "paid", "PAYE": "paid"}


# (whole text, line, column, in the message)
WHOLE = [
    ("template: order\nversion: 1\nfields: {a: {}}\n", 1, 11, "keyword of SQL"),
    ("template: problems\nversion: 1\nfields: {a: {}}\n", 1, 11, "name of a table"),
    ("template: needs\nversion: 1\nfields: {review: {instances: all}}\n", 3, 10, "'needs_review'"),
    (
        f"template: {'t' * 40}\nversion: 1\nfields: {{{'f' * 23}: {{instances: all}}}}\n",
        3, 10, "of 64 characters; PostgreSQL takes 63",
    ),
    ("template: thing\nfields: {a: {}}\n", 1, 1, "'version' is missing"),
    ("template: thing\nversion: one\nfields: {a: {}}\n", 2, 10, "version"),
    ("template: thing\nversion: 1\nfields: {}\n", 3, 9, "fields"),
    ("- a\n", 1, 1, "a template is a mapping"),
    ("", 1, 1, "a template is a mapping"),
    ("[" * 3000, 1, 1, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "message"), WHOLE, ids=[w[0][:30] for w in WHOLE])
def test_mistakes_of_the_whole_file(tmp_path: Path, text: str, line: int, column: int, message: str) -> None:
    error = mistake(tmp_path, text)
    assert error.mark is not None
    if message:
        assert (error.mark.line, error.mark.column) == (line, column), str(error)
    assert message in error.message


def test_a_yaml_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    error = mistake(tmp_path, "\n".join(lines))
    assert "aliases counted out" in error.message


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_bytes(b"template: a\n\xff\xfe")
    with pytest.raises(TemplateError, match="not UTF-8") as caught:
        load_template(tmp_path)
    assert caught.value.mark is not None
    assert caught.value.mark.line == 2
    file.write_bytes(b"#" * 300_000)
    with pytest.raises(TemplateError, match="256 KiB"):
        load_template(tmp_path)


def test_an_alias_and_a_merge_key_may_be_used_in_measure(tmp_path: Path) -> None:
    body = "  a: &clean {normalise: [upper, strip]}\n  b: {<<: *clean, required: true}\n  c: *clean\n"
    (tmp_path / "template.yaml").write_text(HEAD + body)
    fields = load_template(tmp_path).fields
    assert fields["b"].normalise == fields["c"].normalise == ("upper", "strip")
    assert fields["b"].required


def test_an_unknown_template_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        load_template("recipt")
    assert caught.value.code == "no-such-template"
    assert "did you mean 'receipt'" in (caught.value.hint or "")


@pytest.mark.parametrize("body", ["  a: &a {<<: *a}\n", "  a: &k [[x]]\n  ? *k\n  : 1\n"])
def test_what_the_parser_itself_stumbles_over_is_a_mistake(tmp_path: Path, body: str) -> None:
    assert "cannot be used" in mistake(tmp_path, HEAD + body).message
