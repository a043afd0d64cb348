"""``segocr serve`` before it starts anything: what stops it, and what it only says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from segocr.cli.serve import _check
from segocr.errors import ConfigurationError
from segocr.settings import load_settings

ROOT = Path(__file__).parents[2]
CHECK = """
from pathlib import Path
from segocr.cli.serve import _check
from segocr.settings import load_settings

print(_check(load_settings(Path.cwd())).name)
"""


def test_a_read_only_inbox_and_a_broken_template_are_said_and_stop_no_start(unprivileged: Any) -> None:
    folder = unprivileged.folder
    (folder / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n[[inbox]]\npath = "second"\n')
    (folder / "inbox").mkdir()
    (folder / "second").mkdir(mode=0o555)
    (folder / "templates" / "lease").mkdir(parents=True)
    (folder / "templates" / "lease" / "template.yaml").write_text("template: lease\nroute: {folder: leases\n")
    done = unprivileged.run([sys.executable, "-c", CHECK], env={**os.environ, "PYTHONPATH": str(ROOT)})
    (folder / "second").chmod(0o755)
    assert done.stdout.strip() == folder.name, done.stderr
    assert f"no file can be taken out of {folder / 'second'}" in done.stderr
    assert "the files of lease wait:" in done.stderr
    assert "template.yaml:3:1" in done.stderr


@pytest.mark.parametrize("address", ["localhost/api", "http://host:port/api", "http://[x/api", ""])
def test_a_prefect_server_that_cannot_be_asked_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    (tmp_path / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n')
    (tmp_path / "inbox").mkdir()
    monkeypatch.setenv("PREFECT_API_URL", address)
    with pytest.raises(ConfigurationError, match="unset it") as caught:
        _check(load_settings(tmp_path))
    assert f"PREFECT_API_URL={address}: expected an address" in str(caught.value)
