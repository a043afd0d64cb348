"""A record decided again from its lattices is what a fresh run makes, and what cannot be decided says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from segocr.readings import Reading
from segocr.records import FieldStatus, Record, RecordStatus, record_as_json
from segocr.replay import Replayed, replay
from segocr.steps.client import Steps
from segocr.templates import Template

Shipped = Mapping[str, tuple[Template, list[Record]]]
Fresh = Callable[[Template], list[Record]]
Changed = Callable[..., Template]

LINE2 = "[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{15}[0-9]"


def shown(record: Record) -> dict[str, Any]:
    """Return all that a user sees of a record, but for how long it took."""
    return {**record_as_json(record), "timings": None}


def evidence(record: Record) -> list[tuple[Any, ...]]:
    """Return every reading, whichever value rests on it."""
    chosen = [one for values in record.fields.values() for value in values for one in value.readings]
    every = {id(one): one for one in (*chosen, *record.unchosen)}.values()
    return sorted(
        (one.field, one.line, one.raw, one.text or "", one.status, one.confidence, one.cost, one.lattice)
        for one in every
    )


def looks(record: Record) -> list[tuple[str, ...]]:
    """Return how the strips of every value were cut."""
    return [
        reading.tries for values in record.fields.values() for value in values for reading in value.readings
    ]


def stored_otherwise(record: Record) -> Record:
    """Return the record as if another version of its template had decided it."""
    return replace(
        record, recipe=replace(record.recipe, facts={**record.recipe.facts, "template": "another"})
    )


def with_readings(record: Record, change: Callable[[Reading], Reading]) -> Record:
    fields = {
        name: tuple(replace(one, readings=tuple(map(change, one.readings))) for one in values)
        for name, values in record.fields.items()
    }
    return replace(record, fields=fields, unchosen=tuple(map(change, record.unchosen)))


@pytest.mark.parametrize("name", ["passport", "license_plate", "receipt"])
@pytest.mark.parametrize("verify", [False, True])
def test_an_unchanged_constraint_gives_what_was_read_at_first(
    shipped: Shipped, steps: Steps, name: str, verify: bool
) -> None:
    template, records = shipped[name]
    before = [stored_otherwise(record) for record in records]
    after = list(replay(before, template, validate=steps.validate, verify=verify))
    assert [one.problem for one in after] == [None] * len(records)
    for one, record in zip(after, records, strict=True):
        assert one.after is not None
        assert not one.changes
        assert shown(one.after) == shown(record)
        assert evidence(one.after) == evidence(record)
        assert one.after.recipe.digest != record.recipe.digest


@pytest.mark.parametrize("verify", [False, True])
def test_where_nothing_has_changed_there_is_nothing_to_store(
    shipped: Shipped, steps: Steps, verify: bool
) -> None:
    template, records = shipped["passport"]
    after = list(replay(records, template, validate=steps.validate, verify=verify))
    assert after == [Replayed(record, None) for record in records]


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("passport", [("checks: [mrz_td3_line2]",
                       f"pattern: '{LINE2}'\n    print: ocr_b"),
                      ("  document_number: {from: mrz_line2, part: document_number}\n", ""),
                      ("  nationality: {from: mrz_line2, part: nationality}\n", ""),
                      ("  birth_date: {from: mrz_line2, part: birth_date, type: date, formats: [yyMMdd], "
                       "century: past, validators: [{not_after: today}]}\n", ""),
                      ("  sex: {from: mrz_line2, part: sex, type: enum, enum: [M, F, X]}\n", ""),
                      ("  expiry_date: {from: mrz_line2, part: expiry_date, type: date, formats: [yyMMdd], "
                       "century: future}\n", ""),
                      ("  - {name: born-before-expiry, expression: birth_date < expiry_date}\n",
                       "  - {name: two, expression: mrz_line1 != mrz_line2}\n")]),
        ("passport", [("century: past, validators", "century: future, validators")]),
        ("passport", [("birth_date < expiry_date", "birth_date > expiry_date")]),
        ("license_plate", [("length: {min: 4, max: 10}", "length: {max: 5}")]),
        ("license_plate", [("accept: {confidence: 0.8,", "accept: {confidence: 0.999,")]),
        ("license_plate", [("normalise: [letters_digits_only, upper]", "normalise: [lower]")]),
    ],
    ids=["pattern for check", "century", "rule", "validator", "threshold", "normalise"],
)  # fmt: skip
def test_a_changed_template_gives_what_a_fresh_run_gives(
    shipped: Shipped,
    steps: Steps,
    fresh: Fresh,
    changed: Changed,
    name: str,
    pairs: list[tuple[str, str]],
) -> None:
    template = changed(name, *pairs)
    _, records = shipped[name]
    again = list(replay(records, template, validate=steps.validate))
    assert [one.problem for one in again] == [None] * len(records)
    wanted = fresh(template)
    found = [one.after for one in again if one.after]
    # What is in doubt now and was sure before a fresh run looks at again, and that takes pixels.
    others = [new for one, new in zip(found, wanted, strict=True) if shown(one) != shown(new)]
    assert len(others) <= len(records) // 2
    assert all(looks(new) != looks(old) for new in others for old in found if old.sha256 == new.sha256)
    assert list(map(shown, wanted)) != list(map(shown, records))


def test_a_wrong_pattern_shows_in_costs_and_is_not_accepted(
    shipped: Shipped, steps: Steps, changed: Changed
) -> None:
    template = changed("passport", ("checks: [mrz_td3_line1]", "pattern: 'I<[A-Z<]{42}'"),
                       ("  surname: {from: mrz_line1, part: surname}\n", ""),
                       ("  given_names: {from: mrz_line1, part: given_names}\n", ""))  # fmt: skip
    _, records = shipped["passport"]
    for one in replay(records, template, validate=steps.validate):
        assert one.after is not None
        (value,) = one.after.fields["mrz_line1"]
        (before,) = one.before.fields["mrz_line1"]
        assert value.status in (FieldStatus.DOUBTFUL, FieldStatus.INVALID)
        assert value.raw == before.raw
        assert value.cost is not None
        assert value.cost > (before.cost or 0.0) + 5
        assert {"mrz_line1", None} <= {change.field for change in one.changes}


def test_today_is_the_day_of_arrival(shipped: Shipped, steps: Steps, changed: Changed) -> None:
    _, records = shipped["passport"]
    template = changed(
        "passport", ("century: future}", "century: future, validators: [{not_before: today}]}")
    )
    long_ago = [replace(record, day="1999-12-31") for record in records]
    later = [replace(record, day="2150-01-01") for record in records]
    found = {
        one.before.day: one.after.fields["expiry_date"][0].status
        for one in replay([*long_ago, *later], template, validate=steps.validate)
        if one.after is not None
    }
    assert set(found) == {"1999-12-31", "2150-01-01"}
    assert found["2150-01-01"] is FieldStatus.DOUBTFUL  # expired
    assert found["1999-12-31"] in (FieldStatus.OK, FieldStatus.CORRECTED)


def test_a_new_field_is_decided_from_the_strips_of_one_that_was_cut_the_same_way(
    shipped: Shipped, steps: Steps, fresh: Fresh, changed: Changed
) -> None:
    template = changed(
        "license_plate",
        ("    normalise: [letters_digits_only, upper]\n    validators: [{length: {min: 4, max: 10}}]\n",
         "  usual:\n    class: plate\n    crop: {fit: false, along: 0.02, across: -0.06}\n"
         "    pattern: '[A-Z0-9]([-·. ]?[A-Z0-9]){3,8}'\n    instances: all\n"),
    )  # fmt: skip
    _, records = shipped["license_plate"]
    for one, record in zip(replay(records, template, validate=steps.validate), fresh(template), strict=True):
        assert one.after is not None
        texts = [value.text for value in one.after.fields["usual"]]
        assert texts == [value.text for value in record.fields["usual"]]
        assert any(texts) or not any(value.text for value in record.fields["plate"])


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("  plate:\n", "  plate:\n    class: number\n")], "class 'number' (it was 'plate')"),
        ([("along: 0.02", "along: 0.3")], "plate is now cut out otherwise"),
        ([("    instances: all\n", "    instances: all\n    lines: many\n")], "lines: many"),
        ([("image_size: 480", "image_size: 960")], "segment.image_size is now 960 (it was 480)"),
        ([("confidence: 0.35", "confidence: 0.5")], "segment.confidence is now 0.5"),
        ([("engines: [openvino, ultralytics]", "engines: [ultralytics]")], "engine openvino"),
        ([("engines: [openvino, paddleocr]", "engines: [paddleocr]")], "OCR engine openvino"),
        ([("PP-OCRv6_small", "PP-OCRv4_mobile")], "OCR model PP-OCRv4_mobile"),
        ([("segment: {", "pages: {each: record}\nsegment: {")], "other pages"),
    ],
)
def test_what_was_never_read_cannot_be_decided_again(
    shipped: Shipped, steps: Steps, changed: Changed, pairs: list[tuple[str, str]], said: str
) -> None:
    _, records = shipped["license_plate"]
    (answer,) = replay(records[:1], changed("license_plate", *pairs), validate=steps.validate)
    assert answer.after is None
    assert answer.problem is not None
    assert answer.problem.code == "other-reading"
    assert said in answer.problem.message


def test_regions_beyond_the_best_were_not_read(shipped: Shipped, steps: Steps, changed: Changed) -> None:
    _, records = shipped["passport"]
    template = changed(
        "passport", ("checks: [mrz_td3_line1]", "checks: [mrz_td3_line1]\n    instances: first")
    )
    (answer,) = replay(records[:1], template, validate=steps.validate)
    assert answer.problem is not None
    assert "takes more than the best region" in answer.problem.message


def test_another_model_file_is_another_reading(shipped: Shipped, steps: Steps, changed: Changed) -> None:
    _, records = shipped["license_plate"]
    template = changed("license_plate")
    (template.folder / "model.onnx").unlink()
    assert [one.problem for one in replay(records, template, validate=steps.validate)] == [None] * len(
        records
    )
    (template.folder / "model.onnx").write_bytes(b"another")
    (answer,) = replay(records[:1], template, validate=steps.validate)
    assert answer.problem is not None
    assert "model.onnx is another one" in answer.problem.message


def test_without_its_lattice_a_reading_stays_unless_nothing_changed(
    shipped: Shipped, steps: Steps, changed: Changed
) -> None:
    _, records = shipped["passport"]
    bare = with_readings(records[0], lambda one: replace(one, lattice=b""))
    rule = changed("passport", ("birth_date < expiry_date", "birth_date != expiry_date"))
    pattern = changed("passport", ("checks: [mrz_td3_line2]", "checks: [mrz_td3_line2]\n    print: none"))
    fine, stays, other = (
        *replay([bare], rule, validate=steps.validate),
        *replay([bare, records[1]], pattern, validate=steps.validate),
    )
    assert fine.after is not None
    assert stays.after is None
    assert stays.problem is not None
    assert stays.problem.code == "no-lattice"
    assert other.after is not None


def test_records_of_others_and_of_before_are_left_alone(shipped: Shipped, steps: Steps) -> None:
    template, records = shipped["passport"]
    _, plates = shipped["license_plate"]
    unknown = replace(records[0], recipe=replace(records[0].recipe, facts={}))
    failed = replace(records[0], status=RecordStatus.FAILED, fields={}, unchosen=())
    answers = replay([plates[0], unknown, failed], template, validate=steps.validate)
    codes = [one.problem.code for one in answers if one.problem is not None]
    assert codes == ["other-template", "reading-unknown", "nothing-read"]


def test_an_altered_record_is_found_out_and_explained(shipped: Shipped, steps: Steps) -> None:
    template, records = shipped["passport"]
    value = replace(records[0].fields["surname"][0], value="SOMEBODY ELSE")
    altered = replace(records[0], fields={**records[0].fields, "surname": (value,)})
    (answer,) = replay([altered], template, validate=steps.validate)
    assert answer.after is None
    assert answer.problem is not None
    assert answer.problem.code == "replay-differs"
    true = records[0].fields["surname"][0].value
    assert f"surname: 'SOMEBODY ELSE' ok → {true!r} ok" in answer.problem.message
    assert "neither template passport nor segocr has changed" in answer.problem.message


def test_an_altered_reading_is_found_by_verifying(shipped: Shipped, steps: Steps) -> None:
    template, records = shipped["license_plate"]
    altered = with_readings(records[0], lambda one: replace(one, text="XXX0000"))
    fields = {
        name: tuple(replace(one, text="XXX0000", value="XXX0000") for one in values)
        for name, values in altered.fields.items()
    }
    altered = replace(altered, fields=fields)
    (trusted,) = replay([altered], template, validate=steps.validate)
    assert trusted.problem is None
    (verified,) = replay([altered], template, validate=steps.validate, verify=True)
    assert verified.problem is not None
    assert verified.problem.code == "replay-differs"
