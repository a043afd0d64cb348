"""A workspace's own validators: plain functions, under a hard time limit."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segocr.environments.locate import State, status_of
from segocr.errors import TemplateError
from segocr.fields import texts_request
from segocr.steps.client import Steps
from segocr.steps.protocol import Message, Refusal
from segocr.steps.validate import python as engine
from segocr.steps.validate.python import handle
from segocr.templates import load_template
from segocr.templates.own import own_validators

OWN = '''
"""Checks of this workspace."""
import time

def even(text):
    return None if int(text) % 2 == 0 else f"{text} is odd"

def multiple_of(text, number):
    return None if int(text) % number == 0 else f"{text} is no multiple of {number}"

def raises(text):
    raise RuntimeError("oh no")

def leaves(text):
    raise SystemExit(1)

def is_interrupted(text):
    raise KeyboardInterrupt

def dies(text):
    import os
    os._exit(3)

def crashes(text):
    import ctypes
    ctypes.string_at(0)

def never_comes_back(text):
    return str(sum(range(10**12)))  # no signal of Python's reaches this

def chats(text):
    print('{"said": null}')
    import sys
    return f"{text} {sys.stdin.read()!r}"

def stubborn(text):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass

def is_known(text):
    return text in ("3", "4")

def is_silent(text):
    return ""

def is_lazy(text):
    yield f"{text} is odd"

def _hidden(text):
    return None
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def judged(
    folder: Path | None,
    validators: list[list[Any]],
    text: str = "3",
    validate: Callable[[dict[str, Any]], dict[str, Any]] = handle,
) -> dict[str, Any]:
    spec = {
        "type": "integer",
        "formats": [],
        "locale": "en",
        "enum": None,
        "ignore_case": False,
        "ignore_spaces": False,
        "normalise": [],
        "validators": validators,
        "instances": "best",
        "lines": "one",
        "century": "near",
        "bounds": None,
        "from": None,
        "part": None,
    }
    candidate = {
        "text": text,
        "merit": 0.0,
        "standing": 0,
        "parts": {},
        "score": 0.9,
        "place": (1, 50.0, 20.0),
    }
    request = {
        "day": "2026-11-22",
        "folder": None if folder is None else str(folder),
        "fields": {"number": spec},
        "rules": [],
        "parts": [{"number": [candidate]}],
    }
    answer: dict[str, Any] = validate(request)["parts"][0]["fields"]["number"][0]
    return answer


def test_a_function_is_content_or_says_why(folder: Path) -> None:
    assert judged(folder, [["even"]], "4")["verdict"] is None
    answer = judged(folder, [["even"], ["multiple_of", 7]])
    assert answer["verdict"] == "doubtful"
    assert answer["problems"] == [["own-validator", "3 is odd"], ["own-validator", "3 is no multiple of 7"]]
    assert answer["value"] == "3"


def test_they_run_in_a_built_environment(folder: Path, require: Callable[[str, object, str], None]) -> None:
    built = status_of("validate").state is State.BUILT
    require("validate", built, "the environment is not built; segocr env create validate")
    with Steps(shared=False) as steps:
        answer = judged(folder, [["even"], ["raises"]], validate=steps.validate)
        steps.start_own_validators()
    assert answer["problems"] == [
        ["own-validator", "3 is odd"],
        ["validator-error", "raises raised RuntimeError: oh no"],
    ]


def test_a_process_that_does_not_start_is_told_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segocr.validators.own._running", [])
    monkeypatch.setattr("segocr.validators.own._BOOT", "raise SystemExit(1)")
    with pytest.raises(Refusal, match="did not start") as caught:
        engine._start_own(Message("call", {}))
    assert (caught.value.culprit, caught.value.code) == ("environment", "environment-broken")


def test_an_edited_function_counts_at_once(folder: Path) -> None:
    assert judged(folder, [["even"]])["verdict"] == "doubtful"
    (folder / "own.py").write_text("def even(text):\n    return None\n")
    assert judged(folder, [["even"]])["verdict"] is None


def test_an_argument_is_what_the_template_says_it_is(tmp_path: Path) -> None:
    own = tmp_path / "validators"
    own.mkdir()
    (own / "own.py").write_text("def shown(text, given):\n    return repr(given)\n")
    given = "[5, 0.5, true, null, some, {least: 0.25, from: 2024-12-31}, .inf]"
    (tmp_path / "template.yaml").write_text(
        f"template: thing\nversion: 1\nfields:\n  a: {{validators: [{{shown: {given}}}]}}\n"
    )
    template = load_template(tmp_path, validators_folder=own)
    request = texts_request(template, [{"a": ["x"]}], dt.date(2026, 11, 22))
    [[code, said]] = handle(request)["parts"][0]["fields"]["a"][0]["problems"]
    assert code == "own-validator"
    assert said == "[5, 0.5, True, None, 'some', {'least': 0.25, 'from': '2024-12-31'}, 'inf']"


def test_a_function_that_raises_is_a_problem_of_its_own(folder: Path) -> None:
    answer = judged(folder, [["raises"]])
    assert answer["problems"] == [["validator-error", "raises raised RuntimeError: oh no"]]
    assert judged(folder, [["leaves"]])["problems"] == [["validator-error", "leaves raised SystemExit: 1"]]


@pytest.mark.parametrize(
    ("name", "returned"), [("is_known", "True"), ("is_silent", "''"), ("is_lazy", "<generator")]
)
def test_what_is_neither_none_nor_a_sentence_is_the_functions_mistake(
    folder: Path, name: str, returned: str
) -> None:
    [[code, message]] = judged(folder, [[name]])["problems"]
    assert code == "validator-error"
    assert message.startswith(f"{name} returned {returned}")
    assert message.endswith("return None or a sentence that says what is wrong")


@pytest.mark.parametrize("name", ["stubborn", "never_comes_back"])
def test_a_function_that_hangs_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("segocr.validators.own.SECONDS", 0.5)
    started = time.monotonic()
    answer = judged(folder, [[name], ["even"]])
    assert time.monotonic() - started < 5
    assert answer["problems"] == [
        ["validator-timeout", "not decided within 0.5 s"],
        ["own-validator", "3 is odd"],
    ]
    assert (answer["value"], answer["verdict"]) == ("3", "doubtful")


@pytest.mark.parametrize("name", ["dies", "crashes"])
def test_a_function_that_ends_its_process_ends_nothing_else(folder: Path, name: str) -> None:
    answer = judged(folder, [[name], ["even"]])
    assert answer["problems"] == [
        ["validator-died", f"{name} ended its process"],
        ["own-validator", "3 is odd"],
    ]


def test_neither_an_interrupt_nor_what_it_prints_reaches_anything_else(folder: Path) -> None:
    answer = judged(folder, [["is_interrupted"], ["chats"]])
    assert answer["problems"] == [
        ["validator-error", "is_interrupted raised KeyboardInterrupt: "],
        ["own-validator", "3 ''"],
    ]


@pytest.mark.parametrize("name", ["_hidden", "absent", "time"])
def test_only_public_functions_of_the_folder_are_run(folder: Path, name: str) -> None:
    assert judged(folder, [[name]])["problems"][0][0] == "unknown-validator"
    assert judged(None, [[name]])["problems"][0][0] == "unknown-validator"


def test_a_template_is_checked_without_running_them(tmp_path: Path) -> None:
    own = tmp_path / "validators"
    own.mkdir()
    (own / "own.py").write_text("raise SystemExit('was run')\ndef even(text): ...\n")
    text = "template: lease\nversion: 1\nfields:\n  a: {validators: [even]}\n"
    (tmp_path / "template.yaml").write_text(text)
    assert load_template(tmp_path, validators_folder=own).validators_folder == own
    with pytest.raises(TemplateError, match="unknown validator 'even'"):
        load_template(tmp_path)
    (own / "own.py").write_text("def even(:\n")
    with pytest.raises(TemplateError, match="not Python") as caught:
        load_template(tmp_path, validators_folder=own)
    assert caught.value.mark is not None
    assert caught.value.mark.file == own / "own.py"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("same", r"'same' is defined twice: .*/a\.py:1:1 and .*/b\.py:3:1"),
        ("length", r"'length' is a validator that segocr brings, and a function in .*/b\.py:5:1"),
        ("{alone: 3}", r"'alone' \(.*/b\.py:7:1\) takes no argument"),
        ("multiple_of", r"'multiple_of' \(.*/b\.py:9:1\) wants an argument: `{multiple_of: …}`"),
        ("{three: 1}", r"wants 2 arguments, but a template gives one at most"),
        ("nothing", r"takes not even the text"),
        ("by_name", r"wants 'limit' by name, which a template cannot give"),
    ],
)
def test_a_function_that_could_never_be_called_so_is_a_mistake(
    tmp_path: Path, written: str, message: str
) -> None:
    own = tmp_path / "validators"
    own.mkdir()
    (own / "a.py").write_text("def same(text): ...\n")
    (own / "b.py").write_text(
        "import functools\n\ndef same(text): ...\n\ndef length(text): ...\n\ndef alone(text): ...\n\n"
        "def multiple_of(text, number): ...\n\ndef three(text, one, two): ...\n\ndef nothing(): ...\n\n"
        "def by_name(text, *, limit): ...\n"
    )
    text = f"template: thing\nversion: 1\nfields:\n  a: {{validators: [{written}]}}\n"
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(TemplateError, match=message) as caught:
        load_template(tmp_path, validators_folder=own)
    assert caught.value.mark is not None
    assert (caught.value.mark.line, caught.value.mark.column) == (4, 20)


def test_functions_of_any_fitting_parameters_may_be_named(tmp_path: Path) -> None:
    own = tmp_path / "validators"
    own.mkdir()
    (own / "own.py").write_text(
        "from functools import cache\n\ndef length(text): ...\n\n"
        "def either(text, limit=3, *, exact=False): ...\n\n"
        "def any_number(*given): ...\n\n@cache\ndef changed(): ...\n"
    )
    named = "either, {either: 5}, any_number, {any_number: 1}, changed, {changed: 1}"
    text = f"template: thing\nversion: 1\nfields:\n  a: {{validators: [{named}]}}\n"
    (tmp_path / "template.yaml").write_text(text)
    assert len(load_template(tmp_path, validators_folder=own).fields["a"].validators) == 6


def test_loading_the_files_has_time_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segocr.validators.own.SECONDS", 0.5)
    (folder / "heavy.py").write_text("import time\ntime.sleep(0.8)\n")
    assert judged(folder, [["even"]], "4")["verdict"] is None
    monkeypatch.setattr("segocr.validators.own.LOAD_SECONDS", 0.3)
    (folder / "heavy.py").write_text("import time\ntime.sleep(0.9)\n")
    assert judged(folder, [["even"]], "4")["problems"] == [
        ["validator-timeout", "the files are not loaded within 0.3 s"]
    ]


def test_all_values_of_a_record_have_some_time_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segocr.validators.own.PART_SECONDS", 0.5)
    (folder / "slow.py").write_text("import time\ndef slow(text):\n    time.sleep(0.3)\n")
    codes = [code for code, _ in judged(folder, [["slow"]] * 9)["problems"]]
    assert codes[-6:] == ["validator-timeout"] * 6
    assert judged(folder, [["slow"]])["problems"] == []


@pytest.mark.parametrize(
    "stray",
    [b"what is this\n", b'{"said": null}\n', b"7\n", b"[" * 9000 + b"\n", b"x" * 99_999, b'{"number": 1}'],
)
def test_what_is_written_where_the_process_answers_is_no_answer(folder: Path, stray: bytes) -> None:
    (folder / "writes.py").write_text(
        "import os\n\ndef writes(text):\n"
        "    for pipe in range(3, 20):\n        try:\n"
        f"            os.write(pipe, {stray!r})\n        except OSError:\n            pass\n"
    )
    answer = judged(folder, [["writes"], ["even"]])
    assert [code for code, _ in answer["problems"]] == ["validator-died", "own-validator"]


def test_what_editors_leave_in_the_folder_is_no_validator(folder: Path, tmp_path: Path) -> None:
    (folder / ".#own.py").symlink_to("user@host.1:2")
    (folder / "folder.py").mkdir()
    assert judged(folder, [["even"]])["problems"] == [["own-validator", "3 is odd"]]
    assert "even" in own_validators(folder)


def test_a_pipe_among_the_validators_is_a_mistake_and_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "y.py")
    with pytest.raises(TemplateError, match=r"y.py:1:1: it cannot be read: it is no regular file"):
        own_validators(folder)
    assert judged(folder, [["even"]])["problems"] == [["own-validator", "3 is odd"]]


def test_what_a_function_says_can_be_stored_and_shown(folder: Path) -> None:
    (folder / "odd.py").write_text(
        "def odd(text):\n    return 'bad \\0 \\ud800 \\x1b[31m \\N{GRINNING FACE}'\n"
    )
    assert judged(folder, [["odd"]])["problems"] == [["own-validator", "bad      [31m \N{GRINNING FACE}"]]
