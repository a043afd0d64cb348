"""``segocr constraint explain``: figures, examples, near misses, and mistakes with their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stdnum.iso7064 import mod_97_10

from segocr import cli


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert cli.run(["constraint", "explain", *arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert isinstance(result, dict)
    return result


def test_examples_satisfy_the_check_and_near_misses_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    shown = explained(capsys, r"\d{8}", "--checks", "iso7064_mod97_10", "--text", "00000000")
    examples, misses = shown["examples"], shown["near_misses"]
    assert isinstance(examples, list)
    assert isinstance(misses, list)
    assert len(examples) == len(misses) == 5
    assert all(len(text) == 8 and mod_97_10.is_valid(text) for text in examples)
    assert not any(len(text) == 8 and text.isdigit() and mod_97_10.is_valid(text) for text in misses)
    assert shown["texts"] == {"00000000": mod_97_10.is_valid("00000000")}


def test_a_check_of_ones_own_is_explained_as_a_template_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    check = "{weighted: {weights: [4, 3, 2, 1], modulus: 11, values: {X: 10}}}"
    shown = explained(capsys, r"\d{3}[\dX]", "--checks", check, "--text", "1234", "--text", "012X")
    assert shown["texts"] == {"1234": (4 + 6 + 6 + 4) % 11 == 0, "012X": (0 + 3 + 4 + 10) % 11 == 0}
    examples = shown["examples"]
    assert isinstance(examples, list)
    values = [[10 if character == "X" else int(character) for character in text] for text in examples]
    assert all((4 * a + 3 * b + 2 * c + d) % 11 == 0 for a, b, c, d in values)


def test_dates_between_bounds_and_lists_are_explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    days = ["--date-format", "d/M/yyyy", "--bounds", "2024-02-28", "2024-03-01"]
    assert explained(capsys, *days, "--text", "2/3/2024")["texts"] == {"2/3/2024": False}
    assert set(explained(capsys, *days)["examples"]) == {"28/2/2024", "29/2/2024", "1/3/2024"}  # type: ignore[call-overload]
    words = tmp_path / "words.txt"
    words.write_text("ham\n\neggs\n")
    assert set(explained(capsys, "--lookup", str(words))["examples"]) == {"ham", "eggs"}  # type: ignore[call-overload]


def test_a_field_of_a_template_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    shown = explained(capsys, "--field", "passport.mrz_line2")
    assert shown["shortest"] == shown["longest"] == 44
    assert "birth_date" in str(shown["parts"])


def test_people_see_examples_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["constraint", "explain", "[ab]", "--text", "\x1b[31m"]) == 0
    out = capsys.readouterr().out
    assert "length" in out
    assert "1 to 1" in out
    assert "\x1b" not in out
    assert "rejected" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([r"\d{4"], 2, "\\d{4\n    ^"),
        ([r"\d{4}", "--checks", "lunh"], 2, "did you mean 'luhn'?"),
        ([], 2, "give either a pattern"),
        (["a", "--bounds", "2020-01-01", "2020-12-31"], 2, "give either a pattern"),
        ([r"\d", "--checks", "{weighted: [}"], 2, "not understood"),
        ([r"\d", "--checks", "{}"], 2, "a check is a name or a mapping"),
        (["a", "--field", "passport.mrz_line1"], 2, "give either a pattern"),
        (["--field", "passport.mrz_line3"], 2, "did you mean 'mrz_line"),
        (["--field", "pasport.mrz_line1"], 4, "did you mean 'passport'"),
        (["--field", "passport.surname"], 4, "no constraint"),
    ],
)
def test_a_mistake_is_explained(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["constraint", "explain", *arguments]) == code
    assert message in capsys.readouterr().err
