"""Where environments are, and whether they are whole."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from segocr.environments.specs import SPECS, EnvironmentSpec
from segocr.errors import ConfigurationError, EnvironmentMissing
from segocr.spelling import known_words

MARKER = "segocr-environment.json"


class State(StrEnum):
    """Absent; built from these pins; stale (built from others); broken (marked as built, interpreter gone).

    External.
    """

    ABSENT = "absent"
    BUILT = "built"
    STALE = "stale"
    BROKEN = "broken"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment as ``segocr env list`` shows it; ``python`` is None when it is absent."""

    name: str
    state: State
    python: Path | None
    purpose: str
    python_range: str
    megabytes: int


def environments_root() -> Path:
    """Return where environments are built.

    ``$SEGOCR_HOME/environments``, else beside this Python installation.

    Raises:
        ConfigurationError: ``SEGOCR_HOME`` begins with the home of a user who is not known.
    """
    home = os.environ.get("SEGOCR_HOME")
    if not home:
        return Path(sys.prefix) / "share/segocr/environments"
    try:
        return Path(home).expanduser() / "environments"
    except RuntimeError as error:
        raise ConfigurationError(
            f"SEGOCR_HOME is {home}, and nobody knows where that is", hint="set SEGOCR_HOME to a folder"
        ) from error


def spec_of(name: str) -> EnvironmentSpec:
    """Return the environment of that name.

    Raises:
        EnvironmentMissing: ``unknown-environment``, with the known names and the nearest.
    """
    if name in SPECS:
        return SPECS[name]
    raise EnvironmentMissing(
        f"there is no environment {name!r}", code="unknown-environment", hint=known_words(name, SPECS)
    )


def status_of(name: str, configured: Mapping[str, Path] | None = None) -> EnvironmentStatus:
    """Say whether an environment is there; starts nothing.

    Args:
        name: Its name.
        configured: Interpreters named in ``segocr.toml``, by environment.
    """
    spec = spec_of(name)
    state, python = State.ABSENT, None
    if configured and name in configured:
        python = configured[name]
        state = State.EXTERNAL if os.access(python, os.X_OK) else State.BROKEN
    else:
        folder = environments_root() / name
        digest = _marked_digest(folder)
        if digest is not None:
            python = folder / "bin" / "python"
            state = State.BUILT if digest == spec.digest() else State.STALE
            state = state if os.access(python, os.X_OK) else State.BROKEN
    return EnvironmentStatus(name, state, python, spec.purpose, spec.python_range, spec.megabytes)


def list_environments(configured: Mapping[str, Path] | None = None) -> list[EnvironmentStatus]:
    """Return the status of every environment, in the order of ``specs``."""
    return [status_of(name, configured) for name in SPECS]


def resolve(name: str, configured: Mapping[str, Path] | None = None) -> Path:
    """Return the interpreter of an environment, ready to run.

    Raises:
        EnvironmentMissing: ``environment-absent``, ``environment-stale`` or ``environment-broken``, with the
            command that mends it.
    """
    status = status_of(name, configured)
    if status.state in (State.BUILT, State.EXTERNAL) and status.python is not None:
        return status.python
    hint = f"segocr env create {name}"
    if configured and name in configured:
        hint = f"correct [environments.{name}] python in segocr.toml"
    raise EnvironmentMissing(
        f"the environment {name!r} ({status.purpose}) is {status.state.value}",
        code=f"environment-{status.state.value}",
        hint=hint,
    )


def _marked_digest(folder: Path) -> str | None:
    try:
        digest = json.loads((folder / MARKER).read_text("utf-8"))["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) else None
