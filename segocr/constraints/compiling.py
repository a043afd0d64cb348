"""From what a template says to a constraint; every mistake that can be found is found here."""

import time
from collections.abc import Sequence

from segocr.constraints.automaton import MAX_SECONDS, MAX_STATES, Automaton, determinise, intersect
from segocr.constraints.charsets import contains
from segocr.constraints.checks import Check, make_check
from segocr.constraints.checks.weighted import Weighted
from segocr.constraints.confusions import require_print
from segocr.constraints.dates import date_tree
from segocr.constraints.dictionaries import compile_lookup
from segocr.constraints.errors import ConstraintError
from segocr.constraints.nfa import build_nfa
from segocr.constraints.product import CheckSpec, Constraint, part_of
from segocr.constraints.syntax import Node, parse

MAX_LOOKUP_STATES = 200_000
MAX_PROOF_STATES = 200_000


def compile_constraint(
    pattern: str | None = None,
    *,
    also: Sequence[str] = (),
    checks: Sequence[CheckSpec] = (),
    lookup: Sequence[str] | None = None,
    date_formats: Sequence[str] = (),
    not_before: str | None = None,
    not_after: str | None = None,
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
        ignore_case: accept letters in either case.
        ignore_spaces: accept spaces anywhere; they are no part of the text.
        print_name: the print whose confusable characters are set right (`confusions.PRINTS`); None takes
            ``ocr_b`` for machine-readable zones and ``everyday`` for all else.

    Raises:
        PatternError: the pattern is not understood, or too large.
        ConstraintError: an unknown check, or no text satisfies everything (code ``empty-product``).
    """
    specs = tuple(checks)
    made = [make_check(spec) for spec in specs]
    names = tuple(dict.fromkeys(over for over in map(part_of, specs) if over))
    _require_parts(pattern, names)
    patterns = _named_patterns([*([] if pattern is None else [pattern]), *also], made, specs)
    trees = [(name, parse(text)) for text, name in patterns.items()]
    if date_formats:
        tree = date_tree(date_formats, not_before=not_before, not_after=not_after)
        trees.append(("the date formats", tree))
    labels = {name: 1 << place for place, name in enumerate(names)}

    def compiled(tree: Node) -> Automaton:
        return determinise(build_nfa(tree, ignore_case=ignore_case, ignore_spaces=ignore_spaces), labels)

    parts = [(name, compiled(tree)) for name, tree in trees]
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


def _named_patterns(
    written: Sequence[str], checks: Sequence[Check], specs: Sequence[CheckSpec]
) -> dict[str, str]:
    """By pattern its name for messages: those that are written, and the layouts of checks of a whole text."""
    layouts = {
        layout: f"the check {check.name}"
        for check, spec in zip(checks, specs, strict=True)
        if not part_of(spec)
        for layout in check.layouts
    }
    named = {text: f"the pattern '{text}'" for text in written}
    return named | {layout: name for layout, name in layouts.items() if layout not in named}


def _is_zone(check: Check) -> bool:
    """Whether a check is of a machine-readable zone, which is always printed in OCR-B."""
    return check.name.startswith(("mrz_", "mrv_"))


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
        ConstraintError: there is none, or none was found within `MAX_PROOF_STATES` states and `MAX_SECONDS`.
    """
    automaton = constraint.automaton
    named = ", ".join(check.name for check, _ in constraint.check_automata)
    characters = _characters_to_try(constraint)
    deadline = time.thread_time() + MAX_SECONDS
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
        if len(seen) > MAX_PROOF_STATES or time.thread_time() > deadline:
            message = (
                f"among {len(seen)} states no text was found that the pattern accepts and that satisfies the "
                f"check {named}; make the pattern shorter, or look whether the check can be satisfied at all"
            )
            raise ConstraintError(message, "pattern-too-large")
    message = (
        f"no text that the pattern accepts satisfies the check {named}; the check does not fit the pattern"
    )
    raise ConstraintError(message, "empty-product")


def _characters_to_try(constraint: Constraint) -> dict[int, list[str]]:
    """By class, the characters that a check may tell apart, and some others."""
    known = {chr(code) for code in range(0x20, 0x7F)}
    for check, _ in constraint.check_automata:
        known.update(character for character, _ in (check.values if isinstance(check, Weighted) else ()))
    found: dict[int, list[str]] = {}
    for klass, ranges in constraint.automaton.class_ranges().items():
        familiar = [character for character in sorted(known) if contains(tuple(ranges), ord(character))]
        others = [chr(code) for low, high in ranges for code in range(low, min(high, low + 8) + 1)]
        found[klass] = list(dict.fromkeys([*familiar, *others]))
    return found
