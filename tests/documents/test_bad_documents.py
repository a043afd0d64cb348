"""Bad documents through the command, as a user meets them: each has one clear error, and the rest goes on."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from segocr.environments.locate import State, resolve, status_of

ROOT = Path(__file__).parents[2]
GOOD = ROOT / "templates" / "license_plate" / "golden" / "images" / "plate-eu-1.jpg"
CODES = {
    "bomb.pdf": {"unreadable", "too-slow"},
    "bomb.png": {"too-large"},
    "dead.jpg": {"not-found"},
    "device.jpg": {"not-a-file"},
    "empty.jpg": {"empty"},
    "encrypted.pdf": {"encrypted"},
    "half-plain.jpg": {"truncated"},
    "half-plain.tif": {"truncated"},
    "hollow.jpg": {"unreadable"},
    "huge.pdf": {"too-large"},
    "loop.jpg": {"not-a-file"},
    "many.tif": {"too-many-pages"},
    "missing.jpg": {"not-found"},
    "pipe.jpg": {"not-a-file"},
    "scrambled.png": {"unreadable"},
    "socket.jpg": {"not-a-file"},
    "sparse.jpg": {"too-large"},
    "text.jpg": {"unknown-format"},
    "thick.pdf": {"too-many-pages"},
    "truncated.pdf": {"truncated"},
    "zeros.jpg": {"unreadable"},
}
HOSTILE = (
    "=cmd|' 'A0.jpg",
    "<script>alert(1)<b>.jpg",
    "'; drop table documents; --.jpg",
    "a\nb\x1b[31m\u202e.jpg",
    "n" * 251 + ".jpg",
    os.fsdecode(b"no\xffutf\xfe8.jpg"),
)

Segocr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def workspace(require: Callable[[str, object, str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with bad documents, names that attack, and two good documents, one of them a link."""
    built = all(status_of(name).state is State.BUILT for name in ("open", "openvino", "validate"))
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    folder = tmp_path_factory.mktemp("bad")
    (folder / "segocr.toml").write_text("")
    drawn, bad = folder / "drawn", folder / "bad"
    drawn.mkdir()
    bad.mkdir()
    script = ROOT / "tests" / "steps" / "draw_documents.py"
    subprocess.run([resolve("open"), "-I", script, drawn], check=True, timeout=300)
    for name in CODES:
        if (drawn / name).exists():
            (drawn / name).rename(bad / name)
    for name in HOSTILE:
        (bad / name).write_bytes(b"no picture: " + os.fsencode(name))
    (bad / "sparse.jpg").touch()
    os.truncate(bad / "sparse.jpg", 300_000_000)
    os.mkfifo(bad / "pipe.jpg")
    (bad / "device.jpg").symlink_to("/dev/zero")
    (bad / "dead.jpg").symlink_to("nowhere")
    (bad / "loop.jpg").symlink_to("loop.jpg")
    shutil.copy(GOOD, bad / "zz-good.jpg")
    (bad / "zz-linked.jpg").symlink_to(GOOD)
    with closing(socket.socket(socket.AF_UNIX)) as bound, contextlib.chdir(bad):
        bound.bind("socket.jpg")  # a socket's address is short
    return folder


@pytest.fixture(scope="module")
def segocr(workspace: Path) -> Segocr:
    environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "segocr.cli", *arguments]
        return subprocess.run(
            command, cwd=workspace, capture_output=True, text=True, env=environment, timeout=600
        )

    return run


@pytest.fixture(scope="module")
def done(segocr: Segocr) -> subprocess.CompletedProcess[str]:
    return segocr("extract", "bad", "bad/missing.jpg", "-t", "license_plate", "--json", "--report", "r.html")


@pytest.fixture(scope="module")
def records(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 3, done.stderr
    return {Path(record["file"]).name: record for record in json.loads(done.stdout)}


def test_each_bad_document_has_one_clear_error(records: dict[str, dict[str, Any]]) -> None:
    failed = {name: records[name]["problems"] for name in CODES}
    assert {
        name: {problem["code"] for problem in problems} - CODES[name] for name, problems in failed.items()
    } == {name: set() for name in CODES}
    assert all(len(problems) == 1 for problems in failed.values())
    assert {records[name]["status"] for name in CODES} == {"failed"}


def test_the_rest_goes_on_and_a_link_is_the_file_that_it_leads_to(records: dict[str, dict[str, Any]]) -> None:
    assert len(records) == len(CODES) + len(HOSTILE) + 2
    good, linked = records["zz-good.jpg"], records["zz-linked.jpg"]
    assert good["status"] == "complete"
    assert linked["sha256"] == good["sha256"]
    assert linked["fields"] == good["fields"]


def test_hostile_names_do_no_harm_anywhere(
    done: subprocess.CompletedProcess[str], workspace: Path, segocr: Segocr
) -> None:
    page = (workspace / "r.html").read_text(encoding="utf-8")
    table, comma = segocr("documents", "list"), segocr("documents", "list", "--csv")
    for text in (done.stdout, done.stderr, page, table.stdout, comma.stdout):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    files = {row["file"] for row in csv.DictReader(io.StringIO(comma.stdout, newline=""))}
    assert "bad/'; drop table documents; --.jpg" in files
    assert not any(name.startswith(("=", "+", "-", "@")) for name in files)
    counted = segocr("query", "select count(*) as n from documents", "--json")
    assert json.loads(counted.stdout)[0]["n"] > len(HOSTILE)
