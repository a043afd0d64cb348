"""Text read from documents and file names, made harmless for terminals, tables and spreadsheets.

Both are foreign: a receipt or a file may be named to move the cursor, to colour the terminal, to turn
the reading direction or to run a formula in a spreadsheet.
"""

from __future__ import annotations

import re

# C0 but the line feed, DEL and C1; line and paragraph separators; bidirectional marks, embeddings and
# isolates (Unicode TR 9); zero-width characters that hide text; tags; lone surrogates of undecodable names.
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_FORMULA = re.compile(r"^\s*[=+\-@|%＝＋－＠]")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_SHORT = {"\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\n": "\\n"}


def printable(text: str) -> str:
    r"""Return text with control, direction and invisible characters written as escapes such as ``\x07``.

    Line feeds stay: an address has several lines.
    """
    return _UNPRINTABLE.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return printable text without line feeds (written ``\n``): for messages and file names."""
    return printable(text).replace("\n", "\\n")


def csv_cell(text: str) -> str:
    """Return printable text that no spreadsheet takes for a formula: a quote mark is put before it.

    Plain numbers stay as they are.
    """
    safe = printable(text)
    if _FORMULA.match(safe) and not _NUMBER.fullmatch(safe):
        return "'" + safe
    return safe


def json_text(serialised: str) -> str:
    r"""Escape, in finished JSON text, the characters that JSON allows raw and terminals obey.

    They can stand only inside strings there, so that ``\uXXXX`` means the same to every reader.
    """
    return _UNPRINTABLE.sub(lambda match: _json_escape(match.group()), serialised)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{{{point:x}}}"


def _json_escape(character: str) -> str:
    if character in "\t\r":  # between the tokens of indented JSON, never raw inside a string
        return character
    point = ord(character)
    if point < 0x10000:
        return f"\\u{point:04x}"
    point -= 0x10000
    return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"
