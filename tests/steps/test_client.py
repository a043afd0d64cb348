"""The facade: several threads, warm starts, a shared keeper that comes and goes."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from test_ocr_parity import drawn_strips
from test_open_documents import open_all

from segocr.errors import ConfigurationError, DocumentError, EnvironmentMissing, HostError
from segocr.recipes import choose_models, recipe_of
from segocr.steps import attached, service
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, OpenOptions, SegmentModel
from segocr.steps.keeper import Keeper
from segocr.steps.protocol import Message
from segocr.steps.service import Service
from segocr.templates import load_template
from segocr.templates.load import shipped_folder

MODEL = OcrModel("openvino", "PP-OCRv6_small")
UNKNOWN = "\N{MALAYALAM LETTER VOCALIC L}"


@pytest.fixture
def shared(environment: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A shared keeper at an address of this test's own."""
    for name in ("open", "openvino"):
        environment(name)
    address = f"\0segocr-test-{threading.get_native_id()}"
    monkeypatch.setattr(service, "default_address", lambda: address)
    keeper = Service(Keeper())
    thread = threading.Thread(target=keeper.run)
    thread.start()
    yield keeper
    keeper.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_calls_from_several_threads_do_not_mix(steps: Steps, drawn_files: Path) -> None:
    strips = drawn_strips()
    alone = [steps.read([strip], [[None]], MODEL)[0].decoded[0].text for strip in strips]

    def read(number: int) -> bool:
        [reading] = steps.read([strips[number]], [[None]], MODEL)
        pages = open_all(steps, drawn_files / "three.tif")
        return reading.decoded[0].text == alone[number] and len(pages) == 3

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, [0, 1, 2, 3, 4] * 3))


def test_an_ocr_model_says_which_characters_it_knows(steps: Steps) -> None:
    alphabet = steps.alphabet(MODEL)
    assert len(alphabet) == steps.load(MODEL).alphabet
    assert {"A", "0", "<", "é", " "} <= alphabet
    assert UNKNOWN not in alphabet


def test_a_run_warns_of_characters_that_its_ocr_model_does_not_know(
    steps: Steps, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(shipped_folder() / "passport" / "model.onnx", tmp_path)
    text = f"template: thing\nversion: 1\nfields:\n  mrz_line1: {{pattern: '[A-Z{UNKNOWN}]+'}}\n"
    (tmp_path / "template.yaml").write_text(text)
    template = load_template(tmp_path)
    with caplog.at_level(logging.WARNING, logger="segocr"):
        recipe_of(template, choose_models(template, {}), steps, dpi=200)
    [record] = caplog.records
    assert f"field mrz_line1: the OCR model {MODEL.name} does not know '{UNKNOWN}'" in record.getMessage()


def test_hosts_and_models_are_warmed_at_once(steps: Steps) -> None:
    steps.warm([("open", "open")], [MODEL])
    assert {"open/open", "ocr/openvino"} <= {host.engine for host in steps.describe()}
    assert all(host.memory_mb > 5 for host in steps.describe())


def test_a_command_uses_the_shared_keeper_and_leaves_it_running(shared: Service, drawn_files: Path) -> None:
    with Steps() as first:
        open_all(first, drawn_files / "plain.png")
        [host] = first.describe()
    with Steps() as second:
        open_all(second, drawn_files / "plain.png")
        assert second.describe()[0].pid == host.pid


def test_a_command_goes_on_alone_when_the_shared_keeper_goes(shared: Service, drawn_files: Path) -> None:
    with Steps() as steps:
        open_all(steps, drawn_files / "plain.png")
        before = steps.describe()[0].pid
        shared.stop()
        assert len(open_all(steps, drawn_files / "three.tif")) == 3
        assert steps.describe()[0].pid != before


def test_without_a_shared_keeper_one_can_be_insisted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "default_address", lambda: "\0segocr-test-nobody")
    with pytest.raises(HostError) as caught:
        Steps(shared=True)
    assert caught.value.code == "no-keeper"
    assert isinstance(Steps()._keeper, Keeper)
    assert attached.connect is service.connect


def test_an_unknown_engine_is_answered_with_the_nearest(steps: Steps) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'openvino'"):
        steps.load(OcrModel("openvno", "PP-OCRv6_small"))


def test_an_absent_environment_is_named_with_the_command_that_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGOCR_HOME", str(tmp_path))
    with Steps(shared=False) as steps, pytest.raises(EnvironmentMissing, match="segocr env create paddle"):
        steps.load(OcrModel("paddleocr", "PP-OCRv4_mobile"))


def test_an_interpreter_that_somebody_named_is_theirs_to_mend(environment: Callable[[str], Path]) -> None:
    named = {"openvino": Path("/bin/false")}
    with Steps(environments=named, shared=False) as steps, pytest.raises(EnvironmentMissing) as caught:
        steps.load(MODEL)
    assert caught.value.hint == "correct [environments.openvino] python in segocr.toml"


def test_what_encloses_no_area_on_the_page_is_no_region_and_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = [[250, 0], [499, 0], [400, 0], [300, 0]]
    whole = [[0, 0], [40, 0], [40, 9], [0, 9]]
    points = np.array([*flat, *whole], np.float32)
    found = Message("answer", {"pages": [[["date", 0.9, 4], ["total", 0.8, 4]]]}, [points])
    printed = Message("answer", {"scores": [[0.9, 0.8]]}, [points.reshape(2, 4, 2)])
    with Steps(shared=False) as steps:
        monkeypatch.setattr(steps, "_call", lambda step, *_: found if step == "segment" else printed)
        [regions] = steps.segment([], SegmentModel("openvino", Path("none.onnx")))
        [lines] = steps.detect([], OcrModel("openvino", "none"))
    assert [(one.class_name, one.polygon.tolist()) for one in regions] == [("total", whole)]
    assert [line.polygon.tolist() for line in lines] == [whole]


def test_a_document_has_time_as_a_whole_and_a_little_more_for_each_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed: list[float | None] = []

    def call(step: str, engine: str, message: Message, seconds: float | None) -> Message:
        allowed.append(seconds)
        head = {"dpi": None, "pages": 500, "media_type": "application/pdf", "seconds": 7.0}
        return Message("answer", head, [np.zeros((1, 1, 3), np.uint8)])

    with Steps(shared=False) as steps:
        monkeypatch.setattr(steps, "_call", call)
        with pytest.raises(DocumentError, match="given up before page 5") as caught:
            list(steps.open(0, OpenOptions(seconds=20.0)))
    assert caught.value.code == "too-slow"
    assert allowed == [20.0, 14.0, 8.0, 2.0]


PIXELS = np.zeros((5, 6, 3), np.uint8)
WHOLE = {"media_type": "image/png", "pages": 1, "dpi": None, "seconds": 0.1}


@pytest.mark.parametrize(
    "answer",
    [
        Message("answer", WHOLE, []),
        Message("answer", WHOLE, [np.zeros(9, np.uint8)]),
        Message("answer", WHOLE, [PIXELS.astype(np.float32)]),
        Message("answer", WHOLE, [PIXELS[:, :, 0]]),
        Message("answer", WHOLE, [PIXELS[:0]]),
        Message("answer", {}, [PIXELS]),
        Message("answer", WHOLE | {"pages": "many"}, [PIXELS]),
        Message("answer", WHOLE | {"pages": 1 << 60}, [PIXELS]),
        Message("answer", WHOLE | {"dpi": "x"}, [PIXELS]),
        Message("answer", WHOLE | {"media_type": "image/\ud800"}, [PIXELS]),
        Message("answer", WHOLE | {"media_type": ["image/png"]}, [PIXELS]),
        Message("answer", WHOLE | {"seconds": []}, [PIXELS]),
        Message("hello", WHOLE, [PIXELS]),
    ],
)
def test_nonsense_from_the_process_that_decodes_is_the_documents_fault(
    environment: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, answer: Message
) -> None:
    environment("open")
    with Steps(shared=False) as steps:
        monkeypatch.setattr(steps, "_try", lambda *_: answer)
        with pytest.raises(DocumentError, match="answer nonsense") as caught:
            list(steps.open(0))
    assert caught.value.code == "unreadable"
