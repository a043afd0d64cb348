"""A shipped model is the one that its card describes, small, and without traces of where it was made."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from segocr.training.card import ModelCard, describe_file
from segocr.training.shipped import PLANS, describe_model

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.mark.parametrize("template", sorted(PLANS))
def test_a_shipped_model_is_what_its_card_says(template: str) -> None:
    folder = TEMPLATES / template
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    assert card.name == template
    assert tuple(card.classes) == PLANS[template].classes
    for name, described in card.files.items():
        assert describe_file(folder / name) == described
        assert described.bytes <= 12_000_000
    assert (folder / card.licence_file).read_text("utf-8")


@pytest.mark.parametrize("template", sorted(PLANS))
def test_a_shipped_model_names_no_folder_of_its_makers(template: str) -> None:
    with zipfile.ZipFile(TEMPLATES / template / "model.pt") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".pkl"))
    content += (TEMPLATES / template / "model.onnx").read_bytes()
    assert not re.search(rb"/(home|root|work|tmp|Users)/", content)


def test_a_card_describes_the_files_beside_it(tmp_path: Path) -> None:
    for name in ("model.pt", "model.onnx"):
        (tmp_path / name).write_bytes(name.encode())
    metrics = {"val": {"recall": 0.5}}
    path = describe_model("license_plate", tmp_path, 640, {"torch": "2"}, {"pictures": 4}, metrics)
    card = ModelCard.model_validate_json(path.read_bytes())
    assert card.metrics == metrics
    assert card.files["model.pt"].bytes == len("model.pt")
    assert card.files["model.pt"].sha256 != card.files["model.onnx"].sha256


def test_an_unknown_key_in_a_card_is_refused() -> None:
    with pytest.raises(ValidationError, match="epochs"):
        ModelCard.model_validate({"epochs": 3})
