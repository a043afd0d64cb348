"""The nearest known word to a mistaken one, for error messages."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like ``word``, or None if none is near."""
    import difflib  # late: most runs make no mistake

    folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def known_words(word: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown word: the nearest one and all the known ones."""
    known = list(known)
    near = nearest(word, known)
    listing = "known: " + ", ".join(known)
    return f"did you mean {near!r}? {listing}" if near else listing
