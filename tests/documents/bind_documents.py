"""Bind pictures into documents of many formats, as scanners, phones and graphics programs make them.

Run with the environment ``open``, which has Pillow: ``python bind_documents.py FOLDER PICTURE...``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

DPI = 150


def main() -> None:
    folder = Path(sys.argv[1])
    pictures = [Image.open(name).convert("RGB") for name in sys.argv[2:]]
    first, rest = pictures[0], pictures[1:]
    together = {"save_all": True, "append_images": rest}
    # The PDF last: writing it leaves an encoder's settings in the picture, which TIFF's does not understand.
    first.save(folder / "bound.tif", compression="tiff_lzw", **together)
    first.save(folder / "bound.pdf", resolution=DPI, **together)
    first.convert("CMYK").save(folder / "cmyk.jpg", quality=92)
    first.save(folder / "colour.webp", quality=92)
    first.save(folder / "plain.bmp")
    grey = np.asarray(first.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(folder / "grey16.png")
    clear = first.convert("RGBA")
    clear.putalpha(254)
    clear.save(folder / "clear.png", compress_level=1)
    lying = first.transpose(Image.Transpose.ROTATE_90)  # counter-clockwise; orientation 6 turns it back
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(folder / "lying.jpg", quality=92, exif=exif)


main()
