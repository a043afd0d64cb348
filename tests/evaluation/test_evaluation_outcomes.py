from __future__ import annotations

from evaluation_samples import PLATE, TOTAL, box, document, label, record, value

from segocr.evaluation.labels import without_value_said
from segocr.evaluation.outcomes import Outcome, Result, outcomes_of
from segocr.evaluation.tables import documents_right, score


def results(outcomes: list[Outcome]) -> list[tuple[str, str | None, str | None]]:
    return sorted((o.result.value, o.label or "", o.read or "") for o in outcomes)


def test_a_list_is_matched_whatever_its_order() -> None:
    labels = document(label("AB 12", box(0, 0)), label("CD 34", box(0, 100)))
    found = outcomes_of(labels, record(value("CD34", box(0, 100)), value("AB12", box(0, 0))), [PLATE])
    assert results(found) == [("right", "AB 12", "AB12"), ("right", "CD 34", "CD34")]


def test_one_reading_answers_one_label_only() -> None:
    labels = document(label("AB12", box(0, 0)), label("AB12", box(0, 100)))
    found = outcomes_of(labels, record(value("AB12", box(0, 100))), [PLATE])
    assert [o.result for o in found].count(Result.RIGHT) == 1
    assert [o.result for o in found].count(Result.MISSING) == 1


def test_a_second_car_is_told_from_a_wrong_and_from_a_doubled_plate() -> None:
    labels = document(label("AB12", box(0, 0)), label("EF56", box(0, 200)))
    readings = record(
        value("AB12", box(0, 0)),
        value("A812", box(1, 1)),
        value("EF5G", box(0, 200)),
        value("ZZ99", box(300, 300)),
    )
    found = outcomes_of(labels, readings, [PLATE])
    assert results(found) == [
        ("elsewhere", "", "ZZ99"),
        ("right", "AB12", "AB12"),
        ("spurious", "", "A812"),
        ("wrong", "EF56", "EF5G"),
    ]
    total = score(found)
    assert total.f1 == 2 * 1 / (4 + 2)
    assert total.f1_labelled == 2 * 1 / (3 + 2)


def test_a_reading_in_another_place_does_not_answer_a_label_of_a_list() -> None:
    found = outcomes_of(document(label("AB12", box(0, 0))), record(value("ZZ99", box(300, 300))), [PLATE])
    assert {o.result for o in found} == {Result.MISSING, Result.ELSEWHERE}


def test_a_single_field_is_right_wrong_missing_or_spurious() -> None:
    labelled = document(label("11.80", box(0, 0), name="total"))
    for text, result in (("11.8", Result.RIGHT), ("11.3", Result.WRONG), (None, Result.MISSING)):
        (one,) = outcomes_of(labelled, record(value(text, box(0, 0), name="total")), [TOTAL])
        assert one.result is result
    (one,) = outcomes_of(document(), record(value("1", box(0, 0), name="total")), [TOTAL])
    assert one.result is Result.SPURIOUS


def test_a_failed_document_misses_all_its_values() -> None:
    (one,) = outcomes_of(document(label("11.80", box(0, 0), name="total")), None, [TOTAL])
    assert (one.result, one.distance, one.length) == (Result.MISSING, 4, 4)


def test_labels_that_cover_a_part_of_the_value_are_left_out() -> None:
    partial = document(label("11.80", box(0, 0), name="total", scored=False))
    assert outcomes_of(partial, record(value("99", box(0, 0), name="total")), [TOTAL]) == []


def test_the_same_value_printed_elsewhere_is_right_and_counts_as_found() -> None:
    twice = document(label("11.80", box(0, 0), name="total", alternatives=(box(0, 200),)))
    (one,) = outcomes_of(twice, record(value("11.80", box(0, 200), name="total")), [TOTAL])
    assert one.result is Result.RIGHT
    assert one.overlap is not None and one.overlap.iou > 0.95


def test_scores_tell_accepted_errors_and_whole_documents() -> None:
    pages = []
    for name, text, accepted in (("a", "1.00", True), ("b", "9.00", True), ("c", "9.00", False)):
        labels = document(label("1.00", box(0, 0), name="total"), name=name)
        pages += outcomes_of(labels, record(value(text, box(0, 0), name="total", accepted=accepted)), [TOTAL])
    total = score(pages)
    assert (total.exact.count, total.exact.total) == (1, 3)
    assert (total.accepted.count, total.accepted_wrong.count, total.accepted_wrong.total) == (2, 1, 2)
    assert total.character_errors == 2 / 3  # "1" read as "9" twice, of three characters in normal form
    assert documents_right(pages).count == 1


def test_a_label_without_a_value_judges_no_reading() -> None:
    assert outcomes_of(document(label(" ", box(0, 0))), record(value("AB12", box(0, 0))), [PLATE]) == []
    labels = document(label("", box(0, 0)), label("CD34", box(0, 100)))
    found = outcomes_of(labels, record(value("AB12", box(0, 0)), value("CD34", box(0, 100))), [PLATE])
    assert results(found) == [("right", "CD34", "CD34")]
    assert without_value_said([labels]) == "1 of 2 labels have no value: not scored"
