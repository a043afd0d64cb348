from __future__ import annotations

import json
from pathlib import Path

import pytest

from segocr.errors import UsageError
from segocr.evaluation.difference import difference, read_earlier, sign_test
from segocr.evaluation.outcomes import Outcome, Result


def outcome(name: str, result: Result) -> Outcome:
    return Outcome(name, "total", result, label="1", read="1")


def test_says_what_got_better_and_what_worse(tmp_path: Path) -> None:
    stored = {"a": Result.RIGHT, "b": Result.WRONG, "c": Result.RIGHT, "gone": Result.RIGHT}
    rows = [
        {"document": name, "field": "total", "label": "1", "result": result}
        for name, result in stored.items()
    ]
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps({"outcomes": rows}), encoding="utf-8")
    now = [outcome("a", Result.MISSING), outcome("b", Result.RIGHT), outcome("c", Result.RIGHT)]
    change = difference(read_earlier(path), now)
    assert change.better == (("b", "total", "1"),)
    assert change.worse == (("a", "total", "1"),)
    assert change.compared == 3


def test_the_sign_test_is_exact() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 5) == 1.0
    assert sign_test(0, 6) == pytest.approx(2 / 64)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="not the result of an earlier evaluation"):
        read_earlier(path)
