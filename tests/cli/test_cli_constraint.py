"""``segocr constraint explain``: figures, examples, near misses, and mistakes with their place."""

from __future__ import annotations

import json

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
