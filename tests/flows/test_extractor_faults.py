"""Processes of the service say once what they cannot do, wait longer each time, and name nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from flows.server import prefect_environment
from segocr.service.troubles import read_report


def test_a_process_that_cannot_begin_says_why_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "segocr.toml").write_text('[[inbox]]\npath = "work"\n')
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-m", "flows.sweeper", str(tmp_path), str(os.getpid()), "1"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 4
        assert "Traceback" not in done.stderr
    said = read_report(tmp_path, "sweep")
    assert [one.code for one in said.troubles] == ["inbox-overlap"]
    assert len(said.starts) == 5


LOOP = """
import json, sys, time
from pathlib import Path
from types import SimpleNamespace
import flows.extractor as extractor
import flows.watch
from segocr.service.logs import start_logging
from segocr.settings import parse_settings
from segocr.service.troubles import Report

tries, rests = [], []

class Failing:
    resting = {}
    def __init__(self, *_, **__): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def extract(self):
        tries.append(1)
        if len(tries) > 3:
            raise FileExistsError(17, "File exists", "/w/done/secret-name.jpg")
        raise KeyError("secret")
    def codes_at_rest(self): return set()

class Told:
    def stopping(self): return len(tries) > 6
    def rest(self, seconds): rests.append(seconds)

start_logging()
flows.watch.Watch = Failing
extractor.keeper_runs = lambda: True
extractor.Steps = lambda **_: __import__("contextlib").nullcontext(SimpleNamespace(warm=lambda _: None))
settings = parse_settings("", Path(sys.argv[1]))
extractor._work(settings, None, Told(), Report(Path(sys.argv[1]), "extract"), False)
print(json.dumps(rests))
"""


def test_an_unexpected_exception_waits_longer_each_time_and_names_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOP, str(tmp_path)], capture_output=True, text=True
    )
    assert json.loads(done.stdout) == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0], done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("code=internal") == 2  # once when it came, once when another one took its place
    assert "unexpected KeyError" in done.stderr
    [trouble] = read_report(tmp_path, "extract").troubles
    assert trouble.code == "folder-unusable"


HELD = """
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
import flows.extractor as extractor
import flows.watch
from segocr.errors import TemplateError
from segocr.service.logs import start_logging
from segocr.settings import parse_settings
from segocr.service.troubles import Report, read_report

tries, seen, workspace = [], [], Path(sys.argv[1])

class Resting:
    resting = {}
    def __init__(self, *_, **__): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def codes_at_rest(self): return {"template"} if len(tries) < 6 else set()
    def extract(self):
        tries.append(1)
        if len(tries) in (1, 4):
            raise TemplateError("a mistake")
        return Counter()

class Told:
    def stopping(self): return len(tries) > 6
    def rest(self, seconds): self.await_work(seconds)
    def await_work(self, _): seen.append(len(read_report(workspace, "extract").troubles))

start_logging()
flows.watch.Watch = Resting
extractor.keeper_runs = lambda: True
extractor.Steps = lambda **_: __import__("contextlib").nullcontext(SimpleNamespace(warm=lambda _: None))
extractor._work(parse_settings("", workspace), None, Told(), Report(workspace, "extract"), False)
print(*seen)
"""


def test_what_documents_rest_for_is_told_once_and_until_they_rest_no_more(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HELD, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "1", "1", "1", "1", "0", "0"], done.stderr
    assert done.stderr.count("paused code=template") == done.stderr.count("goes on code=template") == 1


RUN = LOOP.replace("        tries.append(1)\n", "        tries.append(1)\n        runs()\n").replace(
    "class Failing:",
    """
from prefect import flow, task

@task
def fails(): raise KeyError("secret")

@flow
def runs(): fails()

class Failing:""",
)


def test_what_a_flow_run_raises_is_one_line_of_the_log_and_no_traceback(server: str, tmp_path: Path) -> None:
    env = dict(os.environ) | prefect_environment(tmp_path / ".prefect", server)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, str(tmp_path)], capture_output=True, text=True, env=env
    )
    assert len(json.loads(done.stdout)) == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("code=internal") == 1
    assert "unexpected KeyError" in done.stderr
