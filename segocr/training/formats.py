"""A template's model in the formats of other programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from segocr.environments.locate import resolve
from segocr.errors import ModelError
from segocr.training.train import export_torchscript

_CONVERT = """
import sys, openvino
network = openvino.Core().read_model(sys.argv[1])
openvino.save_model(network, sys.argv[2], compress_to_fp16=sys.argv[3] == "half")
"""


def export_model(
    folder: Path,
    wanted: str,
    target: Path,
    pythons: Mapping[str, Path],
    *,
    image_size: int = 640,
    half: bool = False,
) -> tuple[Path, ...]:
    """Write a model in another format.

    Args:
        folder: Holds ``model.onnx`` (any height and width) and, for ``torchscript``, ``model.pt``, which is
            loaded and so must be trusted by whoever asks.
        wanted: ``onnx``, ``openvino`` or ``torchscript``.
        target: The folder to write into, made if need be.
        pythons: Interpreters of environments built otherwise.
        image_size: Side of the square pictures that ``torchscript`` takes, pixels.
        half: Whether ``openvino`` keeps its weights with 16 bits.

    Returns:
        The files written.

    Raises:
        ModelError: ``model-absent``, or ``export-failed`` with what the framework said.
        EnvironmentMissing: Its environment is not there.
    """
    source = folder / ("model.pt" if wanted == "torchscript" else "model.onnx")
    if not source.is_file():
        raise ModelError(
            f"there is no {source}", code="model-absent", hint=f"segocr train {folder.name} makes it"
        )
    target.mkdir(parents=True, exist_ok=True)
    if wanted == "torchscript":
        python = resolve("torch", pythons)
        return (export_torchscript(python, source, target / "model.torchscript", image_size),)
    if wanted == "onnx":
        return (Path(shutil.copy(source, target / "model.onnx")),)
    files = target / "model.xml", target / "model.bin"
    words = ["-I", "-c", _CONVERT, str(source.resolve()), str(files[0].resolve()), "half" if half else "full"]
    interpreter = str(resolve("openvino", pythons))
    done = subprocess.run([interpreter, *words], capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ModelError(
            f"{source} cannot be converted: {said[-1] if said else done.returncode}", code="export-failed"
        )
    return files
