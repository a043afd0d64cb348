"""Constraints: pattern, list, dates and check digits together, compiled apart from any recogniser's alphabet."""

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from segocr.constraints.automaton import MAX_STATES, Automaton, determinise, intersect
from segocr.constraints.checks import Check, make_check
from segocr.constraints.confusions import require_print
from segocr.constraints.dates import date_tree
from segocr.constraints.dictionaries import compile_lookup
from segocr.constraints.errors import ConstraintError
from segocr.constraints.nfa import Nfa, build_nfa, find_parts
from segocr.constraints.syntax import Node, parse

WIRE_VERSION = 2
MAX_LOOKUP_STATES = 200_000
MAX_PROOF_STATES = 200_000

CheckSpec = str | Mapping[str, Any]


@dataclass(frozen=True)
class Constraint:
    """A compiled constraint.

    Attributes:
        automaton: pattern, layouts of the checks, list and dates, as one automaton.
        checks: specifications of the check digits, searched in product with the automaton.
        patterns: the patterns (the author's, then the layouts of checks) whose named parts can be asked for.
        labels: bit of the automaton's labels by part name, for checks that read one part only.
        ignore_case: letters of either case are accepted; checks see upper case.
        ignore_spaces: spaces anywhere in the reading are no part of the text.
        print_name: the print whose confusable characters are set right before the search (`confusions.PRINTS`).
    """

    automaton: Automaton
    checks: tuple[CheckSpec, ...] = ()
    patterns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    ignore_case: bool = False
    ignore_spaces: bool = False
    print_name: str = "everyday"

    @cached_property
    def check_automata(self) -> tuple[tuple[Check, int], ...]:
        """The checks, each with the label bit of the part it reads (0: the whole text)."""
        return tuple((make_check(spec), _label_bit(spec, self.labels)) for spec in self.checks)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides what is accepted, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_wire(), sort_keys=True).encode()).hexdigest()

    def to_wire(self) -> dict[str, Any]:
        """A JSON-able form, to be sent to another process."""
        return {
            "version": WIRE_VERSION,
            "automaton": self.automaton.to_wire(),
            "checks": [check if isinstance(check, str) else dict(check) for check in self.checks],
            "patterns": list(self.patterns),
            "labels": list(self.labels),
            "ignore_case": self.ignore_case,
            "ignore_spaces": self.ignore_spaces,
            "print": self.print_name,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Constraint":
        """The constraint that `to_wire` packed.

        Raises:
            ConstraintError: the wire form is of another version.
        """
        if wire.get("version") != WIRE_VERSION:
            message = (
                f"the packed constraint has version {wire.get('version')!r}, this code reads {WIRE_VERSION}"
            )
            raise ConstraintError(message, "bad-wire")
        return cls(
            automaton=Automaton.from_wire(wire["automaton"]),
            checks=tuple(wire["checks"]),
            patterns=tuple(wire["patterns"]),
            labels=tuple(wire["labels"]),
            ignore_case=bool(wire["ignore_case"]),
            ignore_spaces=bool(wire["ignore_spaces"]),
            print_name=require_print(str(wire["print"])),
        )

    def start(self) -> "ProductState":
        """The product's first state."""
        return 0, tuple(check.start for check, _ in self.check_automata)

    @cached_property
    def states_of_checks(self) -> "CheckStates":
        """The checks' states as numbers, with every step taken so far."""
        return CheckStates(self)

    def step_checks(
        self, states: tuple[Hashable, ...], character: str, label: int
    ) -> "tuple[Hashable, ...] | None":
        """The states of the checks after one more character; None where one of them forbids it."""
        if self.ignore_case:
            upper = character.upper()
            character = upper if len(upper) == 1 else character
        after: list[Hashable] = []
        for state, (check, bit) in zip(states, self.check_automata, strict=True):
            following = check.step(state, character) if not bit or label & bit else state
            if following is None:
                return None
            after.append(following)
        return tuple(after)

    def checks_accept(self, states: tuple[Hashable, ...]) -> bool:
        """Whether every check holds when the text ends in these states."""
        return all(
            check.accepts(state) for state, (check, _) in zip(states, self.check_automata, strict=True)
        )

    def accepts(self, text: str) -> bool:
        """Whether the whole text is accepted, checks included; spaces must be gone where they are ignored."""
        state, checks = self.start()
        for character in text:
            klass = self.automaton.class_of(ord(character))
            found = [edge for edge in self.automaton.edges[state].items() if edge[0][0] == klass]
            if not found:
                return False
            (_, label), state = found[0]
            after = self.step_checks(checks, character, label)
            if after is None:
                return False
            checks = after
        return bool(self.automaton.accepting[state]) and self.checks_accept(checks)

    def parts(self, text: str) -> dict[str, tuple[int, int]]:
        """Start and end offset of every named part in an accepted text; the author's names win over a layout's."""
        found: dict[str, tuple[int, int]] = {}
        for nfa in self._part_automata:
            found = (find_parts(nfa, text) or {}) | found
        return found

    @cached_property
    def _part_automata(self) -> tuple[Nfa, ...]:
        return tuple(
            build_nfa(parse(pattern), ignore_case=self.ignore_case, ignore_spaces=self.ignore_spaces)
            for pattern in self.patterns
            if "(?P<" in pattern
        )


class CheckStates:
    """The states that the checks can be in, numbered as they are met; steps are computed once.

    A reading under check digits takes ten thousand steps, and the next reading the same ones.
    """

    LIMIT = 300_000

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint
        self.clear()

    def clear(self) -> None:
        """Forget everything; state 0 is the start."""
        self.states = [self.constraint.start()[1]]
        self.number: dict[tuple[Hashable, ...], int] = {self.states[0]: 0}
        self.steps: list[dict[tuple[str, int], int]] = [{}]

    def step(self, state: int, key: tuple[str, int]) -> int:
        """The state after one more (character, label); -1 where no valid text goes on so."""
        known = self.steps[state].get(key)
        if known is None:
            after = self.constraint.step_checks(self.states[state], *key)
            known = self.steps[state][key] = -1 if after is None else self._numbered(after)
        return known

    def accepts(self, state: int) -> bool:
        """Whether all checks hold when the text ends in this state."""
        return self.constraint.checks_accept(self.states[state])

    def _numbered(self, states: tuple[Hashable, ...]) -> int:
        found = self.number.get(states)
        if found is None:
            found = self.number[states] = len(self.states)
            self.states.append(states)
            self.steps.append({})
        return found


ProductState = tuple[int, tuple[Hashable, ...]]


def compile_constraint(
    pattern: str | None = None,
    *,
    also: Sequence[str] = (),
    checks: Sequence[CheckSpec] = (),
    lookup: Sequence[str] | None = None,
    date_formats: Sequence[str] = (),
    not_before: str | None = None,
    not_after: str | None = None,
    month_names: Sequence[str] | None = None,
    ignore_case: bool = False,
    ignore_spaces: bool = False,
    print_name: str | None = None,
) -> Constraint:
    r"""Compile everything that an accepted text must satisfy at once.

    Args:
        pattern: a regular language in the notation of `syntax`; None restricts nothing.
        also: further patterns that the text must match as well.
        checks: names of check digits (`checks.CHECKS`) or specifications such as
            ``{"name": "luhn", "over": "number"}`` or ``{"weighted": {"weights": [3, 1], "modulus": 10}}``.
        lookup: the allowed texts.
        date_formats: formats of a real calendar date, such as ``dd/MM/yyyy`` (see `dates`).
        not_before: earliest date, ``YYYY-MM-DD``.
        not_after: latest date, ``YYYY-MM-DD``.
        month_names: twelve names for ``MMMM`` and (first three letters) ``MMM``; English without it.
        ignore_case: accept letters in either case.
        ignore_spaces: accept spaces anywhere; they are no part of the text.
        print_name: the print whose confusable characters are set right (`confusions.PRINTS`); None takes ``ocr_b``
            for machine-readable zones and ``everyday`` for all else.

    Raises:
        PatternError: the pattern is not understood, or too large.
        ConstraintError: an unknown check, or no text satisfies everything (code ``empty-product``).
    """
    specs = tuple(checks)
    names = tuple(dict.fromkeys(over for over in map(_over, specs) if over))
    labels = {name: 1 << place for place, name in enumerate(names)}
    made = [make_check(spec) for spec in specs]
    layouts = [
        layout for check, spec in zip(made, specs, strict=True) if not _over(spec) for layout in check.layouts
    ]
    patterns = ([] if pattern is None else [pattern]) + list(dict.fromkeys([*also, *layouts]))
    if names:
        _require_parts(pattern, names)

    def compiled(tree: Node) -> Automaton:
        nfa = build_nfa(tree, ignore_case=ignore_case, ignore_spaces=ignore_spaces)
        return determinise(nfa, labels)

    parts = [(f"the pattern {text!r}", compiled(parse(text))) for text in patterns]
    if date_formats:
        tree = date_tree(date_formats, not_before=not_before, not_after=not_after, month_names=month_names)
        parts.append(("the date formats", compiled(tree)))
    if lookup is not None:
        words = compile_lookup(
            lookup, ignore_case=ignore_case, ignore_spaces=ignore_spaces, limit=MAX_LOOKUP_STATES
        )
        parts.append(("the list of allowed texts", words))
    automaton = _combine(parts) if parts else compiled(parse(".*"))
    usual = "ocr_b" if any(map(_is_zone, made)) else "everyday"
    constraint = Constraint(
        automaton,
        specs,
        tuple(patterns),
        names,
        ignore_case,
        ignore_spaces,
        require_print(print_name or usual),
    )
    if names:
        _require_unambiguous(automaton, names)
    if specs:
        _prove_not_empty(constraint)
    return constraint


def _is_zone(check: Check) -> bool:
    """Whether a check is of a machine-readable zone, which is always printed in OCR-B."""
    return check.name.startswith(("mrz_", "mrv_"))


def _over(spec: CheckSpec) -> str | None:
    """The part that a check reads, None for the whole text."""
    if isinstance(spec, str):
        return None
    over = spec.get("over")
    for value in spec.values():
        if over is None and isinstance(value, Mapping):
            over = value.get("over")
    return over if isinstance(over, str) else None


def _label_bit(spec: CheckSpec, labels: tuple[str, ...]) -> int:
    over = _over(spec)
    return 1 << labels.index(over) if over else 0


def _require_parts(pattern: str | None, names: Sequence[str]) -> None:
    for name in names:
        if pattern is None or f"(?P<{name}>" not in pattern:
            message = (
                f"a check reads the part '{name}', but the pattern names no such part; write (?P<{name}>…)"
            )
            raise ConstraintError(message, "unknown-part")


def _require_unambiguous(automaton: Automaton, names: Sequence[str]) -> None:
    """A check that reads a part needs to know, at each character, whether it is in the part."""
    for edges in automaton.edges:
        if len({klass for klass, _ in edges}) < len(edges):
            listed = ", ".join(f"'{name}'" for name in names)
            message = (
                f"where the part {listed} begins or ends depends on what follows; make the pattern definite"
            )
            raise ConstraintError(message, "ambiguous-part")


def _combine(parts: list[tuple[str, Automaton]]) -> Automaton:
    """Intersect, naming the pair that has no text in common."""
    name, automaton = parts[0]
    for other_name, other in parts[1:]:
        try:
            automaton = intersect(automaton, other, max(MAX_STATES, 2 * other.states))
        except ConstraintError as error:
            if error.code != "accepts-nothing":
                raise
            message = f"no text satisfies both {name} and {other_name}"
            raise ConstraintError(message, "empty-product") from error
        name = f"{name} and {other_name}"
    return automaton


def _prove_not_empty(constraint: Constraint) -> None:
    """Find one text that the automaton and all checks accept, depth first.

    Raises:
        ConstraintError: there is none, or none was found within `MAX_PROOF_STATES` states.
    """
    automaton = constraint.automaton
    characters = {
        klass: [chr(code) for low, high in ranges for code in range(low, min(high, low + 40) + 1)]
        for klass, ranges in automaton.class_ranges().items()
    }
    start = constraint.start()
    seen = {start}
    stack = [start]
    while stack:
        state, checks = stack.pop()
        if automaton.accepting[state] and constraint.checks_accept(checks):
            return
        for (klass, label), target in automaton.edges[state].items():
            for character in characters[klass]:
                after = constraint.step_checks(checks, character, label)
                if after is not None and (target, after) not in seen:
                    seen.add((target, after))
                    stack.append((target, after))
        if len(seen) > MAX_PROOF_STATES:
            return
    named = ", ".join(
        check if isinstance(check, str) else str(check.get("name", "weighted")) for check in constraint.checks
    )
    message = (
        f"no text that the pattern accepts satisfies the check {named}; the check does not fit the pattern"
    )
    raise ConstraintError(message, "empty-product")


@dataclass(frozen=True)
class BoundConstraint:
    """A constraint over one recogniser's alphabet.

    Attributes:
        constraint: what is accepted.
        alphabet: the recogniser's symbols; the first is the blank.
        klass: int64 ``(symbols,)``, the automaton's class of each symbol, -1 where no edge takes it.
        usable: int64, the columns with a class.
        space: the column of the space, -1 without one or where spaces are not ignored.
        missing: characters that the constraint could use and the alphabet lacks (large ranges are not listed).
    """

    constraint: Constraint
    alphabet: tuple[str, ...]
    klass: npt.NDArray[np.int64]
    usable: npt.NDArray[np.int64]
    space: int
    missing: tuple[str, ...]


MAX_LISTED_RANGE = 200


def bind(constraint: Constraint, alphabet: Sequence[str]) -> BoundConstraint:
    """Bind a constraint to a recogniser's alphabet; the same pair again costs nothing.

    Symbols of several characters are never part of an accepted text.

    Args:
        constraint: what is accepted.
        alphabet: symbol texts by column; column 0 is the blank.
    """
    return _bind(_Same(constraint), tuple(alphabet))


@dataclass(frozen=True)
class _Same:
    """Compares constraints by digest, for the cache."""

    constraint: Constraint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.constraint.digest == other.constraint.digest

    def __hash__(self) -> int:
        return hash(self.constraint.digest)


@lru_cache(maxsize=256)
def _bind(same: _Same, alphabet: tuple[str, ...]) -> BoundConstraint:
    constraint = same.constraint
    automaton = constraint.automaton
    code_points = np.array([ord(text) if len(text) == 1 else -1 for text in alphabet], dtype=np.int64)
    code_points[:1] = -1
    ranges = np.searchsorted(np.array(automaton.bounds), code_points, side="right") - 1
    klass = np.where(code_points >= 0, np.array(automaton.classes, dtype=np.int64)[np.maximum(ranges, 0)], -1)
    space = -1
    if constraint.ignore_spaces:
        klass[code_points == ord(" ")] = -1
        columns = np.flatnonzero(code_points == ord(" "))
        space = int(columns[0]) if len(columns) else -1
    return BoundConstraint(
        constraint,
        alphabet,
        klass,
        np.flatnonzero(klass >= 0),
        space,
        _missing(automaton, frozenset(alphabet)),
    )


def _missing(automaton: Automaton, known: frozenset[str]) -> tuple[str, ...]:
    lacking: list[str] = []
    for ranges in automaton.class_ranges().values():
        for low, high in ranges:
            if high - low < MAX_LISTED_RANGE:
                lacking += [chr(code) for code in range(low, high + 1) if chr(code) not in known]
    return tuple(lacking)
