"""Prints what a network finds on pictures, whole and in parts; runs in the environment ``openvino``.

Arguments: the project's root, a folder for compiled models, a model, the least score, pictures.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import cv2

from segocr.steps.guest import Settings
from segocr.steps.segment import openvino
from segocr.steps.segment.operations import Wanted

_, _, cache, model, confidence, *pictures = sys.argv
pages = [cv2.imread(picture) for picture in pictures]
settings = Settings(device="cpu", threads=1, cache=Path(cache))
split = openvino.split
answers = {}
for way in ("parts", "whole"):
    openvino.split = split if way == "parts" else lambda network: None
    segmenter = openvino.OpenvinoSegmenter(Path(model), settings)
    found = segmenter.segment(pages, Wanted(640, float(confidence), 0.7))
    answers[way] = {
        "in_parts": segmenter._heads is not None,
        "pages": [[(one.kind, one.score, one.polygon.tolist()) for one in page] for page in found],
    }
json.dump(answers, sys.stdout)
