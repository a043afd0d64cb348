"""Values of enumerations in rules: a comparison with a value that a field never has.

Where the field's values are others, ``state == "storniert"`` fails on every record, and so does a misspelt
value. All values are known before any document is read, so that is a mistake of the rule's author.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import pairwise

from segocr.spelling import known_words
from segocr.validators.rules import Expression, ExpressionError


def check_members(
    expression: Expression, values: Mapping[str, Sequence[str]], lists: Container[str] = ()
) -> None:
    """Refuse an expression that compares a field with a text that is none of its values.

    Args:
        expression: Parsed, of kinds that fit.
        values: Of each field of type enum, all values that it may have.
        lists: The fields that are lists of such.

    Raises:
        ExpressionError: With the text's place, and the known values as hint.
    """
    for node in ast.walk(expression.tree):
        if not isinstance(node, ast.Compare):
            continue
        for op, (left, right) in zip(node.ops, pairwise((node.left, *node.comparators)), strict=True):
            for name, text, position in _compared(op, left, right, lists):
                if name in values and text not in values[name]:
                    hint = known_words(text, values[name])
                    raise ExpressionError(f"{name} is never {text!r}", position, hint=hint)


def _compared(
    op: ast.cmpop, left: ast.expr, right: ast.expr, lists: Container[str]
) -> Iterator[tuple[str, str, int]]:
    """Yield what is compared for being the same: a field, a text and its place."""
    if isinstance(op, ast.Eq | ast.NotEq):
        pairs = [(left, right), (right, left)]
    elif not isinstance(op, ast.In | ast.NotIn):
        pairs = []
    elif isinstance(right, ast.List):
        pairs = [(left, right)]
    else:  # otherwise 'in' asks whether one text contains the other
        pairs = [(right, left)] if isinstance(right, ast.Name) and right.id in lists else []
    for field, other in pairs:
        if isinstance(field, ast.Name):
            yield from ((field.id, text, position) for text, position in _texts(other))


def _texts(node: ast.expr) -> Iterator[tuple[str, int]]:
    for one in node.elts if isinstance(node, ast.List) else [node]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value, one.col_offset
