"""``segocr train`` and ``segocr model`` for real: the plates' model is trained on for moments."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from segocr.environments.locate import State, resolve, status_of
from segocr.errors import ModelError, UsageError
from segocr.steps.client import Steps
from segocr.steps.contract import SegmentModel
from segocr.training.agreement import compare_engines, require_agreement
from segocr.training.card import ModelCard, describe_file
from segocr.training.install import FILES, put_in_place
from segocr.training.measure import mask_iou
from segocr.training.runs import Run, curve_summary

ROOT = Path(__file__).parents[2]
PLATES, PASSPORT = ROOT / "templates" / "license_plate", ROOT / "templates" / "passport"
Require = Callable[[str, object, str], None]


@pytest.fixture(scope="module", autouse=True)
def environments(require: Require) -> None:
    for name in ("torch", "openvino"):
        built = status_of(name).state in (State.BUILT, State.EXTERNAL)
        require(name, built, f"the {name} environment is not built; run segocr env create {name}")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a template like the plates', and the drawn plates as labelled documents."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "segocr.toml").write_text("")
    template = folder / "templates" / "number"
    shutil.copytree(PLATES, template, ignore=shutil.ignore_patterns("golden", "*.json"))
    written = (template / "template.yaml").read_text("utf-8")
    (template / "template.yaml").write_text(written.replace("template: license_plate", "template: number"))
    shutil.copytree(PLATES / "golden", folder / "labelled")
    rows = [json.loads(line) for line in (folder / "labelled/fields.jsonl").read_text("utf-8").splitlines()]
    for number, row in enumerate(rows):
        row["split"] = "train" if number < 6 else "val"
    (folder / "labelled/fields.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def segocr(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, timeout=500)


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "segocr.cli", *map(str, words)]


def processes_with(word: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            continue
        if word in line and "yolo.py" in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def trained(workspace: Path) -> tuple[Path, list[str], dict[str, object]]:
    """A training killed after its first epoch and started again: what the second start said and printed."""
    words = command(
        "train", "number", "--data", "labelled", "--as", "photos", "--count", "8", "--epochs", "3",
        "--batch", "4", "--image-size", "160", "--learning-rate", "0.00001", "--start", PLATES / "model.pt",
        "--threads", "1", "--data-licence", "drawn by this project", "--json",
    )  # fmt: skip
    with subprocess.Popen(words, cwd=workspace, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr is not None
        assert next(line for line in first.stderr if line.startswith("epoch 1 of 3"))
        first.send_signal(signal.SIGKILL)  # its child must notice by itself
    ended = time.monotonic() + 20
    while processes_with(str(workspace)) and time.monotonic() < ended:
        time.sleep(0.05)
    assert processes_with(str(workspace)) == []
    assert not (workspace / "templates/number/model.json").exists()
    second = subprocess.run(words, cwd=workspace, capture_output=True, text=True, timeout=500)
    assert second.returncode == 0, second.stderr[-3000:]
    return workspace, second.stderr.splitlines(), json.loads(second.stdout)


def test_a_training_killed_in_the_middle_goes_on_to_the_same_kind_of_result(
    trained: tuple[Path, list[str], dict[str, object]],
) -> None:
    workspace, said, printed = trained
    assert any(line.startswith("goes on with ") for line in said)
    epochs = [line for line in said if "mask mAP50" in line]
    assert epochs[0].startswith(("epoch 2 of 3", "epoch 3 of 3"))
    assert "0 s left" in epochs[-1]
    assert printed["epochs"] == 3
    curves = cv2.imread(str(printed["curves"]))
    assert curves is not None
    assert min(curves.shape[:2]) > 200
    folder = workspace / "templates/number"
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    assert {name: describe_file(folder / name) for name in card.files} == card.files
    assert card.classes == ["plate"]
    assert card.metrics["val"]["labelled"] == 2
    assert card.metrics["val"]["named"] >= 1
    assert card.data[0].licence == "drawn by this project"
    assert "drawn by this project" in (folder / "LICENSE-MODEL").read_text("utf-8")
    trusted = json.loads((workspace / "trusted-models.json").read_text("utf-8"))
    assert card.files["model.pt"].sha256 in trusted


def test_weights_that_find_nothing_take_no_better_models_place(
    trained: tuple[Path, list[str], dict[str, object]], tmp_path: Path
) -> None:
    workspace, _, _ = trained
    folder = workspace / "templates/number"
    before = {name: describe_file(folder / name) for name in FILES}
    program = "import sys; from ultralytics import YOLO; m = YOLO('yolo11n-seg.yaml'); "
    program += "m.model.names = {0: 'plate'}; m.save(sys.argv[1])"
    surroundings = {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(tmp_path), "PATH": ""}
    words = [resolve("torch"), "-I", "-c", program, tmp_path / "empty.pt"]
    subprocess.run(words, check=True, capture_output=True, env=surroundings, cwd=tmp_path, timeout=200)
    done = segocr(
        workspace,
        "model",
        "install",
        "number",
        tmp_path / "empty.pt",
        "--data",
        "labelled",
        "--image-size",
        "160",
    )
    assert done.returncode == 5, done.stderr[-3000:]
    assert "finds none of the 2 regions" in done.stderr or "the classes" in done.stderr
    assert {name: describe_file(folder / name) for name in FILES} == before
    assert not list(folder.glob(".*"))


def test_every_format_finds_what_the_model_finds(workspace: Path, tmp_path: Path) -> None:
    for wanted in ("onnx", "openvino", "torchscript"):
        done = segocr(
            workspace, "model", "export", "passport", "--format", wanted, "--out", tmp_path / wanted,
            "--image-size", "160",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert all(Path(line).is_file() for line in done.stdout.splitlines())
    page = cv2.imread(str(PASSPORT / "golden/images/passport-1.jpg"))
    with Steps(shared=False) as steps:
        one, other = (
            steps.segment([page], SegmentModel("openvino", path))[0]
            for path in (PASSPORT / "model.onnx", tmp_path / "openvino/model.xml")
        )
    assert [region.class_name for region in one] == [region.class_name for region in other] != []
    assert all(mask_iou(a.polygon, b.polygon) > 0.95 for a, b in zip(one, other, strict=True))
    program = "import sys, torch; m = torch.jit.load(sys.argv[1]); print(len(m(torch.zeros(1, 3, 160, 160))))"
    words = [resolve("torch"), "-I", "-c", program, tmp_path / "torchscript/model.torchscript"]
    assert subprocess.run(words, capture_output=True, text=True, timeout=200).stdout.strip() == "2"


def test_models_are_listed_with_what_their_cards_say(workspace: Path) -> None:
    done = segocr(workspace, "model", "list", "passport", "--json")
    rows = {row["file"]: row for row in json.loads(done.stdout)}
    assert set(rows) == {"head.npz", "model.onnx", "model.pt"}
    assert rows["model.onnx"]["classes"] == "mrz_line1, mrz_line2"
    assert rows["model.onnx"]["licence"] == "AGPL-3.0-only"
    assert rows["model.onnx"]["card"] == "ok"
    assert rows["model.onnx"]["digest"] == describe_file(PASSPORT / "model.onnx").sha256[:16]


def test_a_shipped_template_is_not_changed_from_a_workspace(workspace: Path) -> None:
    done = segocr(workspace, "train", "passport", "--data", "labelled")
    assert done.returncode == 2
    assert "is not replaced from a workspace" in done.stderr


def test_files_of_two_models_do_not_agree() -> None:
    pictures = sorted((PASSPORT / "golden/images").glob("*.jpg"))[:2]
    with Steps(shared=False) as steps:
        found = compare_engines(steps, PLATES / "model.pt", PASSPORT / "model.onnx", pictures, 640, 0.25)
        same = compare_engines(steps, PASSPORT / "model.pt", PASSPORT / "model.onnx", pictures, 640, 0.25)
    assert same.compared >= 8
    require_agreement(same)
    with pytest.raises(ModelError, match=r"plate with score 0\.\d+ by ultralytics only") as caught:
        require_agreement(found)
    assert caught.value.code == "engines-disagree"


def test_a_model_that_is_not_whole_leaves_the_old_one(tmp_path: Path) -> None:
    made, target = tmp_path / "made", tmp_path / "target"
    for folder in (made, target):
        folder.mkdir()
        for name in FILES:
            (folder / name).write_text(folder.name)
    (made / FILES[-1]).unlink()
    with pytest.raises(FileNotFoundError):
        put_in_place(made, target)
    assert {path.name: path.read_text() for path in target.iterdir()} == dict.fromkeys(FILES, "target")


def test_one_training_is_not_run_twice_at_once(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "one")
    with run.held(), pytest.raises(UsageError, match="running already"), run.held():
        pass
    with run.held():
        assert not run.finished


def test_curves_with_a_torn_last_line_are_read(tmp_path: Path) -> None:
    text = "epoch,metrics/mAP50-95(M),time\n1,0.5,3\n2,0.75,6\n3,0.7,9\n4,0."
    (tmp_path / "results.csv").write_text(text)
    summary = curve_summary(tmp_path / "results.csv")
    assert summary == {"epochs": 3, "best_epoch": 2, "metrics": {"metrics/mAP50-95(M)": 0.75}}
