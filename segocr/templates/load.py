"""Finding and loading templates: by name in the workspace's folders and then the shipped ones, or by path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from segocr.errors import ModelError, TemplateError
from segocr.records import Severity
from segocr.spelling import known_words
from segocr.steps.ocr.names import NAMES as OCR_MODELS
from segocr.steps.ocr.names import may_have
from segocr.templates import names
from segocr.templates.classes import model_classes
from segocr.templates.fieldspecs import FieldCompiler
from segocr.templates.mistakes import explained
from segocr.templates.own import own_validators
from segocr.templates.source import Source, read_source
from segocr.templates.spec import (
    Accept,
    FieldSpec,
    Ocr,
    Pages,
    Route,
    RuleSpec,
    Segment,
    Template,
)
from segocr.templates.wordings import with_wordings
from segocr.templates.written import OcrWritten, PagesWritten, RouteWritten, TemplateWritten
from segocr.validators.kinds import check_kinds, kind_of_type
from segocr.validators.members import check_members
from segocr.validators.rules import ExpressionError, parse_expression

FILE = "template.yaml"


def shipped_folder() -> Path:
    """Return the folder of the templates that come with segocr."""
    return Path(__file__).resolve().parents[2] / "templates"


def find_templates(search: Sequence[Path] = ()) -> dict[str, Path]:
    """Return template files by their folders' names; a workspace's hides a shipped one of the same name."""
    found: dict[str, Path] = {}
    for folder in (*search, shipped_folder()):
        for file in sorted(folder.glob(f"*/{FILE}")):
            found.setdefault(file.parent.name, file)
    return found


def load_template(
    name_or_path: str | Path,
    *,
    search: Sequence[Path] = (),
    validators_folder: Path | None = None,
    check_model: bool = True,
) -> Template:
    """Load a template.

    Args:
        name_or_path: A name, or the path of a template's folder or file.
        search: Folders of a workspace, searched before the shipped ones.
        validators_folder: The workspace's own validators.
        check_model: Whether a class that a model lacks is a mistake; not where one is to be made or replaced.

    Raises:
        TemplateError: There is none, or it has a mistake (with file, line and column).
    """
    file = _located(name_or_path, search)
    source = read_source(file)
    template = compile_source(source, validators_folder)
    if isinstance(name_or_path, str) and name_or_path == file.parent.name and template.name != name_or_path:
        message = f"the folder is called {name_or_path!r}, but this template {template.name!r}"
        raise source.mistake(message, ("template",))
    if check_model:
        _check_classes(template, source)
    _refuse_collisions(template, source, find_templates(search))
    return template


def load_templates(
    search: Sequence[Path] = (), *, validators_folder: Path | None = None
) -> dict[str, Template]:
    """Load every template that can be found, by name.

    Raises:
        TemplateError: One of them has a mistake.
    """
    return {
        name: load_template(name, search=search, validators_folder=validators_folder)
        for name in find_templates(search)
    }


@lru_cache(maxsize=256)
def _route_at(file: Path, changed_ns: int) -> Route:
    source = read_source(file)
    try:
        written = RouteWritten.model_validate(source.tree.get("route", {}))
    except ValidationError:
        compile_source(source, None)  # says where the mistake is
        raise
    return _route(written)


def read_route(file: Path) -> Route:
    """Return a template file's route, without compiling the rest.

    Raises:
        TemplateError: It is not YAML, or the route has a mistake.
    """
    return _route_at(file, file.stat().st_mtime_ns)


def _route(written: RouteWritten) -> Route:
    return Route(written.folder, tuple(written.files or ()))


def _located(name_or_path: str | Path, search: Sequence[Path]) -> Path:
    known = find_templates(search)
    if isinstance(name_or_path, str) and name_or_path in known:
        return known[name_or_path].resolve()
    path = Path(name_or_path).expanduser()
    if (path / FILE).is_file():
        return (path / FILE).resolve()
    if path.is_file():
        return path.resolve()
    lacks = f": the folder has no {FILE}" if path.is_dir() else ""
    message = f"there is no template {str(name_or_path)!r}{lacks}"
    raise TemplateError(message, code="no-such-template", hint=known_words(str(name_or_path), known))


def compile_source(source: Source, validators_folder: Path | None = None) -> Template:
    """Return the template that a parsed file means, without looking at models or other templates.

    Raises:
        TemplateError: It has a mistake.
    """
    try:
        written = TemplateWritten.model_validate(source.tree)
    except ValidationError as error:
        raise explained(error, source) from error
    _check_names(written, source)
    _check_route(written.route, source)
    folder = source.file.parent
    compiler = FieldCompiler(source, folder, own_validators(validators_folder))
    fields = {name: compiler.spec(name, field, written.fields) for name, field in written.fields.items()}
    fields = with_wordings(fields, folder / written.segment.head)
    _check_views(written.template, fields, source)
    rules = _rules(written, source, fields)
    own_files = {compiler.own[name].mark.file for name in compiler.used_own}
    return Template(
        name=written.template,
        version=written.version,
        title=written.title,
        folder=folder,
        file=source.file,
        route=_route(written.route),
        pages=_pages(written, source),
        segment=Segment(**{**written.segment.model_dump(), "engines": tuple(written.segment.engines)}),
        ocr=_ocr(written.ocr, source),
        fields=fields,
        rules=rules,
        accept=Accept(written.accept.confidence, written.accept.score),
        digest=_digest(written, [*compiler.files, *own_files, folder / written.segment.head], folder),
        validators_folder=validators_folder if own_files else None,
    )


def _check_names(written: TemplateWritten, source: Source) -> None:
    if fault := names.fault_of_template_name(written.template):
        raise source.mistake(fault, ("template",))
    for name in written.fields:
        if fault := names.fault_of_field_name(name):
            raise source.mistake(fault, ("fields", name), key=True)


def _check_views(template: str, fields: dict[str, FieldSpec], source: Source) -> None:
    for name, spec in fields.items():
        if spec.is_list and (fault := names.fault_of_view_name(f"{template}_{name}")):
            raise source.mistake(f"the list {name!r} makes a view {fault}", ("fields", name), key=True)


def _check_route(written: RouteWritten, source: Source) -> None:
    if "route" in source.tree and written.folder is None and written.files is None:
        raise source.mistake("'route' names neither 'folder' nor 'files'", ("route",), key=True)


def _pages(written: TemplateWritten, source: Source) -> Pages:
    if isinstance(written.pages, PagesWritten):
        return Pages(each_record=True)
    if isinstance(written.pages, str):
        return Pages()
    for place, number in enumerate(written.pages):
        if number in written.pages[:place]:
            raise source.mistake(f"page {number} is listed twice", ("pages", place))
    return Pages(numbers=tuple(written.pages))


def _ocr(written: OcrWritten, source: Source) -> Ocr:
    """Return the step, its model a known name, one that only PaddleOCR may know, or a folder's whole path."""
    name, beside = written.model, source.file.parent / written.model
    if name not in OCR_MODELS and beside.is_dir():
        name = str(beside)
    elif not any(may_have(engine, name) for engine in written.engines):
        hint = (
            f"{known_words(name, OCR_MODELS)}, and folders beside the template; PaddleOCR alone knows others"
        )
        raise source.mistake(f"there is no OCR model {name!r}", ("ocr", "model"), hint=hint)
    return Ocr(tuple(written.engines), name)


def _rules(written: TemplateWritten, source: Source, fields: dict[str, FieldSpec]) -> tuple[RuleSpec, ...]:
    seen: set[str] = set()
    kinds = {name: kind_of_type(spec.type, many=spec.instances == "all") for name, spec in fields.items()}
    members = {name: tuple(spec.enum.values()) for name, spec in fields.items() if spec.enum is not None}
    lists = {name for name, spec in fields.items() if spec.is_list}
    for place, rule in enumerate(written.rules):
        at = ("rules", place)
        if rule.name in seen:
            raise source.mistake(f"two rules are called {rule.name!r}", (*at, "name"))
        seen.add(rule.name)
        try:
            expression = parse_expression(rule.expression)
            for name in sorted(expression.names.keys() - fields.keys()):
                message, hint = f"rule {rule.name}: there is no field {name!r}", known_words(name, fields)
                offset = expression.names[name]
                raise source.mistake(message, (*at, "expression"), offset=offset, hint=hint)
            if not expression.names:
                raise source.mistake(f"rule {rule.name}: it speaks of no field", (*at, "expression"))
            check_kinds(expression, kinds)
            check_members(expression, members, lists)
        except ExpressionError as error:
            message = f"rule {rule.name}: {error.message}"
            where = (*at, "expression")
            raise source.mistake(message, where, offset=error.position, hint=error.hint) from error
    return tuple(RuleSpec(rule.name, rule.expression, Severity(rule.severity)) for rule in written.rules)


def _digest(written: TemplateWritten, files: Iterable[Path], folder: Path) -> str:
    """Digest what decides a result; a comment, the title and the route do not."""
    content = written.model_dump(mode="json", by_alias=True, exclude={"title", "route"})
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode())
    for file in sorted(file for file in files if file.is_file()):
        name = file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)
        digest.update(f"\0{name.as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


def _refuse_collisions(template: Template, source: Source, known: dict[str, Path]) -> None:
    """Refuse a name whose views another template has; only names that begin alike can collide."""
    for name, file in known.items():
        near = name.startswith(f"{template.name}_") or template.name.startswith(f"{name}_")
        if not near or file.resolve() == source.file:
            continue
        view = names.view_collision(template.name, set(template.lists), name, _lists_of(file))
        if view:
            raise source.mistake(f"template {name!r} also makes a view called {view!r}", ("template",))


def _check_classes(template: Template, source: Source) -> None:
    """Compare the fields' classes with those of each engine's model, where it is there and says them."""
    for engine in template.segment.engines:
        try:
            model = template.segment_model(engine)
            classes = model_classes(model)
        except ModelError:  # only an error when this model is needed; the step says so then
            continue
        for name, spec in template.fields.items():
            if spec.class_name is not None and spec.class_name not in classes:
                message = f"the model {model.name} has no class {spec.class_name!r}"
                at = ("fields", name, "class") if spec.class_name != name else ("fields", name)
                mark, hint = (
                    source.mark(at, key=spec.class_name == name),
                    known_words(spec.class_name, classes),
                )
                raise TemplateError(message, mark=mark, code="class-missing", hint=hint)


def _lists_of(file: Path) -> set[str]:
    fields = read_source(file).tree.get("fields", {})
    return {
        name for name, field in fields.items() if isinstance(field, dict) and field.get("instances") == "all"
    }
