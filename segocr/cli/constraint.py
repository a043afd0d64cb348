"""``segocr constraint``: explain what a pattern and its checks accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

import click

from segocr.cli.output import Format, formats, print_mapping
from segocr.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from segocr.constraints import Constraint


@click.group()
def command() -> None:
    """Explain the constraints that steer the reading."""


@command.command()
@click.argument("pattern", required=False)
@click.option(
    "--checks", "-c", multiple=True, metavar="NAME",
    help="A check digit; more after commas or given again; one with options as a template has it.",
)  # fmt: skip
@click.option(
    "--date-format", "dates", multiple=True, metavar="FORMAT", help="A date that exists, such as dd/MM/yyyy."
)
@click.option("--bounds", nargs=2, metavar="FIRST LAST", help="The days between which dates lie.")
@click.option(
    "--lookup", type=click.File(encoding="utf-8-sig"), metavar="FILE", help="The allowed texts, one a line."
)
@click.option("--field", metavar="TEMPLATE.FIELD", help="The constraint of a template's field instead.")
@click.option("--ignore-case", is_flag=True, help="Accept letters in either case.")
@click.option("--ignore-spaces", is_flag=True, help="Accept spaces anywhere.")
@click.option("--text", "texts", multiple=True, help="Also say whether this text is accepted.")
@formats(Format.TABLE, Format.JSON)
def explain(
    pattern: str | None,
    checks: tuple[str, ...],
    dates: tuple[str, ...],
    bounds: tuple[str, str] | None,
    lookup: TextIO | None,
    field: str | None,
    ignore_case: bool,
    ignore_spaces: bool,
    texts: tuple[str, ...],
    output: Format,
) -> None:
    r"""Show what a constraint accepts and nearly accepts.

    That is: its size, texts that it accepts, and near misses that it rejects.

    \b
    segocr constraint explain '[A-Z]{3}[UJZ]\d{7}' --checks iso6346
    segocr constraint explain '\d{4}' --checks '{weighted: {weights: [4, 3, 2, 1], modulus: 11}}'
    segocr constraint explain --date-format dd/MM/yyyy --bounds 2020-01-01 2026-12-31
    segocr constraint explain --field passport.mrz_line2
    """
    from segocr.constraints import explain as explanations

    given = pattern is not None or bool(checks) or bool(dates) or lookup is not None
    if given == (field is not None) or (bounds is not None and not dates):
        raise UsageError(
            "give either a pattern, checks, a lookup or date formats (perhaps with bounds), or --field",
            hint="segocr constraint explain '\\d{4}' --checks luhn",
        )
    first, last = bounds or (None, None)
    constraint = (
        _of_field(field)
        if field is not None
        else _compiled(
            pattern,
            checks=[check for entry in checks for check in _checks(entry)],
            date_formats=dates,
            not_before=first,
            not_after=last,
            lookup=None if lookup is None else [line.strip() for line in lookup if line.strip()],
            ignore_case=ignore_case,
            ignore_spaces=ignore_spaces,
        )
    )
    found = explanations.explain(constraint)
    verdicts = {text: constraint.accepts(text) for text in texts}
    if output is Format.JSON:
        shown: dict[str, object] = {slot: getattr(found, slot) for slot in found.__slots__}
        print_mapping({**shown, "texts": verdicts}, output)
        return
    longest = "any" if found.longest is None else found.longest
    print_mapping(
        {
            "states": found.states,
            "edges": found.edges,
            "characters": found.characters,
            "checks": ", ".join(found.checks) or "none",
            "length": f"{'?' if found.shortest is None else found.shortest} to {longest}",
            "parts": ", ".join(found.parts) or "none",
            "accepts": "everything"
            if found.accepts_everything
            else "\n".join(text or "(the empty text)" for text in found.examples) or "(none found)",
            "rejects": "\n".join(found.near_misses) or "(none found)",
            **{f"text {text}": "accepted" if verdict else "rejected" for text, verdict in verdicts.items()},
        }
    )


def _checks(entry: str) -> list[str | dict[str, Any]]:
    """Names between commas, or one check with its options as it stands in a template."""
    if not entry.lstrip().startswith("{"):
        return [name.strip() for name in entry.split(",") if name.strip()]
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        check = YAML(typ="safe").load(entry)
    except (YAMLError, ValueError) as error:
        raise UsageError(
            f"the check {entry!r} is not understood", hint="write it as in a template"
        ) from error
    return [check]


def _compiled(pattern: str | None, **options: Any) -> Constraint:
    from segocr.constraints import ConstraintError, PatternError, compile_constraint

    try:
        return compile_constraint(pattern, **options)
    except PatternError as error:
        caret = f"{pattern}\n{' ' * error.position}^" if pattern else None
        raise UsageError(f"the pattern: {error}", code="pattern", hint=caret) from error
    except ConstraintError as error:
        raise UsageError(f"the constraint: {error}", code=error.code) from error


def _of_field(name: str) -> Constraint:
    from segocr.settings import load_settings
    from segocr.spelling import known_words
    from segocr.templates import load_template

    template_name, _, field = name.rpartition(".")
    settings = load_settings()
    template = load_template(
        template_name,
        search=settings.template_folders,
        validators_folder=settings.validators_folder,
        check_model=False,
    )
    if field not in template.fields:
        hint = known_words(field, template.fields)
        raise UsageError(f"template {template.name} has no field {field!r}", hint=hint)
    constraint = template.fields[field].constraint
    if constraint is None:
        raise ConfigurationError(f"the field {name} has no constraint: any text will do")
    return constraint
