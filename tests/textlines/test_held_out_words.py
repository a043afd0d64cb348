"""What is expected of parts of lines comes from pages that were left out, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from segocr.evaluation.labels import Label, LabelledDocument
from segocr.geometry import rectangle
from segocr.templates import Template, load_template
from segocr.textlines.features import look_at
from segocr.textlines.lines import TextLine
from segocr.textlines.parts import word_features
from segocr.training.heads.examples import Example
from segocr.training.heads.labels import mark
from segocr.training.heads.parts import held_out_words, learn_parts

HOW = {"leaf": 1, "tried": 0.3, "seed": 0, "whole": True}
CAPTIONED, ODD = "STAND 123", "42 77 KILO"


def page(template: Template, text: str, shown: tuple[float, float]) -> Example:
    """Return a page of one line, of which a share from left to right is labelled."""
    quad = rectangle(200.0, 20.0)
    line = TextLine(quad, 1.0, text, 1.0, np.linspace(0.0, 1.0, len(text) + 1))
    label = Label("a", text, (quad * [shown[1] - shown[0], 1.0] + [200 * shown[0], 0.0],))
    document = LabelledDocument(text, Path("a.png"), (200, 40), (label,))
    return Example(document, (line,), look_at(template, [line]), mark([line], [label], template.classes))


def test_a_page_that_was_left_out_does_not_tell_its_own_words(
    tmp_path: Path, openvino: Callable[[], Path]
) -> None:
    (tmp_path / "template.yaml").write_text("template: thing\nversion: 1\nfields:\n  a: {}\n")
    template = load_template(tmp_path)
    pages = [page(template, CAPTIONED, (0.6, 1.0)) for _ in range(6)] + [page(template, ODD, (0.0, 0.25))]
    told = [np.array([[0.1, 0.9]], np.float32)] * len(pages)
    forest = learn_parts(openvino(), template, pages, HOW)
    assert forest is not None
    words = held_out_words(openvino(), template, pages, pages, told, np.arange(7) % 7, HOW)
    own = forest.tell(word_features(ODD, 0))[:, 1]
    # "42" and "77" are alike, and one of them is the field: only who has seen the page knows that.
    assert own[0] > 0.4
    assert words[6](ODD, 0)[0] < own[0] - 0.1 or words[6](ODD, 0)[0] > own[0] + 0.1
    assert words[0](CAPTIONED, 0).round(1).tolist() == [0.0, 1.0]
