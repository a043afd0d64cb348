"""The same passports in every format, from file to row: real hosts, a real model, a real database."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segocr.environments.locate import State, resolve, status_of

ROOT = Path(__file__).parents[2]
PASSPORT = ROOT / "templates" / "passport"
HEIC = ROOT / "tests" / "steps" / "samples" / "quarters.heic"
PICTURES = [PASSPORT / "golden" / "images" / f"passport-{number}.jpg" for number in (1, 2, 3)]
NUMBERS = ["525DJGHFU", "C1EX2DM3F", "Z7901J6W0"]
SINGLE = ("clear.png", "cmyk.jpg", "colour.webp", "grey16.png", "lying.jpg", "plain.bmp")

Segocr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def workspace(require: Callable[[str, object, str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the pictures in every format, and a template that makes a record of every page."""
    built = all(status_of(name).state is State.BUILT for name in ("open", "openvino", "validate"))
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    folder = tmp_path_factory.mktemp("formats")
    (folder / "segocr.toml").write_text("")
    (folder / "in").mkdir()
    script = Path(__file__).with_name("bind_documents.py")
    subprocess.run([resolve("open"), "-I", script, folder / "in", *PICTURES], check=True, timeout=120)
    shutil.copy(HEIC, folder / "in")
    (folder / "templates" / "bundle").mkdir(parents=True)
    written = (PASSPORT / "template.yaml").read_text(encoding="utf-8")
    bundle = written.replace("template: passport", "template: bundle\npages: {each: record}")
    (folder / "templates" / "bundle" / "template.yaml").write_text(bundle, encoding="utf-8")
    (folder / "templates" / "bundle" / "model.onnx").symlink_to(PASSPORT / "model.onnx")
    return folder


@pytest.fixture(scope="module")
def segocr(workspace: Path) -> Segocr:
    environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "segocr.cli", *arguments]
        return subprocess.run(
            command, cwd=workspace, capture_output=True, text=True, env=environment, timeout=300
        )

    return run


@pytest.fixture(scope="module")
def records(segocr: Segocr) -> dict[str, list[dict[str, Any]]]:
    """What extraction says of each file, page by page."""
    done = segocr("extract", "in", "--template", "bundle", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for record in json.loads(done.stdout):
        found.setdefault(Path(record["file"]).name, []).append(record)
    return found


def document_numbers(records: list[dict[str, Any]]) -> list[str | None]:
    return [record["fields"]["document_number"]["value"] for record in records]


@pytest.mark.parametrize("name", ["bound.pdf", "bound.tif"])
def test_each_page_becomes_a_record(records: dict[str, list[dict[str, Any]]], name: str) -> None:
    assert [record["part"] for record in records[name]] == [1, 2, 3]
    assert [[page["page"] for page in record["pages"]] for record in records[name]] == [[1], [2], [3]]
    assert document_numbers(records[name]) == NUMBERS
    assert len({record["sha256"] for record in records[name]}) == 1


def test_each_page_becomes_a_row(records: dict[str, list[dict[str, Any]]], segocr: Segocr) -> None:
    sql = "select file, part, document_number from bundle where file like 'in/bound%' order by file, part"
    rows = json.loads(segocr("query", sql, "--json").stdout)
    expected = [(f"in/{name}", part) for name in ("bound.pdf", "bound.tif") for part in (1, 2, 3)]
    assert [(row["file"], row["part"]) for row in rows] == expected
    assert [row["document_number"] for row in rows] == NUMBERS * 2


@pytest.mark.parametrize("name", SINGLE)
def test_every_kind_of_picture_is_read(records: dict[str, list[dict[str, Any]]], name: str) -> None:
    assert document_numbers(records[name]) == NUMBERS[:1]
    [page] = records[name][0]["pages"]
    assert (page["width"], page["height"]) == (1600, 1200)


def test_a_heic_picture_comes_through_to_its_record(records: dict[str, list[dict[str, Any]]]) -> None:
    [record] = records["quarters.heic"]
    assert record["status"] == "partial"
    assert "nothing-found" in {problem["code"] for problem in record["problems"]}
    [page] = record["pages"]
    assert page["width"] > 0


def test_a_pdf_is_rendered_at_the_resolution_that_is_asked_for(
    records: dict[str, list[dict[str, Any]]], segocr: Segocr
) -> None:
    done = segocr("extract", "in/bound.pdf", "-t", "bundle", "--json", "--dpi", "150")
    assert done.returncode == 0, done.stderr
    at_150 = json.loads(done.stdout)
    assert [page["dpi"] for page in at_150[0]["pages"]] == [150]
    assert [page["width"] for page in at_150[0]["pages"]] == [1600]
    assert [page["width"] for page in records["bound.pdf"][0]["pages"]] == [2134]
    assert document_numbers(at_150) == NUMBERS
    assert "stored 3 records\n" in done.stderr  # another recipe, hence other records
