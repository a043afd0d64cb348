"""segocr: structured data from photos and scans.

``segocr.extract(paths, template=…)`` yields the same records as the command ``segocr extract``.
Imports are lazy, so that ``segocr --help`` and step hosts pay for nothing that they do not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segocr.extraction import extract

__all__ = ["extract"]


def __getattr__(name: str) -> Any:
    """Load the public function at its first use."""
    if name == "extract":
        from segocr.extraction import extract

        return extract
    raise AttributeError(f"module 'segocr' has no attribute {name!r}")
