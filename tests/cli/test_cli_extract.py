"""``segocr extract`` from end to end: real hosts, a real model, a real database."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "templates" / "passport" / "model.onnx"
SAMPLES = ROOT / "templates" / "passport" / "golden"
FIELDS = {"mrz_line1", "mrz_line2", "document_number", "birth_date", "surname"}

Segocr = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def _needs(require: Callable[[str, object, str], None]) -> None:
    from segocr.environments.locate import State, status_of

    built = all(status_of(name).state is State.BUILT for name in ("open", "openvino", "validate"))
    require("environments", built, "the environments of the default engines are not built: segocr env create")
    require("model", MODEL.is_file(), "the shipped passport template has no model")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, _needs: None) -> Path:
    folder = tmp_path_factory.mktemp("work") / "space é"
    environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}
    command = [sys.executable, "-m", "segocr.cli", "init", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    pictures = sorted(path for path in SAMPLES.rglob("*") if path.suffix in (".jpg", ".png"))[:3]
    assert pictures, "the passport template has no golden samples"
    (folder / "in").mkdir()
    for number, picture in enumerate(pictures):
        shutil.copy(picture, folder / "in" / f"{number}{picture.suffix}")
    return folder


@pytest.fixture
def segocr(workspace: Path) -> Segocr:
    environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "segocr.cli", *arguments]
        return subprocess.run(
            command, cwd=workspace, capture_output=True, text=True, env=environment, timeout=300
        )

    return run


def test_every_file_has_its_record_in_order(segocr: Segocr) -> None:
    done = segocr("extract", "in", "--template", "passport", "--json", "--no-store")
    assert done.returncode == 0, done.stderr
    records = json.loads(done.stdout)
    assert [Path(record["file"]).stem for record in records] == ["0", "1", "2"]
    for record in records:
        assert record["status"] in ("complete", "partial")
        assert set(record["fields"]) >= FIELDS
        assert len(record["sha256"]) == 64
        assert record["pages"][0]["width"] > 0


def test_bad_files_fail_one_by_one_and_the_rest_goes_on(segocr: Segocr, workspace: Path) -> None:
    bad = workspace / "bad"
    bad.mkdir()
    (bad / "empty.jpg").write_bytes(b"")
    (bad / "text.jpg").write_text("no picture")
    (bad / "a\x1b[31m\n.jpg").write_bytes(b"x")
    os.mkfifo(bad / "pipe.jpg")
    done = segocr("extract", "bad", "missing.jpg", "in", "-t", "passport", "--json", "--no-store")
    assert done.returncode == 3, done.stderr
    records = json.loads(done.stdout)
    codes = {Path(r["file"]).name: r["problems"][0]["code"] for r in records if r["status"] == "failed"}
    assert codes == {
        "empty.jpg": "empty",
        "text.jpg": "unknown-format",
        "a\x1b[31m\n.jpg": "unknown-format",
        "pipe.jpg": "not-a-file",
        "missing.jpg": "not-found",
    }
    assert sum(record["status"] != "failed" for record in records) == 3
    assert "\x1b" not in done.stdout + done.stderr
    shutil.rmtree(bad)


def test_records_are_stored_once_and_shown_everywhere(segocr: Segocr, workspace: Path) -> None:
    arguments = (
        "extract",
        "in",
        "-t",
        "passport",
        "--csv",
        "--overlay",
        "ov",
        "--report",
        "r.html",
        "--explain",
    )
    first = segocr(*arguments)
    assert first.returncode == 0, first.stderr
    assert "stored 3 records" in first.stderr
    assert "stored 0 records, 3 were there already" in segocr(*arguments).stderr
    rows = list(csv.DictReader(io.StringIO(first.stdout, newline="")))
    assert [row["template"] for row in rows] == ["passport"] * 3
    assert len(list((workspace / "ov").iterdir())) == 3
    assert (workspace / "r.html").read_text().endswith("</html>\n")
    answer = segocr("query", "select count(*) as n from passport", "--json")
    assert json.loads(answer.stdout) == [{"n": 3}]


def test_the_route_decides_without_a_template(segocr: Segocr, workspace: Path) -> None:
    routed = workspace / "passports"
    routed.mkdir()
    picture = next((workspace / "in").iterdir())
    shutil.copy(picture, routed)
    done = segocr("extract", "passports", "in", "--json", "--no-store")
    assert done.returncode == 3
    records = json.loads(done.stdout)
    assert records[0]["template"] == "passport"
    assert {record["problems"][0]["code"] for record in records[1:]} == {"no-template"}
    listed = json.loads(segocr("extract", "passports", "in", "--dry-run", "--json").stdout)
    assert [row["template"] for row in listed] == ["passport", None, None, None]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("in", "-t", "pasport"), 4, "did you mean 'passport'"),
        (("in", "-t", "passport", "--ocr-engine", "opnvino"), 4, "opnvino"),
        (("in", "-t", "passport", "--device", "gpu"), 4, "gpu"),
        (("*.tiff", "-t", "passport"), 2, "no file matches"),
        (("", "-t", "passport"), 2, "an empty path names no file"),
        (("https://example.com/a.png", "-t", "passport"), 2, "is an address, not a file"),
        (("in", "-t", "passport", "--report", "no/r.html"), 2, "there is no folder no"),
    ],
)
def test_a_mistake_is_one_error_and_no_document_is_blamed(
    segocr: Segocr, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = segocr("extract", *arguments, "--json", "--no-store")
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_whole_json_and_whole_documents(segocr: Segocr, workspace: Path) -> None:
    many = workspace / "many"
    many.mkdir()
    for number in range(40):
        source = workspace / "in" / f"{number % 3}.jpg"
        content = source.read_bytes() + bytes([number])  # other bytes, hence another document
        (many / f"{number:02}.jpg").write_bytes(content)
    environment = {name: value for name, value in os.environ.items() if name != "SEGOCR_DATABASE_URL"}
    command = [sys.executable, "-m", "segocr.cli", "extract", "many", "-t", "passport", "--json"]
    errors = workspace / "errors.txt"
    with (
        errors.open("w") as noted,
        subprocess.Popen(
            command, cwd=workspace, stdout=subprocess.PIPE, stderr=noted, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        begun = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 130, errors.read_text()
    records = json.loads("".join(begun) + rest)
    assert 2 <= len(records) < 40
    sql = "select count(*) as n from passport where file like 'many/%'"
    assert json.loads(segocr("query", sql, "--json").stdout) == [{"n": len(records)}]


def slow_pdf() -> bytes:
    """Return a PDF whose one page takes minutes to render: thousands of transparent areas over all of it."""
    drawn = b"/G gs\n" + b"0.5 0.2 0.1 rg 0 0 3000 3000 re f\n" * 20_000
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 3000 3000] /Contents 4 0 R"
        b" /Resources << /ExtGState << /G << /ca 0.1 >> >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn),
    ]
    content = b"%PDF-1.4\n"
    for number, one in enumerate(objects, start=1):
        content += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    return content + b"trailer << /Size 5 /Root 1 0 R >>\n%%EOF\n"


def await_work_on_a_page(command: int) -> None:
    """Wait until the host that opens documents, which has started, computes on and on."""
    before, deadline = opening_seconds(command), time.monotonic() + 60
    while opening_seconds(command) < before + 0.5:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def opening_seconds(command: int) -> float:
    """Return the processor time of the process of a command that opens documents."""
    for children in Path(f"/proc/{command}/task").glob("*/children"):
        for child in children.read_text().split():
            if b"segocr.steps.open.engine" in Path(f"/proc/{child}/cmdline").read_bytes():
                spent = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")
    raise AssertionError("no process opens documents")


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_does_not_wait_for_a_page_that_takes_minutes(workspace: Path, presses: int) -> None:
    slow = workspace / "slow.pdf"
    slow.write_bytes(slow_pdf())
    command = [sys.executable, "-m", "segocr.cli", "extract", "in/0.jpg", "slow.pdf", "-t", "passport"]
    with subprocess.Popen(
        [*command, "--jsonl", "--no-store"],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "complete"
        await_work_on_a_page(process.pid)
        begin = time.monotonic()
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        rest, said = process.communicate(timeout=60)
    assert (process.returncode, rest) == (130, "")
    assert time.monotonic() - begin < 30
    assert "interrupted" in said
    assert "Traceback" not in said
