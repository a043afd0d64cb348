"""Sharing: lines that hold the texts of several fields, such as a number and a date, cut between them.

The fields' constraints say where: what each accepts, with the words before it. Heads learn whether their
pages have such lines; cutting elsewhere would take words from what they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from segocr.templates import Template
from segocr.textlines.evidence import constrained_fields, find_matches
from segocr.textlines.lines import TextLine

Span = tuple[int, int]


def cut_between_fields(template: Template, lines: Sequence[TextLine]) -> list[TextLine]:
    """Return lines of a page, those that hold the texts of several classes in parts, a text in each.

    Args:
        template: Its constraints.
        lines: Those that are not read stay as they are.
    """
    read = [place for place, line in enumerate(lines) if line.text]
    spans: dict[int, dict[str, Span]] = {place: {} for place in read}
    for spec in constrained_fields(template):
        assert spec.constraint is not None
        assert spec.class_name is not None
        matches = find_matches([lines[place].text for place in read], spec.constraint)
        for place, match in zip(read, matches, strict=True):
            if match is not None and match.whole:
                known = spans[place].get(spec.class_name, (0, 0))
                if match.end - match.start > known[1] - known[0]:
                    spans[place][spec.class_name] = match.start, match.end
    return [
        part for place, line in enumerate(lines) for part in _parts(line, list(spans.get(place, {}).values()))
    ]


def _parts(line: TextLine, spans: Sequence[Span]) -> Iterator[TextLine]:
    """Yield a line cut behind each text but the last; as it is where two texts are one."""
    ordered = sorted(spans)
    overlap = any(end > start for (_, end), (start, _) in pairwise(ordered))
    if len(ordered) < 2 or overlap:
        yield line
        return
    ends = [*(end for _, end in ordered[:-1]), len(line.text)]
    start = 0
    for end in ends:
        start += len(line.text[start:end]) - len(line.text[start:end].lstrip())
        bounds = line.bounds[start : end + 1]
        width = max(float(bounds[-1] - bounds[0]), 1e-9)
        # Another strip than the one that was read, hence without its posteriors.
        yield replace(
            line,
            quad=line.part(start, end),
            text=line.text[start:end],
            bounds=(bounds - bounds[0]) / width,
            lattice=b"",
        )
        start = end
