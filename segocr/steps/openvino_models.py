"""Loading models with OpenVINO: compiled once, cached on disk, run by several streams. Guest code.

One stream a thread and one image a request is the fastest way on a CPU: batches gain nothing there, and an
image that is not padded to its neighbours' size gives the same result in any company.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openvino
from numpy.typing import NDArray

from segocr.steps.guest import Settings
from segocr.steps.protocol import Refusal

Array = NDArray[Any]


def read_network(path: Path) -> openvino.Model:
    """Read a model.

    Args:
        path: ``.onnx``, ``.xml`` or ``.pdmodel``.

    Raises:
        Refusal: ``model-broken``.
    """
    try:
        return openvino.Core().read_model(str(path))
    except RuntimeError as error:
        _require_memory(error)
        raise Refusal("model", "model-broken", f"{path} cannot be read: {_first_line(error)}") from error


class OpenvinoModel:
    """A compiled model with an input of any height and width."""

    def __init__(
        self,
        network: openvino.Model,
        settings: Settings,
        name: str,
        *,
        alone: bool = False,
        exact: bool = True,
    ) -> None:
        """Compile.

        Args:
            network: The model.
            settings: Device, threads and cache directory of the host.
            name: What messages call it: its file's path, since every template has a ``model.onnx``.
            alone: Run one input at a time with all threads: less memory, for networks that need much.
            exact: Compute in float32. Otherwise in what suits the device, bfloat16 on many processors, in 0.6
                of the time.

        Raises:
            Refusal: ``model-broken``.
        """
        core = openvino.Core()
        threads = settings.threads or os.cpu_count() or 1
        options = {
            "CACHE_DIR": str(settings.cache / "openvino"),
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1 if alone else threads,
            **({"INFERENCE_PRECISION_HINT": "f32"} if exact else {}),
            "ENABLE_CPU_PINNING": False,  # several hosts share the cores
        }
        try:
            self._compiled = core.compile_model(network, _device(core, settings.device), options)
        except RuntimeError as error:
            _require_memory(error)
            raise Refusal("model", "model-broken", f"{name} cannot be run: {_first_line(error)}") from error
        self._requests = [self._compiled.create_infer_request() for _ in range(1 if alone else threads + 1)]

    def run(self, inputs: Iterable[Array]) -> Iterator[Sequence[Array]]:
        """Run the model on each input (a batch of one), several at a time, while the caller uses the results.

        Yields:
            For every input, in order, the model's outputs; they are overwritten when the next one is asked
            for.
        """
        waiting: deque[openvino.InferRequest] = deque()
        free = list(self._requests)
        tensors = iter(inputs)
        while True:
            while free and (tensor := next(tensors, None)) is not None:
                request = free.pop()
                request.start_async([tensor], share_inputs=True)
                waiting.append(request)
            if not waiting:
                return
            request = waiting.popleft()
            request.wait()
            yield [tensor.data for tensor in request.output_tensors]
            free.append(request)

    def forget(self) -> None:
        """Give back the memory of the last run; the next one takes it again."""
        self._compiled.release_memory()


def metadata(network: openvino.Model, key: str) -> str | None:
    """Return a value of an ONNX model's own metadata."""
    try:
        value = network.get_rt_info(["framework", key]).astype(str)
    except RuntimeError:
        return None
    return str(value)


def _device(core: openvino.Core, device: str) -> str:
    if device.startswith("cuda"):
        raise Refusal("environment", "no-device", "OpenVINO does not run on CUDA devices; use --device cpu")
    return "CPU"


def _require_memory(error: RuntimeError) -> None:
    """Raise what OpenVINO means where it has no memory: no model is to blame for that."""
    if "bad_alloc" in str(error):
        raise MemoryError from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
