"""Which ``.pt`` files may be loaded. A ``.pt`` is a pickle: loading one runs what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

from segocr.errors import ConfigurationError, ModelError
from segocr.plainfiles import read_plain
from segocr.templates.load import shipped_folder

FILE = "trusted-models.json"
_MAX_BYTES = 16 << 20


def trusted_models(workspace: Path) -> dict[str, str]:
    """Return the workspace's trusted models: SHA-256 to the name under which each was trusted.

    Raises:
        ConfigurationError: The list is damaged.
    """
    path = workspace / FILE
    try:
        found = json.loads(read_plain(path, _MAX_BYTES))
        return {str(digest): str(name) for digest, name in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}", hint="mend it, or delete it and trust again"
        ) from error


def trust_model(model: Path, workspace: Path) -> str:
    """Add a model to the workspace's list.

    Returns:
        Its SHA-256.

    Raises:
        ModelError: ``model-absent``, or ``model-broken`` if it is no ``.pt``.
        ConfigurationError: The list is damaged or cannot be written.
    """
    digest = _digest(model)
    _require_torch(model)
    known = {**trusted_models(workspace), digest: str(model)}
    try:
        descriptor, scratch = tempfile.mkstemp(dir=workspace, prefix=f".{FILE}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(known, stream, indent=2)
            stream.write("\n")
        Path(scratch).replace(workspace / FILE)
    except OSError as error:
        raise ConfigurationError(f"{workspace / FILE} cannot be written: {error.strerror}") from error
    return digest


def _require_torch(model: Path) -> None:
    """Refuse what PyTorch has not written; nothing of it is loaded."""
    try:
        with zipfile.ZipFile(model) as archive:
            is_torch = any(name.endswith("/data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        is_torch = False
    if not is_torch:
        raise ModelError(
            f"{model} is no .pt file as PyTorch writes it (a zip archive with a data.pkl)",
            code="model-broken",
            hint="only a .pt needs trust; one saved by a PyTorch before 1.6 must be saved again",
        )


def require_trust(model: Path, workspace: Path | None) -> str:
    """Refuse a ``.pt`` that nobody trusted; the shipped ones are trusted.

    Args:
        model: The file.
        workspace: Whose list holds; None outside a workspace, where only the shipped ones are trusted.

    Returns:
        Its SHA-256: the trust is in these bytes, whatever lies there when it is loaded.

    Raises:
        ModelError: ``model-untrusted`` or ``model-absent``.
    """
    digest = _digest(model)
    if model.resolve().is_relative_to(shipped_folder()):
        return digest
    if workspace is not None and digest in trusted_models(workspace):
        return digest
    raise ModelError(
        f"{model} is a pickle that runs code when it is loaded, and this workspace does not trust it",
        code="model-untrusted",
        hint=f"if you know where it comes from: segocr template trust {model}",
    )


def _digest(model: Path) -> str:
    try:
        with model.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"there is no model {model}", code="model-absent") from error
