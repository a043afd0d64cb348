"""The tables of ``segocr.toml``, and what they mean: paths, the database, devices."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from segocr.environments.specs import SPECS
from segocr.errors import ConfigurationError
from segocr.settings.errors import UNKNOWN_NAME
from segocr.settings.service import AlertSettings, KeepSettings, RetrySettings, ScheduleSettings
from segocr.settings.table import LONGEST_SECONDS, Table

DATABASE_VARIABLE = "SEGOCR_DATABASE_URL"


def _device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError("a device is auto, cpu, cuda or cuda:N")
    return value


def _environment(name: str) -> str:
    if name not in SPECS:
        raise PydanticCustomError(UNKNOWN_NAME, "there is no such environment", {"known": list(SPECS)})
    return name


def _nameable(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path holds no zero character")
    return path


# TOML has neither paths nor tuples: text and arrays stand for them, and nothing else does.
TomlPath = Annotated[Path, Field(strict=False), AfterValidator(_nameable)]
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
        seconds_per_document: Longest time for opening it; each page after the first adds a second.
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
    environments: dict[Annotated[str, AfterValidator(_environment)], EnvironmentSettings] = Field(
        default_factory=dict
    )
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
