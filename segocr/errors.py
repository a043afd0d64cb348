"""Every error of segocr: whose fault it is, whether trying again can help, what to do next.

    SegocrError
    ├── UsageError              the command line was mistaken                      the user        exit 2
    ├── DocumentError           one document cannot be processed                   the document    exit 3
    ├── TemplateError           a mistake in a template, as file:line:column       its author      exit 4
    ├── ConfigurationError      segocr.toml or an option's value                   the operator    exit 4
    ├── EnvironmentMissing      a step's environment is absent or broken           the machine     exit 5
    ├── ModelError              a model is absent, broken or of another kind       the operator    exit 5
    ├── HostError               a step host misbehaved                             the machine     exit 5
    │   ├── HostDied            its process ended (transient)
    │   └── HostTimeout         it passed its deadline and was killed
    ├── DatabaseError           the database is absent, locked, full or too old    the machine     exit 6
    └── flows.server.ServerError    Prefect's server cannot be started or asked    the machine     exit 5

A ``DocumentError`` concerns one document, and the batch goes on. So it does after ``HostDied`` and
``HostTimeout`` where one document alone brings them about (``segocr.pipeline``): that one has failed. Every
other error ends the command and blames no document. Step hosts raise none of these: they answer with a code,
and the client translates it. ``docs/problems.md`` says of each code what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class SegocrError(Exception):
    """Root of the tree.

    Args:
        message: What is wrong, one sentence, naming the thing.
        code: Stable identifier in kebab-case, documented in ``docs/problems.md``.
        hint: What to do next, usually a command.
    """

    exit_code = 1
    transient = False
    default_code = "internal"

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(SegocrError):
    """The command line was mistaken."""

    exit_code = 2
    default_code = "usage"


class DocumentError(SegocrError):
    """One document cannot be processed; the others go on."""

    exit_code = 3
    default_code = "unreadable"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in a file something stands; lines and columns count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class TemplateError(SegocrError):
    """A template author's mistake, with its place."""

    exit_code = 4
    default_code = "template"

    def __init__(
        self, message: str, *, mark: Mark | None = None, code: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(f"{mark}: {message}" if mark else message, code=code, hint=hint)
        self.mark = mark


class ConfigurationError(SegocrError):
    """``segocr.toml`` or an option has a value that cannot be used."""

    exit_code = 4
    default_code = "configuration"


class EnvironmentMissing(SegocrError):
    """The Python environment of a step is absent, broken or of the wrong version."""

    exit_code = 5
    default_code = "environment"


class ModelError(SegocrError):
    """A model is absent, broken, of another kind, or lacks a class that the template names."""

    exit_code = 5
    default_code = "model"


class HostError(SegocrError):
    """A step host misbehaved, or the keeper that owns the hosts is not there."""

    exit_code = 5
    default_code = "host"

    @property
    def is_of_keeper(self) -> bool:
        """Whether the keeper has gone or is ending, or there is none: nobody's document did that."""
        return self.code in ("keeper-gone", "keeper-closed", "no-keeper")


class HostDied(HostError):
    """A step host's process ended in the middle of a request; a new one may do better."""

    transient = True
    default_code = "host-died"


class HostTimeout(HostError):
    """A step host passed its deadline and was killed."""

    default_code = "host-timeout"


class DatabaseError(SegocrError):
    """The database is absent, locked, full, unreachable or of another version."""

    exit_code = 6
    default_code = "database"
