"""Addresses of the web that people write: looked at where they are read, not where they are used."""

from __future__ import annotations

import urllib.parse


def web_address(text: str) -> str:
    """Return an address that a request can be sent to, as it was written.

    Raises:
        ValueError: It is none: no ``http://`` or ``https://``, no host, no such port, or signs in it that an
            address writes otherwise (``%20``, ``xn--…``).
    """
    expected = "expected an address such as https://host:8080/path"
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(expected)
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(expected) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(expected)
    return text
