"""What ``segocr doctor`` looks at: each thing that extraction needs, tried for real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from segocr.environments.locate import State, list_environments, status_of
from segocr.errors import ModelError, SegocrError
from segocr.recipes import Models, fitting_head
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.steps.contract import OcrModel, SegmentModel
from segocr.steps.engines import ENGINES, EngineSpec
from segocr.steps.ocr.names import may_have
from segocr.templates import Template, find_templates, load_template
from segocr.textlines.head import load_head
from segocr.training.card import describe_file, read_card

DEFAULT_ENGINES = frozenset({"open/open", "segment/openvino", "ocr/openvino", "validate/python"})


class Health(StrEnum):
    """Ok; absent (not there, and not needed by default); broken (there or needed, and does not work)."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing.

    Attributes:
        kind: environment, engine, model, template or database.
        name: Which one.
        health: What it is worth.
        detail: Version, devices, digest, origin, licence, or what is wrong.
        mend: The command or the deed that mends it; empty where nothing is wrong.
        needed: Whether the default engines do not work without it.
    """

    kind: str
    name: str
    health: Health
    detail: str
    mend: str = ""
    needed: bool = False


def environments(settings: Settings) -> Iterator[Finding]:
    """Look at every environment; nothing is started."""
    needed = {ENGINES[key].environment for key in DEFAULT_ENGINES}
    for one in list_environments(settings.environment_pythons):
        whole = one.state in (State.BUILT, State.EXTERNAL)
        lacking = Health.ABSENT if one.state is State.ABSENT and one.name not in needed else Health.BROKEN
        yield Finding(
            "environment",
            one.name,
            Health.OK if whole else lacking,
            f"{one.state.value}, {one.python}" if one.python else f"{one.state.value}: {one.purpose}",
            "" if whole else f"segocr env create {one.name}",
            one.name in needed,
        )


def engines(settings: Settings, steps: Steps) -> Iterator[Finding]:
    """Start the host of every engine whose environment is there, several at once."""
    with ThreadPoolExecutor(3) as pool:
        yield from pool.map(lambda spec: _engine(spec, settings, steps), ENGINES.values())


def _engine(spec: EngineSpec, settings: Settings, steps: Steps) -> Finding:
    needed = spec.key in DEFAULT_ENGINES
    state = status_of(spec.environment, settings.environment_pythons).state
    if state is State.ABSENT:
        health = Health.BROKEN if needed else Health.ABSENT
        mend = f"segocr env create {spec.environment}"
        return Finding("engine", spec.key, health, f"environment {spec.environment} is absent", mend, needed)
    try:
        about = steps.about(spec.step, spec.name)
        if spec.step == "validate":
            steps.start_own_validators()
    except SegocrError as error:
        return _broken("engine", spec.key, error, needed=needed)
    return Finding("engine", spec.key, Health.OK, _described(about), needed=needed)


def _described(about: Mapping[str, object]) -> str:
    parts = [f"version {about.get('version', '?')}"]
    devices = about.get("devices")
    if isinstance(devices, list):
        parts.append("devices " + ", ".join(str(device) for device in devices))
    libraries = about.get("libraries")
    if isinstance(libraries, dict):
        parts += [f"{name} {version or 'is absent'}" for name, version in libraries.items()]
    return "; ".join(parts)


def templates(settings: Settings) -> tuple[list[Finding], list[Template]]:
    """Load every template that can be found."""
    findings, loaded = [], []
    for name, file in find_templates(settings.template_folders).items():
        try:
            template = load_template(
                name, search=settings.template_folders, validators_folder=settings.validators_folder
            )
        except SegocrError as error:
            findings.append(_broken("template", name, error))
            continue
        loaded.append(template)
        findings.append(Finding("template", name, Health.OK, f"version {template.version}, {file}"))
    return findings, loaded


def models(loaded: Sequence[Template], working: frozenset[str], steps: Steps) -> Iterator[Finding]:
    """Look at the models that templates name, and load them where an engine for them works.

    Args:
        loaded: The templates.
        working: Keys of the engines that started.
        steps: The hosts.
    """
    names = dict.fromkeys(template.ocr.model for template in loaded)
    for name in names:
        for key in sorted(key for key in working if key.startswith("ocr/")):
            yield _ocr_model(OcrModel(key.removeprefix("ocr/"), name), steps)
    for template in loaded:
        for engine in template.segment.engines:
            yield _segment_model(template, engine, working, steps)


def _ocr_model(model: OcrModel, steps: Steps) -> Finding:
    name = f"{model.name} (ocr/{model.engine})"
    needed = f"ocr/{model.engine}" in DEFAULT_ENGINES and may_have(model.engine, model.name)
    try:
        info = steps.load(model)
    except SegocrError as error:
        return _broken("model", name, error, needed=needed)
    return Finding(
        "model", name, Health.OK, f"digest {info.digest[:16]}; {info.alphabet} characters", needed=needed
    )


def _segment_model(template: Template, engine: str, working: frozenset[str], steps: Steps) -> Finding:
    name = f"{template.name} (segment/{engine})"
    try:
        path = template.segment_model(engine)
        detail = _head(path, template, working, steps) if engine == "textlines" else _origin(path)
        # A .pt file is a pickle, and loading it runs what stands in it: that is left to whoever trusts it.
        if engine == "openvino" and f"segment/{engine}" in working:
            sizes = template.segment
            info = steps.load(SegmentModel(engine, path, sizes.image_size, sizes.confidence))
            template.check_classes(info.classes, path.name)
            detail += f"; classes {', '.join(info.classes)}"
    except SegocrError as error:
        if error.code == "model-absent" and _is_dispensable(engine, template):
            return Finding("model", name, Health.ABSENT, error.message, error.hint or "")
        return _broken("model", name, error)
    wrong = detail.startswith("!")
    mend = f"train it again, or correct {path.parent / 'model.json'}" if wrong else ""
    return Finding("model", name, Health.BROKEN if wrong else Health.OK, detail.removeprefix("!"), mend)


def _is_dispensable(engine: str, template: Template) -> bool:
    """Whether a template does without an engine's model: the first that has one is taken."""
    first, *_ = template.segment.engines
    return engine != first or any(_has_model(other, template) for other in template.segment.engines)


def _has_model(engine: str, template: Template) -> bool:
    try:
        return template.segment_model(engine).is_file()
    except ModelError:
        return False


def _head(path: Path, template: Template, working: frozenset[str], steps: Steps) -> str:
    """Return a head's digest, data and licence, which stand in the file itself.

    Raises:
        ModelError: It is broken, or was trained for other fields or on lines of another OCR model.
    """
    head = load_head(path)
    card = head.card
    if "ocr/openvino" in working:
        ocr = OcrModel("openvino", template.ocr.model)
        fitting_head(template, Models(SegmentModel("textlines", path), ocr), steps)
    origin = f"{card.about.get('data', 'data unnamed')} ({card.pages} pages)"
    licence = card.about.get("licence", "licence unnamed")
    return f"digest {head.digest[:16]}; from {origin}; {licence}; classes {', '.join(card.classes)}"


def _origin(path: Path) -> str:
    """Return a model file's digest, data and licence; begins with ``!`` if its card is of another file."""
    digest = describe_file(path).sha256
    try:
        card = read_card(path.parent)
    except ModelError as error:
        return f"!digest {digest[:16]}; {error.message}"
    if card is None:
        return f"digest {digest[:16]}; no model.json says where it comes from"
    known = card.files.get(path.name)
    if known is None or known.sha256 != digest:
        return f"!digest {digest[:16]} is not the one in model.json"
    data = ", ".join(source.name for source in card.data)
    return f"digest {digest[:16]}; from {data}; licence {card.licence}"


def database(settings: Settings) -> Finding:
    """Ask the database for its schema; nothing is created."""
    from db.connect import where
    from db.schema import schema_status
    from segocr.cli.database import workspace_database

    if settings.database_url is None:
        return Finding("database", "-", Health.ABSENT, "no workspace here", "segocr init")
    try:
        engine = workspace_database(settings)
        try:
            state = schema_status(engine).state.value
        finally:
            engine.dispose()
    except SegocrError as error:
        return _broken("database", "-", error)
    ready = state in ("current", "empty")
    health = Health.OK if ready else Health.BROKEN
    return Finding("database", where(engine), health, state, "" if ready else "segocr db upgrade")


def _broken(kind: str, name: str, error: SegocrError, *, needed: bool = False) -> Finding:
    return Finding(kind, name, Health.BROKEN, f"{error.code}: {error.message}", error.hint or "", needed)
