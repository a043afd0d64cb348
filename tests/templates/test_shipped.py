"""The shipped templates load, and say what the documents of their type look like."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from segocr.fields import field_values
from segocr.readings import Reading, ReadingStatus
from segocr.regions import Region
from segocr.steps.validate.python import handle
from segocr.templates import find_templates, load_template, load_templates, shipped_folder

DAY = date(2026, 11, 22)


def as_read(label: str, text: str) -> tuple[Reading, ...]:
    polygon = np.array([[0, 0], [90, 0], [90, 20], [0, 20]], dtype=np.float32)
    region = Region(1, label, 0.9, polygon)
    return (Reading(region, polygon.astype(np.float64), 0, text, text, ReadingStatus.OK, 0.99),)


def test_every_shipped_template_loads() -> None:
    templates = load_templates()
    assert set(templates) >= {"passport", "license_plate", "receipt"}
    assert set(templates) == {folder.parent.name for folder in shipped_folder().glob("*/template.yaml")}
    assert all(template.title and template.classes for template in templates.values())


def test_their_classes_are_those_of_the_labelled_data() -> None:
    templates = load_templates()
    assert templates["receipt"].classes == ("company", "date", "address", "total")
    assert templates["passport"].classes == ("mrz_line1", "mrz_line2")
    assert templates["license_plate"].classes == ("plate",)


@pytest.mark.parametrize("name", sorted(find_templates()))
def test_a_second_load_takes_its_constraints_from_the_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = load_template(name)
    kept = sorted(tmp_path.rglob("*.json"))
    specs = first.fields.values()
    # Preferred patterns are compiled one by one as well, so that a mistake has its place.
    assert len(kept) >= sum((spec.constraint is not None) + (spec.preferred is not None) for spec in specs)
    for file in kept[:1]:
        file.write_text("damaged")
    second = load_template(name)
    assert [(n, s.constraint and s.constraint.digest) for n, s in first.fields.items()] == [
        (n, s.constraint and s.constraint.digest) for n, s in second.fields.items()
    ]


def test_a_passport_gets_its_fields_from_the_zone() -> None:
    zone = ("P<D<<MUSTERMANN<<ERIKA<ANNA<<<<<<<<<<<<<<<<<", "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4")
    part = {f"mrz_line{n}": [as_read(f"mrz_line{n}", line)] for n, line in enumerate(zone, start=1)}
    [result] = field_values(load_template("passport"), [part], validate=handle, day=DAY)
    values = {name: value.value for name, [value] in result.fields.items()}
    assert values == {
        "mrz_line1": zone[0],
        "mrz_line2": zone[1],
        "document_number": "C01X00T47",
        "nationality": "D",
        "birth_date": "1964-08-12",
        "sex": "F",
        "expiry_date": "2027-02-28",
        "surname": "MUSTERMANN",
        "given_names": "ERIKA ANNA",
    }
    assert result.fields["nationality"][0].text == "D<<"
    assert result.accepted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25/12/2018", "2018-12-25"), ("25-12-18", "2018-12-25"), ("2018-12-25", "2018-12-25"),
        ("25 DEC 2018", "2018-12-25"), ("25Dec18", "2018-12-25"), ("20181225", "2018-12-25"),
        ("5/3/2018", "2018-03-05"), ("Dec 5, 2018", "2018-12-05"), ("25.12.18", "2018-12-25"),
    ],
)  # fmt: skip
def test_a_receipt_knows_the_ways_to_print_a_date(text: str, value: str) -> None:
    template = load_template("receipt")
    [result] = field_values(template, [{"date": [as_read("date", text)]}], validate=handle, day=DAY)
    assert result.fields["date"][0].value == value
    constraint = template.fields["date"].constraint
    assert constraint is not None
    assert constraint.accepts(text.replace(" ", ""))


def test_labelled_values_are_what_the_constraints_accept(data: Path) -> None:
    """Of the training half: a template must not forbid what its documents really say."""
    lacking = {}
    for folder, name in (("passports", "passport"), ("plates", "license_plate"), ("receipts", "receipt")):
        template = load_template(name)
        documents = map(json.loads, (data / folder / "fields.jsonl").read_text().splitlines())
        fields = [
            field for document in documents if document["split"] == "train" for field in document["fields"]
        ]
        for spec in template.fields.values():
            texts = ["".join(field["value"].split()) for field in fields if field["class"] == spec.class_name]
            if spec.constraint is not None and texts:
                refused = [text for text in texts if not spec.constraint.accepts(text)]
                lacking[name, spec.name] = len(refused) / len(texts)
    assert lacking.pop(("license_plate", "plate")) == 0
    assert lacking.pop(("passport", "mrz_line1")) == lacking.pop(("passport", "mrz_line2")) == 0
    # One label leaves out the second decimal of its total: 43.7.
    assert lacking.pop(("receipt", "total")) < 0.002
    # A few put the month first, or print the date in parentheses.
    assert lacking.pop(("receipt", "date")) < 0.01
    assert not lacking
