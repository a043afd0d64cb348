"""Opening a document: one page at a time as upright ``uint8 (H, W, 3)`` BGR, limits checked on headers first.

Operation ``page``: body ``number`` (1-based), ``dpi``, ``max_megapixels``, ``max_pages``; one file. Answer:
body
``media_type``, ``pages``, ``number``, ``dpi`` (number or null); one array. The document is opened anew for
every page, so a host that is restarted loses nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from typing import IO

from segocr.steps.guest import Engine, Settings
from segocr.steps.open import pdf, pictures
from segocr.steps.open.limits import Limits, OpenedPage
from segocr.steps.protocol import Message, Refusal

_HEAD = 2048
_OBJECT = re.compile(r"<[^>]*>")
"""How Python prints an object in Pillow's messages."""
_PACKAGES = ("pypdfium2", "pillow", "pi-heif")
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
)
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Sizes of the second header, of all versions: two letters alone would make many a text a BMP."""
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}


def start(settings: Settings) -> Engine:
    """Start the engine."""
    pictures.prepare()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return Engine({"name": "open", "version": versions, "devices": ["cpu"]}, {"page": _page})


def media_type_of(head: bytes) -> str | None:
    """Tell a document's kind by its first bytes; its name says nothing that can be trusted."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if head[4:8] == b"ftyp" and (head[8:12] in _HEIF_BRANDS):
        return "image/heic"
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    return None


def _page(message: Message) -> Message:
    body = message.body
    limits = Limits(float(body["dpi"]), float(body["max_megapixels"]), int(body["max_pages"]))
    if len(message.files) != 1:
        raise Refusal("request", "no-file", "a page is opened from one file")
    with os.fdopen(os.dup(message.files[0]), "rb") as file:
        media_type, page = _open(file, int(body["number"]), limits)
    answer = {"media_type": media_type, "pages": page.pages, "number": int(body["number"]), "dpi": page.dpi}
    return Message("answer", answer, [page.image])


def _open(file: IO[bytes], number: int, limits: Limits) -> tuple[str, OpenedPage]:
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise Refusal("document", "empty", "the file is empty (0 bytes)")
    if not head.strip(b"\0"):
        raise Refusal("document", "unreadable", "the file begins with nothing but zero bytes")
    media_type = media_type_of(head)
    if media_type is None:
        raise Refusal(
            "document",
            "unknown-format",
            "not a JPEG, PNG, TIFF, WebP, HEIC, BMP or PDF file, whatever its name says",
        )
    try:
        if media_type == "application/pdf":
            return media_type, pdf.open_page(file, number, limits)
        return media_type, pictures.open_page(file, media_type, number, limits)
    except Refusal:
        raise
    except MemoryError as error:
        raise Refusal("document", "too-large", "decoding it needs more memory than is allowed") from error
    except Exception as error:  # decoders raise nearly anything at hostile bytes; the file is to blame
        raise Refusal("document", *_reason(error, head, os.fstat(file.fileno()).st_size)) from error


def _reason(error: Exception, head: bytes, size: int) -> tuple[str, str]:
    text = " ".join(_OBJECT.sub("", str(error)).split())[:200]
    lacks = (
        head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > size
    )  # WebP's decoder does not say so
    ends_early = (
        lacks
        or isinstance(error, EOFError)
        or any(
            word in text.lower()
            for word in ("truncated", "end of file", "unexpected end", "not enough", "premature")
        )
    )
    code = "truncated" if ends_early else "unreadable"
    what = "ends too early" if ends_early else "cannot be decoded"
    return code, f"the file {what} ({text or type(error).__name__})"
