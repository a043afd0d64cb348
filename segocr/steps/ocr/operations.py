"""The operations of an OCR host, the same for every engine.

``model`` comes with ``digest``, which it is to have (null: whatever it has now).

``load``: body ``model``. Answer: ``digest``, ``alphabet`` (size), ``characters`` on request.
``detect``: body ``model``, ``side`` (pixels of the longer side that pages are shrunk to, or null), ``areas``
(whether to look closely only where there is text, seen from afar); arrays: pages. Answer: ``scores`` by page;
arrays: one ``float32 (lines of all pages, 4, 2)``.
``read``: body ``model``, ``constraints`` (for each strip a list of digests or null), ``definitions`` (digest
to constraint, for those not sent before), ``posteriors`` (whether to send them back); arrays: strips. Answer:
``readings`` (for each strip a list of decoded readings), ``lattices`` (lengths); arrays: the lattices' bytes,
posteriors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segocr.steps.guest import Operation
from segocr.steps.modelfiles import Loaded
from segocr.steps.ocr import strips
from segocr.steps.ocr.decoding import Decoder
from segocr.steps.protocol import Message, Refusal

Floats = NDArray[np.float32]
_LOADED = 3


class Recogniser(Protocol):
    """A loaded model."""

    @property
    def digest(self) -> str:
        """SHA-256 of its files."""
        ...

    @property
    def character_width(self) -> float | None:
        """Pixels in a strip's height of 48 that a character may be narrowed to; None: none at all."""
        ...

    @property
    def blur(self) -> float:
        """Standard deviation in pixels, at a height of 48, of a blur that helps with such texts; 0: none."""
        ...

    @property
    def alphabet(self) -> Sequence[str]:
        """Symbols in the order of its outputs; the first is the blank."""
        ...

    def posteriors(self, pictures: Sequence[NDArray[np.uint8]]) -> Iterator[Floats]:
        """Yield for each strip its ``float32 (frames, len(alphabet))`` CTC posteriors, rows summing to 1.

        They may be overwritten when the next are asked for.
        """
        ...

    def lines(
        self, pages: Sequence[NDArray[np.uint8]], side: int | None, *, areas: bool
    ) -> list[list[tuple[float, Floats]]]:
        """Return for each page its lines: score and ``float32 (4, 2)`` corners in pixels of the page.

        With ``side`` the detector sees pages whose longer sides are at most so many pixels; with ``areas``
        only their parts that may hold text.
        """
        ...


def operations(load: Callable[[str], Recogniser]) -> dict[str, Operation]:
    """Return the host's operations for an engine that loads models by name or directory."""

    def prepared(name: str, _: str | None) -> tuple[Recogniser, Decoder]:
        model = load(name)
        return model, Decoder(model.alphabet)

    loaded = Loaded(prepared, lambda pair: pair[0].digest, _LOADED)

    def model_of(message: Message) -> tuple[Recogniser, Decoder]:
        return loaded.get(str(message.body["model"]), message.body.get("digest"))

    def load_model(message: Message) -> Message:
        model, _ = model_of(message)
        body: dict[str, Any] = {"digest": model.digest, "alphabet": len(model.alphabet), "classes": []}
        if message.body.get("characters"):
            body["characters"] = list(model.alphabet)
        return Message("answer", body)

    def detect(message: Message) -> Message:
        model, _ = model_of(message)
        _check(message.arrays)
        pages = model.lines(message.arrays, message.body.get("side"), areas=bool(message.body.get("areas")))
        corners = [polygon for page in pages for _, polygon in page]
        scores = [[round(score, 6) for score, _ in page] for page in pages]
        flat = np.stack(corners) if corners else np.zeros((0, 4, 2), np.float32)
        return Message("answer", {"scores": scores, "digest": model.digest}, [flat])

    def read(message: Message) -> Message:
        model, decoder = model_of(message)
        _check(message.arrays)
        return _read(message, model, decoder)

    return {"load": load_model, "detect": detect, "read": read}


def _read(message: Message, model: Recogniser, decoder: Decoder) -> Message:
    body = message.body
    decoder.learn(body.get("definitions", {}))
    wanted: list[list[str | None]] = body["constraints"]
    if len(wanted) != len(message.arrays):
        raise Refusal("request", "mismatch", f"{len(message.arrays)} strips, constraints for {len(wanted)}")
    decoder.require(digest for digests in wanted for digest in digests if digest is not None)
    pictures = [
        strips.suited(picture, decoder.characters(digests), model.character_width, model.blur)
        for picture, digests in zip(message.arrays, wanted, strict=True)
    ]
    # Strips of one width stand together, so that an engine can read them together.
    order = sorted(
        range(len(pictures)), key=lambda place: pictures[place].shape[1] / pictures[place].shape[0]
    )
    read: dict[int, tuple[list[dict[str, Any]], bytes]] = {}
    kept: dict[int, Floats] = {}
    for place, posteriors in zip(order, model.posteriors([pictures[place] for place in order]), strict=True):
        read[place] = decoder.decode(posteriors, wanted[place])
        if body.get("posteriors"):
            kept[place] = np.array(posteriors)
    blob = np.frombuffer(b"".join(read[place][1] for place in range(len(read))), np.uint8)
    answer = {
        "readings": [read[place][0] for place in range(len(read))],
        "lattices": [len(read[place][1]) for place in range(len(read))],
        "digest": model.digest,
    }
    return Message("answer", answer, [blob, *(kept[place] for place in sorted(kept))])


def _check(images: Sequence[NDArray[np.uint8]]) -> None:
    for item, image in enumerate(images):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise Refusal(
                "request", "not-a-picture", f"a picture is uint8 (h, w, 3), not {image.shape}", item=item
            )
