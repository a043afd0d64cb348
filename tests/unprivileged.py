"""Commands run without root's power over file permissions."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


@dataclass(frozen=True)
class Unprivileged:
    """Runs commands that file permissions stop: root, who passes every one of them, lays that power down.

    Attributes:
        folder: An empty folder.
    """

    folder: Path

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in ``folder``, its output captured as text."""
        options.setdefault("cwd", self.folder)
        words = [str(part) for part in command]
        return subprocess.run(words, capture_output=True, text=True, preexec_fn=_drop_override, **options)


def _drop_override() -> None:
    """Give up root's passing of file permissions (capabilities(7)), for this process and its children."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "cannot give up root's power over file permissions")
