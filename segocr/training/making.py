"""From labelled documents to a template's model, the whole way: check, draw, train, export, compare, install.

Each step finds what an earlier, interrupted start of the same request has done, and goes on from there. The
template's folder is touched at the very end only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from segocr.environments.locate import resolve
from segocr.settings import Settings
from segocr.steps.client import Steps
from segocr.templates import Template, shipped_folder
from segocr.templates.classes import model_classes
from segocr.templates.trust import trust_model
from segocr.training.card import DataSource, ModelCard, describe_file, read_card
from segocr.training.data import TrainingData, read_training_data
from segocr.training.dataset import prepare
from segocr.training.install import WEIGHTS, Candidate, Installed, install, require_own, require_writable
from segocr.training.plans import Kind, padding_for, plan_for
from segocr.training.runs import Run, find_run
from segocr.training.start import Start, choose_start
from segocr.training.train import ARCHITECTURE, Progress, TrainingSettings, export_yolo, framework_versions
from segocr.training.yardstick import backdrops, make_yardstick

_USUAL_PICTURES, _MOST_A_PAGE = 600, 30


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        template: Whose model.
        data: Folder of labelled documents.
        kind: What the documents look like.
        settings: Of the training.
        count: Pictures to draw; None: 600 or one a page, and at most 30 a page.
        photos: Folder of pictures that pages are laid on.
        angle: Largest turn to either side, degrees; None: usual for the kind.
        padding: Share of their height by which labels are widened; None: 0.3 for thin ones.
        start: ``pretrained``, ``own``, ``scratch``, a ``.pt`` file, or None for the first that can be had.
        licence: Of the labelled documents, in words.
        out: Where the model goes; None: into the template's folder.
        work: Where pictures and runs are kept; None: ``.cache/training`` here or in the workspace.
        name: Of the run; None: told by the request.
        fresh: Whether to forget what an earlier start has done.
        force: Whether to put it in place even of a better one.
        negatives: Whether pages without any label show that nothing stands on them; else they are left out.
    """

    template: Template
    data: Path
    kind: Kind
    settings: TrainingSettings
    count: int | None = None
    photos: Path | None = None
    angle: float | None = None
    padding: float | None = None
    start: str | None = None
    licence: str = "not stated"
    out: Path | None = None
    work: Path | None = None
    name: str | None = None
    fresh: bool = False
    force: bool = False
    negatives: bool = False


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who is told how far the work is."""

    say: Callable[[str], None] = lambda _: None
    pictures: Callable[[int, int], None] = lambda _, __: None
    training: Callable[[Progress], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every step of one order needs."""

    order: Order
    settings: Settings
    python: Path
    work: Path
    target: Path
    tell: Reporter = field(default_factory=Reporter)


def make_model(order: Order, settings: Settings, tell: Reporter | None = None) -> tuple[Run, Installed]:
    """Make a template's model with ultralytics.

    Args:
        order: What is to be made.
        settings: Of the workspace.
        tell: Who is told how far it is.

    Returns:
        The training's run, and the model in its place.

    Raises:
        UsageError: ``labels``, ``unreadable-picture``, ``no-backgrounds``, ``training-running``, or the
            template is not this workspace's.
        EnvironmentMissing: The environments torch and openvino are needed.
        ConfigurationError: ``disk-full``, or the template's folder cannot be written.
        ModelError: ``training-failed``, ``engines-disagree``, ``model-worse``; nothing was put in place.
    """
    bench = _bench(order, settings, tell)
    data = read_training_data(order.data, order.template.classes, negatives=order.negatives)
    _tell_data(bench, data)
    padding = _padding(order, data)
    pictures = _draw(bench, data, padding)
    start = choose_start(order.start, order.template, bench.python, bench.work, settings.workspace)
    run = find_run(
        bench.work / "runs", order.name, order.template.name, pictures, start.identity, order.settings
    )
    with run.held():
        summary = _train(bench, run, pictures, start)
        chosen = {"batch": order.settings.batch, "learning_rate": order.settings.learning_rate}
        history = {**chosen, "start": start.description, **summary}
        sources = _sources(order, data, inherited=start.own)
        return run, _install(bench, data, run.best, run.folder / "model", padding, history, sources)


def install_weights(
    order: Order, weights: Path, settings: Settings, tell: Reporter | None = None
) -> Installed:
    """Put weights into a template that were trained already: the second half of ``make_model``.

    Args:
        order: What it would be made from; what concerns training is not looked at.
        weights: A ``.pt``. It is loaded, and so must be trusted by whoever names it.
        settings: Of the workspace.
        tell: Who is told how far it is.

    Raises:
        SegocrError: As ``make_model``; ``class-missing`` if the weights know other classes than the template.
    """
    bench = _bench(order, settings, tell)
    order.template.check_classes(model_classes(weights), weights.name)
    data = read_training_data(order.data, order.template.classes, negatives=order.negatives)
    _tell_data(bench, data)
    digest = describe_file(weights).sha256
    history: dict[str, object] = {"weights": f"{weights.name}, {digest[:16]}"}
    sources = _sources(order, data, inherited=False)
    made = bench.work / "installed" / digest[:16]
    return _install(bench, data, weights, made, _padding(order, data), history, sources)


def _bench(order: Order, settings: Settings, tell: Reporter | None) -> _Bench:
    """Find out what would end the work after hours, before it begins."""
    resolve("openvino", settings.environment_pythons)
    target = order.out or order.template.folder
    require_own(target, shipped_folder(), settings.workspace)
    require_writable(target)
    work = order.work or (settings.workspace or Path.cwd()) / ".cache" / "training"
    python = resolve("torch", settings.environment_pythons)
    return _Bench(order, settings, python, work.resolve(), target, tell or Reporter())


def _padding(order: Order, data: TrainingData) -> float:
    return padding_for(data.seen, order.settings.image_size) if order.padding is None else order.padding


def _tell_data(bench: _Bench, data: TrainingData) -> None:
    say = bench.tell.say
    counts = len(data.seen), len(data.watched), len(data.val)
    say("{} pages to train on, {} held back to watch it, {} of val to measure on".format(*counts))
    if other := other_size(bench.order.settings.image_size, bench.order.template):
        say(other)
    if data.unlabelled:
        say(f"{data.unlabelled}; --negatives takes them for pages without fields")
    for name, count in data.left_out.items():
        say(f"{count} labels of {name!r} are left out: the template has no such class")


def other_size(trained: int, template: Template) -> str:
    """Say what to do where a model is trained at another size than its template looks at pages; else nothing.

    Args:
        trained: Long side of the training's pictures, pixels.
        template: Whose model it is.
    """
    size = template.segment.image_size
    if trained == size:
        return ""
    return (
        f"the model is trained at {trained} pixels and template {template.name} looks at pages at {size}, "
        f"where it will find little: write image_size: {trained} into segment of {template.file}"
    )


def _draw(bench: _Bench, data: TrainingData, padding: float) -> Path:
    order = bench.order
    plan = plan_for(order.kind, data.classes, data.seen, order.settings.image_size, padding, order.angle)
    pages = len(data.seen)
    usual = pages if order.kind is Kind.READY else max(pages, min(_USUAL_PICTURES, _MOST_A_PAGE * pages))
    return prepare(
        data,
        plan,
        backdrops(order.photos, "train"),
        bench.work / "pictures",
        order.count or usual,
        processes=order.settings.threads,
        progress=bench.tell.pictures,
    )


def _train(bench: _Bench, run: Run, pictures: Path, start: Start) -> dict[str, object]:
    if bench.order.fresh:
        run.forget()
    if run.finished:
        bench.tell.say(f"trained already: {run.folder} (--fresh does it again)")
    elif run.begun:
        bench.tell.say(f"goes on with {run.folder}")
    else:
        bench.tell.say(f"trains {start.description}, in {run.folder}")
    return run.finish(bench.python, pictures, start.weights, bench.order.settings, bench.tell.training)


def _install(
    bench: _Bench,
    data: TrainingData,
    weights: Path,
    made: Path,
    padding: float,
    history: dict[str, object],
    sources: list[DataSource],
) -> Installed:
    order, chosen = bench.order, bench.order.settings
    made.mkdir(parents=True, exist_ok=True)
    export_yolo(bench.python, weights, made, chosen.image_size)
    story = ModelCard(
        name=order.template.name,
        architecture=ARCHITECTURE,
        files={name: describe_file(made / name) for name in WEIGHTS},
        classes=list(data.classes),
        image_size=chosen.image_size,
        label_padding=padding,
        data=sources,
        licence="AGPL-3.0-only",
        versions=framework_versions(bench.python),
        training={"as": order.kind.value, "pages": len(data.seen), **history},
        metrics={},
        digests={"train": data.digest, "val": data.val_digest},
    )
    yardstick = make_yardstick(data, order.kind, backdrops(order.photos, "val"), bench.work)
    device = bench.settings.engines.device_of("segment")
    with Steps(environments=bench.settings.environment_pythons, device=device) as steps:
        candidate = Candidate(made, story, yardstick, order.template.segment)
        installed = install(candidate, bench.target, steps, force=order.force, say=bench.tell.say)
    if bench.settings.workspace is not None:
        trust_model(bench.target / "model.pt", bench.settings.workspace)
    return installed


def _sources(order: Order, data: TrainingData, *, inherited: bool) -> list[DataSource]:
    """Return where the pictures came from, those of the weights it started from included."""
    pages = len(data.seen) + len(data.watched)
    sources = [DataSource(name=order.data.resolve().name, licence=order.licence, documents=pages)]
    if order.photos is not None:
        photos = len(backdrops(order.photos, "train"))
        name = f"{order.photos.resolve().name} (backgrounds)"
        sources.append(DataSource(name=name, licence="not stated", documents=photos))
    if inherited:
        card = read_card(order.template.folder)
        known = {source.name for source in sources}
        sources += [source for source in (card.data if card else ()) if source.name not in known]
    return sources
