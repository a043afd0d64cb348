"""Kinds of values in rules: what a template's fields make of an expression, before any document is read.

A value of the wrong kind is never converted or guessed at, so an expression in which kinds meet that do not
fit could never be decided. That is a mistake of its author, told when the template is loaded.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from segocr.validators.rules import Expression, ExpressionError


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is: its name, and whether it is a list of such values (``any`` of an empty list)."""

    name: str
    many: bool = False

    def __str__(self) -> str:
        return f"a list ({self.name})" if self.many else f"a {self.name}"


NUMBER, TEXT, TRUTH = Kind("number"), Kind("text"), Kind("truth value")
DATE, TIME, SPAN = Kind("date"), Kind("time"), Kind("span of dates")
ANY_LIST = Kind("any", many=True)
_OF_TYPES = {
    "integer": NUMBER, "decimal": NUMBER, "money": NUMBER, "text": TEXT, "enum": TEXT,
    "date": DATE, "time": TIME, "boolean": TRUTH,
}  # fmt: skip
_WORDS = {"today": DATE, "true": TRUTH, "false": TRUTH}
# By function, the kinds of its arguments and its own; those of the second table give back what they take.
SIGNATURES: dict[str, tuple[tuple[Kind, ...], Kind]] = {
    "near": ((NUMBER, NUMBER, NUMBER), TRUTH),
    "round": ((NUMBER, NUMBER), NUMBER),
    "sum": ((Kind("number", many=True),), NUMBER),
    "count": ((ANY_LIST,), NUMBER),
    "length": ((TEXT,), NUMBER),
    "upper": ((TEXT,), TEXT),
    "lower": ((TEXT,), TEXT),
    "starts_with": ((TEXT, TEXT), TRUTH),
    "ends_with": ((TEXT, TEXT), TRUTH),
    "contains": ((TEXT, TEXT), TRUTH),
    "days": ((SPAN,), NUMBER),
    "years": ((DATE, DATE), NUMBER),
    "date": ((TEXT,), DATE),
    "td1_composite": ((TEXT, TEXT), TRUTH),
}
OF_THEIR_ARGUMENTS = {
    "abs": (NUMBER, SPAN),
    "min": (NUMBER, TEXT, DATE, TIME, SPAN),
    "max": (NUMBER, TEXT, DATE, TIME, SPAN),
}
_ADDED = {
    (ast.Add, TEXT, TEXT): TEXT,
    (ast.Add, DATE, SPAN): DATE,
    (ast.Add, SPAN, DATE): DATE,
    (ast.Add, SPAN, SPAN): SPAN,
    (ast.Sub, DATE, DATE): SPAN,
    (ast.Sub, DATE, SPAN): DATE,
    (ast.Sub, SPAN, SPAN): SPAN,
}


def kind_of_type(field_type: str, *, many: bool) -> Kind:
    """Return the kind of a field's values, or of the list of them."""
    return Kind(_OF_TYPES[field_type].name, many)


def check_kinds(expression: Expression, fields: Mapping[str, Kind]) -> None:
    """Refuse an expression that the kinds of its fields keep from ever being decided.

    Args:
        expression: Parsed; it speaks of these fields only.
        fields: Their kinds.

    Raises:
        ExpressionError: With what does not fit and where.
    """
    try:
        _demand(TRUTH, expression.tree, {**fields, **_WORDS}, "a rule is")
    except RecursionError as error:
        raise ExpressionError("it nests too deep") from error


def _fit(first: Kind, second: Kind) -> bool:
    return first == second or (first.many and second.many and "any" in (first.name, second.name))


def _demand(wanted: Kind, node: ast.expr, fields: Mapping[str, Kind], who: str) -> Kind:
    found = _kind(node, fields)
    if not _fit(wanted, found):
        raise ExpressionError(f"{who} {wanted}, but this is {found}", node.col_offset)
    return found


def _kind(node: ast.expr, fields: Mapping[str, Kind]) -> Kind:
    match node:
        case ast.Name(id=name):
            return fields[name]
        case ast.Constant(value=value):
            return TRUTH if isinstance(value, bool) else TEXT if isinstance(value, str) else NUMBER
        case ast.List(elts=items):
            return Kind(_alike(items, fields).name, many=True) if items else ANY_LIST
        case ast.BoolOp(values=operands):
            for operand in operands:
                _demand(TRUTH, operand, fields, "'and' and 'or' join")
            return TRUTH
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _demand(TRUTH, operand, fields, "'not' wants")
        case ast.UnaryOp(operand=operand):
            return _one_of((NUMBER, SPAN), operand, fields, "a sign")
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(node, op, _kind(left, fields), _kind(right, fields))
        case ast.IfExp(test=test, body=body, orelse=other):
            _demand(TRUTH, test, fields, "'if' wants")
            return _demand(_kind(body, fields), other, fields, "'else' must be as before it,")
        case ast.Compare(left=left, ops=ops, comparators=others):
            kinds = [_kind(operand, fields) for operand in (left, *others)]
            for sign, (first, second), place in zip(ops, pairwise(kinds), (left, *others), strict=False):
                _compared(sign, first, second, place.col_offset)
            return TRUTH
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, fields)
    raise TypeError(type(node).__name__)


def _alike(nodes: list[ast.expr], fields: Mapping[str, Kind]) -> Kind:
    """Return the kind that several values share."""
    first = _one_of((NUMBER, TEXT, DATE, TIME, SPAN, TRUTH), nodes[0], fields, "a list")
    for node in nodes[1:]:
        _demand(first, node, fields, "these values must be alike,")
    return first


def _one_of(wanted: tuple[Kind, ...], node: ast.expr, fields: Mapping[str, Kind], who: str) -> Kind:
    if (found := _kind(node, fields)) not in wanted:
        raise ExpressionError(f"{who} wants {' or '.join(map(str, wanted))}, not {found}", node.col_offset)
    return found


def _arithmetic(node: ast.BinOp, op: ast.operator, left: Kind, right: Kind) -> Kind:
    if left == right == NUMBER:
        return NUMBER
    if (made := _ADDED.get((type(op), left, right))) is None:
        hint = "; days(...) makes a number of a span" if {left, right} == {SPAN, NUMBER} else ""
        raise ExpressionError(f"{left} and {right} cannot be reckoned with so{hint}", node.col_offset)
    return made


def _compared(op: ast.cmpop, first: Kind, second: Kind, position: int) -> None:
    if not isinstance(op, ast.In | ast.NotIn):
        fits = _fit(first, second)
    elif second.many:
        fits = not first.many and second.name in (first.name, "any")
    elif not (fits := first == second == TEXT):
        raise ExpressionError(f"'in' wants a list, or two texts, not {first} in {second}", position)
    if not fits:
        raise ExpressionError(f"{first} cannot be compared with {second}", position)


def _called(name: str, arguments: list[ast.expr], fields: Mapping[str, Kind]) -> Kind:
    if name == "present":
        return TRUTH
    if name in OF_THEIR_ARGUMENTS:
        return _of_its_arguments(name, arguments, fields)
    wanted, made = SIGNATURES[name]
    for kind, argument in zip(wanted, arguments, strict=False):
        _demand(kind, argument, fields, f"{name} takes")
    return made


def _of_its_arguments(name: str, arguments: list[ast.expr], fields: Mapping[str, Kind]) -> Kind:
    if len(arguments) == 1 and name != "abs":
        found = _demand(ANY_LIST, arguments[0], fields, f"{name} of one argument takes")
        return Kind(found.name)
    first = _one_of(OF_THEIR_ARGUMENTS[name], arguments[0], fields, name)
    for argument in arguments[1:]:
        _demand(first, argument, fields, f"{name} takes values of one kind, here")
    return first
