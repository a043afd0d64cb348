"""One template, three ways: read freely, under its patterns, under its patterns and check digits."""

from __future__ import annotations

from dataclasses import replace

from segocr.constraints import CHECKS, compile_constraint
from segocr.templates import Template
from segocr.templates.spec import FieldSpec

WAYS = ("off", "pattern", "checks")


def narrowed(template: Template, names: tuple[str, ...]) -> Template:
    """Return the template with some of its fields only, and without rules."""
    return replace(template, fields={name: template.fields[name] for name in names}, rules=())


def steered(template: Template, way: str) -> Template:
    """Return the template read in one way; ``checks`` is the template as it is."""
    if way == "checks":
        return template
    change = _free if way == "off" else _patterned
    return replace(template, fields={name: change(spec) for name, spec in template.fields.items()})


def has_checks(template: Template) -> bool:
    """Whether a field has check digits: else two of the ways are the same."""
    return any(spec.checks for spec in template.fields.values())


def _free(spec: FieldSpec) -> FieldSpec:
    """A text that nothing is known of: what other programs read, before they test it.

    Its pattern, which is not searched, stands for that test: without one it would be worth no more than its
    region.
    """
    return replace(
        spec, type="text", formats=(), validators=(), constraint=None, preferred=None, checks=(), pattern=".*"
    )


def _patterned(spec: FieldSpec) -> FieldSpec:
    """The layout of the check digits stays, their arithmetic goes."""
    if not spec.checks:
        return spec
    layouts = [layout for check in spec.checks if isinstance(check, str) for layout in CHECKS[check].layouts]
    constraint = compile_constraint(
        layouts[0],
        also=layouts[1:] + ([spec.pattern] if spec.pattern else []),
        print_name=spec.constraint.print_name if spec.constraint else None,
        ignore_case=spec.ignore_case,
        ignore_spaces=spec.ignore_spaces,
    )
    return replace(spec, checks=(), pattern=layouts[0], constraint=constraint)
