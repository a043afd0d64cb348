"""What changed between the raw and the accepted text."""

Edit = tuple[int, str, str]


def find_edits(raw: str, text: str, ignored: str = "") -> tuple[Edit, ...]:
    """The fewest changes that turn one text into the other, neighbouring ones joined.

    Args:
        raw: the unconstrained text.
        text: the accepted text.
        ignored: characters of ``raw`` that do not count.

    Returns:
        (position in ``text``, raw characters, accepted characters), in order.
    """
    raw = bare(raw, ignored)
    if raw == text:
        return ()
    steps = _steps(raw, text)
    edits: list[Edit] = []
    joined = False
    position = 0
    for old, new in steps:
        if old == new:
            joined = False
        elif joined:
            at, before, after = edits[-1]
            edits[-1] = (at, before + old, after + new)
        else:
            edits.append((position, old, new))
            joined = True
        position += len(new)
    return tuple(edits)


def bare(text: str, ignored: str) -> str:
    """The text without the characters that do not count."""
    return "".join(character for character in text if character not in ignored)


def _steps(raw: str, text: str) -> list[tuple[str, str]]:
    """Pairs (raw character or nothing, accepted character or nothing) of a shortest edit path."""
    costs = [list(range(len(text) + 1))]
    for row, old in enumerate(raw, 1):
        above, line = costs[-1], [row]
        for column, new in enumerate(text, 1):
            line.append(min(above[column - 1] + (old != new), above[column] + 1, line[-1] + 1))
        costs.append(line)
    steps: list[tuple[str, str]] = []
    row, column = len(raw), len(text)
    while row or column:
        here = costs[row][column]
        if row and column and here == costs[row - 1][column - 1] + (raw[row - 1] != text[column - 1]):
            row, column = row - 1, column - 1
            steps.append((raw[row], text[column]))
        elif row and here == costs[row - 1][column] + 1:
            row -= 1
            steps.append((raw[row], ""))
        else:
            column -= 1
            steps.append(("", text[column]))
    return steps[::-1]
