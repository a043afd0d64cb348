"""Logs of the service: one line an event, ``key=value`` behind it; ids and codes, no file names or values."""

from __future__ import annotations

import logging
import re
import sys
import time

_PLAIN = re.compile(r"[^\s\"=\\]+")


class _Lines(logging.Formatter):
    """``2026-03-01T12:00:00.000Z info extract: stored arrival=… state=extracted``."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        moment = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        name = record.name.removeprefix("segocr.")
        fields = getattr(record, "fields", {})
        words = [f"{key}={_word(value)}" for key, value in fields.items() if value is not None]
        line = " ".join([moment, record.levelname.lower(), f"{name}:", record.getMessage(), *words])
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _word(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text) and text.isprintable():
        return text
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


def start_logging(level: int = logging.INFO) -> None:
    """Write segocr's own log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logger = logging.getLogger("segocr")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def tell(logger: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Log an event with its fields; those that are None are left out."""
    logger.log(level, event, extra={"fields": fields})


def silence(*loggers: str) -> None:
    """Keep what others log, with tracebacks that name files, out of a log that tells the same as an event."""
    for name in loggers:
        logging.getLogger(name).addFilter(_nothing)  # a level would be set anew by who configures logging


def _nothing(record: logging.LogRecord) -> bool:
    return False
