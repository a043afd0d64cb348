"""``model.json``: what a model's files are, what they were made from, how good they are, who may use them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from segocr.errors import ModelError
from segocr.plainfiles import read_plain

_MAX_BYTES = 1 << 20


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
        digests: Of the labelled documents by split, so that models are compared on the same ones.
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
    digests: dict[str, str] = {}


def read_card(folder: Path) -> ModelCard | None:
    """Return the card of the model in a folder; None if there is none.

    Raises:
        ModelError: ``model-card``: it cannot be understood.
    """
    path = folder / "model.json"
    try:
        return ModelCard.model_validate_json(read_plain(path, _MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"{path} cannot be used: {str(error).splitlines()[0]}",
            code="model-card",
            hint="train the model again, or correct the file",
        ) from error


def describe_file(path: Path) -> ModelFile:
    """Return digest and size of a model file."""
    content = path.read_bytes()
    return ModelFile(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def write_card(folder: Path, card: ModelCard) -> Path:
    """Write ``model.json`` beside the model's files."""
    path = folder / "model.json"
    path.write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def metrics_in_words(card: ModelCard) -> str:
    """Return what a card says of regions found, one set after the other."""
    return "; ".join(
        f"{name}: {values['named']:.0f} of {values['labelled']:.0f} regions, {values['spurious']:.0f} besides"
        for name, values in card.metrics.items()
        if {"named", "labelled", "spurious"} <= values.keys()
    )


def licence_text(card: ModelCard) -> str:
    """Return what ``LICENSE-MODEL`` says of weights that ultralytics trained."""
    data = "\n".join(f"  {one.name}: {one.documents} documents, licence: {one.licence}" for one in card.data)
    return _LICENCE.format(files=" and ".join(card.files), data=data)


_LICENCE = """\
The weights in {files} of this folder are licensed under the GNU Affero General Public
License, version 3 (AGPL-3.0-only), https://www.gnu.org/licenses/agpl-3.0.txt, and not under the licence of
segocr's code.

They were trained with ultralytics (AGPL-3.0), whose authors claim their licence for models trained with it.
Somebody who needs other terms can train a model with another framework, or buy a licence from Ultralytics.

Training data, none of which lies here:
{data}

The weights come without any warranty. model.json has their digests.
"""
