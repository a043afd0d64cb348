"""A model's classes are read without running it; a pickle is loaded only where it is trusted."""

from __future__ import annotations

import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segocr.errors import EnvironmentMissing, ModelError, TemplateError
from segocr.steps.contract import OcrModel
from segocr.steps.modelfiles import digest_files
from segocr.templates import Template, find_templates, load_template
from segocr.templates.classes import model_classes
from segocr.templates.draft import draft, draft_text
from segocr.templates.guessing import Shown
from segocr.templates.modelcheck import check_models
from segocr.templates.trust import FILE, require_trust, trust_model


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx(path: Path, names: str) -> Path:
    """Write an ONNX file of a version, a graph of 5 kB that nobody can parse, and metadata."""
    entry = field(1, b"names") + field(2, names.encode())
    other = field(1, b"task") + field(2, b"segment")
    path.write_bytes(
        varint(1 << 3) + varint(8) + field(7, b"\xff" * 5000) + field(14, other) + field(14, entry)
    )
    return path


class Harmful:
    """Leaves a mark if it is ever unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def checkpoint(path: Path, names: dict[int, str]) -> Path:
    content = {
        "epoch": -1,
        "model": Harmful(path.with_suffix(".run")),
        "state": {"names": names, "nc": len(names)},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", pickle.dumps(content, protocol=2))
    return path


def test_the_classes_of_an_onnx_file(tmp_path: Path) -> None:
    assert model_classes(onnx(tmp_path / "m.onnx", "{0: 'date', 1: 'total \"x\"'}")) == ("date", 'total "x"')


def test_the_classes_of_a_checkpoint_are_read_without_running_it(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "m.pt", {0: "date", 1: "total", 300: "far"})
    assert model_classes(model) == ("date", "total", "far")
    assert not model.with_suffix(".run").exists()


def test_a_card_beside_a_model_says_them_too(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        model_classes(model)
    assert caught.value.code == "model-classes"
    (tmp_path / "model.json").write_text('{"classes": ["a", "b"]}')
    assert model_classes(model) == ("a", "b")


@pytest.mark.parametrize("suffix", [".onnx", ".pt"])
def test_a_file_that_is_no_model_is_told_so(tmp_path: Path, suffix: str) -> None:
    model = tmp_path / f"m{suffix}"
    with pytest.raises(ModelError) as caught:
        model_classes(model)
    assert caught.value.code == "model-absent"
    model.write_bytes(b"PK\x03\x04 not a model" * 9)
    with pytest.raises(ModelError) as caught:
        model_classes(model)
    assert caught.value.code == "model-broken"


def test_an_archive_that_is_no_checkpoint_is_no_model(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(ModelError, match="holds no data") as caught:
        model_classes(tmp_path / "m.pt")
    assert caught.value.code == "model-broken"
    (tmp_path / "template.yaml").write_text("template: thing\nversion: 1\nfields: {a: {}}\n")
    (tmp_path / "m.pt").rename(tmp_path / "model.pt")
    assert load_template(tmp_path).name == "thing"  # whoever needs the model is told


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_checkpoint_is_a_model_or_an_error(tmp_path: Path, packing: int) -> None:
    model = tmp_path / "m.pt"
    with zipfile.ZipFile(model, "w", packing) as archive:
        archive.writestr("best/data.pkl", pickle.dumps({"names": {0: "date"}}, protocol=2))
    whole = model.read_bytes()
    for at in range(len(whole)):
        model.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with suppress(ModelError):
            assert model_classes(model)


@pytest.mark.parametrize(
    "names", ["{0: 'a'", "{[]: 'a'}", "{0: 'a', 'b': 'c'}", "(" * 5000, "1", "f()", "'\x00'", "{0: "]
)
def test_an_onnx_file_with_broken_names_is_no_model(tmp_path: Path, names: str) -> None:
    with pytest.raises(ModelError) as caught:
        model_classes(onnx(tmp_path / "m.onnx", names))
    assert caught.value.code == "model-broken"


@given(content=st.binary(max_size=300), suffix=st.sampled_from([".onnx", ".pt"]))
def test_any_bytes_are_a_model_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    model = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    model.write_bytes(content)
    with pytest.raises(ModelError):
        model_classes(model)


@pytest.mark.parametrize("name", sorted(find_templates()))
def test_shipped_models_know_their_templates_classes(name: str) -> None:
    template = load_template(name)
    for suffix in (".onnx", ".pt"):
        model = (template.folder / template.segment.model).with_suffix(suffix)
        if model.is_file():
            assert set(template.classes) <= set(model_classes(model))


def test_a_class_that_the_model_lacks_is_found_at_load(tmp_path: Path) -> None:
    onnx(tmp_path / "model.onnx", "{0: 'date', 1: 'totals'}")
    text = "template: lease\nversion: 1\nfields:\n  date: {}\n  sum: {class: total}\n"
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(TemplateError, match="no class 'total'") as caught:
        load_template(tmp_path)
    assert str(caught.value.mark).endswith("template.yaml:5:16")
    assert caught.value.hint == "did you mean 'totals'? known: date, totals"
    assert load_template(tmp_path, check_model=False).classes == ("date", "total")


def head(path: Path, template: Template) -> Path:
    """Write a head for a template as it is, without a forest."""
    from segocr.textlines.features import own_names
    from segocr.textlines.head import Head, HeadCard
    from segocr.textlines.words import BUCKETS

    card = HeadCard(template.classes, tuple(own_names(template)), "0" * 64, "reader", "0" * 64, 1)
    path.write_bytes(Head(card, None, np.zeros((BUCKETS, 1), np.float32)).to_bytes())
    return path


def test_a_class_that_the_head_lacks_is_found_at_load(tmp_path: Path) -> None:
    text = "template: lease\nversion: 1\nsegment: {engines: [textlines]}\nfields:\n  state: {}\n"
    file = tmp_path / "template.yaml"
    file.write_text(text)
    head(tmp_path / "head.npz", load_template(tmp_path))
    assert load_template(tmp_path).classes == ("state",)
    file.write_text(text.replace("state", "staet"))
    with pytest.raises(TemplateError, match="no class 'staet'") as caught:
        load_template(tmp_path)
    assert (caught.value.code, str(caught.value.mark)) == ("class-missing", f"{file}:5:3")
    assert caught.value.hint == "did you mean 'state'? known: state"


def test_models_of_engines_that_a_template_does_not_name_do_not_matter(tmp_path: Path) -> None:
    onnx(tmp_path / "model.onnx", "{0: 'other'}")
    text = "template: lease\nversion: 1\nsegment: {engines: [textlines]}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    assert load_template(tmp_path).classes == ("a",)


@pytest.mark.parametrize("left", [1, 30, 3000, 5013, 5043])
def test_an_onnx_file_that_ends_too_early_is_no_model(tmp_path: Path, left: int) -> None:
    model = onnx(tmp_path / "m.onnx", "{0: 'date'}")
    model.write_bytes(model.read_bytes()[:left])
    with pytest.raises(ModelError) as caught:
        model_classes(model)
    assert caught.value.code == "model-broken"


def test_a_damaged_model_is_told_with_its_path_where_models_are_checked(tmp_path: Path) -> None:
    text = "template: lease\nversion: 1\nsegment: {engines: [textlines, openvino]}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    template = load_template(tmp_path)
    assert len(list(check_models(template))) == 2
    whole = head(tmp_path / "head.npz", template).read_bytes()
    onnx(tmp_path / "model.onnx", "{0: 'a'}")
    assert list(check_models(template)) == []
    for name, content in (("model.onnx", b"\x3a\xff\xff\x03"), ("head.npz", whole[:100])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError) as caught:
            list(check_models(load_template(tmp_path)))
        assert caught.value.code == "model-broken"
        assert str(tmp_path / name) in caught.value.message


def test_a_head_for_other_fields_is_told_where_models_are_checked(tmp_path: Path) -> None:
    text = "template: lease\nversion: 1\nsegment: {engines: [textlines]}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    head(tmp_path / "head.npz", load_template(tmp_path))
    (tmp_path / "template.yaml").write_text(text.replace("a: {}", "a: {type: money}"))
    with pytest.raises(ModelError, match="field a has another type or pattern now"):
        list(check_models(load_template(tmp_path)))


def test_an_ocr_model_is_a_name_or_a_folder_beside_the_template(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    text = "template: lease\nversion: 1\nocr: {model: reader, engines: [openvino]}\nfields: {a: {}}\n"
    file.write_text(text)
    with pytest.raises(TemplateError, match="no OCR model 'reader'") as caught:
        load_template(tmp_path)
    assert str(caught.value.mark) == f"{file}:3:14"
    (tmp_path / "reader").mkdir()
    assert load_template(tmp_path).ocr.model == str(tmp_path / "reader")
    file.write_text(text.replace("reader", "/no/such/folder"))
    assert [said for said in check_models(load_template(tmp_path)) if "/no/such/folder" in said]


def test_a_misspelt_ocr_model_is_answered_with_the_nearest(tmp_path: Path) -> None:
    text = "template: lease\nversion: 1\nocr: {model: PP-OCRv6_smal, engines: [openvino]}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(TemplateError) as caught:
        load_template(tmp_path)
    assert "did you mean 'PP-OCRv6_small'" in (caught.value.hint or "")


@pytest.mark.parametrize("engines", ["openvino, paddleocr", "paddleocr, openvino", "paddleocr"])
def test_a_model_that_paddleocr_alone_may_know_is_read_with_by_paddleocr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engines: str
) -> None:
    from segocr.recipes import choose_models

    onnx(tmp_path / "model.onnx", "{0: 'a'}")
    ocr = f"ocr: {{model: PP-OCRv5_server, engines: [{engines}]}}"
    text = f"template: lease\nversion: 1\n{ocr}\nfields: {{a: {{}}}}\n"
    (tmp_path / "template.yaml").write_text(text)
    monkeypatch.setattr("segocr.recipes.resolve", lambda *_: None)  # environments are not what this is about
    template = load_template(tmp_path)
    assert choose_models(template, {}).ocr == OcrModel("paddleocr", "PP-OCRv5_server")
    said = [one for one in check_models(template) if "the engine openvino has no OCR model" in one]
    assert len(said) == engines.count("openvino")


def test_a_misspelt_ocr_model_is_answered_where_paddleocr_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segocr.recipes import choose_models

    def resolve(name: str, _: object) -> None:
        if name == "paddle":
            raise EnvironmentMissing("the environment paddle is not built")

    onnx(tmp_path / "model.onnx", "{0: 'a'}")
    text = "template: lease\nversion: 1\nocr: {model: PP-OCRv6_smal}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    monkeypatch.setattr("segocr.recipes.resolve", resolve)
    with pytest.raises(ModelError, match="openvino has no OCR model 'PP-OCRv6_smal'") as caught:
        choose_models(load_template(tmp_path), {})
    assert "did you mean 'PP-OCRv6_small'" in (caught.value.hint or "")


def test_a_model_that_is_absent_matters_only_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("template: lease\nversion: 1\nfields: {a: {}}\n")
    template = load_template(tmp_path)
    with pytest.raises(ModelError) as caught:
        template.segment_model("openvino")
    assert caught.value.code == "model-absent"
    with pytest.raises(ModelError) as caught:
        template.check_classes(["b"], "a model")
    assert caught.value.code == "class-missing"


def test_a_draft_loads_and_has_a_field_for_each_class(tmp_path: Path) -> None:
    names = {0: "date", 1: "Order No.", 2: "select", 3: "订单", 4: "order no", 5: "7up", 6: "a: 'b' #c"}
    model = onnx(tmp_path / "best.onnx", repr(names))
    file = draft("delivery_note", model, tmp_path / "templates")
    template = load_template(file.parent)
    assert template.classes == tuple(names.values())
    assert list(template.fields)[:3] == ["date", "order_no", "select_field"]
    assert template.segment_model("openvino").is_file()
    with pytest.raises(TemplateError, match="exists already"):
        draft("delivery_note", model, tmp_path / "templates")
    with pytest.raises(TemplateError, match="keyword"):
        draft("order", model, tmp_path / "templates")


def test_a_draft_from_labels_waits_for_its_model(tmp_path: Path) -> None:
    shown = {"date": Shown(("02/03/2025",), 1), "Order No.": Shown((), 0)}
    file = draft("delivery_note", None, tmp_path, shown, 2)
    template = load_template(file.parent)
    assert template.classes == ("date", "Order No.")
    assert template.segment.engines == ("textlines", "openvino", "ultralytics")
    with pytest.raises(ModelError) as caught:
        template.segment_model("openvino")
    assert caught.value.code == "model-absent"


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True))
def test_any_classes_make_a_template_that_loads(labels: list[str]) -> None:
    from segocr.templates.load import compile_source
    from segocr.templates.source import parse_source

    text = draft_text("lease", dict.fromkeys(labels, Shown((), 0)), Path("m.pt"))
    template = compile_source(parse_source(text, Path("template.yaml")))
    assert template.classes == tuple(labels)


def test_a_run_refuses_a_pickle_that_nobody_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segocr.recipes import choose_models

    checkpoint(tmp_path / "model.pt", {0: "a"})
    text = "template: lease\nversion: 1\nsegment: {engines: [ultralytics]}\nfields: {a: {}}\n"
    (tmp_path / "template.yaml").write_text(text)
    monkeypatch.setattr(
        "segocr.recipes.resolve", lambda *_: None
    )  # the environment is not what this is about
    template = load_template(tmp_path)
    with pytest.raises(ModelError) as caught:
        choose_models(template, {}, workspace=tmp_path)
    assert caught.value.code == "model-untrusted"
    trust_model(tmp_path / "model.pt", tmp_path)
    chosen = choose_models(template, {}, workspace=tmp_path).segment
    assert chosen.path == tmp_path / "model.pt"
    assert chosen.digest == digest_files([tmp_path / "model.pt"])


def test_a_pickle_is_loaded_only_where_it_is_trusted(tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "m.pt", {0: "a"})
    for workspace in (None, tmp_path):
        with pytest.raises(ModelError) as caught:
            require_trust(model, workspace)
        assert caught.value.code == "model-untrusted"
    trust_model(model, tmp_path)
    require_trust(model, tmp_path)
    checkpoint(model, {0: "b"})
    with pytest.raises(ModelError):
        require_trust(model, tmp_path)
    assert (tmp_path / FILE).is_file()


@pytest.mark.parametrize("inside", [None, "weights.txt"], ids=["no archive", "another archive"])
def test_what_is_no_checkpoint_is_not_trusted(tmp_path: Path, inside: str | None) -> None:
    model = tmp_path / "x.pt"
    model.write_text("junk")
    if inside is not None:
        with zipfile.ZipFile(model, "w") as archive:
            archive.writestr(inside, "junk")
    with pytest.raises(ModelError) as caught:
        trust_model(model, tmp_path)
    assert caught.value.code == "model-broken"
    assert not (tmp_path / FILE).exists()
