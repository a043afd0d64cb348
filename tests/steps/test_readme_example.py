"""The Python example of the README runs as it stands there, over files that cannot be read, too."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PASSPORT = ROOT / "templates" / "passport" / "golden" / "images" / "passport-1.jpg"


def test_the_readme_s_python_example_runs(
    environment: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("open", "openvino", "validate"):
        environment(name)
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"this is no picture")
    shutil.copy(PASSPORT, tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1
    assert printed[0].startswith("photos/passport-1.jpg 525DJGHFU ")
