"""The HTML report: whole, self-contained, and deaf to what documents say."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_records import HOSTILE, Drawn

from segocr.records import Record
from segocr.reports.album import shrink
from segocr.reports.html import Report

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def make(path: Path, *shown: Drawn, failed: Record | None = None) -> Reader:
    with Report(path, "a title <b>") as report:
        for one in shown:
            report.add(one.record, {1: shrink(one.page)})
        if failed is not None:
            report.add(failed, {})
    reader = Reader(path.read_text())
    assert reader.open == []
    return reader


@pytest.fixture
def page(tmp_path: Path, drawn: Drawn, hostile: Drawn, failed_record: Record) -> Reader:
    return make(tmp_path / "r.html", drawn, hostile, failed=failed_record)


def test_nothing_runs_and_nothing_is_fetched(page: Reader) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"script", "iframe", "object", "embed", "link", "form", "base", "svg"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("src") or "data:").startswith("data:image/jpeg;base64,") or tag != "img"
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_exactly_the_style_that_is_there(tmp_path: Path, drawn: Drawn) -> None:
    page = make(tmp_path / "r.html", drawn)
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", (tmp_path / "r.html").read_text(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_hostile_text_is_shown_and_not_obeyed(page: Reader) -> None:
    assert "<script>alert(1)</script>\\e[31m\\u{202e}evil\\x07=cmd()" in page.text
    assert HOSTILE not in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text


def test_edits_costs_rivals_and_problems_are_shown(tmp_path: Path, drawn: Drawn) -> None:
    make(tmp_path / "r.html", drawn)
    text = (tmp_path / "r.html").read_text()
    assert "11/<del>O</del>2/18" in text
    assert "11/<ins>0</ins>2/18" in text
    assert "cost 1.70" in text
    assert "margin 4.20" in text
    assert "11/08/18" in text
    assert "the reading does not match the pattern" in text
    assert "rule-sum" in text
    assert "nothing accepted" in text


def test_a_crop_shows_its_strip_upright(tmp_path: Path, drawn: Drawn) -> None:
    """The tax stands upside down on the page; its crop is compared with the same text drawn upright."""
    page = make(tmp_path / "r.html", drawn)
    crops = [a["src"] for t, a in page.tags if t == "img" and a.get("class") == "crop"]
    assert len(crops) == 5
    pictures = [
        cv2.imdecode(
            np.frombuffer(base64.b64decode((src or "").split(",")[1]), np.uint8), cv2.IMREAD_GRAYSCALE
        )
        for src in crops
    ]
    tax = pictures[3]
    assert tax is not None
    wanted = np.full((60, 200), 255, np.uint8)
    cv2.putText(wanted, "0.8B", (4, 43), (20, 20, 20), cv2.FontFace("uni"), 40)
    columns = np.flatnonzero((wanted < 128).any(axis=0))
    wanted = wanted[:, : columns[-1] + 8]
    inner = tax[tax.shape[0] // 6 : -(tax.shape[0] // 6), tax.shape[0] // 6 : -(tax.shape[0] // 6)]
    small = cv2.resize(wanted, inner.shape[::-1], interpolation=cv2.INTER_AREA)

    def likeness(picture: np.ndarray) -> float:
        return float(np.corrcoef(picture.ravel(), small.ravel())[0, 1])

    assert likeness(inner) > 0.7
    assert likeness(inner) > likeness(inner[::-1, ::-1]) + 0.2


def test_a_part_does_not_repeat_the_crop(tmp_path: Path, drawn: Drawn) -> None:
    date = drawn.record.fields["date"][0]
    fields = {"date": (date,), "year": (dataclasses.replace(date, name="year"),)}
    page = make(
        tmp_path / "r.html",
        dataclasses.replace(drawn, record=dataclasses.replace(drawn.record, fields=fields)),
    )
    assert sum(a.get("class") == "crop" for _, a in page.tags) == 1


def test_an_interrupted_run_leaves_a_whole_report_that_says_so(tmp_path: Path, drawn: Drawn) -> None:
    path = tmp_path / "r.html"
    with pytest.raises(KeyboardInterrupt), Report(path, "t") as report:
        report.add(drawn.record, {})
        raise KeyboardInterrupt
    page = Reader(path.read_text())
    assert page.open == []
    assert "was interrupted" in page.text
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


def test_the_report_stays_small(tmp_path: Path, drawn: Drawn) -> None:
    make(tmp_path / "r.html", drawn)
    assert (tmp_path / "r.html").stat().st_size < 400_000


def test_undecodable_file_names_do_no_harm(tmp_path: Path, drawn: Drawn) -> None:
    record = dataclasses.replace(drawn.record, file=Path("a\udcff.jpg"))
    page = make(tmp_path / "r.html", dataclasses.replace(drawn, record=record))
    assert "a\\u{dcff}.jpg" in page.text
