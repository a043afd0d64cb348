"""The first part of docs/new-template.md, done: a new document type, from pages in a folder to rows.

    python -m bench.walkthrough [--pictures docs]

It draws 40 invoices and goes the guide's way in a new folder, printing every command, what it says, and the
processor time that it and all it starts take. With --pictures it writes the guide's pictures anew.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

_STEPS = (
    "template new invoice --data ../invoices/labelled",
    "dataset check ../invoices/labelled --template invoice --sheet ../labelled.png",
    "train invoice --engine textlines --data ../invoices/labelled",
    "evaluate invoice --data ../invoices/new --no-oracle",
    "extract ../invoices/new --template invoice --overlay ../seen --table",
    "query 'select file, number, date, total, iban from invoice order by file limit 6'",
    "dataset autolabel invoice ../invoices/new --out ../more --with ../invoices/labelled",
    "dataset check ../more --template invoice",
)


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(prog="python -m bench.walkthrough")
    parser.add_argument("--pictures", type=Path, help="folder that the guide's pictures are written to")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--labelled", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segocr-walkthrough-") as name:
        folder = Path(name)
        sizes = f"--count {arguments.count} --labelled {arguments.labelled}"
        _run("-m segocr.synthesis.specimens", f"invoice --into invoices {sizes}", folder)
        _run("-m segocr.cli", "init office", folder)
        for words in _STEPS:
            _run("-m segocr.cli", words, folder / "office")
            if words.startswith("template new"):
                print((folder / "office" / "templates" / "invoice" / "template.yaml").read_text("utf-8"))
        if arguments.pictures:
            _write_pictures(folder, arguments.pictures)


def _run(program: str, words: str, folder: Path) -> None:
    shown = "python -m segocr.synthesis.specimens" if "specimens" in program else "segocr"
    print(f"\n$ {shown} {words}", flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(
        [sys.executable, *program.split(), *shlex.split(words)], cwd=folder, check=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"[{spent:.0f} s of processor time]", flush=True)


def _write_pictures(folder: Path, target: Path) -> None:
    pages = sorted((folder / "invoices" / "labelled" / "images").iterdir())[:4]
    row = np.hstack([_shrunk(page, 420) for page in pages])
    _write(target / "new-template-pages.jpg", row)
    seen = sorted(path for path in (folder / "seen").rglob("*") if path.suffix in (".png", ".jpg"))
    _write(target / "new-template-rows.jpg", np.hstack([_shrunk(path, 760) for path in seen[1:3]]))
    sheet = cv2.imread(str(folder / "more" / "sheet-01.jpg"))
    assert sheet is not None
    _write(target / "new-template-sheet.jpg", sheet[: 30 + 492])


def _shrunk(path: Path, height: int) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None, path
    width = round(height / 1.4)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _write(path: Path, picture: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 72])[1].tobytes())
    print(f"{path}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
