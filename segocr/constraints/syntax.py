r"""Patterns as people write them, parsed to a small tree.

The language is that of Python's ``re`` without what is not regular or has no meaning for a full match:

- literals; ``.`` (any character but line breaks); ``\`` before punctuation makes it a literal;
- ``\d`` ASCII digits, ``\s`` white space, ``\w`` letters of the Latin blocks, ASCII digits and underscore
  (see `charsets.LATIN_WORD`), ``\D \S \W`` their complements; ``\t \n \r``, ``\xhh``, ``\uhhhh``;
- classes ``[a-z0-9_]``, ``[^…]``, with the escapes above inside;
- groups ``(…)``, ``(?:…)``, and named parts ``(?P<name>…)``;
- ``|``, ``*``, ``+``, ``?``, ``{m}``, ``{m,}``, ``{,n}``, ``{m,n}``.

Anchors, look-around, back-references, lazy and possessive quantifiers and inline flags are refused
with the position and what to write instead.
"""

import re
from dataclasses import dataclass

from segocr.constraints.charsets import (
    ANYTHING,
    DIGITS,
    LATIN_WORD,
    SPACES,
    CharSet,
    complement,
    single,
    union,
)
from segocr.constraints.errors import PatternError

MAX_PATTERN_LENGTH = 10_000
MAX_NESTING = 80
MAX_REPEAT = 1_000

_SETS = {"d": DIGITS, "s": SPACES, "w": LATIN_WORD}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_LINE_BREAKS: CharSet = ((0x0A, 0x0A), (0x0D, 0x0D))


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set; or, if negated, one that is not in it.

    A complement is not taken here: with both cases ignored, ``[^a]`` shuts out ``A`` as well, so the set is
    folded first.
    """

    charset: CharSet
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items one after another; none of them means the empty text."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the options; the first that fits names the parts."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """An item ``low`` to ``high`` times (``None``: without end)."""

    item: "Node"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A named part."""

    name: str
    item: "Node"


Node = Chars | Sequence | Choice | Repeat | Part


def parse(pattern: str) -> Node:
    """Parse a pattern.

    Args:
        pattern: the text; it must match whole readings, so there are no anchors.

    Raises:
        PatternError: with the position of the first thing that is not understood.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        message = f"the pattern is longer than {MAX_PATTERN_LENGTH} characters"
        raise PatternError(message, MAX_PATTERN_LENGTH, "pattern-too-large")
    return _Parser(pattern).whole()


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.depth = 0
        self.names: set[str] = set()

    def whole(self) -> Node:
        tree = self.choice()
        if self.at < len(self.text):
            raise PatternError("this ')' closes no group; write '\\)' for the character", self.at)
        return tree

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.quantified(self.atom()))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def quantified(self, item: Node) -> Node:
        start = self.at
        bounds = self.quantifier()
        if bounds is None:
            return item
        if self.peek() == "?":
            message = "lazy quantifiers have no meaning where the whole text must match; drop the '?'"
            raise PatternError(message, self.at)
        if self.peek() == "+":
            raise PatternError("possessive quantifiers are not supported; drop the '+'", self.at)
        if self.peek() in ("*", "{"):
            raise PatternError("two quantifiers in a row; put the first in a group", self.at)
        low, high = bounds
        if high is not None and high < low:
            raise PatternError(f"at least {low} but at most {high} times is impossible", start)
        return Repeat(item, low, high)

    def quantifier(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        character = self.peek()
        if character in simple:
            self.at += 1
            return simple[character]
        if character != "{":
            return None
        found = re.compile(r"\{([0-9]{0,6})(,?)([0-9]{0,6})\}").match(self.text, self.at)
        if found is None or found[0] in ("{}", "{,}"):
            message = "a '{' must be a count such as {3} or {2,4}; write '\\{' for the character"
            raise PatternError(message, self.at)
        low = int(found[1] or 0)
        high = (int(found[3]) if found[3] else None) if found[2] else low
        if max(low, high or 0) > MAX_REPEAT:
            raise PatternError(f"counts go up to {MAX_REPEAT}", self.at, "pattern-too-large")
        self.at = found.end()
        return low, high

    def atom(self) -> Node:
        character = self.peek()
        if character == "(":
            return self.group()
        if character == "[":
            return self.bracket()
        if character == "\\":
            return Chars(self.escape())
        if character in "*+?{":
            raise PatternError(f"nothing to repeat before '{character}'", self.at)
        if character in "^$":
            message = (
                f"the pattern always matches the whole text: drop '{character}', or write '\\{character}'"
            )
            raise PatternError(message, self.at)
        self.at += 1
        if character == ".":
            return Chars(complement(_LINE_BREAKS))
        return Chars(single(character))

    def group(self) -> Node:
        start = self.at
        self.at += 1
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise PatternError(f"groups nest deeper than {MAX_NESTING}", start, "pattern-too-large")
        name = self.group_name(start) if self.peek() == "?" else None
        item = self.choice()
        if self.peek() != ")":
            raise PatternError("this group is not closed", start)
        self.at += 1
        self.depth -= 1
        return item if name is None else Part(name, item)

    def group_name(self, start: int) -> str | None:
        rest = self.text[self.at : self.at + 3]
        if rest.startswith("?:"):
            self.at += 2
            return None
        if rest.startswith(("?=", "?!", "?<=", "?<!")):
            raise PatternError("look-around is not supported: the pattern must be a regular language", start)
        if rest == "?P=":
            raise PatternError(
                "back-references are not supported: the pattern must be a regular language", start
            )
        named = re.compile(r"\?P<([A-Za-z_][A-Za-z0-9_]*)>").match(self.text, self.at)
        if named is None:
            message = "after '(?' only ':' and 'P<name>' are known; letter case is the option ignore_case"
            raise PatternError(message, start)
        if named[1] in self.names:
            raise PatternError(f"the part '{named[1]}' is named twice", start)
        self.names.add(named[1])
        self.at = named.end()
        return named[1]

    def bracket(self) -> Chars:
        start = self.at
        self.at += 1
        negated = self.peek() == "^"
        self.at += negated
        found: CharSet = ()
        while self.peek() != "]":
            if not self.peek():
                raise PatternError("this '[' is not closed", start)
            found = union(found, self.bracket_item())
        self.at += 1
        if not found:
            raise PatternError("this class holds no character; write '\\]' for the character ']'", start)
        return Chars(found, negated)

    def bracket_item(self) -> CharSet:
        start = self.at
        low = self.bracket_character()
        is_range = self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", "")
        if not is_range:
            return low
        self.at += 1
        high = self.bracket_character()
        if not (_is_single(low) and _is_single(high)):
            raise PatternError("a range needs a single character at both ends", start)
        if high[0][0] < low[0][0]:
            raise PatternError("this range runs backwards", start)
        return ((low[0][0], high[0][0]),)

    def bracket_character(self) -> CharSet:
        character = self.peek()
        if character == "\\":
            return self.escape()
        self.at += 1
        return single(character)

    def escape(self) -> CharSet:
        start = self.at
        character = self.text[start + 1 : start + 2]
        self.at += 2
        if not character:
            raise PatternError("the pattern ends with a single '\\'", start)
        if character in _SETS:
            return _SETS[character]
        if character.lower() in _SETS:
            return complement(_SETS[character.lower()])
        if character in _CONTROLS:
            return single(_CONTROLS[character])
        if character in "xuU":
            return self.code_point(start, {"x": 2, "u": 4, "U": 8}[character])
        if character in "bBAZ":
            raise PatternError(
                f"'\\{character}' is an anchor; the pattern always matches the whole text", start
            )
        if character.isdigit():
            raise PatternError(
                "back-references are not supported: the pattern must be a regular language", start
            )
        if character.isalpha():
            raise PatternError(f"the escape '\\{character}' is not known", start)
        return single(character)

    def code_point(self, start: int, length: int) -> CharSet:
        digits = self.text[self.at : self.at + length]
        if re.fullmatch(f"[0-9A-Fa-f]{{{length}}}", digits) is None or int(digits, 16) > ANYTHING[0][1]:
            raise PatternError(f"this escape needs {length} hexadecimal digits of a code point", start)
        self.at += length
        return ((int(digits, 16), int(digits, 16)),)


def _is_single(charset: CharSet) -> bool:
    """Whether the set holds exactly one character."""
    return len(charset) == 1 and charset[0][0] == charset[0][1]
