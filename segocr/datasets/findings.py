"""What is found in a folder of labelled documents: how grave, which code, where, what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether labels can be used as they are."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``code`` is stable, ``place`` is file:line."""

    severity: Severity
    code: str
    place: str
    message: str


def error(code: str, place: str, message: str) -> Finding:
    """Return a finding that keeps labels from being used."""
    return Finding(Severity.ERROR, code, place, message)


def warning(code: str, place: str, message: str) -> Finding:
    """Return a finding that a person should look at."""
    return Finding(Severity.WARNING, code, place, message)
