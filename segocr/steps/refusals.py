"""Errors that come from another process: what a host refuses, and what a shared keeper's call failed with."""

from __future__ import annotations

from typing import Any, NoReturn

from segocr import errors
from segocr.errors import DocumentError, EnvironmentMissing, HostError, ModelError, SegocrError

_HINTS = {"model-changed": "start again: the model that is there now is taken then"}


def raise_refusal(body: dict[str, Any], engine: str) -> NoReturn:
    """Raise what a host's refusal means.

    Raises:
        DocumentError: The document's bytes are to blame; ModelError: the model; EnvironmentMissing: the
            environment or the machine; HostError: the engine failed.
    """
    code, message = str(body.get("code")), _shown(str(body.get("message")))
    match body.get("culprit"):
        case "document":
            raise DocumentError(message, code=code)
        case "model":
            raise ModelError(message, code=code, hint=_HINTS.get(code, "segocr doctor"))
        case "environment":
            raise EnvironmentMissing(f"{engine}: {message}", code=code, hint="segocr doctor")
        case _:
            raise HostError(f"{engine}: {message}", code=code)


def _shown(text: str) -> str:
    """Return what can be stored and shown of a text that may quote foreign bytes."""
    return "".join(character if character.isprintable() else " " for character in text)


def failure_as_json(error: SegocrError) -> dict[str, Any]:
    """Return an error as it travels from a shared keeper."""
    return {"type": type(error).__name__, "message": error.message, "code": error.code, "hint": error.hint}


def raise_failure(body: dict[str, Any]) -> NoReturn:
    """Raise an error that came from a shared keeper as it was raised there.

    Raises:
        SegocrError: Of the same type; HostError, if segocr.errors has none of that name.
    """
    kind = getattr(errors, str(body.get("type")), None)
    if not (isinstance(kind, type) and issubclass(kind, SegocrError)):
        kind = HostError
    hint = body.get("hint")
    raise kind(str(body.get("message")), code=str(body.get("code")), hint=None if hint is None else str(hint))
