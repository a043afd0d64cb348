"""What is usual is taken before what is a little more probable, and says how sure that is."""

from dataclasses import replace

import numpy as np
import pytest

from segocr.constraints import compile_constraint, decode
from segocr.deciding.preferences import PREFERENCE, of_value, prefer
from segocr.errors import TemplateError
from segocr.templates import load_template

ALPHABET = ["", "A", "B", "O", "0", "1", "2", "-"]
PLATE = load_template("license_plate").fields["plate"]


def posteriors(*frames: dict[str, float]) -> np.ndarray:
    """Return log-probabilities with a blank between the characters."""
    rows = []
    for frame in frames:
        rows += [[frame.get(symbol, 1e-6) for symbol in ALPHABET], [1.0, *[1e-6] * (len(ALPHABET) - 1)]]
    table = np.array(rows)
    return np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32)


def read(pattern: str, frames: list[dict[str, float]]):
    return decode(posteriors(*frames), ALPHABET, compile_constraint(pattern, print_name="none"))


def both(zero: float):
    frames = [{"A": 1.0}, {"O": 1 - zero, "0": zero}, {"1": 1.0}]
    return read("[A-Z0-9]{3}", frames), read("[A-Z]0[0-9]", frames)


def test_a_usual_text_wins_although_it_is_a_little_less_probable():
    general, usual = both(zero=0.3)
    assert (general.text, usual.text) == ("AO1", "A01")
    chosen = prefer(general, usual, PLATE)
    assert chosen.text == "A01"
    assert 0.5 < chosen.confidence < 0.9  # another text was more probable by itself


def test_what_was_read_clearly_wins_although_it_is_unusual():
    general, usual = both(zero=0.001)
    assert prefer(general, usual, PLATE) == general


def test_a_rival_of_the_same_value_is_no_doubt():
    assert "letters_digits_only" in PLATE.normalise
    frames = [{"A": 1.0}, {"": 0.55, "-": 0.45}, {"1": 0.9, "2": 0.1}]
    found = read("[A-Z]-?[0-9]", frames)
    assert (found.text, [text for text, _ in found.rivals]) == ("A1", ["A-1", "A2", "A-2"])
    assert found.confidence < 0.6
    judged = of_value(found, PLATE)
    assert judged.confidence == pytest.approx(0.9, abs=0.01)
    assert judged.margin == pytest.approx(np.log(0.9 / (0.1 * 0.55)), abs=0.05)
    assert judged.rivals == found.rivals
    unlike = replace(PLATE, normalise=())
    assert of_value(found, unlike) == found


def test_a_usual_text_of_the_same_value_changes_nothing():
    frames = [{"A": 1.0}, {"": 0.6, "-": 0.4}, {"1": 1.0}]
    general, usual = read("[A-Z]-?[0-9]", frames), read("[A-Z]-[0-9]", frames)
    assert (general.text, usual.text) == ("A1", "A-1")
    assert prefer(general, usual, PLATE) == general


def test_the_most_probable_of_several_usual_texts_is_found_by_one_search():
    frames = [{"A": 1.0}, {"O": 0.7, "0": 0.3}, {"1": 0.6, "2": 0.4}]
    either = read("(?:[A-Z]02)|(?:[A-Z]01)", frames)
    assert either.text == "A01"
    assert either.log_prob + PREFERENCE > read("[A-Z0-9]{3}", frames).log_prob


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("prefer: ['[A-Z']", "preferred pattern"),
        ("prefer: ['[0-9]{2}', '[A-Z]{9}']", "preferred pattern"),
        ("crop: {fit: false, up: 2}", "up"),
        ("crop: {along: 9}", "along"),
    ],
)
def test_mistakes_in_prefer_and_crop_have_a_place(tmp_path, line, message):
    file = tmp_path / "template.yaml"
    file.write_text(f"template: t\nversion: 1\nfields:\n  plate:\n    pattern: '[0-9]{{1,4}}'\n    {line}\n")
    with pytest.raises(TemplateError, match=message) as caught:
        load_template(file)
    assert caught.value.mark is not None
    assert caught.value.mark.line == 6
