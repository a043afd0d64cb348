from __future__ import annotations

import sys
from pathlib import Path

import pytest

from segocr.bench import ways
from segocr.bench.ways import Way
from segocr.errors import HostDied

_SCRIPTS = Path(ways.__file__).parent / "scripts"
_HEAD = f"import os, sys; sys.path.insert(0, {str(_SCRIPTS)!r}); from rounds import serve\n"


def started(body: str, tmp_path: Path, **config: object) -> Way:
    program = tmp_path / "program.py"
    program.write_text(_HEAD + body, encoding="utf-8")
    return Way("program", [sys.executable, "-I", str(program)], dict(config))


def test_what_a_framework_prints_is_no_answer(tmp_path: Path) -> None:
    body = (
        "def prepare(config):\n"
        "    print('loading'); os.system('echo from C'); \n"
        "    def run():\n"
        "        print('working'); return {'seconds': config['seconds']}\n"
        "    return {'run': run}\n"
        "serve(prepare)\n"
    )
    with started(body, tmp_path, seconds=1.5) as way:
        assert [way.order("run"), way.order("run")] == [{"seconds": 1.5}] * 2


def test_a_program_that_ends_says_why(tmp_path: Path) -> None:
    body = "def prepare(config):\n    raise RuntimeError('no such model')\nserve(prepare)\n"
    with pytest.raises(HostDied, match="no such model"):
        started(body, tmp_path)


def test_a_program_that_dies_at_work_is_noticed_and_leaves_nothing(tmp_path: Path) -> None:
    body = "serve(lambda config: {'run': lambda: os._exit(3)})\n"
    with started(body, tmp_path) as way:
        with pytest.raises(HostDied, match="'program' ended"):
            way.order("run")
        process = way.process
    assert not Path(f"/proc/{process}").exists()
