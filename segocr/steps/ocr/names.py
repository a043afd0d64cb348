"""Names of the OCR models that the wheels of an environment bring (their files: ``models``). Guest code."""

from __future__ import annotations

NAMES = ("PP-OCRv6_small", "PP-OCRv4_mobile")
