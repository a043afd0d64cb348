"""What keeping only a lattice costs: its bytes, and the readings that differ from those of full posteriors.

    python bench/lattices.py DATA

Labelled lines of ``train`` (50 pages of passports, 80 plates, 40 receipts, chosen with a fixed seed), as they
are, blurred and of low resolution; read under the constraints of the shipped templates. Engine openvino,
PP-OCRv6 small, strips of full width.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from segocr import crops
from segocr.constraints import Constraint, Decoded, decode
from segocr.constraints.deciding import decide
from segocr.constraints.lattice import Lattice
from segocr.evaluation.labels import read_labels
from segocr.evaluation.scenes import read_picture
from segocr.pages import Page
from segocr.reading import lines
from segocr.regions import Region
from segocr.steps.client import Steps
from segocr.steps.contract import Image, OcrModel
from segocr.steps.protocol import Message
from segocr.templates import load_template

SETS = {"passports": ("passport", 50), "plates": ("license_plate", 80), "receipts": ("receipt", 40)}
MODEL = OcrModel("openvino", "PP-OCRv6_small")
TOGETHER = 8
SEED = 5


def main(data: Path) -> None:
    """Print for each class the mean bytes, and exact texts from posteriors and from lattices."""
    sizes: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with Steps(shared=False) as steps:
        body = {"operation": "load", "model": MODEL.name, "characters": True}
        answer = steps._call("ocr", MODEL.engine, Message("call", body))
        alphabet = tuple(answer.body["characters"])
        for name, (template_name, count) in SETS.items():
            fields = load_template(template_name).fields
            strips = list(_strips(data / name, count, {key: spec.crop.fit for key, spec in fields.items()}))
            for start in range(0, len(strips), TOGETHER):
                part = strips[start : start + TOGETHER]
                answers = steps.read([one[2] for one in part], [[] for _ in part], MODEL, posteriors=True)
                for (field, value, _), one in zip(part, answers, strict=True):
                    assert one.posteriors is not None
                    whole = _from_posteriors(one.posteriors, alphabet, fields[field].constraint)
                    kept = decide(Lattice.expand(one.lattice), fields[field].constraint)
                    counted = counts[field]
                    counted["all"] += 1
                    counted["whole"] += _plain(whole.text) == _plain(value)
                    counted["kept"] += _plain(kept.text) == _plain(value)
                    counted["other"] += whole.text != kept.text
                    sizes[field].append(len(one.lattice))
    for field, counted in counts.items():
        exact = f"{counted['whole']} from posteriors, {counted['kept']} from lattices"
        size = np.mean(sizes[field])
        print(f"{field}: {size:.0f} bytes; of {counted['all']} exact: {exact}; {counted['other']} differ")


def _strips(folder: Path, count: int, fit: dict[str, bool]) -> Iterator[tuple[str, str, Image]]:
    documents = list(read_labels(folder, "train"))
    random.Random(SEED).shuffle(documents)
    for document in documents[:count]:
        page = Page(1, read_picture(document.path))
        for label in document.labels:
            if len(label.polygons) == 1 and label.class_name in fit:
                polygon = np.asarray(label.polygons[0], dtype=np.float32)
                crop = crops.cut(page, Region(1, label.class_name, 1.0, polygon))
                quad = lines.single(crop) if fit[label.class_name] else crop.quad
                strip = crops.strip(crop, quad)
                small = cv2.resize(strip, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
                for shown in (
                    strip,
                    cv2.GaussianBlur(strip, (0, 0), strip.shape[0] / 22),
                    cv2.resize(small, strip.shape[1::-1]),
                ):
                    yield label.class_name, label.value, np.asarray(shown, dtype=np.uint8)


def _from_posteriors(
    posteriors: np.ndarray, alphabet: tuple[str, ...], constraint: Constraint | None
) -> Decoded:
    """Read without a lattice, over ASCII and the symbols that have a chance anywhere."""
    counts = [not place or " " <= symbol <= "~" for place, symbol in enumerate(alphabet)]
    columns = np.flatnonzero(np.array(counts) | (posteriors.max(axis=0, initial=0.0) > 1e-7))
    log_probs = np.log(np.maximum(posteriors[:, columns], 1e-37)).astype(np.float32)
    return decode(log_probs, [alphabet[column] for column in columns], constraint)


def _plain(text: str | None) -> str:
    return "".join(character for character in text or "" if character.isalnum() or character == "<").upper()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
