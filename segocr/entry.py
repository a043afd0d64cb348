"""The program ``segocr``: Ctrl-C ends it without a traceback from its first moment on."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Nothing is begun before the command line is loaded, which then takes Ctrl-C for itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Load the command line, run it and leave with its exit code."""
    from segocr.cli import main as run

    run()
