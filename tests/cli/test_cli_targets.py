"""Reports and overlays replace no document, and do not become one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner

from segocr.cli.evaluate import command as evaluate
from segocr.cli.extract import command as extract
from segocr.cli.targets import check_overlays, check_report
from segocr.errors import UsageError
from segocr.reports.html import Report


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("scans")
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "page"):
        (folder / name).write_bytes(b"a picture")
    return folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scans/a.jpg", "a document is called so"),
        ("scans/new.PDF", "a document is called so"),
        ("scans/page", "what is there is no report"),
        ("page.html", "what is there is no report"),
        ("/dev/null", "a report is a file"),
        ("pipe.html", "a report is a file"),
        ("scans", "a report is a file"),
        ("no/r.html", "there is no folder no"),
    ],
)
def test_a_report_replaces_nothing_but_reports(scans: Path, name: str, message: str) -> None:
    Path("page.html").symlink_to("scans/page")
    os.mkfifo("pipe.html")
    with pytest.raises(UsageError, match=message) as caught:
        check_report(Path(name))
    assert caught.value.hint


def test_a_report_takes_the_place_of_nothing_of_an_empty_file_and_of_a_report(scans: Path) -> None:
    path = Path("r.html")
    check_report(path)
    path.touch()
    check_report(path)
    with Report(path, "t"):
        pass
    check_report(path)


def test_a_report_that_had_no_mark_yet_is_replaced(scans: Path) -> None:
    path = Path("r.html")
    with Report(path, "t"):
        pass
    page = path.read_text()
    path.write_text(page.replace('<meta name="generator" content="segocr">\n', ""))
    assert path.read_text() != page
    check_report(path)
    path.write_text(page.replace("segocr", "other").replace("default-src 'none'", "default-src 'self'"))
    with pytest.raises(UsageError):
        check_report(path)


def test_a_link_to_a_report_stays_one(scans: Path) -> None:
    Path("web").mkdir()
    Path("web/r.html").touch()
    Path("r.html").symlink_to("web/r.html")
    for _ in range(2):
        check_report(Path("r.html"))
        with Report(Path("r.html"), "t"):
            pass
    assert Path("r.html").is_symlink()
    assert Path("web/r.html").stat().st_size


@pytest.mark.parametrize(
    ("command", "arguments"), [(extract, ["scans/b.jpg"]), (evaluate, ["receipt", "--data", "scans"])]
)
def test_the_shell_s_expansion_behind_report_destroys_no_picture(
    scans: Path, command: Command, arguments: list[str]
) -> None:
    done = CliRunner().invoke(command, ["--report", "scans/a.jpg", *arguments], standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert (scans / "a.jpg").read_bytes() == b"a picture"


@pytest.mark.parametrize(
    ("overlays", "path"), [("scans", "scans/a.jpg"), ("scans/seen", "scans"), (".", "."), ("seen", "../")]
)
def test_overlays_do_not_go_among_the_documents(scans: Path, overlays: str, path: str) -> None:
    files = [Path(path)] if path.endswith(".jpg") else []
    with pytest.raises(UsageError, match="among the documents"):
        check_overlays(Path(overlays), [path], files)


@pytest.mark.parametrize("overlays", ["seen", ".", "scanned"])
def test_overlays_go_anywhere_else(scans: Path, overlays: str) -> None:
    check_overlays(Path(overlays), ["scans", "scans/a.jpg"], [scans / "a.jpg"])
