"""``segocr dataset check`` lists every mistake at once; ``split`` keeps together what belongs together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from foreign_labels import draw_picture, labelled_folder, labelled_row

from segocr import cli
from segocr.datasets.checking import check_labels
from segocr.datasets.likeness import difference_hash, groups, near_pairs
from segocr.datasets.splitting import split_labels
from segocr.errors import UsageError
from segocr.evaluation.labels import read_labels
from segocr.synthesis.backgrounds import read_picture
from segocr.templates import Template, load_template

BILL = """
template: bill
version: 1
fields:
  number: {pattern: 'AB-\\d{4}-\\d{4}'}
  date: {type: date, formats: [dd.MM.yyyy]}
  iban: {checks: [iban], ignore_spaces: true, normalise: [remove_spaces]}
  state: {type: enum, enum: {BEZAHLT: paid, OFFEN: open}}
  amount: {type: money, locale: de, decimals: 2, instances: all}
  code: {pattern: '\\d{2} \\d{3}', normalise: [remove_spaces]}
  address: {lines: many, pattern: '[A-Z].*'}
"""


def codes(folder: Path, template: Template | None = None) -> list[tuple[str, int]]:
    """Return the code and line of every finding."""
    return [
        (one.code, int((one.place + ":0").split(":")[1])) for one in check_labels(folder, template).findings
    ]


def made(folder: Path, text: str) -> Template:
    """Return a template from its text."""
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    return load_template(folder)


def classes(folder: Path, *names: str) -> Template:
    """Return a template of fields of any text."""
    return made(folder, "template: x\nversion: 1\nfields:\n" + "".join(f"  {name}: {{}}\n" for name in names))


def field(name: str, value: str, top: float = 10, lines: int = 1) -> dict[str, object]:
    polygons = [
        [[10, y], [60, y], [60, y + 8], [10, y + 8]] for y in (top + 10 * line for line in range(lines))
    ]
    return {"class": name, "value": value, "polygons": polygons}


def moved(row: dict, x: float, y: float) -> dict:  # type: ignore[type-arg]
    polygons = [[[px + x, py + y] for px, py in polygon] for polygon in row["fields"][0]["polygons"]]
    return {**row, "fields": [{**row["fields"][0], "polygons": polygons}]}


def test_a_good_folder_has_no_findings(tmp_path: Path) -> None:
    rows = [labelled_row("a"), labelled_row("b", split="val")]
    checked = check_labels(labelled_folder(tmp_path, rows), classes(tmp_path / "t", "total"))
    assert (checked.findings, checked.splits, checked.labels) == ((), {"train": 1, "val": 1}, {"total": 2})


def test_every_mistake_is_found_with_its_line(tmp_path: Path) -> None:
    flat = labelled_row("flat")
    flat["fields"][0]["polygons"] = [[[1, 1], [5, 1], [9, 1]]]
    rows = [
        labelled_row("good"),
        labelled_row("empty", fields=[]),
        moved(labelled_row("outside"), 500, 0),
        moved(labelled_row("edge"), -20, 0),
        flat,
        labelled_row("odd", fields=[{**labelled_row("odd")["fields"][0], "class": "totl", "value": ""}]),
        labelled_row("large", width=300),
        labelled_row("broken"),
        labelled_row("good", image="again.png"),
    ]
    labelled_folder(tmp_path, rows)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG nothing")
    with (tmp_path / "fields.jsonl").open("a") as file:
        file.write('{"id": 1}\n')
    assert sorted(codes(tmp_path, classes(tmp_path / "t", "total", "date"))) == [
        ("broken-picture", 8), ("malformed", 10), ("never-labelled", 0), ("no-area", 5), ("no-labels", 2),
        ("no-value", 6), ("other-size", 7), ("outside", 3), ("over-edge", 4), ("same-id", 9),
        ("unknown-class", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("number", ["AB-2024-0001"], ["XYZ", "AB-2024-001"]),
        ("date", ["01.02.2024", "2024-02-01", "1 Feb 2024"], ["31.02.2024", "soon"]),
        ("iban", ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000"], ["DE00370400440532013000"]),
        ("state", ["OFFEN", "paid"], ["bezalt"]),
        ("amount", ["(6,40)", "-6.40", "1.234,00"], ["six", "6,4O"]),
        ("code", ["12 345", "12345"], ["12 34"]),
        ("address", ["Road 1\nTown"], ["Road 1\ntown"]),
    ],
)
def test_values_are_held_against_the_field(
    tmp_path: Path, name: str, good: list[str], bad: list[str]
) -> None:
    rows = [
        labelled_row(f"{number}", fields=[field(name, value, lines=2 if name == "address" else 1)])
        for number, value in enumerate([*good, *bad])
    ]
    found = codes(labelled_folder(tmp_path / "in", rows), made(tmp_path / "t", BILL))
    lines = [line for code, line in found if code == "value-unlike-field"]
    assert lines == list(range(len(good) + 1, len(good) + len(bad) + 1))
    assert {code for code, _ in found} == {"value-unlike-field", "never-labelled"}


def test_a_value_that_does_not_say_its_lines_or_is_not_scored_is_not_judged(tmp_path: Path) -> None:
    fields = [field("address", "Road 1 town", lines=2), {**field("number", "AB-20", 60), "match": "subset"}]
    folder = labelled_folder(tmp_path / "in", [labelled_row("a", fields=fields)])
    assert {code for code, _ in codes(folder, made(tmp_path / "t", BILL))} == {"never-labelled"}


def test_labels_given_twice_are_found(tmp_path: Path) -> None:
    rows = [
        labelled_row("twice", fields=[field("date", "01.02.2024"), field("date", "01.02.2024", 11)]),
        labelled_row("other", fields=[field("date", "01.02.2024"), field("date", "02.02.2024")]),
        labelled_row("apart", fields=[field("date", "01.02.2024"), field("date", "01.02.2024", 50)]),
        labelled_row("list", fields=[field("amount", "1,00"), field("amount", "1,00", 50)]),
        labelled_row("two", fields=[field("amount", "1,00"), field("date", "01.02.2024")]),
    ]
    folder = labelled_folder(tmp_path / "in", rows)
    assert codes(folder) == [("same-label", 1), ("same-label", 2)]
    found = codes(folder, made(tmp_path / "t", BILL))
    assert [line for code, line in found if code == "several-labels"] == [1, 2, 3]
    message = next(one.message for one in check_labels(folder).findings if one.place.endswith(":2"))
    assert message == "'date' is labelled twice in one place, as '01.02.2024' and '02.02.2024'"


def test_misspelt_keys_and_splits_that_nobody_trains_on_are_found(tmp_path: Path) -> None:
    rows = [
        labelled_row("good", region="north", page=3, file="a", unseen_company=True),
        labelled_row("key", fields=[{**field("total", ""), "vlaue": "1.00"}], imgae="x.png"),
        labelled_row("match", fields=[{**field("total", "1.00"), "match": "subest"}], split="val"),
        labelled_row("side", split="test"),
        labelled_row("again", split="test"),
    ]
    found = check_labels(labelled_folder(tmp_path, rows)).findings
    told = [(one.code, one.place.rpartition(":")[2], one.message) for one in found if one.code != "no-value"]
    assert told == [
        ("unknown-key", "2", "'imgae' is passed over: did you mean 'image'?"),
        ("unknown-key", "2", "'vlaue' is passed over: did you mean 'value'?"),
        ("unknown-key", "3", "'subest' is passed over: did you mean 'subset'?"),
        ("unknown-split", "4", "2 documents are of split 'test', which training passes over: "
         "it takes train and val"),
    ]  # fmt: skip


def test_duplicates_across_splits_by_bytes_and_by_likeness(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.png", 1, (800, 400))
    shutil.copyfile(tmp_path / "a.png", tmp_path / "same.png")
    picture = cv2.resize(read_picture(tmp_path / "a.png"), (200, 100), interpolation=cv2.INTER_AREA)
    dark = np.clip(picture * 0.8 + 9, 0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "alike.jpg"), dark, [cv2.IMWRITE_JPEG_QUALITY, 60])
    rows = [
        labelled_row("a", width=800, height=400),
        labelled_row("same", width=800, height=400, split="val"),
        labelled_row("alike", image="alike.jpg", split="val"),
        labelled_row("other", seed=9),
    ]
    found = codes(labelled_folder(tmp_path, rows))
    assert found == [("duplicate-across-splits", 2), ("near-duplicate-across-splits", 3)]


def test_the_command_draws_a_sheet_and_fails_on_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = labelled_folder(tmp_path / "in", [labelled_row("a"), moved(labelled_row("b"), 900, 0)])
    sheet = tmp_path / "sheet.png"
    assert cli.run(["dataset", "check", str(folder), "--sheet", str(sheet), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["errors"], said["findings"][0]["code"]) == (1, "outside")
    drawn = read_picture(sheet)
    assert drawn.shape[1] == 2 * 420
    assert (drawn == (60, 60, 230)).all(axis=2).sum() > 50  # the outline's colour
    assert cli.run(["dataset", "check", str(folder), "--sheet", str(tmp_path / "sheet.gif")]) == 2


def test_an_empty_file_is_an_error_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "fields.jsonl").write_text("\n")
    assert codes(tmp_path) == [("empty", 0)]
    with pytest.raises(UsageError, match="no document"):
        split_labels(tmp_path)


def test_groups_senders_and_near_duplicates_stay_on_one_side(tmp_path: Path) -> None:
    rows = []
    for number in range(24):
        row = labelled_row(f"r{number}", seed=number // 2)  # two of one picture
        row["fields"][0]["value"] = f"Shop {number // 6}."  # six of one sender
        rows.append(row)
    rows += [labelled_row(f"g{number}", group=f"page {number % 4}", seed=100 + number) for number in range(8)]
    folder = labelled_folder(tmp_path, rows)
    division = split_labels(folder, share=0.3, seed=1, by=["total"])
    assert division.groups == 5  # four senders; the others all have the total 1.00
    documents = read_labels(folder, None)
    for name in {label.value for one in documents for label in one.labels}:
        assert len({one.split for one in documents if one.labels[0].value == name}) == 1
    assert sum(one.split == "val" for one in documents) in (6, 8)
    with pytest.raises(UsageError, match="divided already"):
        split_labels(folder)
    again = split_labels(folder, share=0.3, seed=1, force=True)
    assert again.groups == 12 + 4


def test_the_same_seed_divides_alike(tmp_path: Path) -> None:
    sides = []
    for place, seed in enumerate((3, 3, 4)):
        folder = labelled_folder(tmp_path / str(place), [labelled_row(f"r{n}", seed=n) for n in range(20)])
        split_labels(folder, seed=seed)
        sides.append([one.split for one in read_labels(folder, None)])
    assert sides[0] == sides[1] != sides[2]
    assert sides[0].count("val") == 4


def test_one_group_cannot_be_divided(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path, [labelled_row(f"r{n}", group="one") for n in range(3)])
    with pytest.raises(UsageError, match=r"3 documents .* form 1 groups"):
        split_labels(folder)
    assert {one.split for one in read_labels(folder, None)} == {"train"}


def test_hashes_of_unlike_pictures_are_far_apart(tmp_path: Path) -> None:
    hashes = [difference_hash(read_picture(draw_picture(tmp_path / f"{n}.png", n))) for n in range(6)]
    assert near_pairs(hashes, 40) == []
    assert near_pairs([hashes[0], hashes[1], hashes[0]]) == [(0, 2, 0)]


def test_groups_join_through_others() -> None:
    assert groups(5, [(3, 1)], [(1, "x"), (4, "x"), (0, "y"), (2, "z")]) == [0, 1, 2, 1, 1]


def test_pictures_drawn_of_a_page_stay_with_it(tmp_path: Path) -> None:
    rows = [labelled_row(f"p{n}", seed=n) for n in range(8)]
    rows += [labelled_row(f"drawn{n}", group=f"p{n}", seed=50 + n) for n in range(8)]
    folder = labelled_folder(tmp_path, rows)
    assert split_labels(folder).groups == 8
    documents = read_labels(folder, None)
    assert [one.split for one in documents[:8]] == [one.split for one in documents[8:]]


def test_pages_of_one_form_part_where_likeness_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [labelled_row(f"p{n}", seed=7) for n in range(20)] + [labelled_row("other", seed=8)]
    folder = labelled_folder(tmp_path, rows)
    for number, row in enumerate(rows[:20]):  # one form, filled in otherwise
        picture = cv2.imread(str(folder / row["image"]))
        assert picture is not None
        picture[0, :4] = number
        assert cv2.imwrite(str(folder / row["image"]), picture)
    assert cli.run(["dataset", "split", str(folder)]) == 0
    assert "val has 1 of 21 documents, not 20%: 20 of them" in " ".join(capsys.readouterr().err.split())
    assert cli.run(["dataset", "split", str(folder), "--near", "off", "--force"]) == 0
    assert "val has" not in capsys.readouterr().err
    assert [one.split for one in read_labels(folder, None)].count("val") == 4
    assert cli.run(["dataset", "split", str(folder), "--near", "much", "--force"]) == 2


def test_classes_that_only_look_the_same_are_told(tmp_path: Path) -> None:
    rows = [labelled_row(f"r{number}", seed=number) for number in range(4)]
    for row, name in zip(rows, ("Zähler", "Za\u0308hler", "zähler", "Zähler 2"), strict=True):
        row["fields"][0]["class"] = name
    labelled_folder(tmp_path, rows)
    assert [code for code in codes(tmp_path) if code[0] == "like-class"] == [
        ("like-class", 2),
        ("like-class", 3),
    ]


def test_pages_that_wait_for_a_person_are_not_divided(tmp_path: Path) -> None:
    rows = [labelled_row(f"r{number}", split="review" if number < 3 else "train") for number in range(10)]
    folder = labelled_folder(tmp_path, rows)
    division = split_labels(folder, near=None)
    assert division.splits == {"train": 6, "val": 1}
    assert [one.split for one in read_labels(folder, None)][:3] == ["review"] * 3
    labelled_folder(tmp_path, rows[:3])
    with pytest.raises(UsageError, match="a person corrects them first"):
        split_labels(folder)
