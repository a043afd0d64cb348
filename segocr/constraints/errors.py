"""The errors of this package.

    ConstraintError            a constraint that cannot be used; carries a stable code
    └── PatternError           a pattern that is not understood; carries the position in the pattern

The package runs inside step environments too, so it cannot use the project's own error tree;
whoever loads a template turns these into errors with file, line and column.
"""


class ConstraintError(Exception):
    """A constraint that cannot be used.

    Attributes:
        code: a stable, machine-readable name of what is wrong, such as ``empty-product``.
        message: what is wrong and what to do, in one sentence.
    """

    def __init__(self, message: str, code: str = "constraint") -> None:
        """Keep the message and the code."""
        super().__init__(message)
        self.message = message
        self.code = code


class PatternError(ConstraintError):
    """A pattern that is not understood, or that is too large.

    Attributes:
        position: offset of the first character concerned, counted from 0 in the pattern's text.
    """

    def __init__(self, message: str, position: int = 0, code: str = "pattern") -> None:
        """Keep the message and where in the pattern it applies."""
        super().__init__(message, code)
        self.position = position

    def __str__(self) -> str:
        """The message and the place."""
        return f"{self.message} (at position {self.position})"
