"""Building and removing environments.

An environment is built in a temporary sibling folder and renamed when it is whole, so an interrupted build is
never taken for an environment; what an earlier, killed build left is removed by the next one. All pins are
listed, so nothing is resolved: ``--no-deps``. Built environments never touch the network again.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from segocr.environments.interpreters import version_of
from segocr.environments.locate import MARKER, State, environments_root, spec_of, status_of
from segocr.environments.specs import EnvironmentSpec
from segocr.errors import EnvironmentMissing

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build.

    Attributes:
        python: Interpreter to build from; None for the one that runs segocr.
        index_url: A package index asked before the usual one (CPU or CUDA builds of a framework).
        gpu: True for a GPU build, False for one without CUDA packages, None for what the usual index offers.
        again: Build even if it is there.
    """

    python: Path | None = None
    index_url: str | None = None
    gpu: bool | None = None
    again: bool = False


def create(name: str, options: BuildOptions = BuildOptions(), report: Report = print) -> Path:
    """Build an environment, unless it is there already.

    Args:
        name: One of ``specs``.
        options: How.
        report: Called with a line of progress at a time.

    Returns:
        Its interpreter.

    Raises:
        EnvironmentMissing: ``unknown-environment``, ``python-version``, ``no-installer``, ``disk-full`` or
            ``build-failed``; nothing half-made is left.
    """
    spec = spec_of(name)
    root = environments_root()
    with (
        _blamed(f"building the environment {name!r} in {root} failed", "build-failed"),
        _locked(root, name, report),
    ):
        status = status_of(name)
        if status.state is State.BUILT and status.python and not options.again:
            report(f"{name}: is there")
            return status.python
        _sweep(root, name)
        _check_python(spec, options.python)
        _check_space(spec, root)
        scratch = root / f".building-{name}-{os.getpid()}"
        try:
            _build(spec, scratch, options, report)
            _publish(scratch, root / name)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    report(f"{name}: ready")
    return root / name / "bin" / "python"


def remove(name: str) -> bool:
    """Remove a built environment; returns whether there was one.

    Raises:
        EnvironmentMissing: ``unknown-environment``, or ``environment``: this user cannot remove it.
    """
    spec_of(name)
    root = environments_root()
    with _blamed(f"removing the environment {name!r} from {root} failed", "environment"):
        if not (root / name).is_dir():
            return False
        with _locked(root, name, lambda _: None):
            _sweep(root, name)
            grave = root / f".removing-{name}-{os.getpid()}"
            (root / name).rename(grave)  # at once: nobody resolves a half-removed one
            shutil.rmtree(grave)
    return True


@contextmanager
def _blamed(what: str, code: str) -> Iterator[None]:
    """Say what failed where the file system refuses something, whatever it refuses."""
    try:
        yield
    except OSError as error:
        reason = f"{error.strerror} ({error.filename})" if error.filename else error.strerror or str(error)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise EnvironmentMissing(
            f"{what}: {reason}",
            code="disk-full" if full else code,
            hint="free some space, or set SEGOCR_HOME to another disk"
            if full
            else "set SEGOCR_HOME to a folder, or to where one can be made, that this user may write",
        ) from error


@contextmanager
def _locked(root: Path, name: str, report: Report) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".lock-{name}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"{name}: another process builds it; waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(root: Path, name: str) -> None:
    """Remove what killed builds left; the lock is held, so nobody uses it."""
    for kind in ("building", "removing", "replaced"):
        for path in root.glob(f".{kind}-{name}-*"):
            shutil.rmtree(path, ignore_errors=True)


def _check_python(spec: EnvironmentSpec, python: Path | None) -> None:
    if python is None:
        version, name = (sys.version_info[0], sys.version_info[1]), "this Python"
    else:
        version, name = version_of(python), str(python)
    if not spec.oldest <= version <= spec.newest:
        raise EnvironmentMissing(
            f"the environment {spec.name!r} needs Python {spec.python_range}; {name} is "
            f"{version[0]}.{version[1]}",
            code="python-version",
            hint=f"segocr env create {spec.name} --python /path/to/python{spec.newest[0]}.{spec.newest[1]}",
        )


def _check_space(spec: EnvironmentSpec, root: Path) -> None:
    free = shutil.disk_usage(root).free >> 20
    if free < spec.megabytes * 1.2:
        raise EnvironmentMissing(
            f"the environment {spec.name!r} takes about {spec.megabytes} MB; {root} has {free} MB free",
            code="disk-full",
            hint="free some space, or set SEGOCR_HOME to another disk",
        )


def _build(spec: EnvironmentSpec, scratch: Path, options: BuildOptions, report: Report) -> None:
    report(f"{spec.name}: about {spec.megabytes} MB; {spec.purpose}")
    base = options.python or Path(sys.executable)
    _run([str(base), "-I", "-m", "venv", "--without-pip", "--symlinks", str(scratch)], spec.name, report)
    python = scratch / "bin" / "python"
    pins = scratch / "pins.txt"
    pins.write_text(spec.pins(gpu=options.gpu), "utf-8")
    _install(spec, python, pins, options.index_url, report)
    _stand_in(spec, scratch)
    report(f"{spec.name}: trying it")
    code = "import " + ", ".join(spec.imports)
    _run(
        [str(python), "-I", "-c", code],
        spec.name,
        report,
        {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(scratch)},
    )
    (scratch / "cache").mkdir(exist_ok=True)
    marker = {
        "name": spec.name,
        "digest": spec.digest(),
        "python": platform.python_version(),
        "gpu": options.gpu,
    }
    with (scratch / MARKER).open("w", encoding="utf-8") as file:
        json.dump(marker, file)
        file.flush()
        os.fsync(file.fileno())


def _stand_in(spec: EnvironmentSpec, scratch: Path) -> None:
    """Let packages that look for others by their names find those that stand in for them."""
    versions = dict(pin.split("==") for pin in spec.pins().split())
    [packages] = (scratch / "lib").glob("python*/site-packages")
    for asked, installed in spec.stand_ins:
        folder = packages / f"{asked.replace('-', '_')}-{versions[installed]}.dist-info"
        folder.mkdir()
        head = f"Metadata-Version: 2.1\nName: {asked}\nVersion: {versions[installed]}\n"
        (folder / "METADATA").write_text(f"{head}Summary: {installed} stands in for it\n", "utf-8")
        (folder / "INSTALLER").write_text("segocr\n", "utf-8")


def _install(spec: EnvironmentSpec, python: Path, pins: Path, index_url: str | None, report: Report) -> None:
    commands = _installers(spec, python, pins, index_url)
    if not commands:
        raise EnvironmentMissing(
            "neither uv nor pip nor ensurepip is there to install packages with",
            code="no-installer",
            hint="sudo apt install python3-venv python3-pip",
        )
    for number, command in enumerate(commands):
        try:
            return _run(command, spec.name, report)
        except EnvironmentMissing as error:
            if number + 1 == len(commands):
                raise
            report(f"{spec.name}: {error.message}; trying the next way")


def _installers(spec: EnvironmentSpec, python: Path, pins: Path, index_url: str | None) -> list[list[str]]:
    """Commands to try in turn: uv is faster.

    Pip knows what is configured for pip (a mirror, a certificate).
    """
    commands = []
    beside = Path(sys.prefix) / "bin" / "uv"
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv:
        command = [uv, "pip", "install", "--python", str(python), "--no-deps", "-r", str(pins)]
        command += ["--compile-bytecode"] if spec.compile else []
        commands.append(command + (["--index", index_url] if index_url else []))
    if importlib.util.find_spec("pip"):
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--no-deps",
            "-r",
            str(pins),
        ]
        command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
        command += [] if spec.compile else ["--no-compile"]
        commands.append(command + (["--extra-index-url", index_url] if index_url else []))
    return commands


def _run(command: list[str], name: str, report: Report, extra: dict[str, str] | None = None) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    tail: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=kept | (extra or {}),
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                tail = [*tail[-20:], line.rstrip()]
                if line.strip():
                    report(f"{name}: {line.rstrip()}")
            code = process.wait()
        except BaseException:
            process.kill()
            raise
    if code:
        raise EnvironmentMissing(
            f"building the environment {name!r} failed ({Path(command[0]).name}, status {code}): "
            + " | ".join(tail[-4:]),
            code="build-failed",
            hint=f"check the network and the package index, then: segocr env create {name}",
        )


def _publish(scratch: Path, target: Path) -> None:
    if target.exists():
        old = target.with_name(f".replaced-{target.name}-{os.getpid()}")
        target.rename(old)
        scratch.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        scratch.rename(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
