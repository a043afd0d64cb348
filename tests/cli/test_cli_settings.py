"""segocr.toml: what it means, and how a mistake in it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from segocr.cli.init import _SETTINGS
from segocr.errors import ConfigurationError
from segocr.settings import (
    InboxSettings,
    Settings,
    find_workspace,
    load_settings,
    parse_settings,
    with_dpi,
)

HERE = Path("/work space/é")


def test_what_init_writes_are_the_defaults() -> None:
    written = parse_settings(_SETTINGS, HERE)
    assert written == Settings(workspace=HERE, inbox=(InboxSettings(),))


def test_defaults_hold_outside_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings == Settings()
    assert settings.database_url is None
    assert settings.template_folders == ()


def test_the_workspace_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "segocr.toml").write_text('templates = ["mine", "/theirs"]\n')
    assert find_workspace(below) == tmp_path
    monkeypatch.chdir(below)
    settings = load_settings()
    assert settings.workspace == tmp_path
    assert settings.template_folders == (tmp_path / "mine", Path("/theirs"))


def test_the_variable_overrides_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGOCR_DATABASE_URL", raising=False)
    settings = parse_settings('database = "sqlite:///mine.db"', HERE)
    assert settings.database_url == "sqlite:///mine.db"
    monkeypatch.setenv("SEGOCR_DATABASE_URL", "postgresql://u@h/n")
    assert settings.database_url == "postgresql://u@h/n"
    assert Settings().database_url == "postgresql://u@h/n"


def test_a_step_may_have_its_own_device() -> None:
    settings = parse_settings('[engines]\ndevice = "cuda:0"\n[engines.ocr]\ndevice = "cpu"', HERE)
    assert settings.engines.device_of("segment") == "cuda:0"
    assert settings.engines.device_of("ocr") == "cpu"
    assert settings.engines.device_of("open") == "cuda:0"


def test_the_resolution_of_pdf_pages_can_be_set_for_one_command() -> None:
    settings = parse_settings("[engines]\nopen.dpi = 300", HERE)
    assert settings.engines.open.dpi == 300
    assert with_dpi(settings, 150).engines.open.dpi == 150
    assert with_dpi(settings, 150).workspace == HERE
    for wrong in (0, 35, 1201, float("nan")):
        with pytest.raises(ConfigurationError, match="36 to 1200"):
            with_dpi(settings, wrong)


def test_interpreters_are_absolute() -> None:
    settings = parse_settings('[environments.paddle]\npython = "env/bin/python"', HERE)
    assert settings.environment_pythons == {"paddle": HERE / "env/bin/python"}


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 4 1,15 * 1-5", "15-45/10 0-23/2 * 12 7", "off"])
def test_schedules_are_seconds_or_cron_lines(cron: str) -> None:
    settings = parse_settings(f'[schedules]\nwatch = 60\nretry = "{cron}"', HERE)
    assert (settings.schedules.watch, settings.schedules.retry) == (60.0, cron)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().limits.pages = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("[limits]\npagse = 3", ":2:1", "unknown key limits.pagse", "did you mean 'pages'? known: file_mb"),
        ("limit = 3", ":1:1", "unknown key limit", "did you mean 'limits'?"),
        ("workspace = '/etc'", ":1:1", "unknown key workspace", "known: database"),
        ("[limits]\n\n  pages = 'many'", ":3:3", "limits.pages = 'many': expected a whole number", "edit"),
        ("[limits]\npages = 0", ":2:1", "limits.pages = 0:", "edit"),
        ("[engines.open]\ndpi = 20", ":2:1", "engines.open.dpi = 20:", "edit"),
        ("[engines]\ndevice = 'gpu'", ":2:1", "engines.device = 'gpu': a device is auto, cpu", "edit"),
        ("[engines.ocr]\ndevise = 'cpu'", ":2:1", "unknown key engines.ocr.devise", "'device'"),
        ("[[inbox]]\n[[inbox]]\nafter = 'gone'", ":3:1", "inbox[1].after = 'gone': expected 'done'", "edit"),
        ("[[inbox]]\npaht = 'x'", ":2:1", "unknown key inbox[0].paht", "did you mean 'path'?"),
        ('[[inbox]]\npath = "a\\u0000b"', ":2:1", "inbox[0].path = 'a\\x00b': a path holds", "edit"),
        ("inbox = 'x'", ":1:1", "inbox = 'x': expected an array", "edit"),
        ("[environments.paddle]", ":1", "environments.paddle.python is not set", "edit"),
        ("[environments.open]\npyhton = 'x'", ":2:1", "unknown key environments.open.pyhton", "'python'"),
        ("\n[environments.padle]\npython = 'x'", ":2", "unknown key environments.padle", "mean 'paddle'?"),
        ("[environments]\npadle.python = 'x'", ":2:1", "unknown key environments.padle", "mean 'paddle'?"),
        ("database = 3", ":1:1", "database = 3: expected text in quotes", "edit"),
        ("[schedules]\nwatch = 'daily'", ":2:1", "schedules.watch = 'daily': expected seconds", "edit"),
        ("[schedules]\nwatch = '61 * * * *'", ":2:1", "schedules.watch = '61 * * * *': expected", "edit"),
        ("[schedules]\nwatch = 1", ":2:1", "schedules.watch = 1: expected at least 10 seconds", "edit"),
        ("[schedules]\nwatch = true", ":2:1", "schedules.watch = True: expected seconds", "edit"),
        ("[schedules]\nwatch = nan", ":2:1", "schedules.watch = nan: expected at most", "edit"),
        ("[schedules]\nwatch = 1e12", ":2:1", "schedules.watch = 1000000000000.0: expected at most", "edit"),
        ("[keep]\ndone = 4000000", ":2:1", "keep.done = 4000000: expected less than or equal to", "edit"),
        ("[retry]\ndays = inf", ":2:1", "retry.days = inf: expected a finite number", "edit"),
        ("[[inbox]]\nstale_after = 1e12", ":2:1", "inbox[0].stale_after = 1000000000000.0: expected", "edit"),
        ("[[inbox]]\nsettle_seconds = inf", ":2:1", "inbox[0].settle_seconds = inf: expected a", "edit"),
        ("[limits]\nfile_mb = inf", ":2:1", "limits.file_mb = inf: expected a finite number", "edit"),
        ("[alert]\nminutes = 1e9", ":2:1", "alert.minutes = 1000000000.0: expected less", "edit"),
        ("[keep]\ndone = -1", ":2:1", "keep.done = -1:", "edit"),
        ("[alert]\nwebhook = 'me@example.org'", ":2:1", "alert.webhook = 'me@example.org':", "edit"),
        ("x = \n", ":1:5", "this is not TOML", "edit"),
    ],
)
def test_a_mistake_is_said_with_its_place(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text, HERE)
    assert caught.value.message.startswith(f"{HERE}/segocr.toml{place}: {message}")
    assert hint in (caught.value.hint or "")


def test_a_missing_or_unreadable_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as caught:
        load_settings(tmp_path)
    assert caught.value.hint == f"run: segocr init {tmp_path}"
    (tmp_path / "segocr.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path)
