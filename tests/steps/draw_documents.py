"""Draw a test picture in many formats: quarters red, green, blue, white, on 320 x 200 pixels.

Run with the environment ``open``: ``python draw_documents.py FOLDER``.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

WIDTH, HEIGHT = 320, 200


def quarters() -> Image.Image:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = (255, 0, 0)
    pixels[: HEIGHT // 2, WIDTH // 2 :] = (0, 255, 0)
    pixels[HEIGHT // 2 :, : WIDTH // 2] = (0, 0, 255)
    pixels[HEIGHT // 2 :, WIDTH // 2 :] = (255, 255, 255)
    return Image.fromarray(pixels)


def draw_pictures(folder: Path, picture: Image.Image) -> None:
    picture.save(folder / "plain.jpg", quality=95, dpi=(300, 300))
    picture.save(folder / "plain.png")
    picture.save(folder / "plain.webp", lossless=True)
    picture.save(folder / "plain.tif")
    picture.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    picture.convert("CMYK").save(folder / "cmyk.tif")
    picture.quantize(16).save(folder / "palette.png")
    picture.save(folder / "misnamed.pdf", format="PNG")
    pages = [Image.new("RGB", (100 + 10 * number, 80), (number * 60, 0, 0)) for number in range(3)]
    pages[0].save(folder / "three.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")


def draw_turned(folder: Path, picture: Image.Image) -> None:
    """Store the picture turned in each of EXIF's ways, with the tag that makes it upright."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    for orientation, way in undo.items():
        stored = picture.transpose(way)
        exif = stored.getexif()
        exif[0x0112] = orientation
        stored.save(folder / f"turned{orientation}.jpg", quality=95, exif=exif)
    assert ImageOps.exif_transpose(Image.open(folder / "turned6.jpg")).size == picture.size


def draw_depths(folder: Path, picture: Image.Image) -> None:
    grey = np.tile(np.linspace(0, 65535, WIDTH).astype(np.uint16), (HEIGHT, 1))
    Image.fromarray(grey).save(folder / "grey16.png")
    Image.fromarray(grey).save(folder / "grey16.tif")
    Image.fromarray((grey / 65535).astype(np.float32)).save(folder / "float.tif")
    Image.fromarray((grey >> 8).astype(np.uint8)).save(folder / "grey8.png")
    Image.fromarray((grey >> 8) > 127).save(folder / "bilevel.tif")
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.fromarray(np.repeat(np.array([[255] * 160 + [0] * 160], np.uint8), HEIGHT, axis=0)))
    alpha.save(folder / "alpha.png")


def pdf_of(parts: list[bytes], trailer: bytes = b"") -> bytes:
    """Put a PDF together; part 1 is its catalogue."""
    text, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start, count = len(text), len(parts) + 1
    text += b"xref\n0 %d\n0000000000 65535 f \n" % count
    text += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (count, trailer)
    return text + trailer + b"startxref\n%d\n%%%%EOF\n" % start


def draw_pdfs(folder: Path, picture: Image.Image) -> None:
    picture.save(folder / "two.pdf", save_all=True, append_images=[picture.rotate(180)], resolution=100)
    whole = (folder / "two.pdf").read_bytes()
    (folder / "truncated.pdf").write_bytes(whole[: len(whole) // 2])
    password = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
    catalogue, page = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]",
    )
    encrypted = [catalogue, b"<< /Type /Pages /Kids [] /Count 0 >>", password]
    (folder / "encrypted.pdf").write_bytes(pdf_of(encrypted, b"/Encrypt 3 0 R /ID [<41><41>]"))
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 5003))
    thick = [catalogue, b"<< /Type /Pages /Kids [" + kids + b"] /Count 5000 >>", *[page + b" >>"] * 5000]
    (folder / "thick.pdf").write_bytes(pdf_of(thick))
    lines = zlib.compress(b"0 0 m 99 99 l S\n" * 20_000_000)  # 0.3 GB of strokes in 1 MB
    drawing = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(lines), lines)
    bomb = [catalogue, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page + b" /Contents 4 0 R >>", drawing]
    (folder / "bomb.pdf").write_bytes(pdf_of(bomb))
    huge = whole.replace(b"/MediaBox", b"/MediaBox [ 0 0 14000 14000 ] /Ignored", 1)
    (folder / "huge.pdf").write_bytes(huge)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def draw_bad(folder: Path) -> None:
    for name in ("plain.jpg", "plain.png", "plain.webp", "plain.tif"):
        whole = (folder / name).read_bytes()
        (folder / f"half-{name}").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "zeros.jpg").write_bytes(bytes(5000))
    (folder / "hollow.jpg").write_bytes(b"\xff\xd8\xff" + bytes(5000))
    (folder / "text.jpg").write_text("this is no picture")
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = zlib.compress(bytes(3_000_000))
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", bomb) + _chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(png)
    page = Image.new("L", (8, 8))
    page.save(folder / "many.tif", save_all=True, append_images=[page] * 600)
    scrambled = bytearray((folder / "plain.png").read_bytes())
    scrambled[60:90] = bytes(30)
    (folder / "scrambled.png").write_bytes(scrambled)


def main() -> None:
    folder = Path(sys.argv[1])
    picture = quarters()
    draw_pictures(folder, picture)
    draw_turned(folder, picture)
    draw_depths(folder, picture)
    draw_pdfs(folder, picture)
    draw_bad(folder)


main()
