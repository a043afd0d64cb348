"""The counting line: it changes on a terminal, and is written once where nobody looks."""

from __future__ import annotations

import sys

import pytest

from segocr.cli.progress import counting_line


def count(prefix: str = "") -> None:
    show = counting_line(prefix)
    for done in (1, 2):
        show("pages", done, 2)


def test_a_log_gets_the_last_line_only(capsys: pytest.CaptureFixture[str]) -> None:
    count("bill, ")
    assert capsys.readouterr().err == "bill, pages: 2 of 2\n"


def test_a_terminal_sees_one_line_change(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    count()
    first, second = capsys.readouterr().err.removeprefix("\r").split("\r")
    assert first.rstrip() == "pages: 1 of 2, 0 s left"
    assert second == f"{'pages: 2 of 2':<60}\n"
