"""A shipped model is the one that its card describes, small, and without traces of where it was made."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from segocr.errors import ModelError
from segocr.templates import load_template
from segocr.training.card import DataSource, ModelCard, describe_file, licence_text, read_card, write_card

TEMPLATES = Path(__file__).parents[2] / "templates"
SHIPPED = sorted(path.parent.name for path in TEMPLATES.glob("*/model.pt"))


@pytest.mark.parametrize("template", SHIPPED)
def test_a_shipped_model_is_what_its_card_says(template: str) -> None:
    folder = TEMPLATES / template
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    assert card.name == template
    assert tuple(card.classes) == load_template(template).classes
    for name, described in card.files.items():
        assert describe_file(folder / name) == described
        assert described.bytes <= 12_000_000
    assert (folder / card.licence_file).read_text("utf-8")


@pytest.mark.parametrize("template", SHIPPED)
def test_a_shipped_model_names_no_folder_of_its_makers(template: str) -> None:
    with zipfile.ZipFile(TEMPLATES / template / "model.pt") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".pkl"))
    content += (TEMPLATES / template / "model.onnx").read_bytes()
    assert not re.search(rb"/(home|root|work|tmp|Users)/", content)


def test_a_card_comes_back_as_it_was_written_and_its_licence_names_the_data(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    card = ModelCard(
        name="note",
        architecture="yolo11n-seg",
        files={"model.onnx": describe_file(tmp_path / "model.onnx")},
        classes=["a b", "ä"],
        image_size=640,
        label_padding=0.3,
        data=[DataSource(name="twenty notes", licence="ours", documents=20)],
        licence="AGPL-3.0-only",
        versions={"torch": "2"},
        training={"epochs": 4},
        metrics={"val": {"f1": 0.5}},
    )
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert card.files["model.onnx"].bytes == len("weights")
    assert "twenty notes: 20 documents, licence: ours" in licence_text(card)


def test_a_folder_without_a_card_has_none_and_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    assert read_card(tmp_path) is None
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        read_card(tmp_path)


def test_an_unknown_key_in_a_card_is_refused() -> None:
    with pytest.raises(ValidationError, match="epochs"):
        ModelCard.model_validate({"epochs": 3})
