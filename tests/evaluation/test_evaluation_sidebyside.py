"""Engines side by side: the advice follows from what changes and what it costs, and never from cost alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from segocr import cli
from segocr.environments.locate import State, status_of
from segocr.evaluation.cost import Cost
from segocr.evaluation.outcomes import Outcome, Result
from segocr.evaluation.run import Evaluation, Measured
from segocr.evaluation.sidebyside import Advice, SideBySide, switches
from segocr.templates import shipped_folder


def evaluation(right: str, seconds: float) -> Evaluation:
    """One field of as many documents as there are letters: ``r`` is right, anything else wrong."""
    outcomes = tuple(
        Outcome(f"d{place}", "total", Result.RIGHT if letter == "r" else Result.WRONG, "1", "1", length=1)
        for place, letter in enumerate(right)
    )
    cost = Cost(len(right), {"ocr/openvino": seconds * len(right), "segocr": 0.0})
    return Evaluation("t", 1, len(right), ("total",), Measured(outcomes, {}, 1.0, "recipe", cost))


def test_a_cheaper_engine_that_is_as_right_as_can_be_told_pays() -> None:
    (switch,) = switches({"slow": evaluation("rrrrrrrw", 2.0), "fast": evaluation("rrrrrrww", 0.5)})
    assert (switch.engine, switch.best, switch.advice) == ("fast", "slow", Advice.PAYS)
    assert switch.saved == pytest.approx(1.5)
    assert switch.share == pytest.approx(0.25)
    assert "the switch pays, by 1.50 s a page" in switch.told()


def test_a_cheaper_engine_that_loses_values_trades_seconds_for_them() -> None:
    (switch,) = switches({"fast": evaluation("r" * 10 + "w" * 10, 1.0), "slow": evaluation("r" * 20, 3.0)})
    assert (switch.engine, switch.advice) == ("fast", Advice.TRADES)
    assert switch.seconds_a_value == pytest.approx(4.0)
    assert "loses a value for every 4 s saved" in switch.told()


def test_a_dearer_engine_that_reads_less_does_not_pay_and_of_equal_ones_the_cheaper_is_kept() -> None:
    (switch,) = switches({"worse": evaluation("rrw", 2.0), "better": evaluation("rrr", 1.0)})
    assert (switch.engine, switch.advice) == ("worse", Advice.STAYS)
    (switch,) = switches({"one": evaluation("rrr", 2.0), "two": evaluation("rrr", 1.0)})
    assert (switch.engine, switch.best, switch.advice) == ("one", "two", Advice.STAYS)


def test_json_holds_every_engines_numbers_and_the_advice() -> None:
    found = {"slow": evaluation("rr", 2.0), "fast": evaluation("rw", 0.5)}
    told = SideBySide(found, switches(found)).as_json()
    assert told["engines"]["fast"]["cost"] == {
        "pages": 2,
        "seconds_a_page": 0.5,
        "seconds": {"ocr/openvino": 1.0, "segocr": 0.0},
    }
    assert told["switches"][0]["advice"] == "pays"


def test_mistaken_engines_are_told_before_any_page_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(engines: str, *more: str) -> tuple[int, str]:
        code = cli.run(["evaluate", "receipt", "--data", str(tmp_path), "--engines", engines, *more])
        return code, capsys.readouterr().err

    assert told("textline")[0] == 4
    assert "did you mean 'textlines'?" in told("textlines,textline")[1]
    earlier = str(tmp_path / "earlier.json")
    assert told("textlines,openvino", "--compare", earlier)[0] == 2


def test_two_engines_read_a_golden_document_and_are_compared(
    capsys: pytest.CaptureFixture[str], require: Callable[[str, object, str], None]
) -> None:
    for name in ("open", "openvino", "validate"):
        require(name, status_of(name).state is State.BUILT, f"segocr env create {name}")
    golden = str(shipped_folder() / "passport" / "golden")
    words = ["evaluate", "passport", "--data", golden, "--limit", "1", "--engines", "textlines,openvino"]
    assert cli.run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["engines"]) == {"textlines", "openvino"}
    assert all(one["cost"]["seconds_a_page"] > 0 for one in told["engines"].values())
    assert all("ocr/openvino" in one["cost"]["seconds"] for one in told["engines"].values())
    assert "segment/openvino" in told["engines"]["openvino"]["cost"]["seconds"]
    (switch,) = told["switches"]
    assert switch["advice"] in ("pays", "trades", "stays")
