"""Sets of characters as sorted, disjoint, inclusive ranges of code points."""

from collections.abc import Iterable
from functools import lru_cache

CharSet = tuple[tuple[int, int], ...]

MAX_CODE_POINT = 0x10FFFF
ANYTHING: CharSet = ((0, MAX_CODE_POINT),)
DIGITS: CharSet = ((0x30, 0x39),)
SPACES: CharSet = ((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x3000, 0x3000))
LATIN_WORD: CharSet = (
    (0x30, 0x39),
    (0x41, 0x5A),
    (0x5F, 0x5F),
    (0x61, 0x7A),
    (0xAA, 0xAA),
    (0xBA, 0xBA),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0x24F),
    (0x1E00, 0x1EFF),
)
"""``\\w``: ASCII letters, digits and underscore, and the letters of the Latin blocks up to
Extended-B and Extended Additional. All of Unicode's letters would make nearly every symbol of a
large recogniser a word character, which restricts nothing."""


def union(*sets: Iterable[tuple[int, int]]) -> CharSet:
    """The characters of any of the sets, in normal form."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(span for charset in sets for span in charset):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(charset: CharSet) -> CharSet:
    """Every character that is not in the set (which must be in normal form)."""
    spans: list[tuple[int, int]] = []
    following = 0
    for low, high in charset:
        if low > following:
            spans.append((following, low - 1))
        following = high + 1
    if following <= MAX_CODE_POINT:
        spans.append((following, MAX_CODE_POINT))
    return tuple(spans)


def single(character: str) -> CharSet:
    """The set of one character."""
    return ((ord(character), ord(character)),)


def contains(charset: CharSet, code_point: int) -> bool:
    """Whether the set holds the code point."""
    return any(low <= code_point <= high for low, high in charset)


@lru_cache(maxsize=1)
def _case_pairs() -> tuple[tuple[int, int], ...]:
    """(one, other) code points that differ only in case, among the scripts that have case."""
    blocks = (range(0x41, 0x590), range(0x1E00, 0x2000), range(0xFF21, 0xFF5B))
    pairs: list[tuple[int, int]] = []
    for block in blocks:
        for code_point in block:
            one = chr(code_point)
            others = {one.lower(), one.upper()} - {one}
            pairs.extend((code_point, ord(other)) for other in others if len(other) == 1)
    return tuple(pairs)


def both_cases(charset: CharSet) -> CharSet:
    """The set, with the other case of each of its letters."""
    extra = [(other, other) for one, other in _case_pairs() if contains(charset, one)]
    return union(charset, extra)
