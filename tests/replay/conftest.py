"""Documents of the shipped types, extracted once; templates that differ from the shipped ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from segocr.environments.locate import State, status_of
from segocr.extraction import extract
from segocr.records import Record
from segocr.steps.client import Steps
from segocr.templates import Template, load_template
from segocr.templates.load import shipped_folder

DAY = date(2026, 3, 1)
NAMES = ("passport", "license_plate", "receipt")
_DOCUMENTS = {"receipt": 1}
"""Their pages have many lines each; of the others there are four documents."""

Fresh = Callable[[Template], list[Record]]
Changed = Callable[..., Template]


@pytest.fixture(scope="session")
def steps(require: Callable[[str, object, str], None]) -> Iterator[Steps]:
    """Hosts of the default engines."""
    for name in ("open", "openvino", "validate"):
        built = status_of(name).state is State.BUILT
        require(name, built, f"the environment is not built; segocr env create {name}")
    with Steps(shared=False) as steps:
        yield steps


@pytest.fixture(scope="session")
def fresh(steps: Steps) -> Fresh:
    """Give a function that extracts a few golden documents of a template's name."""

    def run(template: Template) -> list[Record]:
        images = sorted((shipped_folder() / template.name / "golden" / "images").glob("*.jpg"))
        some = images[: _DOCUMENTS.get(template.name, 4)]
        return list(extract(some, template=template, steps=steps, day=DAY))

    return run


@pytest.fixture(scope="session")
def shipped(fresh: Fresh) -> Mapping[str, tuple[Template, list[Record]]]:
    """The shipped templates, and records made by them."""
    templates = [load_template(name) for name in NAMES]
    return {template.name: (template, fresh(template)) for template in templates}


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Give a function that loads a shipped template with parts of its text replaced."""

    def load(name: str, *pairs: tuple[str, str]) -> Template:
        source = shipped_folder() / name
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for model in ("model.onnx", "model.json"):
            if not (folder / model).exists():
                (folder / model).symlink_to(source / model)
        text = (source / "template.yaml").read_text()
        for old, new in pairs:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (folder / "template.yaml").write_text(text)
        return load_template(folder, check_model=False)

    return load
