"""Full-page OCR of every page, as people do without segmentation: RapidOCR on OpenVINO, PP-OCRv6 small.

Runs in the environment ``rapidocr``. The library's defaults, line classifier included, but for the engine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from rounds import serve


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Load the models, and return what can be ordered."""
    from rapidocr import EngineType, RapidOCR

    engine = RapidOCR(
        params={
            "Det.engine_type": EngineType.OPENVINO,
            "Cls.engine_type": EngineType.OPENVINO,
            "Rec.engine_type": EngineType.OPENVINO,
            "Global.log_level": "error",
        }
    )

    def run() -> dict[str, Any]:
        start = perf_counter()
        lines = sum(len(engine(path).txts or ()) for path in config["images"])
        return {"seconds": perf_counter() - start, "lines": lines}

    engine(config["images"][0])
    return {"run": run}


if __name__ == "__main__":
    serve(prepare)
