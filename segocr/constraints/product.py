"""Constraints: pattern, list, dates and check digits together, apart from any recogniser's alphabet."""

import hashlib
import json
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

from segocr.constraints.automaton import Automaton
from segocr.constraints.checks import Check, make_check
from segocr.constraints.confusions import require_print
from segocr.constraints.errors import ConstraintError
from segocr.constraints.nfa import Nfa, build_nfa, find_parts
from segocr.constraints.syntax import parse

WIRE_VERSION = 3

CheckSpec = str | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Constraint:
    """A compiled constraint; those of one digest are the same.

    Attributes:
        automaton: pattern, layouts of the checks, list and dates, as one automaton.
        checks: specifications of the check digits, searched in product with the automaton.
        patterns: the patterns (the author's, then the layouts of checks) whose named parts can be asked for.
        labels: bit of the automaton's labels by part name, for checks that read one part only.
        ignore_case: letters of either case are accepted; checks see upper case.
        ignore_spaces: spaces anywhere in the reading are no part of the text.
        print_name: the print whose confusable characters are set right before the search
            (`confusions.PRINTS`).
        narrows: digest of a constraint that accepts whatever this one does, empty for none known: where the
            best text of that one is accepted by this one, it need not be searched for again.
    """

    automaton: Automaton
    checks: tuple[CheckSpec, ...] = ()
    patterns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    ignore_case: bool = False
    ignore_spaces: bool = False
    print_name: str = "everyday"
    narrows: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constraint) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __getstate__(self) -> dict[str, Any]:
        """What is worked out anew in every process stays behind."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

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
            "narrows": self.narrows,
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
            narrows=str(wire["narrows"]),
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

    @property
    def part_names(self) -> tuple[str, ...]:
        """The named parts of all patterns; a text need not have every one."""
        return tuple(dict.fromkeys(re.findall(r"\(\?P<(\w+)>", " ".join(self.patterns))))

    def parts(self, text: str) -> Mapping[str, tuple[int, int]]:
        """Start and end of every named part in an accepted text; the author's names win over a layout's."""
        return self._find_parts(text)

    @cached_property
    def _find_parts(self) -> Callable[[str], Mapping[str, tuple[int, int]]]:
        # A line of many parts is asked for one after the other.
        return lru_cache(maxsize=64)(partial(_parts_of, self._part_automata))

    @cached_property
    def _part_automata(self) -> tuple[Nfa, ...]:
        return tuple(
            build_nfa(parse(pattern), ignore_case=self.ignore_case, ignore_spaces=self.ignore_spaces)
            for pattern in self.patterns
            if "(?P<" in pattern
        )


def _parts_of(automata: tuple[Nfa, ...], text: str) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for nfa in automata:
        found = (find_parts(nfa, text) or {}) | found
    return found


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


def part_of(spec: CheckSpec) -> str | None:
    """The part that a check reads, None for the whole text."""
    if isinstance(spec, str):
        return None
    over = spec.get("over")
    for value in spec.values():
        if over is None and isinstance(value, Mapping):
            over = value.get("over")
    return over if isinstance(over, str) else None


def _label_bit(spec: CheckSpec, labels: tuple[str, ...]) -> int:
    over = part_of(spec)
    return 1 << labels.index(over) if over else 0
