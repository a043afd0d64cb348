"""An environment is whole or not there, whatever happens while it is built."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segocr.environments import build, locate, specs
from segocr.environments.build import BuildOptions, create, remove
from segocr.environments.locate import State, list_environments, resolve, status_of
from segocr.environments.specs import EnvironmentSpec
from segocr.errors import EnvironmentMissing

INSTALLED = "import sys; print('installing'); open(sys.argv[1] + '/installed', 'w')"


class Pinned(EnvironmentSpec):
    """An environment whose pins stand in the test."""

    def pins(self, *, gpu: bool | None = None) -> str:
        return "one==1.0\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SEGOCR_HOME with one small environment, whose packages install without a network."""
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path / "home é"))
    monkeypatch.setitem(specs.SPECS, "tiny", Pinned("tiny", "for tests", ("json",), 1))
    use(monkeypatch, INSTALLED)
    return tmp_path / "home é" / "environments"


def use(monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    """Have these programs install packages, one after another until one succeeds."""

    def installers(spec: EnvironmentSpec, python: Path, pins: Path, index_url: str | None) -> list[list[str]]:
        return [[sys.executable, "-c", code, str(pins.parent)] for code in codes]

    monkeypatch.setattr(build, "_installers", installers)


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if not path.name.startswith(".lock"))


def test_a_built_environment_runs_and_is_not_built_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    python = create("tiny", report=lines.append)
    assert (
        subprocess.run([python, "-I", "-c", "print(6 * 7)"], capture_output=True, text=True).stdout == "42\n"
    )
    assert "tiny: installing" in lines
    assert left(home) == ["tiny"]
    use(monkeypatch, "raise SystemExit('the network was touched')")
    assert create("tiny", report=lines.append) == python == resolve("tiny")
    assert lines[-1] == "tiny: is there"


def test_a_failed_build_leaves_nothing_and_says_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "print('no such package'); raise SystemExit(3)")
    with pytest.raises(EnvironmentMissing, match="no such package") as caught:
        create("tiny", report=lambda line: None)
    assert caught.value.code == "build-failed"
    assert "segocr env create tiny" in str(caught.value)
    assert left(home) == []
    assert status_of("tiny").state is State.ABSENT


def test_an_environment_that_does_not_import_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(specs.SPECS, "tiny", Pinned("tiny", "for tests", ("no_such_module",), 1))
    with pytest.raises(EnvironmentMissing, match="no_such_module"):
        create("tiny", report=lambda line: None)
    assert left(home) == []


def test_the_next_installer_is_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "raise SystemExit(1)", INSTALLED)
    create("tiny", report=lambda line: None)
    assert left(home) == ["tiny"]


def test_a_killed_build_is_no_environment_and_is_swept_by_the_next(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_build
from segocr.environments import build, specs
specs.SPECS["tiny"] = test_build.Pinned("tiny", "for tests", ("json",), 1)
half = "print('half', flush=True); import time; time.sleep(600)"
build._installers = lambda *_: [[sys.executable, "-c", half]]
build.create("tiny", report=lambda line: print(line, flush=True))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert process.stdout is not None
    while "half" not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert [name for name in left(home) if not name.startswith(".building-tiny-")] == []
    assert status_of("tiny").state is State.ABSENT
    create("tiny", report=lambda line: None)
    assert left(home) == ["tiny"]


def test_an_environment_of_other_pins_is_stale(home: Path) -> None:
    create("tiny", report=lambda line: None)
    (home / "tiny" / locate.MARKER).write_text('{"digest": "other"}')
    assert status_of("tiny").state is State.STALE
    with pytest.raises(EnvironmentMissing) as caught:
        resolve("tiny")
    assert caught.value.code == "environment-stale"
    create("tiny", report=lambda line: None)
    assert status_of("tiny").state is State.BUILT


def test_an_environment_without_its_interpreter_is_broken(home: Path) -> None:
    python = create("tiny", report=lambda line: None)
    python.unlink()
    with pytest.raises(EnvironmentMissing) as caught:
        resolve("tiny")
    assert caught.value.code == "environment-broken"


def test_an_environment_built_otherwise_is_used_as_it_is(home: Path, tmp_path: Path) -> None:
    assert resolve("tiny", {"tiny": Path(sys.executable)}) == Path(sys.executable)
    with pytest.raises(EnvironmentMissing, match=r"segocr\.toml"):
        resolve("tiny", {"tiny": tmp_path / "absent"})


def test_remove(home: Path) -> None:
    create("tiny", report=lambda line: None)
    assert remove("tiny")
    assert left(home) == []
    assert not remove("tiny")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(EnvironmentMissing, match=r"did you mean .openvino"):
        create("openvno")


def test_a_python_that_is_too_old_or_new_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        specs.SPECS, "tiny", Pinned("tiny", "for tests", ("json",), 1, oldest=(3, 98), newest=(3, 99))
    )
    with pytest.raises(EnvironmentMissing, match=r"needs Python 3\.98 to 3\.99") as caught:
        create("tiny", report=lambda line: None)
    assert caught.value.code == "python-version"
    with pytest.raises(EnvironmentMissing, match="does not run"):
        create("tiny", BuildOptions(python=home / "no-python"), report=lambda line: None)


def test_a_full_disk_is_said_before_anything_is_downloaded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(specs.SPECS, "tiny", Pinned("tiny", "for tests", ("json",), 1 << 40))
    with pytest.raises(EnvironmentMissing) as caught:
        create("tiny", report=lambda line: None)
    assert caught.value.code == "disk-full"


def test_a_disk_that_fills_up_while_an_environment_is_built_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(spec: EnvironmentSpec, scratch: Path, options: BuildOptions, report: object) -> None:
        scratch.mkdir()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scratch))

    monkeypatch.setattr(build, "_build", fill)
    with pytest.raises(EnvironmentMissing, match="No space left") as caught:
        create("tiny", report=lambda line: None)
    assert caught.value.code == "disk-full"
    assert left(home) == []


def test_without_an_installer_one_message_names_the_system_package(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch)
    with pytest.raises(EnvironmentMissing, match="sudo apt install") as caught:
        create("tiny", report=lambda line: None)
    assert caught.value.code == "no-installer"


@pytest.mark.parametrize("name", [spec.name for spec in specs.SPECS.values()])
def test_pins_are_complete_names_and_versions(name: str) -> None:
    for line in specs.SPECS[name].pins().splitlines():
        package, equals, version = line.partition("==")
        assert package and equals and version and not set(line) & set(" ;@[]/:"), line


def test_variants_of_a_framework() -> None:
    assert "nvidia-cublas==" in specs.SPECS["torch"].pins()
    assert "nvidia-" not in specs.SPECS["torch"].pins(gpu=False)
    assert "paddlepaddle-gpu==3.3.1" in specs.SPECS["paddle"].pins(gpu=True)
    assert {status.name for status in list_environments()} >= {
        "open",
        "openvino",
        "torch",
        "paddle",
        "validate",
    }
