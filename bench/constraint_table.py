"""What constraints do to readings: off, pattern, pattern and check digits; clean and damaged pictures.

    python bench/constraint_table.py DATA                          # sets passports, plates, receipts
    python bench/constraint_table.py DATA --split train --limit 60 # 60 documents a set, drawn with a seed
    python bench/constraint_table.py DATA --split all --sets passports --damages clean --true-regions

The way is that of ``segocr evaluate``, with found and with true regions. *Tested after* is what a program
does that reads first and tests then: the free reading, accepted where the pattern and the checks hold. A
template without a model is measured on true regions only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from constraint_runs import SETS, chosen_models, drawn, labelled, read_all, template_of
from constraint_ways import WAYS, has_checks
from remembered import FOLDER, RememberingSteps

from segocr.constraints import Constraint
from segocr.evaluation.damage import DAMAGES, damage_documents
from segocr.evaluation.labels import LabelledDocument, read_labels
from segocr.evaluation.outcomes import Outcome, Result
from segocr.evaluation.run import true_regions
from segocr.evaluation.scores import Share
from segocr.templates import load_template


@dataclass(frozen=True, slots=True)
class Row:
    """One field of one set, read in one way from pictures of one damage.

    Attributes:
        labelled: How many values.
        exact: Right among them.
        corrected: Values whose text the constraint changed and that are accepted.
        accepted: Values accepted, those of places that nobody labelled left out.
        wrong: Wrong among them.
    """

    data: str
    regions: str
    damage: str
    field: str
    way: str
    labelled: int
    exact: int
    corrected: int
    accepted: int
    wrong: int


def row_of(
    place: tuple[str, str, str, str], way: str, outcomes: Sequence[Outcome], test: Constraint | None = None
) -> Row:
    """Count outcomes.

    Args:
        place: Set, regions, damage, field.
        way: How it was read.
        outcomes: Of that field.
        test: What a text must satisfy to be accepted after all.
    """
    accepted = [
        outcome
        for outcome in outcomes
        if outcome.accepted and outcome.result is not Result.ELSEWHERE and (not test or passes(outcome, test))
    ]
    return Row(
        *place,
        way,
        labelled=sum(outcome.label is not None for outcome in outcomes),
        exact=sum(outcome.result is Result.RIGHT for outcome in outcomes),
        corrected=sum(outcome.status == "corrected" for outcome in accepted),
        accepted=len(accepted),
        wrong=sum(outcome.result is not Result.RIGHT for outcome in accepted),
    )


def passes(outcome: Outcome, test: Constraint) -> bool:
    """Whether a free reading satisfies a constraint."""
    text = outcome.raw or ""
    return test.accepts(text.replace(" ", "") if test.ignore_spaces else text)


def measure(
    name: str,
    documents: Sequence[LabelledDocument],
    damages: Sequence[str],
    steps: RememberingSteps,
    wanted: Sequence[str],
) -> Iterator[Row]:
    """Measure one set.

    Args:
        name: Of the set.
        documents: Undamaged.
        damages: Names of those wanted.
        steps: The hosts.
        wanted: Of the regions "found" and "true".
    """
    template = template_of(name)
    _, has_model = chosen_models(load_template(SETS[name][0]))
    for damage in DAMAGES:
        if damage.name not in damages:
            continue
        with tempfile.TemporaryDirectory(prefix="segocr-damage-") as folder:
            damaged = labelled(damage_documents(documents, damage, Path(folder)), template)
            for regions, regions_of in (("found", None), ("true", true_regions(damaged))):
                if regions not in wanted or (regions_of is None and not has_model):
                    continue
                ways = WAYS if has_checks(template) else WAYS[:2]
                read = read_all(name, ways, damaged, steps, regions_of)
                for field in template.fields:
                    place = (name, regions, damage.name, field)
                    own = {way: [one for one, _ in read[way] if one.field == field] for way in ways}
                    yield row_of(place, "off", own["off"])
                    yield row_of(place, "tested after", own["off"], template.fields[field].constraint)
                    yield from (row_of(place, way, own[way]) for way in ways[1:])


def as_markdown(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table: a line a place, the ways beside each other."""
    by_way = {(row.data, row.field, row.regions, row.damage, row.way): row for row in rows}
    exact, accepted = ("off", "pattern", "checks"), ("off", "tested after", "pattern", "checks")
    titles = [
        "field", "picture", "regions", "values", *(f"exact %: {way}" for way in exact),
        *(f"accepted %: {way}" for way in accepted[1:]),
        *(f"corrected %: {way}" for way in exact[1:]),
        *(f"wrong among accepted: {way}" for way in accepted),
    ]  # fmt: skip
    yield "| " + " | ".join(titles) + " |"
    yield "|---" * len(titles) + "|"
    for place in dict.fromkeys(key[:4] for key in by_way):
        own = {way: by_way.get((*place, way)) for way in accepted}
        labelled = own["off"].labelled if own["off"] else 0
        cells = [place[1], place[3], place[2], str(labelled)]
        cells += [_percent(row.exact, labelled) if (row := own[way]) else "" for way in exact]
        cells += [_percent(row.accepted, labelled) if (row := own[way]) else "" for way in accepted[1:]]
        cells += [_percent(row.corrected, labelled) if (row := own[way]) else "" for way in exact[1:]]
        cells += [_wrong(row) if (row := own[way]) else "" for way in accepted]
        yield "| " + " | ".join(cells) + " |"


def _percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}" if of else ""


def _wrong(row: Row) -> str:
    bounds = Share(row.wrong, row.accepted).interval
    most = f", at most {100 * bounds[1]:.1f} %" if bounds and row.way in ("pattern", "checks") else ""
    return f"{row.wrong} of {row.accepted}{most}"


def lowered(rows: Sequence[Row]) -> list[str]:
    """Return the places where a constraint reads fewer values exactly than no constraint."""
    exact = {(r.data, r.regions, r.damage, r.field, r.way): (r.exact, r.labelled) for r in rows}
    return [
        f"{' / '.join(place)}: {way} {count}, off {exact[*place, 'off'][0]} of {total}"
        for (*place, way), (count, total) in exact.items()
        if way not in ("off", "tested after") and count < exact[*place, "off"][0]
    ]


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--split", choices=("train", "val", "all"), default="val")
    parser.add_argument("--limit", type=int, help="documents a set, drawn with a seed")
    names = [damage.name for damage in DAMAGES]
    parser.add_argument("--damages", nargs="+", choices=names, default=names)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--true-regions", action="store_true", help="do not measure found regions")
    only.add_argument("--found-regions", action="store_true", help="do not measure true regions")
    parser.add_argument("--cache", type=Path, default=FOLDER, help="where the models' answers are kept")
    parser.add_argument("--json", type=Path, help="write the rows here")
    parser.add_argument("--markdown", type=Path, help="write the table here instead of printing it")
    given = parser.parse_args()
    wanted = [
        name
        for name, unwanted in (("found", given.true_regions), ("true", given.found_regions))
        if not unwanted
    ]
    rows: list[Row] = []
    with RememberingSteps(given.cache, shared=False) as steps:
        for name in given.sets:
            documents = drawn(
                read_labels(given.data / name, None if given.split == "all" else given.split), given.limit
            )
            for row in measure(name, documents, given.damages, steps, wanted):
                rows.append(row)
                print(*asdict(row).values(), sep="\t", file=sys.stderr, flush=True)
    table = "\n".join(as_markdown(rows)) + "\n"
    if given.markdown:
        given.markdown.write_text(table, encoding="utf-8")
    else:
        print(table, end="")
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    for line in lowered(rows):
        print(f"lowered: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
