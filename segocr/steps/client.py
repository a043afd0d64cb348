"""The steps, as the rest of segocr calls them: typed requests, typed answers, errors of ``segocr.errors``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from segocr.constraints import Constraint
from segocr.environments.locate import resolve
from segocr.errors import DocumentError, EnvironmentMissing, HostDied, HostError, HostTimeout, ModelError
from segocr.steps.answers import lines_of, page_of, readings_of, regions_of
from segocr.steps.attached import AttachedKeeper
from segocr.steps.contract import (
    SECONDS_A_PAGE,
    Image,
    LinePolygon,
    ModelInfo,
    OcrModel,
    OpenOptions,
    PageImage,
    SegmentedRegion,
    SegmentModel,
    StripReading,
)
from segocr.steps.engines import engine_of
from segocr.steps.host import HostKey
from segocr.steps.keeper import HostInfo, Keeper
from segocr.steps.protocol import Message
from segocr.steps.refusals import raise_refusal
from segocr.steps.trials import trial_of
from segocr.textlines.head import VERSION as HEAD_VERSION
from segocr.textlines.head import load_head
from segocr.validators.own import PART_SECONDS

Answer = TypeVar("Answer")
_DEFAULTS = OpenOptions()
_RETURN_SECONDS = 10.0
_NONSENSE = "decoding it makes the process that does it answer nonsense"


class Steps:
    """All steps, each in a host of its own environment, started when first needed.

    Safe to use from several threads: a host answers one call at a time, different hosts work at once.

    Args:
        environments: Interpreters named in ``segocr.toml``, by environment; the others are those that segocr
            built.
        device: ``auto``, ``cpu`` or ``cuda:N``; or by step, such as ``{"segment": "cuda:0"}``.
        threads: Threads for each host; None for one a core.
        shared: Whether to use a shared keeper (``segocr hosts``): True only that, False never, None if one is
            running.
    """

    def __init__(
        self,
        *,
        environments: Mapping[str, Path] | None = None,
        device: str | Mapping[str, str] = "auto",
        threads: int | None = None,
        shared: bool | None = None,
    ) -> None:
        self._environments = dict(environments or {})
        self._device = device
        self._threads = threads or 0
        self._shared = shared
        self._closed = False
        self._lock = threading.Lock()
        self._keeper = _keeper(shared)
        self._told: dict[OcrModel, set[str]] = {}
        self._keys: dict[tuple[str, str], HostKey] = {}

    def __enter__(self) -> Steps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the hosts that are this object's own; calls in progress in other threads fail."""
        with self._lock:
            self._closed = True
        self._keeper.close()

    def _key(self, step: str, engine: str) -> HostKey:
        if (step, engine) not in self._keys:  # looking for an environment at every call takes a millisecond
            spec = engine_of(step, engine)
            python = resolve(spec.environment, self._environments)
            device = self._device if isinstance(self._device, str) else self._device.get(step, "auto")
            self._keys[step, engine] = HostKey(spec, python, device, self._threads)
        return self._keys[step, engine]

    def _call(self, step: str, engine: str, message: Message, seconds: float | None = None) -> Message:
        key = self._key(step, engine)
        try:
            answer = self._tried_twice(key, message, seconds)
        except HostError as error:
            if _ended(error):
                self._find_fault(key, message, error)
            raise
        if answer.kind == "refusal":
            raise_refusal(answer.body, f"{step}/{engine}")
        if answer.kind != "answer":
            raise HostError(f"the host {step}/{engine} sent no answer", code="host-garbled")
        return answer

    def _tried_twice(self, key: HostKey, message: Message, seconds: float | None) -> Message:
        if seconds is None:
            seconds = key.engine.call_seconds + key.engine.item_seconds * len(message.arrays)
        try:
            return self._try(key, message, seconds)
        except HostDied:  # somebody killed it, or this call did: that shows when a new host dies of it, too
            return self._try(key, message, seconds)

    def _find_fault(self, key: HostKey, call: Message, error: HostError) -> None:
        """Try a host that ended over a call: it is well if it answers one that nothing can be wrong with.

        Raises:
            HostError: ``host-failing``: it ends over that, too, so that what it was given is not to blame.
        """
        with trial_of(call) as trial:
            if trial is None or error.is_of_keeper:
                return
            try:
                self._tried_twice(key, trial, None)
            except HostError as again:
                if again.is_of_keeper or not _ended(again):
                    raise
                raise HostError(
                    f"{again.message}, whatever it is given", code="host-failing", hint="segocr doctor"
                ) from error

    def _try(self, key: HostKey, message: Message, seconds: float) -> Message:
        return self._with_keeper(key, lambda keeper: keeper.call(key, message, seconds))

    def _start(self, key: HostKey) -> Mapping[str, object]:
        return self._with_keeper(key, lambda keeper: keeper.start(key))

    def _with_keeper(self, key: HostKey, ask: Callable[[Keeper | AttachedKeeper], Answer]) -> Answer:
        try:
            try:
                return ask(self._keeper)
            except HostError as error:
                if not error.is_of_keeper or self._shared or self._closed:
                    raise
                return ask(self._alone())
        except EnvironmentMissing as error:
            if (name := key.engine.environment) in self._environments:  # not one that segocr could build anew
                error.hint = f"correct [environments.{name}] python in segocr.toml"
            raise

    def _alone(self) -> Keeper:
        """Go on with hosts of our own: the shared keeper has gone."""
        with self._lock:
            if not isinstance(self._keeper, Keeper):
                gone, self._keeper = self._keeper, Keeper()
                gone.close()
            return self._keeper

    def warm(
        self, engines: Iterable[tuple[str, str]], models: Iterable[SegmentModel | OcrModel] = ()
    ) -> None:
        """Start hosts, ``(step, engine)``, and load models, all at once, and wait until they are ready."""
        tasks: list[Any] = [lambda e=engine: self._start(self._key(*e)) for engine in engines]
        tasks += [lambda m=model: self.load(m) for model in models]
        with ThreadPoolExecutor(max(1, len(tasks))) as pool:
            for future in [pool.submit(task) for task in tasks]:
                future.result()

    def load(self, model: SegmentModel | OcrModel) -> ModelInfo:
        """Load a model and say what it is.

        Raises:
            ModelError: It is absent, broken, of another kind, or not the one whose digest is known.
        """
        if isinstance(model, SegmentModel) and model.engine == "textlines":
            head = load_head(model.path)
            return ModelInfo(head.digest, head.card.classes, 0)
        step, body = (
            ("segment", _segment_body(model))
            if isinstance(model, SegmentModel)
            else ("ocr", _ocr_body(model))
        )
        try:
            answer = self._call(step, model.engine, Message("call", {"operation": "load", **body})).body
        except ModelError as error:
            name = model.path if isinstance(model, SegmentModel) else Path(model.name)
            if name.name in error.message:
                raise
            raise ModelError(f"{name}: {error.message}", code=error.code, hint=error.hint) from error
        return ModelInfo(answer["digest"], tuple(answer["classes"]), answer["alphabet"])

    def alphabet(self, model: OcrModel) -> frozenset[str]:
        """Load an OCR model and return the symbols that it knows.

        Raises:
            ModelError: It is absent, broken or of another kind.
        """
        body = {"operation": "load", **_ocr_body(model), "characters": True}
        return frozenset(self._call("ocr", model.engine, Message("call", body)).body["characters"])

    def about(self, step: str, engine: str) -> Mapping[str, object]:
        """Return what an engine says of itself (name, version, devices), starting its host if need be."""
        if (step, engine) == ("segment", "textlines"):  # no host of its own: it asks the OCR host for lines
            return {"name": engine, "version": f"{HEAD_VERSION}, numpy {np.__version__}"}
        return self._start(self._key(step, engine))

    def open(
        self,
        descriptor: int,
        options: OpenOptions = _DEFAULTS,
        takes: Callable[[int], bool] = lambda number: True,
    ) -> Iterator[PageImage]:
        """Open a document, a page at a time.

        Args:
            descriptor: Open file; it stays the caller's, and must stay open until the last page.
            options: Resolution and limits.
            takes: Says which pages are wanted, by number from 1; the first is opened in any case.

        Yields:
            Its pages, upright, in order.

        Raises:
            DocumentError: ``empty``, ``unknown-format``, ``truncated``, ``unreadable``, ``encrypted``,
                ``too-large``, ``too-many-pages``, ``too-slow`` (all its pages together).
            HostDied: Decoding a page ended the host, and a new one as well; HostTimeout: it took too long.
        """
        limits = {
            "dpi": options.dpi,
            "max_megapixels": options.max_megapixels,
            "max_pages": options.max_pages,
        }
        number: int | None = 1
        left = options.seconds
        while number is not None:
            if left <= 0:
                raise DocumentError(
                    f"opening it takes longer than is allowed; it was given up before page {number}",
                    code="too-slow",
                    hint="raise limits.seconds_per_document in segocr.toml if this is wanted",
                )
            body = {"operation": "page", "number": number, **limits}
            page, seconds = self._open_page(number, Message("call", body, files=[descriptor]), left)
            yield page
            left += SECONDS_A_PAGE - seconds  # of the host's own work, not of waiting for it
            number = next((later for later in range(number + 1, page.pages + 1) if takes(later)), None)

    def _open_page(self, number: int, message: Message, left: float) -> tuple[PageImage, float]:
        """Return a page, and the seconds that opening it took.

        Raises:
            DocumentError: As ``open`` does; ``unreadable`` if the host does not answer as it should: it
                decodes foreign bytes, and nothing else brings that about.
        """
        try:
            answer = self._call("open", "open", message, left)
            return page_of(number, answer), float(answer.body["seconds"])
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise DocumentError(_NONSENSE) from error
        except HostError as error:
            if error.code != "host-garbled":
                raise
            raise DocumentError(_NONSENSE) from error

    def segment(self, pages: Sequence[Image], model: SegmentModel) -> list[list[SegmentedRegion]]:
        """Find regions.

        Args:
            pages: ``uint8 (H, W, 3)`` BGR each.
            model: What to find them with.

        Returns:
            For each page its regions, best first; what encloses no area on it, such as a mask in the margin
            that a network's input has, is none.
        """
        body = {
            "operation": "segment",
            **_segment_body(model),
            "confidence": model.confidence,
            "iou": model.iou,
        }
        answer = self._call("segment", model.engine, Message("call", body, pages))
        return regions_of(answer)

    def detect(
        self,
        pages: Sequence[Image],
        model: OcrModel,
        *,
        side: int | None = None,
        areas: bool = False,
    ) -> list[list[LinePolygon]]:
        """Find text lines on pages or crops.

        Args:
            pages: ``uint8 (H, W, 3)`` BGR each.
            model: Its detector finds them.
            side: The detector sees pages whose longer sides are at most so many pixels: cheaper, and blind to
                small text.
            areas: Look closely only where there is text, seen from afar: cheaper still for pages with little
                text, and blind to some that is small.
        """
        body = {"operation": "detect", **_ocr_body(model), "side": side, "areas": areas}
        answer = self._call("ocr", model.engine, Message("call", body, pages))
        return lines_of(answer)

    def read(
        self,
        strips: Sequence[Image],
        constraints: Sequence[Sequence[Constraint | None]],
        model: OcrModel,
        *,
        posteriors: bool = False,
    ) -> list[StripReading]:
        """Read strips, each under any number of constraints.

        Args:
            strips: ``uint8 (h, w, 3)`` BGR each, the text upright and level.
            constraints: For each strip the constraints to read it under; None reads greedily.
            model: What to read with.
            posteriors: Whether to return the CTC posteriors as well (large).

        Returns:
            For each strip its readings, in the order of its constraints.
        """
        named = {one.digest: one for ones in constraints for one in ones if one is not None}
        body = {
            "operation": "read",
            **_ocr_body(model),
            "constraints": [
                [one.digest if one is not None else None for one in ones] for ones in constraints
            ],
            "posteriors": posteriors,
        }
        known = self._told.setdefault(model, set())
        for told in (known, set[str]()):
            body["definitions"] = {
                digest: one.to_wire() for digest, one in named.items() if digest not in told
            }
            try:
                answer = self._call("ocr", model.engine, Message("call", dict(body), strips))
                break
            except HostError as error:
                if error.code != "unknown-constraint" or not told:  # the host is another than the one we told
                    raise
        known |= named.keys()
        return readings_of(answer)

    def validate(self, request: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
        """Have readings judged; the request and the answer are those of ``segocr.steps.validate.python``."""
        if seconds is None and request.get("folder") is not None:  # see ``segocr.validators.own``
            spec = engine_of("validate", "python")
            seconds = spec.call_seconds + PART_SECONDS * len(request["parts"])
        message = Message("call", {"operation": "validate", **request})
        return self._call("validate", "python", message, seconds).body

    def start_own_validators(self) -> None:
        """Start the process in which a workspace's own validators run, and wait until it is ready.

        Raises:
            EnvironmentMissing: ``environment-broken`` if it does not start.
        """
        self._call("validate", "python", Message("call", {"operation": "start_own"}))

    def describe(self) -> list[HostInfo]:
        """Return the hosts that run now."""
        return self._keeper.describe()


def _keeper(shared: bool | None) -> Keeper | AttachedKeeper:
    if shared is not False:
        try:
            return AttachedKeeper(patience=_RETURN_SECONDS if shared else 0.0)
        except HostError:
            if shared:
                raise
    return Keeper()


def _ended(error: HostError) -> bool:
    """Whether a host ended over a call, or was ended for what came of it: perhaps for lack of descriptors."""
    return isinstance(error, HostDied | HostTimeout) or error.code == "host-garbled"


def _segment_body(model: SegmentModel) -> dict[str, Any]:
    return {"model": str(model.path.resolve()), "digest": model.digest, "image_size": model.image_size}


def _ocr_body(model: OcrModel) -> dict[str, Any]:
    return {"model": model.name, "digest": model.digest}
