"""Which files of a workspace's ``validators/`` folder are its own validators. Guest code."""

from __future__ import annotations

from pathlib import Path


def validator_files(folder: Path) -> list[Path]:
    """Return the Python files of a folder, by name; hidden ones, as editors make, and folders are none."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(".") and not path.is_dir())
