"""The copy of segocr's guest modules that hosts import.

Hosts must not see the orchestrator's packages, and a foreign environment should not be written into; so the
few guest modules are copied to a folder of their own, named by their digest, with an empty
``segocr/__init__.py``.
A host is started with that folder first on its path. Different versions of segocr share environments without
disturbing each other; a damaged copy shows in the handshake (it states what it finds) and is made anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from segocr.environments.locate import environments_root
from segocr.steps.guest import digest_of

_SOURCE = Path(__file__).parents[1]
_GUEST = (
    "geometry.py",
    "parentdeath.py",
    "spelling.py",
    "constraints",
    "validators",
    "steps/__init__.py",
    "steps/protocol.py",
    "steps/guest.py",
    "steps/modelfiles.py",
    "steps/openvino_models.py",
    "steps/open",
    "steps/segment",
    "steps/ocr",
    "steps/validate",
)
_KEPT = 5


def _sources() -> Iterator[Path]:
    for name in _GUEST:
        path = _SOURCE / name
        if path.is_dir():
            yield from sorted(path.rglob("*.py"))
        elif path.exists():
            yield path


def _copy_to(folder: Path) -> None:
    package = folder / "segocr"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for source in _sources():
        target = package / source.relative_to(_SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())


def _writable_root() -> Path:
    root = environments_root()
    if os.access(root, os.W_OK | os.X_OK) and root.is_dir():  # in this order: the second asks nothing hidden
        return root / ".guests"
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "segocr" / "guests"


@cache
def guest_code() -> tuple[Path, str]:
    """Return the folder to put on a host's path, made if need be, and the digest of what it must hold."""
    root = _writable_root()
    root.mkdir(parents=True, exist_ok=True, mode=0o755)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        _copy_to(scratch / "copy")
        digest = digest_of(scratch / "copy" / "segocr")
        target = root / digest[:24]
        if not (target / "segocr").is_dir():
            _forget_old(root)
            try:
                (scratch / "copy").rename(target)
            except OSError:  # another process was faster
                if not (target / "segocr").is_dir():
                    raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target, digest


def renew_guest_code() -> tuple[Path, str]:
    """Replace a copy that proved damaged; returns what ``guest_code`` does."""
    target, _ = guest_code()
    shutil.rmtree(target, ignore_errors=True)
    guest_code.cache_clear()
    return guest_code()


def _forget_old(root: Path) -> None:
    copies = sorted((path for path in root.iterdir() if not path.name.startswith(".")), key=_age)
    for path in copies[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
