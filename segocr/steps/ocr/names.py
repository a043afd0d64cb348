"""Names of the OCR models that the wheels of an environment bring (their files: ``models``). Guest code."""

from __future__ import annotations

from pathlib import Path

NAMES = ("PP-OCRv6_small", "PP-OCRv4_mobile")


def may_have(engine: str, model: str) -> bool:
    """Say whether an engine may have an OCR model: PaddleOCR knows more names than wheels bring.

    Args:
        engine: ``openvino`` or ``paddleocr``.
        model: A name, or a directory's absolute path; it need not be there.
    """
    return engine == "paddleocr" or model in NAMES or Path(model).is_absolute()
