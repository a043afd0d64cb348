"""Pattern trees as nondeterministic automata, and the parts of an accepted text."""

from dataclasses import dataclass, field

from segocr.constraints.charsets import CharSet, both_cases, complement, contains, single
from segocr.constraints.errors import PatternError
from segocr.constraints.syntax import Chars, Choice, Node, Part, Repeat, Sequence

MAX_NFA_STATES = 60_000


@dataclass(slots=True)
class Nfa:
    """A Thompson automaton: every state has one character edge or some empty edges, in order of preference.

    Attributes:
        charset: by state, the characters of its edge, or None.
        parts: by state, the names of the parts that the edge's character belongs to.
        empty: by state, the states reached without a character, preferred first.
        target: by state, where its character edge leads (-1 without one).
        marks: by state, the part (name, True for its beginning) that passing through the state opens or
            closes.
        final: the accepting state; the first state is 0.
    """

    charset: list[CharSet | None] = field(default_factory=list)
    parts: list[frozenset[str]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    marks: dict[int, tuple[str, bool]] = field(default_factory=dict)
    final: int = 0

    def add(self) -> int:
        """A new state without edges."""
        if len(self.charset) >= MAX_NFA_STATES:
            message = f"the pattern needs more than {MAX_NFA_STATES} steps; make its counts smaller"
            raise PatternError(message, 0, "pattern-too-large")
        self.charset.append(None)
        self.parts.append(frozenset())
        self.empty.append([])
        self.target.append(-1)
        return len(self.charset) - 1


def build_nfa(tree: Node, *, ignore_case: bool = False, ignore_spaces: bool = False) -> Nfa:
    """Build the automaton of a pattern.

    Args:
        tree: the parsed pattern.
        ignore_case: every letter stands for both its cases.
        ignore_spaces: the pattern's own spaces are left out, since spaces are no part of the text.
    """
    return _Builder(ignore_case, ignore_spaces).whole(tree)


class _Builder:
    """Adds states for one tree; each method takes the state to start from, returns that it ends in."""

    def __init__(self, ignore_case: bool, ignore_spaces: bool) -> None:
        self.nfa = Nfa()
        self.ignore_case = ignore_case
        self.ignore_spaces = ignore_spaces
        self.open: frozenset[str] = frozenset()
        self.folded: dict[Chars, CharSet] = {}

    def whole(self, tree: Node) -> Nfa:
        self.nfa.final = self.node(tree, self.nfa.add())
        return self.nfa

    def node(self, tree: Node, start: int) -> int:
        match tree:
            case Chars():
                return self.chars(tree, start)
            case Sequence(items):
                for item in items:
                    start = self.node(item, start)
                return start
            case Choice(options):
                return self.choice(options, start)
            case Repeat(item, low, high):
                return self.repeat(item, low, high, start)
            case Part(name, item):
                return self.part(name, item, start)

    def chars(self, chars: Chars, start: int) -> int:
        end = self.nfa.add()
        if self.ignore_spaces and chars == Chars(single(" ")):
            self.nfa.empty[start].append(end)
            return end
        # A character edge needs a state of its own: the one it starts from may have empty edges already.
        edge = self.nfa.add()
        self.nfa.empty[start].append(edge)
        self.nfa.charset[edge] = self.fold(chars)
        self.nfa.parts[edge] = self.open
        self.nfa.target[edge] = end
        return end

    def fold(self, chars: Chars) -> CharSet:
        if chars not in self.folded:
            charset = both_cases(chars.charset) if self.ignore_case else chars.charset
            self.folded[chars] = complement(charset) if chars.negated else charset
        return self.folded[chars]

    def choice(self, options: tuple[Node, ...], start: int) -> int:
        end = self.nfa.add()
        for option in options:
            begin = self.nfa.add()
            self.nfa.empty[start].append(begin)
            self.nfa.empty[self.node(option, begin)].append(end)
        return end

    def repeat(self, item: Node, low: int, high: int | None, start: int) -> int:
        for _ in range(low):
            start = self.node(item, start)
        end = self.nfa.add()
        if high is None:
            loop, begin = self.nfa.add(), self.nfa.add()
            self.nfa.empty[start].append(loop)
            self.nfa.empty[loop] += [begin, end]
            self.nfa.empty[self.node(item, begin)].append(loop)
            return end
        for _ in range(high - low):
            begin = self.nfa.add()
            self.nfa.empty[start] += [begin, end]
            start = self.node(item, begin)
        self.nfa.empty[start].append(end)
        return end

    def part(self, name: str, item: Node, start: int) -> int:
        begin, finish = self.nfa.add(), self.nfa.add()
        self.nfa.marks[begin] = (name, True)
        self.nfa.marks[finish] = (name, False)
        self.nfa.empty[start].append(begin)
        outside = self.open
        self.open = outside | {name}
        end = self.node(item, begin)
        self.open = outside
        self.nfa.empty[end].append(finish)
        # A fresh state after the mark: a repeated part must pass the mark again, not sit on it.
        after = self.nfa.add()
        self.nfa.empty[finish].append(after)
        return after


def find_parts(nfa: Nfa, text: str) -> dict[str, tuple[int, int]] | None:
    """Where each named part lies in a text.

    Preferences are those of Python's ``re`` (greedy, first choice first); the work is linear in
    states × length, since no (state, position) is visited twice.

    Args:
        nfa: the automaton of the pattern.
        text: the whole text.

    Returns:
        Start and end offset by part name (parts that took no part in the match are absent), or
        None where the text is not accepted.
    """
    seen: set[tuple[int, int]] = set()
    # Each entry: state, position, and the marks passed so far as a linked list.
    stack: list[tuple[int, int, object]] = [(0, 0, None)]
    while stack:
        state, at, marks = stack.pop()
        if (state, at) in seen:
            continue
        seen.add((state, at))
        if state in nfa.marks:
            marks = (nfa.marks[state], at, marks)
        if state == nfa.final and at == len(text):
            return _spans(marks)
        charset = nfa.charset[state]
        if charset is not None and at < len(text) and contains(charset, ord(text[at])):
            stack.append((nfa.target[state], at + 1, marks))
        stack.extend((following, at, marks) for following in reversed(nfa.empty[state]))
    return None


def _spans(marks: object) -> dict[str, tuple[int, int]]:
    """Spans from the linked list of marks, the last match of each part winning."""
    passed: list[tuple[tuple[str, bool], int]] = []
    while isinstance(marks, tuple):
        mark, at, marks = marks
        passed.append((mark, at))
    begun: dict[str, int] = {}
    spans: dict[str, tuple[int, int]] = {}
    for (name, begins), at in reversed(passed):
        if begins:
            begun[name] = at
        else:
            spans[name] = (begun[name], at)
    return spans
