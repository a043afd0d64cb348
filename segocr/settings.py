"""Settings: what ``segocr.toml`` says, and what holds without one.

A *workspace* is a folder with a ``segocr.toml``; commands find it from any folder below. Outside a workspace
the defaults hold and there is no database, unless ``SEGOCR_DATABASE_URL`` names one.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from segocr.errors import ConfigurationError
from segocr.settings_errors import explained, toml_error, unknown_key
from segocr.settings_service import AlertSettings, KeepSettings, RetrySettings, ScheduleSettings
from segocr.settings_table import LONGEST_SECONDS, Table

FILE = "segocr.toml"
DATABASE_VARIABLE = "SEGOCR_DATABASE_URL"
SERVED_VARIABLE = "SEGOCR_SERVED_SETTINGS"
"""Variable with the text of ``segocr.toml`` that all processes of a running ``segocr serve`` go by."""


def _device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError("a device is auto, cpu, cuda or cuda:N")
    return value


# TOML has neither paths nor tuples: text and arrays stand for them, and nothing else does.
TomlPath = Annotated[Path, Field(strict=False)]
Device = Annotated[str, AfterValidator(_device)]


class StepSettings(Table):
    """``[engines.segment]`` or ``[engines.ocr]``: a step's own device; None: the common one."""

    device: Device | None = None


class OpenSettings(Table):
    """``[engines.open]``: how documents are opened; PDF pages are rendered at ``dpi`` dots per inch."""

    dpi: float = Field(default=200, ge=36, le=1200)


class EngineSettings(Table):
    """``[engines]``: where models run, and how documents are opened."""

    device: Device = "auto"
    open: OpenSettings = OpenSettings()
    segment: StepSettings = StepSettings()
    ocr: StepSettings = StepSettings()

    @property
    def devices(self) -> dict[str, str]:
        """The device of each step that runs a model."""
        return {step: self.device_of(step) for step in ("segment", "ocr")}

    def device_of(self, step: str) -> str:
        """Return the device of a step: its own if one is set, else the common one."""
        own = {"segment": self.segment, "ocr": self.ocr}.get(step)
        return (own.device if own else None) or self.device


class EnvironmentSettings(Table):
    """``[environments.NAME]``: an environment that somebody built otherwise."""

    python: TomlPath


class InboxSettings(Table):
    """One ``[[inbox]]``: a folder that people drop files into.

    Attributes:
        path: The folder; a relative one starts at the workspace.
        interval: Seconds between two sweeps.
        settle_seconds: A file counts as written when it has not changed for so long.
        stale_after: Seconds after which a file that stays empty or unreadable has failed.
        after: What becomes of a file once its records are stored: moved to ``done/``, left, or deleted.
        ready: How a file shows that it is whole: ``settled`` (unchanged for so long), ``marker`` (a file of
            its name and ``.done`` beside it), or ``renamed`` (at once: writers rename whole files).
        duplicates: The same bytes again: linked to what is known, refused, or processed again.
        ignore: Patterns of names that are not taken, beside hidden and temporary ones.
    """

    path: TomlPath = Path("inbox")
    interval: float = Field(default=30, gt=0, le=LONGEST_SECONDS)
    settle_seconds: float = Field(default=5, ge=0, le=LONGEST_SECONDS)
    stale_after: float = Field(default=600, gt=0, le=LONGEST_SECONDS)
    after: Literal["done", "leave", "delete"] = "done"
    ready: Literal["settled", "marker", "renamed"] = "settled"
    duplicates: Literal["link", "refuse", "again"] = "link"
    ignore: Annotated[tuple[str, ...], Field(strict=False)] = ()


class LimitSettings(Table):
    """``[limits]``: what one document may cost.

    Attributes:
        file_mb: Size of its file in megabytes.
        page_megapixels: Size of each of its pages.
        pages: How many it may have.
        seconds_per_document: Longest time for opening any one of its pages, whatever the name says: ten pages
            may take ten times as long together.
        attempts: How often its extraction is begun before it fails.
    """

    file_mb: float = Field(default=200, gt=0, le=1_000_000)
    page_megapixels: float = Field(default=120, gt=0, le=1_000_000)
    pages: int = Field(default=500, ge=1, le=1_000_000)
    seconds_per_document: float = Field(default=120, gt=0, le=86400)
    attempts: int = Field(default=3, ge=1, le=1000)

    @property
    def file_bytes(self) -> int:
        """The largest file in bytes."""
        return int(self.file_mb * 1_000_000)


class Settings(Table):
    """All settings of a command.

    Attributes:
        workspace: The folder of ``segocr.toml``, absolute; None outside a workspace.
        database: An SQLAlchemy URL as written; use ``database_url``.
        templates: Folders searched for templates before the shipped ones; use ``template_folders``.
        engines: Devices.
        environments: Environments built otherwise, by name.
        inbox: The inboxes, in order.
        limits: What one document may cost.
        schedules: When `segocr serve` runs what.
        retry: What is tried again.
        keep: What is kept for how long.
        alert: What happens when many documents fail.
    """

    workspace: Path | None = None
    database: str = "sqlite:///segocr.db"
    templates: Annotated[tuple[TomlPath, ...], Field(strict=False)] = (Path("templates"),)
    engines: EngineSettings = EngineSettings()
    environments: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    inbox: Annotated[tuple[InboxSettings, ...], Field(strict=False)] = ()
    limits: LimitSettings = LimitSettings()
    schedules: ScheduleSettings = ScheduleSettings()
    retry: RetrySettings = RetrySettings()
    keep: KeepSettings = KeepSettings()
    alert: AlertSettings = AlertSettings()

    @property
    def database_url(self) -> str | None:
        """The database: ``SEGOCR_DATABASE_URL``, else the workspace's; None where there is neither.

        A relative SQLite path in it starts at the workspace: ``open_database(url, folder=workspace)``.
        """
        if variable := os.environ.get(DATABASE_VARIABLE):
            return variable
        return None if self.workspace is None else self.database

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Folders searched for templates, absolute, before the shipped ones; none outside a workspace."""
        if self.workspace is None:
            return ()
        return tuple(self.workspace / folder for folder in self.templates)

    @property
    def validators_folder(self) -> Path | None:
        """Where the workspace keeps its own validators; None if it has none."""
        folder = None if self.workspace is None else self.workspace / "validators"
        return folder if folder is not None and folder.is_dir() else None

    def inbox_folder(self, inbox: InboxSettings) -> Path:
        """Return an inbox's folder, absolute."""
        return (self.workspace or Path.cwd()) / inbox.path

    @property
    def environment_pythons(self) -> dict[str, Path]:
        """The interpreters named for environments, absolute."""
        folder = self.workspace or Path.cwd()
        return {name: folder / table.python.expanduser() for name, table in self.environments.items()}


def check_device(device: str) -> str:
    """Return a device as an option names it.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        return _device(device)
    except ValueError as error:
        raise ConfigurationError(f"--device {device}: {error}") from error


def with_dpi(settings: Settings, dpi: float) -> Settings:
    """Return settings with another resolution for PDF pages.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        opening = OpenSettings(dpi=dpi)
    except ValidationError as error:
        raise ConfigurationError(f"{dpi:g} dpi: a resolution is 36 to 1200 dots per inch") from error
    engines = settings.engines.model_copy(update={"open": opening})
    return settings.model_copy(update={"engines": engines})


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
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{file} does not exist", hint=f"run: segocr init {file.parent}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
