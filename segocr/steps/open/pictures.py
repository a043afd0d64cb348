"""Pictures (JPEG, PNG, TIFF, WebP, HEIC, BMP) with Pillow.

Any mode becomes 8-bit BGR, upright, alpha over white.
"""

from __future__ import annotations

import warnings
from typing import IO

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image

from segocr.steps.open import depths
from segocr.steps.open.limits import Limits, OpenedPage, check_number

_FORMATS = {
    "image/jpeg": ["JPEG"],
    "image/png": ["PNG"],
    "image/tiff": ["TIFF"],
    "image/webp": ["WEBP"],
    "image/heic": ["HEIF"],
    "image/bmp": ["BMP"],
}

_ORIENTATION = 0x0112
_WAYS_UP = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's tag ``Orientation`` (Exif 2.32, 4.6.4), what undoes it."""


def prepare() -> None:
    """Set Pillow up; limits on size are ours, checked before a pixel is decoded."""
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    depths.prepare()
    pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)


def open_page(file: IO[bytes], media_type: str, number: int, limits: Limits) -> OpenedPage:
    """Decode one page of a picture.

    TIFF has many; of animations and multi-picture files, only the first counts.

    Raises:
        Refusal: Beyond a limit, or no such page.
        Exception: Whatever Pillow raises at broken bytes.
    """
    with Image.open(file, formats=_FORMATS[media_type]) as picture:
        limits.check_size(*picture.size)
        pages = _count(picture, limits) if media_type == "image/tiff" else 1
        check_number(number, pages)
        if number > 1 or pages > 1:
            picture.seek(number - 1)
            limits.check_size(*picture.size)
        dpi = _dpi(picture)
        return OpenedPage(_bgr(picture), dpi, pages)


def _count(picture: Image.Image, limits: Limits) -> int:
    """Count a TIFF's pages, but no further than the limit: a chain of headers can be made very long."""
    pages = 1
    try:
        while pages <= limits.max_pages:
            picture.seek(pages)
            pages += 1
    except EOFError:
        pass
    limits.check_pages(pages)
    picture.seek(0)
    return pages


def _dpi(picture: Image.Image) -> float | None:
    try:
        dpi = float(picture.info["dpi"][0])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return None
    return round(dpi, 2) if 10 <= dpi <= 10_000 else None


def _bgr(picture: Image.Image) -> NDArray[np.uint8]:
    depths.mend_order(picture)
    picture.load()
    shallow = depths.to_eight_bit(picture)
    way = _way_up(picture)
    upright = shallow if way is None else shallow.transpose(way)
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        upright = Image.new("RGBA", rgba.size, "white")
        upright.alpha_composite(rgba)
    rgb = upright if upright.mode == "RGB" else upright.convert("RGB")
    width, height = rgb.size
    return np.frombuffer(rgb.tobytes("raw", "BGR"), np.uint8).reshape(height, width, 3)


def _way_up(picture: Image.Image) -> Image.Transpose | None:
    """Return how a loaded picture is brought upright; None if it is, or does not say."""
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:  # Pillow raises nearly anything at damaged EXIF; the picture itself is sound
        return None
    return _WAYS_UP.get(orientation) if isinstance(orientation, int) else None
