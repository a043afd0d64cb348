"""The plain way, first half: ultralytics on torch, image after image; runs in the environment ``torch``.

What a tutorial shows: load the model once, predict a path, cut out each mask's smallest rectangle.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("YOLO_OFFLINE", "1")

from rounds import serve


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Load the models, and return what can be ordered."""
    import cv2
    import numpy as np
    from ultralytics import YOLO

    model = YOLO(config["model"])

    def find(path: str) -> list[Any]:
        (result,) = model.predict(
            path, imgsz=config["image_size"], conf=config["confidence"], device="cpu", verbose=False
        )
        return [cut(result.orig_img, np.asarray(polygon)) for polygon in polygons(result)]

    def polygons(result: Any) -> list[Any]:
        return [] if result.masks is None else [xy for xy in result.masks.xy if len(xy) >= 3]

    def cut(image: Any, polygon: Any) -> Any:
        corners = cv2.boxPoints(cv2.minAreaRect(polygon.astype(np.float32)))
        corners = np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0)
        width, height = (np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0]))
        if height > width:
            corners, width, height = np.roll(corners, -1, axis=0), height, width
        size = (max(int(width), 2), max(int(height), 2))
        flat = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
        return cv2.warpPerspective(image, cv2.getPerspectiveTransform(corners.astype(np.float32), flat), size)

    def run() -> dict[str, Any]:
        start = perf_counter()
        crops = [crop for path in config["images"] for crop in find(path)]
        seconds = perf_counter() - start
        if not config.get("written"):
            for number, crop in enumerate(crops):
                cv2.imwrite(str(Path(config["crops"]) / f"{number:05d}.png"), crop)
            config["written"] = True
        return {"seconds": seconds, "crops": len(crops)}

    find(config["images"][0])
    return {"run": run}


if __name__ == "__main__":
    serve(prepare)
