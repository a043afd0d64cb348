"""The folder of one training: found again by what was asked for, held by one process, resumed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from segocr.errors import UsageError
from segocr.training.train import Progress, TrainingSettings, train_yolo
from segocr.training.yolo import KEPT

_FINISHED = "finished.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One training.

    Attributes:
        folder: Checkpoints, ``results.csv`` and ``results.png`` (curves). Beside it lie ``<name>.json`` (what
            was asked of the framework) and ``<name>.log`` (what it printed).
    """

    folder: Path

    @property
    def finished(self) -> bool:
        """Whether the training has ended by itself."""
        return (self.folder / _FINISHED).is_file()

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return (self.folder / "weights" / "last.pt").is_file()

    @property
    def best(self) -> Path:
        """The best weights."""
        return self.folder / "weights" / "best.pt"

    @property
    def curves(self) -> Path:
        """A picture of losses and metrics by epoch."""
        return self.folder / "results.png"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out of the folder.

        Raises:
            UsageError: ``training-running``: one is at work there.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"the same training is running already, in {self.folder}",
                    code="training-running",
                    hint="wait for it or end it; --name starts another beside it",
                ) from error
            yield

    def forget(self) -> None:
        """Remove what an earlier start left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for suffix in (".json", ".log"):
            self.folder.with_name(self.folder.name + suffix).unlink(missing_ok=True)

    def finish(
        self,
        python: Path,
        data: Path,
        start: Path | str,
        settings: TrainingSettings,
        on_progress: Callable[[Progress], None],
    ) -> dict[str, object]:
        """Train to the end, from the last whole epoch of an earlier start; nothing is done a second time.

        Returns:
            How it went: ``epochs`` done and the framework's ``metrics`` at the best one.

        Raises:
            ModelError: ``training-failed``.
            ConfigurationError: ``disk-full``.
        """
        if not self.finished:
            train_yolo(python, data, self.folder, start, settings, on_progress)
            summary = curve_summary(self.folder / "results.csv")
            (self.folder / _FINISHED).write_text(json.dumps(summary), encoding="utf-8")
            for copy in self.best.parent.glob(f"*{KEPT}"):
                copy.unlink()
        found: dict[str, object] = json.loads((self.folder / _FINISHED).read_text("utf-8"))
        return found


def find_run(
    root: Path, name: str | None, template: str, data: Path, start: str, settings: TrainingSettings
) -> Run:
    """Return the run of these settings: the same request finds what an earlier start left.

    Args:
        root: Where runs lie.
        name: Chosen by the user; None: told by the request.
        template: Its name.
        data: ``data.yaml`` of the prepared pictures; its folder's name tells their origin.
        start: What the training starts from: a digest of weights, or a name.
        settings: What is chosen for it; where it runs (device, threads) tells no training from another.
    """
    if name is None:
        asked = {**asdict(settings), "device": "", "threads": 0, "data": data.parent.name, "start": start}
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        name = f"{template}-{digest[:8]}"
    return Run(root / name)


def curve_summary(results: Path) -> dict[str, object]:
    """Return the epochs of a ``results.csv`` and the metrics of its best epoch (by mask mAP 50–95)."""
    header, *rows = [line.split(",") for line in results.read_text("utf-8").splitlines() if line.strip()]
    names = [name.strip() for name in header]
    # A kill in the middle of a line leaves a short one.
    table = [dict(zip(names, map(float, row), strict=True)) for row in rows if len(row) == len(names)]
    best = max(table, key=lambda row: row.get("metrics/mAP50-95(M)", 0.0))
    metrics = {name: round(value, 4) for name, value in best.items() if name.startswith("metrics/")}
    return {"epochs": int(table[-1]["epoch"]), "best_epoch": int(best["epoch"]), "metrics": metrics}
