"""Cross-field rules: a small expression language over exact decimals.

An expression is Python's grammar cut down to a whitelist: literals, names of fields, arithmetic, comparisons,
``and``/``or``/``not``, ``a if b else c`` and calls of the functions below. There are no attributes, indices,
loops, powers or assignments, so an expression's work is bounded by its length. Numbers are ``Decimal`` with
60 digits from the text to the verdict: ``0.1 + 0.2 == 0.3`` holds. (CEL, the nearest well-kept language,
knows binary floating point only.)
"""

from __future__ import annotations

import ast
import datetime as dt
import decimal
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_LENGTH = 500
MAX_LIST = 1000
_CONTEXT = decimal.Context(
    prec=60, Emax=999, Emin=-999, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
)
Value = Decimal | str | bool | dt.date | dt.time | dt.timedelta | list[Any]


class ExpressionError(ValueError):
    """An expression that is not in the language; ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int = 0, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


class _Missing(Exception):
    """An operand has no value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a rule: ``held``, ``failed`` or ``not-evaluated``, and in the last case why."""

    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: As written.
        tree: Its columns count characters of the text from 0.
        names: The fields that it speaks of, each with the place where it first does.
    """

    text: str
    tree: ast.expr
    names: dict[str, int]


def near(first: Decimal, second: Decimal, tolerance: Decimal) -> bool:
    """Whether two numbers differ by no more than the tolerance."""
    return abs(first - second) <= tolerance


def _days(span: dt.timedelta) -> Decimal:
    return Decimal(span.days)


def _years(first: dt.date, second: dt.date) -> Decimal:
    """Whole years from one date to another."""
    return Decimal(second.year - first.year - ((second.month, second.day) < (first.month, first.day)))


def _td1_composite(line1: str, line2: str) -> bool:
    """Whether the digit that covers two lines of an identity card holds (ICAO Doc 9303 part 5)."""
    from segocr.constraints.checks.mrz import td1_composite_holds  # late: it brings numpy

    return td1_composite_holds("".join(line1.split()), "".join(line2.split()))


def _rounded(value: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    if not -30 <= digits <= 30:
        raise ValueError("round: digits lie between -30 and 30")
    return value.quantize(Decimal(1).scaleb(-int(digits)), rounding=decimal.ROUND_HALF_UP)


def _summed(values: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total += value
    return total


def _extreme(which: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``min`` or ``max``, of several values or of those of a list; an empty list has none."""

    def found(*given: Any) -> Any:
        if given == ([],):
            raise _Missing(f"{which.__name__} of an empty list")
        return which(*given)

    return found


def _is_present(value: Value | None) -> bool:
    """Whether a field has a value; a list has one where any of its entries has."""
    if isinstance(value, list):
        return any(item is not None for item in value)
    return value is not None


# name: (function, least and most arguments); of an empty list the sum and the count are 0
FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "near": (near, 3, 3),
    "abs": (abs, 1, 1),
    "min": (_extreme(min), 1, 10),
    "max": (_extreme(max), 1, 10),
    "round": (_rounded, 1, 2),
    "sum": (_summed, 1, 1),
    "count": (lambda values: Decimal(len(values)), 1, 1),
    "length": (lambda text: Decimal(len(text)), 1, 1),
    "upper": (str.upper, 1, 1),
    "lower": (str.lower, 1, 1),
    "starts_with": (str.startswith, 2, 2),
    "ends_with": (str.endswith, 2, 2),
    "contains": (str.__contains__, 2, 2),
    "days": (_days, 1, 1),
    "years": (_years, 2, 2),
    "date": (dt.date.fromisoformat, 1, 1),
    "td1_composite": (_td1_composite, 2, 2),
    "present": (_is_present, 1, 1),
}
_NAMES_OF_VALUES = ("today", "true", "false")
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


def parse_expression(text: str) -> Expression:
    """Parse an expression and refuse all that is not in the language.

    Raises:
        ExpressionError: With what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters", MAX_LENGTH)
    if "\r" in text:
        raise ExpressionError("a carriage return cannot stand there", text.index("\r"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
        _count_characters(tree, text)
        names = {name: place for name, place in reversed(_names(tree, text))}
    except SyntaxError as error:
        place = _place(text, error.lineno or 1, error.offset - 1) if error.offset else len(text)
        raise ExpressionError(f"not an expression: {error.msg}", place) from error
    except (ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError("it nests too deep or holds a character that cannot stand there") from error
    return Expression(text, tree, names)


def _count_characters(tree: ast.expr, text: str) -> None:
    """Let the columns of a tree count characters of the whole text: Python counts a line's bytes."""
    lines = [line.encode() for line in text.strip().split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            first, last = node.lineno, node.end_lineno or node.lineno
            begin, end = lines[first - 1][: node.col_offset], lines[last - 1][: node.end_col_offset]
            node.col_offset = _place(text, first, len(begin.decode()))
            node.end_col_offset = _place(text, last, len(end.decode()))


def _place(text: str, line: int, column: int) -> int:
    """Return the place in a text, from 0, of a column (from 0) of a line (from 1) of it, stripped."""
    begin = len(text) - len(text.lstrip())
    above = text.strip().split("\n")[: line - 1]
    return min(begin + sum(len(one) + 1 for one in above) + column, len(text))


def _names(node: ast.expr, text: str) -> list[tuple[str, int]]:
    """Check a node and those below it; return the fields named and where."""
    if isinstance(node, ast.Name):
        return [] if node.id in _NAMES_OF_VALUES else [(node.id, node.col_offset)]
    if isinstance(node, ast.Constant):
        _constant(node, text)
        return []
    if isinstance(node, ast.Call):
        _check_call(node)
        return [name for part in node.args for name in _names(part, text)]
    if isinstance(node, ast.BinOp):
        _check_operator(node.op, _ARITHMETIC, node)
    elif isinstance(node, ast.Compare):
        for op in node.ops:
            _check_operator(op, _COMPARISONS, node)
    elif isinstance(node, ast.UnaryOp):
        _check_operator(node.op, {ast.Not: not_, ast.USub: operator.neg, ast.UAdd: operator.pos}, node)
    elif not isinstance(node, ast.BoolOp | ast.IfExp | ast.List):
        raise ExpressionError(f"{_spoken(node)} is not part of the language", node.col_offset)
    below = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return [name for child in below for name in _names(child, text)]


def not_(value: Any) -> bool:
    """Return the opposite of a truth value."""
    return not _truth(value)


def _check_operator(op: Any, known: Mapping[Any, Any], node: ast.expr) -> None:
    if type(op) not in known:
        spoken = {"Pow": "'**'", "FloorDiv": "'//'", "Is": "'is'", "IsNot": "'is not'"}
        name = spoken.get(type(op).__name__, type(op).__name__)
        raise ExpressionError(f"the operator {name} is not part of the language", node.col_offset)


def _check_call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError("functions are called by name with plain arguments", node.col_offset)
    name = node.func.id
    if name not in FUNCTIONS:
        raise ExpressionError(f"unknown function {name!r}; known: {', '.join(FUNCTIONS)}", node.col_offset)
    _, least, most = FUNCTIONS[name]
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ExpressionError(f"{name} takes {wanted} arguments, not {len(node.args)}", node.col_offset)
    if name == "present" and not isinstance(node.args[0], ast.Name):
        raise ExpressionError("present takes the name of a field", node.col_offset)


def _spoken(node: ast.expr) -> str:
    names = {
        "Attribute": "an attribute (a dot after a name)",
        "Subscript": "an index in brackets",
        "Lambda": "a lambda",
        "NamedExpr": "an assignment",
        "ListComp": "a comprehension",
        "GeneratorExp": "a comprehension",
        "JoinedStr": "a formatted string",
    }
    return names.get(type(node).__name__, type(node).__name__)


def _constant(node: ast.Constant, text: str) -> Value:
    """Return a literal's value; numbers are read from the text itself, never through a float."""
    if isinstance(node.value, bool | str):
        return node.value
    if type(node.value) in (int, float):
        source = text[node.col_offset : node.end_col_offset]
        try:
            return _CONTEXT.create_decimal(source)
        except decimal.DecimalException as error:
            raise ExpressionError(f"{source!r} is not a decimal number", node.col_offset) from error
    raise ExpressionError(f"{node.value!r} is not a value of the language", node.col_offset)


def evaluate(expression: Expression, values: Mapping[str, Value | None], today: dt.date) -> Outcome:
    """Decide whether a rule holds.

    Args:
        expression: Parsed.
        values: By field name; None where a field, or an entry of a list, has no value. A list that nothing
            was found for is empty.
        today: The arrival's day.

    Returns:
        ``not-evaluated`` with the reason where an operand is missing or the operands do not fit.
    """
    try:
        with decimal.localcontext(_CONTEXT):
            held = _truth(_value(expression.tree, expression.text, {**values, "today": today}))
    except _Missing as missing:
        return Outcome("not-evaluated", f"{missing} has no value")
    except decimal.DivisionByZero:
        return Outcome("not-evaluated", "division by zero")
    except decimal.DecimalException:
        return Outcome("not-evaluated", "a number is out of range")
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        return Outcome("not-evaluated", f"the values do not fit: {error}")
    return Outcome("held" if held else "failed")


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"a truth value is needed, not {type(value).__name__}")
    return value


def _value(node: ast.expr, text: str, values: Mapping[str, Value | None]) -> Any:
    match node:
        case ast.Constant():
            return _constant(node, text)
        case ast.Name(id=name):
            return _named(name, values)
        case ast.List(elts=items):
            return [_value(item, text, values) for item in items]
        case ast.BoolOp(op=op, values=operands):
            wanted = isinstance(op, ast.Or)
            return next((wanted for o in operands if _truth(_value(o, text, values)) is wanted), not wanted)
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(op, _value(operand, text, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _value(left, text, values), _value(right, text, values))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _truth(_value(test, text, values)) else other, text, values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared(_value(left, text, values), ops, [_value(o, text, values) for o in others])
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, text, values)
    raise TypeError(_spoken(node))


def _named(name: str, values: Mapping[str, Value | None]) -> Value:
    if name in ("true", "false"):
        return name == "true"
    value = values.get(name)
    if value is None:
        raise _Missing(name)
    if isinstance(value, list) and any(item is None for item in value):
        raise _Missing(f"an entry of {name}")  # without it a sum or a count would be of something else
    return value


def _unary(op: ast.unaryop, value: Any) -> Any:
    if isinstance(op, ast.Not):
        return not_(value)
    if not isinstance(value, Decimal | dt.timedelta):
        raise TypeError("a sign needs a number")
    return -value if isinstance(op, ast.USub) else value


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(left, bool | list) or isinstance(right, bool | list):
        raise TypeError("arithmetic needs numbers, dates or texts")
    if isinstance(left, str) and not (isinstance(op, ast.Add) and isinstance(right, str)):
        raise TypeError("texts can only be added to texts")
    if {type(left), type(right)} == {dt.timedelta, Decimal}:
        raise TypeError("use days(...) to turn a span of dates into a number")
    return _ARITHMETIC[type(op)](left, right)


def _compared(left: Any, ops: list[ast.cmpop], others: list[Any]) -> bool:
    for op, right in zip(ops, others, strict=True):
        member = isinstance(op, ast.In | ast.NotIn)
        if member and not isinstance(right, list | str):
            raise TypeError("'in' needs a list or a text")
        for other in right if member and isinstance(right, list) else [right]:
            if type(left) is not type(other):
                raise TypeError(f"{_kind(left)} cannot be compared with {_kind(other)}")
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True


def _kind(value: Any) -> str:
    names = {Decimal: "a number", str: "a text", bool: "a truth value", dt.date: "a date", list: "a list"}
    return names.get(type(value), type(value).__name__)


def _called(name: str, arguments: list[ast.expr], text: str, values: Mapping[str, Value | None]) -> Any:
    if name == "present" and isinstance(arguments[0], ast.Name):
        return _is_present(values.get(arguments[0].id))
    given = [_value(argument, text, values) for argument in arguments]
    if any(isinstance(value, list) and len(value) > MAX_LIST for value in given):
        raise ValueError(f"a list has at most {MAX_LIST} values")
    if name in ("min", "max", "sum", "count") and len(given) == 1 and not isinstance(given[0], list):
        raise TypeError(f"{name} of one argument needs a list")
    return FUNCTIONS[name][0](*given)
