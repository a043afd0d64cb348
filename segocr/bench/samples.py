"""Which documents are measured: the template's own golden samples, or a folder that somebody names."""

from __future__ import annotations

from pathlib import Path

from segocr.errors import UsageError
from segocr.templates import Template

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}


def golden_samples(template: Template) -> list[Path]:
    """Return the pictures in the template's ``golden`` folder.

    Raises:
        UsageError: There are none.
    """
    return pictures_in(template.folder / "golden")


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in and below a folder, sorted.

    Raises:
        UsageError: ``no-pictures``: there are none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES and path.is_file())
    if not found:
        raise UsageError(
            f"there are no pictures in {folder}", code="no-pictures", hint="name another: --data DIR"
        )
    return found
