"""Grey deeper than 8 bits, brought to 8.

Which sample is white, when a picture does not use all of its bits:

- a TIFF's tag ``MaxSampleValue``, if it states less than the whole range and no sample is above it;
- else, if the largest sample is below an eighth of the range (12 bits in words of 16, 8 in words of 32), the
  largest number of as many bits as that sample has, eight at least;
- else the whole range.

Samples below zero are black, as zero is. The tags are those of TIFF 6.0, sections 8 and 19.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

_BITS, _PHOTOMETRIC, _LARGEST, _FORMAT = 258, 262, 281, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_SIGNED = 2


def prepare() -> None:
    """Have Pillow read integer grey that it knows in the other byte order or with zero for black only."""
    known = TiffImagePlugin.OPEN_INFO
    for bits, way in ((12, ("I;16", "I;12")), (32, ("I", "I;32BS"))):
        known.setdefault((b"MM", _BLACK_IS_ZERO, (1,), 1, (bits,), ()), way)
    for (order, photometric, *rest), way in list(known.items()):
        if photometric == _BLACK_IS_ZERO and way[0].startswith("I"):
            known.setdefault((order, _WHITE_IS_ZERO, *rest), way)


def mend_order(picture: Image.Image) -> None:
    """Correct the byte order of a page, before it is loaded: libtiff gives this machine's, not the file's."""
    picture.tile = [
        tile._replace(args=(tile.args[0].replace("B", "N"), *tile.args[1:]))
        if tile.codec_name == "libtiff" and tile.args[0] in ("I;16BS", "I;32BS", "F;32BF")
        else tile
        for tile in picture.tile
    ]


def to_eight_bit(picture: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float grey to 8 bits, zero for black; leave the rest.

    Args:
        picture: Loaded; of any mode.
    """
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    tags: Mapping[int, Any] = getattr(picture, "tag_v2", {})  # only TIFF has them
    samples = np.asarray(picture)
    if picture.mode == "F":
        white = _white_of_floats(samples)
    else:
        signed = _first(tags.get(_FORMAT, 1)) == _SIGNED
        if samples.dtype == np.int32 and not signed:
            samples = samples.view(np.uint32)  # Pillow has no mode for them
        white = _white_of_integers(samples, tags, signed)
    grey = _scaled(samples, white)
    if tags and tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO) == _WHITE_IS_ZERO:  # Pillow has turned only 8 bits
        np.subtract(255, grey, out=grey)
    shallow = Image.fromarray(grey)
    shallow.info = dict(picture.info)
    return shallow


def _white_of_floats(samples: NDArray[np.float32]) -> float:
    largest = float(np.nanmax(samples, initial=0.0))
    return 1.0 if largest <= 1.0 else 255.0 if largest <= 255.0 else 65535.0


def _white_of_integers(samples: NDArray[Any], tags: Mapping[int, Any], signed: bool) -> int:
    bits = int(_first(tags.get(_BITS, 16)))
    whole = (1 << bits - signed) - 1
    largest = max(0, int(samples.max()))
    stated = _first(tags.get(_LARGEST, 0))
    if isinstance(stated, int) and max(largest, 255) <= stated < whole:
        return stated
    return whole if largest > whole >> 3 else (1 << max(8, largest.bit_length())) - 1


def _first(value: Any) -> Any:
    """Return a tag's value for its only sample; Pillow gives it with or without a tuple around."""
    return value[0] if isinstance(value, tuple) and value else value


def _scaled(samples: NDArray[Any], white: float) -> NDArray[np.uint8]:
    grey = np.multiply(samples, 255.0 / white, dtype=np.float32)
    np.fmax(grey, 0.0, out=grey)  # what is not a number becomes zero
    np.fmin(grey, 255.0, out=grey)
    grey += 0.5
    whole: NDArray[np.uint8] = grey.astype(np.uint8)
    return whole
