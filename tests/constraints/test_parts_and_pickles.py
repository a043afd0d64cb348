"""Parts are found once a text; constraints travel between processes with or without what they worked out."""

import pickle

from segocr.constraints import compile_constraint


def test_a_constraint_that_was_used_travels_to_another_process() -> None:
    constraint = compile_constraint("(?P<letter>[A-Z])(?P<digits>[0-9]+)")
    assert constraint.parts("A12") == {"letter": (0, 1), "digits": (1, 3)}
    copy = pickle.loads(pickle.dumps(constraint))
    assert copy.digest == constraint.digest
    assert copy.parts("B7") == {"letter": (0, 1), "digits": (1, 2)}
