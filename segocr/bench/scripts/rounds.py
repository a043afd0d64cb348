"""What every way of the benchmark does: get ready, then go over all documents each time it is told to.

Standard library only; imported by the programs beside it, in whatever environment they run.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any


def serve(prepare: Callable[[dict[str, Any]], Mapping[str, Callable[[], Mapping[str, Any]]]]) -> None:
    """Answer orders until the input ends.

    Args:
        prepare: Given the configuration (JSON, the program's argument), loads models and returns what can be
            ordered: name → function whose answer is a JSON object.
    """
    # Frameworks print; the answers go to the real standard output, everything else to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    orders = prepare(json.loads(sys.argv[1]))
    print(json.dumps({"ready": sorted(orders)}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(orders[line.strip()]()), file=answers, flush=True)
