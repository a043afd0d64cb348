"""Reading ``segocr.toml``: of the workspace that a command is called in, or of the service that runs."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import ValidationError

from segocr.errors import ConfigurationError
from segocr.plainfiles import read_plain
from segocr.settings.errors import explained, toml_error, unknown_key
from segocr.settings.tables import Settings

FILE = "segocr.toml"
_MAX_BYTES = 1 << 20
SERVED_VARIABLE = "SEGOCR_SERVED_SETTINGS"
"""Variable with the text of ``segocr.toml`` that all processes of a running ``segocr serve`` go by."""


def find_workspace(start: Path | None = None) -> Path | None:
    """Return the nearest folder with ``segocr.toml``, from ``start`` (default: here) upwards, or None."""
    folder = (start or Path.cwd()).resolve()
    return next((place for place in (folder, *folder.parents) if (place / FILE).is_file()), None)


def load_settings(workspace: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        workspace: A folder with ``segocr.toml``; None: the one found from here, else the defaults.

    Raises:
        ConfigurationError: The file is absent, unreadable, not TOML, or has an unknown key or a wrong value.
    """
    folder = workspace if workspace is not None else find_workspace()
    if folder is None:
        return Settings()
    folder = folder.resolve()
    return parse_settings(settings_text(folder), folder)


def served_settings(workspace: Path) -> Settings:
    """Return the settings that a process of ``segocr serve`` works by; of any other one, those of the file.

    Args:
        workspace: The folder that the service was started for.

    Raises:
        ConfigurationError: As ``load_settings``.
    """
    text = os.environ.get(SERVED_VARIABLE)
    return load_settings(workspace) if text is None else parse_settings(text, workspace.resolve())


def parse_settings(text: str, workspace: Path) -> Settings:
    """Return the settings that a ``segocr.toml``'s text means.

    Args:
        text: TOML.
        workspace: The folder it stands in, absolute.

    Raises:
        ConfigurationError: As ``load_settings``.
    """
    file = workspace / FILE
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise toml_error(file, error) from error
    if "workspace" in tree:  # a field of Settings, yet no key of the file
        raise unknown_key(file, text, ("workspace",), Settings)
    try:
        return Settings.model_validate({**tree, "workspace": workspace})
    except ValidationError as error:
        raise explained(file, text, error, Settings) from error


def settings_text(workspace: Path) -> str:
    """Return the text of a workspace's ``segocr.toml``.

    Raises:
        ConfigurationError: It is absent or unreadable.
    """
    file = workspace / FILE
    try:
        return read_plain(file, _MAX_BYTES).decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} does not exist", hint=f"run: segocr init {file.parent}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
