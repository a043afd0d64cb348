"""Draw a test picture in many formats: quarters red, green, blue, white, on 320 x 200 pixels.

Run with the environment ``open``: ``python draw_documents.py FOLDER``.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

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
    picture.save(folder / "plain.bmp")
    picture.quantize(16).save(folder / "palette.bmp")
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
    lying = picture.transpose(undo[6])
    exif = lying.getexif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "Canon", 72.0
    sound = exif.tobytes()
    resolution = b"\x01\x1a\x00\x05"
    assert resolution in sound
    lying.save(folder / "odd-exif.jpg", quality=95, exif=sound.replace(resolution, b"\x01\x1a\x00\x01"))
    lying.save(folder / "odd-exif.png", exif=sound.replace(resolution, b"\x01\x1a\x00\x01"))
    for suffix in ("png", "webp"):
        picture.save(folder / f"no-exif.{suffix}", exif=b"MM\x01*" + bytes(20), lossless=True)
    lying.save(folder / "turned6.tif", exif=exif)


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


def tiff_of(
    pixels: np.ndarray,
    photometric: int,
    *,
    bits: int = 0,
    largest: int = 0,
    big_endian: bool = False,
    deflated: bool = False,
) -> bytes:
    """Put a grey TIFF of one strip together as Pillow cannot: of any depth, zero for black or for white.

    Args:
        pixels: Of any type with a TIFF sample format.
        photometric: 0 or 1: whether zero is white or black.
        bits: 12 to pack the pixels; 0 for as many as their type has.
        largest: The tag ``MaxSampleValue``, if not 0.
        big_endian: The order of its bytes.
        deflated: Whether they are compressed.
    """
    order = ">" if big_endian else "<"
    strip = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    if bits == 12:
        first, second = pixels[:, ::2].astype(int), pixels[:, 1::2].astype(int)
        parts = [first >> 4, (first & 15) << 4 | second >> 8, second & 255]
        strip = np.stack(parts, axis=2).astype(np.uint8).tobytes()
    strip = zlib.compress(strip) if deflated else strip
    strip += bytes(len(strip) % 2)
    (height, width), kind = pixels.shape, {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    tags = {256: width, 257: height, 258: bits or pixels.itemsize * 8, 259: 8 if deflated else 1}
    tags |= {262: photometric, 273: 8, 277: 1, 278: height, 279: len(strip), 281: largest, 339: kind}
    present = [(tag, value) for tag, value in tags.items() if value or tag == 262]
    directory = struct.pack(f"{order}H", len(present))
    for tag, value in present:  # offset and length of the strip are LONG, the others SHORT
        inner = "HHII" if tag in (273, 279) else "HHIHxx"
        directory += struct.pack(order + inner, tag, 4 if tag in (273, 279) else 3, 1, value)
    head = struct.pack(f"{order}2sHI", b"MM" if big_endian else b"II", 42, 8 + len(strip))
    return head + strip + directory + bytes(4)


def draw_deep(folder: Path) -> None:
    """Write one page of dark text, as 8-bit grey and in every deeper kind of TIFF."""
    page = Image.new("L", (200, 80), 250)
    ImageDraw.Draw(page).text((20, 30), "DARK TEXT 4711", fill=20)
    page.save(folder / "deep.png")
    share = np.asarray(page) / 255.0
    for photometric, name in ((1, "black"), (0, "white")):
        grey = share if photometric else 1.0 - share
        kinds = {
            "16": tiff_of((grey * 0xFFFF).astype(np.uint16), photometric),
            "16-big": tiff_of((grey * 0xFFFF).astype(np.uint16), photometric, big_endian=True),
            "16-signed": tiff_of((grey * 0x7FFF).astype(np.int16), photometric),
            "12-in-16": tiff_of((grey * 0xFFF).astype(np.uint16), photometric),
            "14-in-16-stated": tiff_of((grey * 0x3FFF).astype(np.uint16), photometric, largest=0x3FFF),
            "12-packed": tiff_of((grey * 0xFFF).astype(np.uint16), photometric, bits=12),
            "32": tiff_of((grey * 0xFFFFFFFF).astype(np.uint32), photometric),
            "32-big": tiff_of((grey * 0xFFFFFFFF).astype(np.uint32), photometric, big_endian=True),
            "32-signed": tiff_of((grey * 0x7FFFFFFF).astype(np.int32), photometric),
            "16-in-32": tiff_of((grey * 0xFFFF).astype(np.uint32), photometric),
            "8-in-32": tiff_of((grey * 0xFF).astype(np.int32), photometric),
            "float": tiff_of(grey.astype(np.float32), photometric),
        }
        for kind, pixels in (("32", np.uint32), ("32-signed", np.int32), ("16-signed", np.int16)):
            whole = (grey * np.iinfo(pixels).max).astype(pixels)
            kinds[f"{kind}-big-deflated"] = tiff_of(whole, photometric, big_endian=True, deflated=True)
        small = grey.astype(np.float32)
        kinds["float-big-deflated"] = tiff_of(small, photometric, big_endian=True, deflated=True)
        for kind, content in kinds.items():
            (folder / f"deep-{name}-{kind}.tif").write_bytes(content)


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


def _stream(head: bytes, content: bytes) -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), head, content)


def _filled_in(form: bytes, field: bytes) -> bytes:
    """Draw a page with a black square at the left and, right of it, a field that somebody filled in."""
    return pdf_of([
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % form,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 7 0 R /Annots [5 0 R] >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Annot /Subtype /Widget /T (number) /P 3 0 R /Rect [60 30 190 60] %s >>" % field,
        _stream(
            b"/Type /XObject /Subtype /Form /BBox [0 0 130 30] /Resources << /Font << /F 4 0 R >> >>",
            b"BT /F 20 Tf 5 8 Td (TYPED 4711) Tj ET",
        ),
        _stream(b"", b"10 40 20 20 re f"),
    ])  # fmt: skip


def draw_forms(folder: Path) -> None:
    listed = b"/AcroForm << /Fields [5 0 R] /DA (/F 20 Tf 0 g) /DR << /Font << /F 4 0 R >> >> %s >>"
    text = b"/FT /Tx /F 4 /DA (/F 20 Tf 0 g) /V (TYPED 4711) "
    drawn = text + b"/AP << /N 6 0 R >> "
    script = b"<< /S /JavaScript /JS (this.getField('number').value = ''; while (true) {}) >>"
    forms = {
        "drawn": (listed % b"", drawn),
        "undrawn": (listed % b"/NeedAppearances true", text),
        "unlisted": (b"/AcroForm << /Fields [] >>", drawn),
        "formless": (b"", drawn),
        "xfa": (listed % b"/XFA (nothing)", drawn),
        "chosen": (listed % b"", text.replace(b"/Tx", b"/Ch /Ff 131072 /Opt [(TYPED 4711)]")),
        "script": (
            b"/OpenAction %s " % script + listed % b"",
            drawn + b"/AA << /F %s /C %s /PO %s >>" % (script, script, script),
        ),
        "hidden": (listed % b"", drawn + b"/F 2"),
        "broken-fields": (b"/AcroForm << /Fields 7 0 R /DR [] /DA 5 >>", b"/FT /Tx /AP 3 0 R /V [5 0 R]"),
        "broken-kids": (
            listed % b"",
            b"/FT /Tx /Kids [5 0 R] /Parent 5 0 R /Rect [null] /AP << /N 9 >>",
        ),
        "broken-form": (b"/AcroForm (nothing)", b"/FT /Nothing /Rect [0 0 1e30 -1e30] /MK 7"),
    }
    for name, (form, field) in forms.items():
        (folder / f"form-{name}.pdf").write_bytes(_filled_in(form, field))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def draw_bad(folder: Path) -> None:
    for name in ("plain.jpg", "plain.png", "plain.webp", "plain.tif", "plain.bmp"):
        whole = (folder / name).read_bytes()
        (folder / f"half-{name}").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "zeros.jpg").write_bytes(bytes(5000))
    (folder / "hollow.jpg").write_bytes(b"\xff\xd8\xff" + bytes(5000))
    (folder / "text.jpg").write_text("this is no picture")
    (folder / "text.bmp").write_text("BMW is no picture, either")
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = zlib.compress(bytes(3_000_000))
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", bomb) + _chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(png)
    bmp = bytearray((folder / "plain.bmp").read_bytes())
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    (folder / "bomb.bmp").write_bytes(bmp)
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
    draw_deep(folder)
    draw_pdfs(folder, picture)
    draw_forms(folder)
    draw_bad(folder)


main()
