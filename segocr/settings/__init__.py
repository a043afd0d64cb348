"""Settings: what ``segocr.toml`` says, and what holds without one.

A *workspace* is a folder with a ``segocr.toml``; commands find it from any folder below. Outside a workspace
the defaults hold and there is no database, unless ``SEGOCR_DATABASE_URL`` names one.
"""

from segocr.settings.load import (
    FILE,
    SERVED_VARIABLE,
    find_workspace,
    load_settings,
    parse_settings,
    served_settings,
    settings_text,
)  # fmt: skip
from segocr.settings.tables import EnvironmentSettings, InboxSettings, Settings, check_device, with_dpi

__all__ = [
    "FILE", "SERVED_VARIABLE", "EnvironmentSettings", "InboxSettings", "Settings", "check_device",
    "find_workspace", "load_settings", "parse_settings", "served_settings", "settings_text", "with_dpi",
]  # fmt: skip
