"""Which environments there are: purpose, pins, Python versions, the imports that prove one works."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """One environment.

    Attributes:
        name: Its name on the command line.
        purpose: One line for ``segocr env list``.
        imports: Modules that must import once it is built.
        megabytes: About how much it takes on disk.
        cuda_packages: Name prefixes of pins that only a CUDA build needs.
        stand_ins: (package that another one asks for by name, installed package that is the same but
            for windows on a screen): OpenCV with windows needs system libraries that a bare machine lacks.
        gpu_instead: Pins replaced when a GPU build is asked for: (name, replacement's name).
        oldest: First supported Python version.
        newest: Last supported Python version.
        compile: Whether to compile bytecode while building (cheap for small ones, saves it at the first
            start).
    """

    name: str
    purpose: str
    imports: tuple[str, ...]
    megabytes: int
    cuda_packages: tuple[str, ...] = ()
    gpu_instead: tuple[str, str] | None = None
    stand_ins: tuple[tuple[str, str], ...] = ()
    oldest: tuple[int, int] = (3, 11)
    newest: tuple[int, int] = (3, 14)
    compile: bool = True

    @property
    def python_range(self) -> str:
        """Supported Python versions, for people."""
        return f"{self.oldest[0]}.{self.oldest[1]} to {self.newest[0]}.{self.newest[1]}"

    def pins(self, *, gpu: bool | None = None) -> str:
        """Return the requirement file's text: ``name==version`` a line, complete (nothing else is installed).

        Args:
            gpu: None for what PyPI offers; True for a GPU build, False for a CPU build. Both may need
                an index of the framework's makers.
        """
        lines = (_HERE / f"{self.name}.txt").read_text("utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        if gpu is False and self.cuda_packages:
            pins = [pin for pin in pins if not pin.startswith(self.cuda_packages)]
        if gpu is True and self.gpu_instead:
            old, new = self.gpu_instead
            pins = [f"{new}=={pin.partition('==')[2]}" if pin.startswith(f"{old}==") else pin for pin in pins]
        return "".join(f"{pin}\n" for pin in pins)

    def digest(self) -> str:
        """Return what an environment built from these pins is marked with, 64 hexadecimal digits."""
        return hashlib.sha256(self.pins().encode()).hexdigest()


SPECS: dict[str, EnvironmentSpec] = {
    spec.name: spec
    for spec in (
        EnvironmentSpec("open", "decodes documents (pictures, PDF)", ("PIL", "pi_heif", "pypdfium2"), 60),
        EnvironmentSpec(
            "openvino",
            "finds regions and reads text on the CPU; the default engines",
            ("openvino", "cv2", "sklearn"),
            600,
        ),
        EnvironmentSpec(
            "validate", "dates, money, check digits, rules", ("numpy", "stdnum", "phonenumbers"), 110
        ),
        EnvironmentSpec(
            "torch",
            "ultralytics: .pt models, training, export",
            ("ultralytics",),
            6000,
            cuda_packages=("nvidia-", "cuda-", "triton"),
            compile=False,
        ),
        EnvironmentSpec(
            "paddle",
            "PaddleOCR on PaddlePaddle",
            ("paddleocr",),
            1800,
            gpu_instead=("paddlepaddle", "paddlepaddle-gpu"),
            stand_ins=(("opencv-contrib-python", "opencv-contrib-python-headless"),),
            newest=(3, 13),
            compile=False,
        ),
        EnvironmentSpec(
            "rapidocr", "full-page OCR, only to compare with in segocr bench", ("rapidocr", "openvino"), 700
        ),
    )
}
