"""Routes: which template takes a file when none is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from segocr.errors import DocumentError, TemplateError
from segocr.templates.load import find_templates, read_route
from segocr.templates.spec import Route


def route(path: PurePath, *, search: Sequence[Path] = ()) -> str:
    """Return the name of the template that takes a file.

    The template whose folder is nearest to the file wins; one with a folder wins over one with file patterns
    only. Templates that cannot be read are passed over where none could be nearer than one that takes the
    file: whose folder is the file's own.

    Args:
        path: The file; only its name and the folders named in it count.
        search: Folders of a workspace, searched before the shipped templates.

    Raises:
        DocumentError: ``no-template``: none takes it; ``ambiguous-template``: several do.
        TemplateError: One that cannot be read might take it.
    """
    routes: dict[str, Route] = {}
    broken: TemplateError | None = None
    for name, file in find_templates(search).items():
        try:
            routes[name] = read_route(file)
        except TemplateError as error:
            broken = error
    try:
        name = nearest_route(path, routes)
    except DocumentError as error:
        if broken is None or error.code != "no-template":
            raise
        raise broken from error
    if broken is not None and routes[name].nearness(path) != len(path.parts) - 1:
        raise broken
    return name


def same_routes(routes: Mapping[str, Route]) -> list[list[str]]:
    """Return the names of templates that take the very same files, so that none of them is ever taken."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, its in routes.items():
        if its.folder is not None or its.files:
            folder = None if its.folder is None else PurePath(its.folder)
            alike.setdefault((folder, frozenset(map(str.casefold, its.files))), []).append(name)
    return [sorted(names) for names in alike.values() if len(names) > 1]


def nearest_route(path: PurePath, routes: Mapping[str, Route]) -> str:
    """Return the name of the route that takes a file.

    Raises:
        DocumentError: As ``route``.
    """
    nearness = {name: near for name, its in routes.items() if (near := its.nearness(path)) is not None}
    best = sorted(name for name, near in nearness.items() if near == max(nearness.values()))
    if not best:
        raise DocumentError(
            f"no template's route takes {path.name!r}",
            code="no-template",
            hint="name one with --template (segocr template list), or put the file into a folder that a "
            "template's route names",
        )
    if len(best) > 1:
        raise DocumentError(
            f"the routes of several templates take {path.name!r}: {', '.join(best)}",
            code="ambiguous-template",
            hint="name one with --template, or make the routes differ",
        )
    return best[0]
