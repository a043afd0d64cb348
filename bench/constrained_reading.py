"""What constraints do to MRZ lines cut out by their labels: exact with none, the layout, the check digits.

    python bench/constrained_reading.py DATA/passports

All pages of the set; the confusions of the print were fitted on ``train``, by a way chosen after
failures on ``val`` too. One look at each line, no segmentation. Engine openvino, PP-OCRv6 small.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from segocr import crops, lines
from segocr.constraints import CHECKS, compile_constraint
from segocr.evaluation.labels import read_labels
from segocr.evaluation.scenes import read_picture
from segocr.pages import Page
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel

WAYS = ("unconstrained", "pattern", "checks")
TOGETHER = 20


def main(folder: Path) -> None:
    """Print for each line and way how many of all are exact."""
    ways = {
        field: (
            None,
            compile_constraint(CHECKS[check].layouts[0], print_name="ocr_b", ignore_spaces=True),
            compile_constraint(checks=[check], ignore_spaces=True),
        )
        for field, check in (("mrz_line1", "mrz_td3_line1"), ("mrz_line2", "mrz_td3_line2"))
    }
    strips, wanted = [], []
    for document in read_labels(folder, None):
        page = Page(1, read_picture(document.path))
        for label in document.labels:
            polygon = np.asarray(label.polygons[0], dtype=np.float32)
            crop = crops.cut(page, Region(1, label.class_name, 1.0, polygon))
            strips.append(crops.strip(crop, lines.single(crop)))
            wanted.append(label)
    exact: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    with Steps(shared=False) as steps:
        for start in range(0, len(strips), TOGETHER):
            labels = wanted[start : start + TOGETHER]
            asked = [ways[label.class_name] for label in labels]
            answers = steps.read(
                strips[start : start + TOGETHER], asked, OcrModel("openvino", "PP-OCRv6_small")
            )
            for label, answer in zip(labels, answers, strict=True):
                total[label.class_name] += 1
                for way, decoded in zip(WAYS, answer.decoded, strict=True):
                    exact[label.class_name, way] += (decoded.text or "") == label.value
    for field in ways:
        shares = ", ".join(f"{way} {exact[field, way]} of {total[field]}" for way in WAYS)
        print(f"{field}: {shares}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
