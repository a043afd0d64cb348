"""A host's refusals and failures as errors of ``segocr.errors``, and back, for a shared keeper's socket."""

from __future__ import annotations

from typing import Any, NoReturn

from segocr.errors import DocumentError, EnvironmentMissing, HostError, ModelError


def raise_refusal(body: dict[str, Any], engine: str) -> NoReturn:
    """Raise what a refusal means.

    Raises:
        DocumentError: The document's bytes are to blame; ModelError: the model; EnvironmentMissing: the
            environment or the machine; HostError: the engine failed.
    """
    code, message = str(body.get("code")), str(body.get("message"))
    match body.get("culprit"):
        case "document":
            raise DocumentError(message, code=code)
        case "model":
            raise ModelError(message, code=code, hint="segocr doctor")
        case "environment":
            raise EnvironmentMissing(f"{engine}: {message}", code=code, hint="segocr doctor")
        case _:
            raise HostError(f"{engine}: {message}", code=code)
