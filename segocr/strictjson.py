"""JSON that somebody else wrote, as far as it can be worked with and written again."""

from __future__ import annotations

import json
import re
from typing import Any

_MAY_BE_HALF = re.compile(r"\\ud[89a-f]", re.IGNORECASE)


def parse_json(text: str) -> Any:
    r"""Return what a JSON text says.

    Raises:
        ValueError: It is none (``json.JSONDecodeError``), nests too deep, or has half a character: an escape
            such as ``\ud83d`` without the other one of its pair.
    """
    try:
        found = json.loads(text)
        if _MAY_BE_HALF.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    except UnicodeEncodeError as error:
        raise ValueError("a text in it has half a character, an escape such as \\ud83d alone") from error
    return found
