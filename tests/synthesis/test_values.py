"""New values satisfy pattern, checks, type and validators, look like their examples, follow the seed."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pytest
from drawn_pages import VALUES, write_template
from hypothesis import given
from hypothesis import strategies as st

from segocr.constraints import compile_constraint
from segocr.errors import ConfigurationError
from segocr.steps.validate.python import handle
from segocr.synthesis.pages import lines_of
from segocr.synthesis.usual import moved_date
from segocr.synthesis.values import Vocabulary, draw_text, draw_values
from segocr.synthesis.wording import accepted, rearranged, reworded
from segocr.templates import FieldSpec, load_template

TODAY = dt.date(2026, 5, 4)
PATTERNS = (
    ("[A-Z]{3}[0-9]{4}", ()), ("[0-9]{1,3}([.][0-9]{2})?", ()), ("(AB|CD)*E", ()), ("[^x]{2,5}", ()),
    ("[0-9]{13}", ("ean13",)), ("[A-Z]{3}U[0-9]{7}", ("iso6346",)), (r"[0-9]{4,19}", ("luhn",)),
)  # fmt: skip


@given(
    which=st.sampled_from(PATTERNS),
    like=st.text("ABX09 <.é", max_size=14),
    seed=st.integers(0, 1000),
)
def test_whatever_the_example_the_constraint_accepts_the_text(
    which: tuple[str, tuple[str, ...]], like: str, seed: int
) -> None:
    constraint = compile_constraint(which[0], checks=which[1])
    text = accepted(constraint, like, random.Random(seed))
    assert text is not None
    assert constraint.accepts(text)


def test_a_date_keeps_the_format_of_its_example() -> None:
    constraint = compile_constraint(date_formats=["d/M/yyyy", "dd/MM/yyyy", "dd MMM yy"], ignore_spaces=True)
    source = random.Random(1)
    for like, form in (("27/02/2019", "%d/%m/%Y"), ("03 Mar 20", "%d %b %y")):
        texts = {accepted(constraint, like, source) for _ in range(30)}
        assert len(texts) > 20
        for text in texts:
            assert text is not None
            assert dt.datetime.strptime(text, form)
            assert [c.isspace() for c in text] == [c.isspace() for c in like]


def test_an_amount_keeps_its_currency() -> None:
    source = random.Random(3)
    for like in ("RM 12.50", "RM12.50", "12.50 EUR", "$12.50"):
        texts = [draw_text(load_template("receipt").fields["total"], like, (), source) for _ in range(10)]
        currency = "".join(c for c in like if not c.isdecimal())
        assert {"".join(c for c in text or "" if not c.isdecimal()) for text in texts} == {currency}
        assert len(set(texts)) > 5


def test_words_keep_their_shape() -> None:
    source = random.Random(2)
    assert len(reworded("No. 7-B, Ça", source)) == 11
    assert reworded("--/ <", source) == "--/ <"
    words = ("HARBOUR", "GARDENS", "MEADOWS", "ORCHARD", "town", "12")
    texts = [rearranged("WINDOWS 47 LTD", words, source).split() for _ in range(60)]
    assert all(len(text) == 3 and text[0].isupper() and text[1].isdecimal() for text in texts)
    assert {"HARBOUR", "GARDENS"} < {text[0] for text in texts}


def test_values_of_whole_documents_satisfy_the_template(tmp_path: Path) -> None:
    template = load_template(str(write_template(tmp_path)))
    wish = {name: [value] for name, value, _ in VALUES}
    seeds = [(1, number) for number in range(25)]
    wishes, words = [wish] * len(seeds), Vocabulary.of([wish])
    drawn = draw_values(template, wishes, words, seeds, handle, TODAY)
    assert len({one["container"][0] for one in drawn}) == 25
    for one in drawn:
        for name in ("container", "mrz", "issued", "amount"):
            constraint = template.fields[name].constraint
            assert constraint is not None
            assert constraint.accepts(one[name][0]), one
        issued = dt.datetime.strptime(one["issued"][0], "%d/%m/%Y").date()
        assert dt.date(2000, 1, 1) <= issued <= TODAY
        assert dt.datetime.strptime(one["mrz"][0][21:27], "%y%m%d")
        assert float(one["amount"][0].replace(",", "")) >= 1
        assert len(one["place"][0].split()) == 4
    assert draw_values(template, wishes[:3], words, seeds[:3], handle, TODAY) == drawn[:3]
    assert draw_values(template, wishes[:3], words, [(2, n) for n in range(3)], handle, TODAY) != drawn[:3]


def test_what_cannot_be_satisfied_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = write_template(tmp_path)
    path.write_text(path.read_text().replace("{min: 1}", "{min: 1000000000000000}"))
    template = load_template(str(path))
    with pytest.raises(ConfigurationError, match="amount") as caught:
        draw_values(template, [{"amount": ["1.00"]}], Vocabulary({}), [(0,)], handle, TODAY)
    assert caught.value.code == "no-valid-values"
    assert caught.value.hint is not None
    assert "segocr constraint explain --field form.amount;" in caught.value.hint


def test_nobody_prints_a_zero_before_an_amount(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        "template: bill\nversion: 1\nfields:\n  total: {type: money, locale: de, decimals: 2}\n"
        "  count: {type: integer}\n  code: {type: integer, pattern: '0[0-9]{3}'}\n"
    )
    template, source = load_template(tmp_path), random.Random(5)
    for like in ("6.665,08-", "(152,97)", "4,11 EUR", "12.345,60", "0,50"):
        texts = [draw_text(template.fields["total"], like, (), source) for _ in range(200)]
        assert len(set(texts)) > 50
        assert [text for text in texts if text is None or re.match(r"\D*0[.\d]", text)] == []
    assert any(str(text).startswith("0,") for text in texts)
    counts = {like: [draw_text(template.fields["count"], like, (), source) for _ in range(200)]
              for like in ("417", "007")}  # fmt: skip
    assert not any(str(text).startswith("0") for text in counts["417"])
    assert any(str(text).startswith("0") for text in counts["007"])
    assert str(draw_text(template.fields["code"], "1234", (), source)).startswith("0")


@pytest.mark.parametrize(
    ("layout", "like", "days", "moved"),
    [
        ("dd.MM.yyyy", "27.02.2019", 3, "02.03.2019"),
        ("d/M/yy", "27/2/19", 3, "2/3/19"),
        ("dd MMM yyyy", "27  FEB 2019", 3, "02  MAR 2019"),
        ("MMMM d, yyyy", "May 9, 2019", -30, "April 9, 2019"),
        ("d 'of' MMMM yyyy", "9 of May 2019", 365, "8 of May 2020"),
        ("yyyyMMdd", "20190227", -365, "20180227"),
        ("yyyyMMdd", "20190230", 1, None),
        ("yyyyMMdd", "soon", 1, None),
    ],
)
def test_another_day_is_printed_as_its_example(layout: str, like: str, days: int, moved: str | None) -> None:
    spec = FieldSpec("day", "day", "date", formats=(layout,))
    assert moved_date(like, spec, days, TODAY) == moved


def test_another_day_is_counted_from_a_day_within_the_bounds() -> None:
    spec = FieldSpec("day", "day", "date", formats=("dd.MM.yyyy",), bounds=("1950-01-01", "2005-12-31"))
    assert moved_date("27.02.1960", spec, 2, TODAY) == "29.02.1960"
    assert moved_date("27.02.2060", spec, 2, TODAY) is None
    short = FieldSpec("day", "day", "date", formats=("dd.MM.yy",), bounds=("1801-01-01", "1900-12-31"))
    assert moved_date("28.02.00", short, 1, TODAY) == "01.03.00"  # 1900 was no leap year, 2000 was


def test_the_dates_of_a_document_stay_together(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        "template: bill\nversion: 1\nfields:\n"
        "  date: {type: date, formats: [dd/MM/yyyy], validators: [{not_after: today}]}\n"
        "  due: {type: date, formats: [dd.MM.yyyy]}\n"
    )
    wish = {"date": ["01/03/2026"], "due": ["31.03.2026"]}
    seeds = [(number,) for number in range(40)]
    drawn = draw_values(load_template(tmp_path), [wish] * len(seeds), Vocabulary({}), seeds, handle, TODAY)
    days = [dt.datetime.strptime(one["date"][0], "%d/%m/%Y").date() for one in drawn]
    dues = [dt.datetime.strptime(one["due"][0], "%d.%m.%Y").date() for one in drawn]
    assert {due - day for day, due in zip(days, dues, strict=True)} == {dt.timedelta(30)}
    assert len(set(days)) > 30
    assert all(dt.date(2021, 1, 1) < day <= TODAY for day in days)


def test_a_text_without_room_is_drawn_again(tmp_path: Path) -> None:
    template = load_template(str(write_template(tmp_path)))
    drawn = draw_values(
        template, [{"place": ["ROAD 12"]}], Vocabulary({}), [(0,)], handle, TODAY,
        lambda document, name, number, text: text.endswith("7"),
    )  # fmt: skip
    assert drawn[0]["place"][0].endswith("7")


def test_words_are_shared_among_lines_by_their_widths() -> None:
    def line(width: float) -> list[list[float]]:
        return [[0, 0], [width, 0], [width, 9], [0, 9]]

    import numpy as np

    polygons = [np.array(line(width)) for width in (200, 40, 120)]
    assert lines_of("POPULAR BOOK COMPANY LTD OF NEW HARBOUR", polygons) == [
        "POPULAR BOOK COMPANY", "LTD", "OF NEW HARBOUR",
    ]  # fmt: skip
    assert lines_of("TWO WORDS", polygons) is None
    assert lines_of("", polygons[:1]) is None
