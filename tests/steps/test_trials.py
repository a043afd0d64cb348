"""A host that ends is a document's fault only if it answers what is none's, and then as often as it ends."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest

import segocr.steps.host as host_module
import segocr.steps.keeper as keeper_module
from segocr.errors import EnvironmentMissing, HostDied, HostError, HostTimeout
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, OpenOptions, SegmentModel
from segocr.steps.engines import ENGINES
from segocr.steps.protocol import Message
from segocr.steps.trials import trial_of
from segocr.templates.load import shipped_folder

MAX_DEATHS = 6
MANY = 8
MODEL = SegmentModel("openvino", Path("none.onnx"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    guest = faulty.faulty_guest(tmp_path)
    monkeypatch.setattr(host_module, "guest_code", lambda: guest)
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(host_module, "_cache_of", lambda key: folder)
    return folder


@pytest.fixture
def steps(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """Steps whose hosts are faulty ones."""
    monkeypatch.setattr(keeper_module, "_MAX_PAUSE", 0.0)
    monkeypatch.setattr(keeper_module, "_MAX_DEATHS", MAX_DEATHS)
    for step, name in (("open", "open"), ("segment", "openvino")):
        monkeypatch.setitem(
            ENGINES, f"{step}/{name}", replace(faulty.FAULTS, step=step, name=name, environment="open")
        )
    with Steps(environments={"open": Path(sys.executable)}, shared=False) as steps:
        yield steps


@pytest.fixture
def built(environment: Callable[[str], Path]) -> Iterator[Steps]:
    """Hosts of the default engines."""
    for name in ("open", "openvino", "validate"):
        environment(name)
    with Steps(shared=False) as steps:
        yield steps


def open_file(steps: Steps, folder: Path, content: str, seconds: float = 30.0) -> int:
    file = folder / "file"
    file.write_text(content)
    with file.open("rb") as opened:
        return len(list(steps.open(opened.fileno(), OpenOptions(seconds=seconds))))


def test_however_many_documents_end_the_host_the_next_one_is_opened(steps: Steps, tmp_path: Path) -> None:
    for _ in range(MANY):
        with pytest.raises(HostDied):
            open_file(steps, tmp_path, "kill")
    assert open_file(steps, tmp_path, "fine") == 1


def test_however_many_documents_are_too_slow_the_next_one_is_opened(steps: Steps, tmp_path: Path) -> None:
    for _ in range(MANY):
        with pytest.raises(HostTimeout):
            open_file(steps, tmp_path, "hang", seconds=0.05)
    assert open_file(steps, tmp_path, "fine") == 1


def test_however_many_pages_end_the_host_the_next_one_is_segmented(steps: Steps) -> None:
    bad, good = np.zeros((9, 9, 3), np.uint8), np.ones((9, 9, 3), np.uint8)
    for _ in range(MANY):
        with pytest.raises(HostDied):
            steps.segment([bad], MODEL)
    assert steps.segment([good], MODEL) == [[]]


def test_a_host_that_ends_whatever_it_is_given_blames_no_document(
    steps: Steps, tmp_path: Path, cache: Path
) -> None:
    (cache / "sick").touch()
    for _ in range(MANY):
        with pytest.raises(HostError, match=r"open/open ended") as caught:
            open_file(steps, tmp_path, "fine")
        assert (type(caught.value), caught.value.code) == (HostError, "host-failing")
    (cache / "sick").unlink()


def test_an_answer_that_no_descriptor_is_left_for_blames_no_document(
    steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_file(steps, tmp_path, "fine") == 1
    whole = socket.recv_fds

    def without_room(*asked: Any) -> tuple[bytes, list[int], int, Any]:
        mark, came, flags, sender = whole(*asked)
        for descriptor in came:
            os.close(descriptor)
        return mark, [], flags, sender

    monkeypatch.setattr(socket, "recv_fds", without_room)
    with pytest.raises(HostError, match="whatever it is given") as caught:
        open_file(steps, tmp_path, "fine")
    assert caught.value.code == "host-failing"


def test_a_host_that_does_not_start_again_blames_no_document(
    steps: Steps, tmp_path: Path, cache: Path
) -> None:
    assert open_file(steps, tmp_path, "fine") == 1
    (cache / "refuse").touch()
    with pytest.raises(EnvironmentMissing):
        open_file(steps, tmp_path, "hang", seconds=0.05)


def test_the_hosts_of_all_steps_answer_their_trials(built: Steps) -> None:
    """What is asked in a document's place is understood by the hosts that there are."""
    model = OcrModel("openvino", "PP-OCRv6_small")
    read = {"model": model.name, "constraints": [["0" * 64], [None]], "definitions": {}, "posteriors": False}
    detect = {"model": model.name, "side": None, "areas": False}
    page = {"number": 7, "dpi": 200, "max_megapixels": 1, "max_pages": 1}
    shipped = shipped_folder() / "passport" / "model.onnx"
    segment = {"model": str(shipped), "image_size": 640, "confidence": 0.25, "iou": 0.7}
    validate = {"day": "2026-03-01", "folder": None, "fields": {}, "rules": [], "parts": [{"a": []}]}
    for step, engine, operation, body in (
        ("open", "open", "page", page),
        ("segment", "openvino", "segment", segment),
        ("ocr", "openvino", "read", read),
        ("ocr", "openvino", "detect", detect),
        ("validate", "python", "validate", validate),
    ):
        call = Message("call", {"operation": operation, **body}, [np.zeros((9, 9, 3), np.uint8)] * 2)
        with trial_of(call) as trial:
            assert trial is not None
            assert built._try(built._key(step, engine), trial, 60.0).kind == "answer"


def test_what_concerns_no_document_has_no_trial() -> None:
    with trial_of(Message("call", {"operation": "load", "model": "none"})) as trial:
        assert trial is None
