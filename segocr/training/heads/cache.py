"""Read lines kept on disk by picture, so that a second training begins where the slow part ends.

A file a picture, named by the digest of its pixels, of the recogniser and of the code that finds and reads
lines. Another picture, model or code is another name; nothing is ever out of date.
"""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.codeversion import lines_code
from segocr.errors import ConfigurationError
from segocr.textlines.lines import TextLine


class LineCache:
    """Lines of pictures under a folder.

    Args:
        folder: Made if need be.
        model_digest: Of the OCR model that finds and reads the lines.
        areas: Whether only areas with text are looked at for them.
    """

    def __init__(self, folder: Path, model_digest: str, *, areas: bool = False) -> None:
        self.areas = areas
        self._folder = folder
        self._found_by = [model_digest, lines_code(), areas]

    def get(self, image: NDArray[np.uint8]) -> list[TextLine] | None:
        """Return the lines of a picture, ``uint8 (H, W, 3)``; None if they are not known or damaged."""
        try:
            packed = json.loads(gzip.decompress(self._path(image).read_bytes()))
            return [_unpacked(line) for line in packed["lines"]]
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None

    def put(self, image: NDArray[np.uint8], lines: Sequence[TextLine]) -> None:
        """Keep the lines of a picture; a reader never sees half a file.

        Raises:
            ConfigurationError: The folder cannot be written; ``disk-full``.
        """
        path = self._path(image)
        scratch = path.with_suffix(f".{os.getpid()}")
        text = json.dumps({"lines": [_packed(line) for line in lines]})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_bytes(gzip.compress(text.encode(), mtime=0))
            scratch.replace(path)
        except OSError as error:
            raise _cannot_keep(self._folder, error) from error

    def _path(self, image: NDArray[np.uint8]) -> Path:
        facts = [*self._found_by, list(image.shape), hashlib.sha256(image.tobytes()).hexdigest()]
        return self._folder / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}.json.gz"


def require_usable(folder: Path) -> None:
    """Refuse a folder that lines cannot be kept in, before pages are read.

    Raises:
        ConfigurationError: It cannot be made or written; ``disk-full``.
    """
    probe = folder / f".segocr-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _cannot_keep(folder, error) from error


def _cannot_keep(folder: Path, error: OSError) -> ConfigurationError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ConfigurationError(
        f"the folder {folder}, where read lines are kept, cannot be written: {error.strerror}",
        code="disk-full" if full else None,
        hint="name another one with --work",
    )


def _packed(line: TextLine) -> dict[str, Any]:
    return {
        "quad": line.quad.round(2).tolist(),
        "score": round(line.score, 4),
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "bounds": line.bounds.round(4).tolist(),
        "lattice": base64.b64encode(line.lattice).decode(),
    }


def _unpacked(packed: dict[str, Any]) -> TextLine:
    return TextLine(
        np.array(packed["quad"], np.float64).reshape(4, 2),
        float(packed["score"]),
        str(packed["text"]),
        float(packed["confidence"]),
        np.array(packed["bounds"], np.float64),
        base64.b64decode(packed["lattice"]),
    )
