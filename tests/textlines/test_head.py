"""Heads on disk: the same bytes for the same head, nothing executable, and no damage goes unnoticed."""

from __future__ import annotations

import io
import math
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segocr.errors import ModelError
from segocr.textlines.head import Forest, Head, HeadCard, load_head
from segocr.textlines.words import BUCKETS
from segocr.training.heads.growing import ask

LEAF = 0xFFFF


def forest(kinds: int = 3) -> Forest:
    """Return two trees: by feature 0 at 0.5, and one leaf."""
    shares = np.zeros((3, kinds), np.uint8)
    shares[[0, 1, 2], [0, 1, 1]] = 255
    return Forest(
        np.array([0, LEAF, LEAF, LEAF], np.uint16),
        np.array([0.5, 0, 0, 0], np.float32),
        np.array([2, 0, 0, 0], np.int64),
        shares,
        np.array([0, 3], np.int64),
    )


def head() -> Head:
    card = HeadCard(
        ("a", "b"), ("left",), "1" * 64, "reader", "2" * 64, 4, 0.4, {"licence": "none"}, (0.1, 0.2)
    )
    return Head(card, forest(), np.zeros((BUCKETS, 2), np.float32), forest(2), forest())


def test_trees_are_walked() -> None:
    told = forest().tell(np.array([[0.4], [0.6]], np.float32))
    np.testing.assert_allclose(told, [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])


def test_a_head_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(head().to_bytes())
    loaded = load_head(path)
    assert loaded.card == head().card
    assert loaded.parts is not None
    assert loaded.first is not None
    assert loaded.to_bytes() == path.read_bytes()


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "head.npz"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("length", [0, 1, 100, 2000])
def test_a_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(ModelError) as caught:
        load_head(written(tmp_path, head().to_bytes()[:length]))
    assert caught.value.code == "model-broken"


def test_flipped_bytes_are_refused_or_harmless(tmp_path: Path) -> None:
    whole = head().to_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 40).tolist():
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            loaded = load_head(written(tmp_path, bytes(damaged)))
        except ModelError as error:
            assert error.code in ("model-broken", "model-kind")
        else:
            width = 4 * (len(loaded.card.names) + loaded.table.shape[1])
            assert loaded.forest is not None
            assert loaded.forest.tell(np.zeros((1, width), np.float32)).shape == (1, 3)


@pytest.mark.parametrize(
    "broken",
    [
        replace(forest(), right=np.array([0, 0, 0, 0])),
        replace(forest(), right=np.array([9, 0, 0, 0])),
        replace(forest(), feature=np.array([999, LEAF, LEAF, LEAF], np.uint16)),
        replace(forest(), roots=np.array([4])),
        replace(forest(), roots=np.zeros(0, np.int64)),
        replace(forest(), feature=np.array([0, LEAF, LEAF, 0], np.uint16)),
        replace(forest(), shares=np.zeros((3, 2), np.uint8)),
    ],
)
def test_trees_that_lead_nowhere_are_refused(tmp_path: Path, broken: Forest) -> None:
    with pytest.raises(ModelError, match="do not fit together"):
        load_head(written(tmp_path, replace(head(), forest=broken).to_bytes()))


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, card=np.array([{"version": 1}], dtype=object))
    with pytest.raises(ModelError) as caught:
        load_head(written(tmp_path, file.getvalue()))
    assert caught.value.code == "model-broken"


def test_numpy_walks_the_trees_as_scikit_learn_does(openvino: Callable[[], Path]) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 9)).astype(np.float32)
    classes = (features[:, 0] > 0).astype(int) + (features[:, 1] > 1)
    common = {"kinds": 3, "trees": 20, "leaf": 1, "tried": 0.5, "seed": 0, "folds": np.full(300, -1)}
    seen = np.arange(300) < 200
    told = ask(
        openvino(), "grow", features=features, classes=classes, plots=seen[None].astype(np.uint8),
        whole=False, **common,
    )["plotted"][0, ~seen]  # fmt: skip
    few = common | {"folds": np.full(200, -1)}
    grown = ask(
        openvino(), "grow", features=features[seen], classes=classes[seen],
        plots=np.zeros((0, 200), np.uint8), whole=True, **few,
    )  # fmt: skip
    np.testing.assert_allclose(Forest.of(grown).tell(features[~seen]), told, atol=0.003)


def test_a_guest_that_fails_is_told_with_what_it_printed(openvino: Callable[[], Path]) -> None:
    with pytest.raises(ModelError, match="KeyError") as caught:
        ask(openvino(), "grow", features=np.zeros((1, 1), np.float32))
    assert caught.value.code == "training-failed"
    assert "\n" not in caught.value.message
    assert "\nKeyError" in str(caught.value.hint)


def archive(tmp_path: Path, **changed: NDArray[Any]) -> Path:
    """Write a head's file with some arrays of it changed, or others beside them."""
    path = written(tmp_path, head().to_bytes())
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez_compressed(path, **(arrays | changed))
    return path


def test_numpy_writes_what_a_head_may_be(tmp_path: Path) -> None:
    assert load_head(archive(tmp_path)).card == head().card


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"extra": np.zeros(1 << 28, np.uint8)}, "it holds 'extra.npy', which no head has"),
        ({"table": np.zeros((BUCKETS, 1 << 14), np.float16)}, "its arrays are larger"),
        ({"card": np.zeros(1 << 28, np.uint8)}, "its array 'card' is larger"),
        ({"table": np.zeros((BUCKETS, 2), np.float64)}, "its array 'table' is none of float16"),
    ],
)
def test_what_no_head_holds_is_refused_before_it_is_unpacked(
    tmp_path: Path, changed: dict[str, NDArray[Any]], said: str
) -> None:
    path = archive(tmp_path, **changed)
    size = sum(one.nbytes for one in changed.values())
    del changed
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=said) as caught:
            load_head(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "model-broken"
    assert most < max(16 << 20, size // 4)


def test_a_file_that_says_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(tmp_path, table=np.zeros((BUCKETS, 1 << 13), np.float16)).read_bytes())
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        said = file.getinfo("table.npy").file_size
    with pytest.raises(ModelError) as caught:
        load_head(written(tmp_path, bytes(content).replace(struct.pack("<I", said), struct.pack("<I", 999))))
    assert caught.value.code == "model-broken"


@pytest.mark.parametrize("least", [0.0, 1.0, -1.0, math.nan, math.inf])
def test_a_probability_that_is_none_is_refused(tmp_path: Path, least: float) -> None:
    one = head()
    with pytest.raises(ModelError, match="does not lie between 0 and 1") as caught:
        load_head(written(tmp_path, replace(one, card=replace(one.card, least=least)).to_bytes()))
    assert caught.value.code == "model-broken"


@pytest.mark.parametrize("content", [b"garbage", b"", pickle.dumps({"a": 1})])
def test_nobody_is_told_to_trust_a_file_that_is_no_head(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match="is no head or damaged") as caught:
        load_head(written(tmp_path, content))
    assert "pickle" not in str(caught.value)


def test_where_nothing_is_left_to_learn_from_nothing_is_said(openvino: Callable[[], Path]) -> None:
    features = np.arange(8, dtype=np.float32).reshape(4, 2)
    classes = np.array([0, 1, 0, 1])
    answer = ask(
        openvino(), "grow", features=features, classes=classes, kinds=2, trees=3, leaf=1, tried=1.0, seed=0,
        folds=np.zeros(4, int), plots=np.array([[0] * 4, [1] * 4, [1, 1, 0, 0]], np.uint8), whole=False,
    )  # fmt: skip
    assert not answer["held_out"].any()
    assert not answer["plotted"][:2].any()
    assert answer["plotted"][2, 2:].any()


@pytest.mark.parametrize("header", ["{'descr': '<u1", "(" * 118, "\x00" * 118, "{'descr': 1 +" + "-" * 90])
def test_an_array_with_a_header_that_python_cannot_parse_is_refused(tmp_path: Path, header: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        text = header.encode().ljust(117) + b"\n"
        archive.writestr("card.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    with pytest.raises(ModelError) as caught:
        load_head(written(tmp_path, file.getvalue()))
    assert caught.value.code == "model-broken"
