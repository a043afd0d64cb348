"""Asking the forest's guest: requests and answers as files of plain arrays."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segocr.errors import ModelError

GUEST = Path(__file__).with_name("forest.py")
_TAIL = 2000


def ask(python: Path, operation: str, **request: Any) -> dict[str, NDArray[Any]]:
    """Have the guest do one operation (see ``forest``).

    Args:
        python: Interpreter of an environment with scikit-learn.
        operation: ``reduce`` or ``grow``.
        request: Arrays and numbers by name.

    Raises:
        ModelError: ``training-failed``, its hint with the end of what was printed.
    """
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory(prefix="segocr-head-") as folder:
        source, target = Path(folder) / "request.npz", Path(folder) / "answer.npz"
        with source.open("wb") as file:
            np.savez(file, **request)
        words = [str(python), "-I", str(GUEST), operation, str(source), str(target)]
        done = subprocess.run(words, capture_output=True, text=True, env=surroundings, check=False)
        if done.returncode != 0:
            raise ModelError(
                f"training the head ended with status {done.returncode}",
                code="training-failed",
                hint="segocr doctor says whether the environment openvino is whole; the last words were:\n"
                + done.stderr[-_TAIL:].strip(),
            )
        with np.load(target, allow_pickle=False) as answer:
            return {name: answer[name] for name in answer.files}
