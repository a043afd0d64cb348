"""Calls that cost nothing and that a host answers whatever lies in a folder, to know whose fault an end is.

A host that ended over a call, and answers such a one with the same model, is well: what it was given is to
blame. A host that ends over that, too, would end over every document.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from segocr.steps.protocol import Message

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVQIHWP4DwABAQEANl9ngAAAAABJRU5ErkJggg=="
)
"""A PNG file of one white pixel."""
_WHITE = np.full((48, 320, 3), 255, np.uint8)


@contextmanager
def trial_of(call: Message) -> Iterator[Message | None]:
    """Give what can be asked in a call's place: the same with no document in it.

    None where the call concerns no document, such as one that loads a model.
    """
    operation = call.body.get("operation")
    if operation == "page":
        with _picture() as descriptor:
            yield Message("call", {**call.body, "number": 1}, files=[descriptor])
    elif operation in ("segment", "detect", "read"):
        nothing = {"constraints": [[None]], "definitions": {}} if operation == "read" else {}
        yield Message("call", {**call.body, **nothing}, [_WHITE])
    elif operation == "validate":
        yield Message("call", {**call.body, "parts": []})
    else:
        yield None


@contextmanager
def _picture() -> Iterator[int]:
    descriptor = os.memfd_create("segocr-trial", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, _PICTURE)
        yield descriptor
    finally:
        os.close(descriptor)
