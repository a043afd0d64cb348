"""``model.json``: what a model's files are, what they were made from, how good they are, who may use them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class ModelFile(BaseModel):
    """One file of a model, by its content."""

    model_config = ConfigDict(extra="forbid")
    sha256: str
    bytes: int


class DataSource(BaseModel):
    """Where labelled pictures came from."""

    model_config = ConfigDict(extra="forbid")
    name: str
    licence: str
    documents: int


class ModelCard(BaseModel):
    """The content of ``model.json``.

    Attributes:
        name: The template's name.
        architecture: The network's name in its framework.
        files: Digest and size by file name.
        classes: In the model's order.
        image_size: Long side it was trained at, pixels.
        label_padding: Share of a region's height by which its labels were widened on every side.
        data: Where its pictures came from.
        licence: Of the weights; the text lies beside them.
        versions: Of the frameworks that made it.
        training: Settings, pictures and start of the training.
        metrics: By set, on pictures that it was neither trained nor tuned on.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    architecture: str
    files: dict[str, ModelFile]
    classes: list[str]
    image_size: int
    label_padding: float
    data: list[DataSource]
    licence: str
    licence_file: str = "LICENSE-MODEL"
    versions: dict[str, str]
    training: dict[str, Any]
    metrics: dict[str, dict[str, float]]


def describe_file(path: Path) -> ModelFile:
    """Return digest and size of a model file."""
    content = path.read_bytes()
    return ModelFile(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def write_card(folder: Path, card: ModelCard) -> Path:
    """Write ``model.json`` beside the model's files."""
    path = folder / "model.json"
    path.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path
