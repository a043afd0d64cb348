"""Reading under constraints: patterns, lists, dates and check digits, searched against CTC posteriors.

Standard library and numpy only: the package is copied into the environments of the OCR engines.
"""

from segocr.constraints.binding import BoundConstraint, bind
from segocr.constraints.checks import CHECKS, complete, validate
from segocr.constraints.compiling import compile_constraint
from segocr.constraints.decoded import Decoded
from segocr.constraints.errors import ConstraintError, PatternError
from segocr.constraints.product import Constraint
from segocr.constraints.scores import Status, judge
from segocr.constraints.search import decode, greedy

__all__ = [
    "CHECKS",
    "BoundConstraint",
    "Constraint",
    "ConstraintError",
    "Decoded",
    "PatternError",
    "Status",
    "bind",
    "compile_constraint",
    "complete",
    "decode",
    "greedy",
    "judge",
    "validate",
]
