"""The engine ``python`` of the step ``validate``: chooses, normalises, types, validates; then the rules.

One request holds the parts of any number of documents (``segocr.fields`` writes it and reads the answer):

    {"day": "2026-11-22", "folder": "/…/validators" | null,
     "fields": {name: {type, formats, bounds, locale, enum, ignore_case, ignore_spaces, normalise,
                       validators, instances, lines, century, from, part}},
     "rules": [{name, expression}],
     "parts": [{field: [{text, merit, standing, parts, score, place}, …]}, …]}
    → {"parts": [{"fields": {name: [{candidates, text, value, verdict, problems, rivals}, …]},
                  "rules": [{name, verdict, reason}, …]}, …]}

Guest code: standard library; libraries of validators at their first use.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import Any

from segocr.steps.guest import Engine, Settings
from segocr.steps.protocol import Message, Refusal
from segocr.validators.choose import Chosen, choose, derive
from segocr.validators.failures import Refused
from segocr.validators.own import begin_part, start_own
from segocr.validators.rules import Expression, evaluate, parse_expression

_parsed = lru_cache(maxsize=256)(parse_expression)


def start(_settings: Settings) -> Engine:
    """Start the engine; it needs no model."""
    return Engine(
        about={"name": "python", "version": "1", "libraries": _libraries()},
        operations={"validate": _validate, "start_own": _start_own},
    )


def _validate(message: Message) -> Message:
    return Message("answer", handle(message.body))


def _start_own(_message: Message) -> Message:
    """Have the process of the workspace's own validators ready, as ``segocr doctor`` wants to know."""
    try:
        start_own()
    except Refused as refused:
        raise Refusal("environment", "environment-broken", refused.message) from refused
    return Message("answer", {})


def _libraries() -> dict[str, str | None]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {}
    for name in ("python-stdnum", "phonenumbers"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def handle(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request (form above).

    Raises:
        KeyError: The request lacks a key: the two sides are of different versions.
    """
    today = dt.date.fromisoformat(request["day"])
    folder = Path(request["folder"]) if request["folder"] else None
    rules = [(rule["name"], _parsed(rule["expression"])) for rule in request["rules"]]
    return {"parts": [_part(part, request["fields"], rules, today, folder) for part in request["parts"]]}


def _part(
    part: dict[str, list[dict[str, Any]]],
    specs: dict[str, dict[str, Any]],
    rules: list[tuple[str, Expression]],
    today: dt.date,
    folder: Path | None,
) -> dict[str, Any]:
    begin_part()
    read = {name: spec for name, spec in specs.items() if spec["from"] is None}
    chosen = choose(part, read, today, folder)
    for name, spec in specs.items():
        if (source := spec["from"]) is not None:
            chosen[name] = derive(chosen[source], part.get(source, []), spec, today, folder)
    operands = {name: _operand(chosen[name], spec["instances"]) for name, spec in specs.items()}
    return {
        "fields": {name: [_as_json(value) for value in chosen[name]] for name in specs},
        "rules": [_decided(name, expression, operands, today) for name, expression in rules],
    }


def _operand(values: list[Chosen], instances: str) -> Any:
    if instances == "all":  # a part that an entry leaves out is none of the list's values
        return [value.judged.value for value in values if value.candidates]
    return values[0].judged.value if values else None


def _decided(name: str, expression: Expression, operands: dict[str, Any], today: dt.date) -> dict[str, str]:
    outcome = evaluate(expression, operands, today)
    return {"name": name, "verdict": outcome.verdict, "reason": outcome.reason}


def _as_json(chosen: Chosen) -> dict[str, Any]:
    judged = chosen.judged
    return {
        "candidates": list(chosen.candidates),
        "text": chosen.text,
        "value": judged.canonical,
        "verdict": judged.verdict,
        "problems": [list(problem) for problem in judged.problems],
        "rivals": list(chosen.rivals),
    }
