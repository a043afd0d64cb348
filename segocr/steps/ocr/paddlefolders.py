"""Model directories as PaddleOCR wants them.

An ASCII-only path, ``inference.*`` files and an ``inference.yml``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

_RECOGNISER = """\
Global:
  model_name: {name}
PreProcess:
  transform_ops:
  - DecodeImage:
      channel_first: false
      img_mode: BGR
  - RecResizeImg:
      image_shape: [3, 48, 320]
PostProcess:
  name: CTCLabelDecode
  character_dict: {characters}
"""
_DETECTOR = """\
Global:
  model_name: {name}
PreProcess:
  transform_ops:
  - DecodeImage:
      channel_first: false
      img_mode: BGR
  - DetResizeForTest:
      resize_long: 960
  - NormalizeImage:
      mean: [0.485, 0.456, 0.406]
      std: [0.229, 0.224, 0.225]
      order: hwc
      scale: 1./255.
  - ToCHWImage: null
  - KeepKeys:
      keep_keys: [image, shape, polys, ignore_tags]
PostProcess:
  name: DBPostProcess
  thresh: 0.3
  box_thresh: 0.6
  max_candidates: 1000
  unclip_ratio: 1.5
"""


def recogniser_folder(model: Path, digest: str, name: str, characters: list[str], cache: Path) -> Path:
    """Return a folder from which PaddleOCR loads a recogniser (``.pdmodel``, ``.json`` or ``.onnx``)."""
    text = _RECOGNISER.format(name=name, characters=json.dumps(characters, ensure_ascii=False))
    return _folder(model, f"rec-{digest[:24]}", text, cache)


def detector_folder(model: Path, digest: str, name: str, cache: Path) -> Path:
    """Return a folder from which PaddleOCR loads a line detector."""
    return _folder(model, f"det-{digest[:24]}", _DETECTOR.format(name=name), cache)


def _folder(model: Path, label: str, config: str, cache: Path) -> Path:
    root = cache / "paddle"
    if not str(root).isascii():
        root = Path(tempfile.gettempdir()) / f"segocr-{os.getuid()}-paddle"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = root / label
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        for path in model.parent.glob(f"{model.stem}.*"):
            if path.suffix in (".pdmodel", ".pdiparams", ".json", ".onnx"):
                (scratch / f"inference{path.suffix}").symlink_to(path.resolve())
        own = model.parent / "inference.yml"
        (scratch / "inference.yml").write_text(own.read_text("utf-8") if own.is_file() else config, "utf-8")
        shutil.rmtree(target, ignore_errors=True)  # its links may point to where the model was before
        scratch.rename(target)
    except OSError:
        if not (target / "inference.yml").is_file():  # else another host made it in the meantime
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target
