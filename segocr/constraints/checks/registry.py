"""Checks by the names that templates use; validating and completing plain texts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from segocr.constraints.automaton import Automaton, determinise
from segocr.constraints.checks import articles, iso7064, mrz, vehicles
from segocr.constraints.checks.iban import Iban
from segocr.constraints.checks.kinds import AllOf, Check
from segocr.constraints.checks.layout import Layout
from segocr.constraints.checks.luhn import Luhn
from segocr.constraints.checks.weighted import make_weighted
from segocr.constraints.errors import ConstraintError
from segocr.constraints.nfa import build_nfa
from segocr.constraints.syntax import parse
from segocr.spelling import known_words

_ALL: tuple[Check, ...] = (
    Luhn(), iso7064.Mod97(), Iban(), iso7064.Mod11(), iso7064.MOD_37_36, iso7064.MOD_11_10,
    vehicles.CONTAINER, vehicles.VIN,
    articles.EAN_13, articles.EAN_8, articles.UPC_A, articles.GTIN_14, articles.SSCC,
    articles.ISBN_10, articles.ISBN_13, articles.ISSN,
    mrz.TD1_LINE1, mrz.TD1_LINE2, mrz.TD1_LINE3, mrz.TD2_LINE1, mrz.TD2_LINE2, mrz.TD3_LINE1, mrz.TD3_LINE2,
    mrz.MRV_A_LINE1, mrz.MRV_A_LINE2, mrz.MRV_B_LINE1, mrz.MRV_B_LINE2,
)  # fmt: skip
CHECKS: dict[str, Check] = {check.name: check for check in _ALL}
"""The named checks; `weighted` takes options and is not among them."""

PLACEHOLDER = "?"
_FILLING = "0123456789XABCDEFGHIJKLMNOPQRSTUVWYZ<"


def make_check(spec: "str | Mapping[str, Any]") -> Check:
    """The check that a template asks for.

    Args:
        spec: a name, ``{"name": name, "over": part}``, ``{name: {"over": part}}``, or ``{"weighted": {…}}``
            (see `weighted`).

    Raises:
        ConstraintError: unknown, with the nearest known name.
    """
    if isinstance(spec, str):
        return _named(spec)
    if isinstance(spec.get("name"), str) and set(spec) <= {"name", "over"}:
        name, options = str(spec["name"]), {key: value for key, value in spec.items() if key != "name"}
    elif len(spec) == 1:
        name, found = next(iter(spec.items()))
        if not isinstance(found, Mapping):
            raise ConstraintError(f"the options of the check '{name}' must be a mapping", "bad-check")
        options = dict(found)
    else:
        keys = ", ".join(map(str, spec))
        message = f"a check is a name or a mapping {{name: {{options}}}}, not one with the keys {keys}"
        raise ConstraintError(message, "bad-check")
    if not isinstance(options.get("over", ""), str):
        message = f"'over' of the check '{name}' must be the name of one part of the pattern"
        raise ConstraintError(message, "bad-check")
    if name == "weighted":
        return make_weighted(options)
    if set(options) - {"over"}:
        raise ConstraintError(f"the check '{name}' has only the option 'over'", "bad-check")
    return _within_layout(name) if options.get("over") else _named(name)


def _named(name: str) -> Check:
    if name not in CHECKS:
        hint = known_words(name, [*sorted(CHECKS), "weighted"])
        raise ConstraintError(f"the check '{name}' is not known; {hint}", "unknown-check")
    return CHECKS[name]


@lru_cache(maxsize=64)
def _layouts(name: str) -> tuple[Automaton, ...]:
    return tuple(determinise(build_nfa(parse(layout))) for layout in _named(name).layouts)


def _within_layout(name: str) -> Check:
    """The check with its own layout inside, for a part of a text."""
    return AllOf(name, (), (*(Layout(automaton) for automaton in _layouts(name)), _named(name)))


def validate(name: str, text: str) -> bool:
    """Whether a text has the layout of a named check and its digits hold.

    Raises:
        ConstraintError: unknown name.
    """
    check = _within_layout(name)
    state = check.start
    for character in text:
        following = check.step(state, character)
        if following is None:
            return False
        state = following
    return check.accepts(state)


def complete(name: str, text: str) -> str | None:
    """Fill every ``?`` of a text so that the named check holds.

    Args:
        name: the check.
        text: with ``?`` where the check characters belong, such as ``"7992739871?"``.

    Returns:
        The first text found (digits are tried before letters), or None.

    Raises:
        ConstraintError: unknown name.
    """
    check = _within_layout(name)
    stack: list[tuple[str, Any]] = [("", check.start)]
    dead: set[tuple[int, Any]] = set()
    while stack:
        done, state = stack.pop()
        if len(done) == len(text):
            if check.accepts(state):
                return done
            continue
        if (len(done), state) in dead:
            continue
        dead.add((len(done), state))
        wanted = text[len(done)]
        for character in reversed(_FILLING if wanted == PLACEHOLDER else wanted):
            following = check.step(state, character)
            if following is not None:
                stack.append((done + character, following))
    return None
