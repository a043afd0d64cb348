"""Guest side of head training: runs alone in the openvino environment, on one request file.

    <environment>/bin/python -I forest.py reduce request.npz answer.npz
    <environment>/bin/python -I forest.py grow request.npz answer.npz

``reduce``: ``starts``, ``buckets``, ``weights`` (sparse counts), ``size`` (buckets), ``width``. Answer:
``table`` float32 (size, width).
``grow``: ``features`` float32 (n, f), ``classes`` int64 (n,), ``kinds`` (number of classes), ``trees``,
``leaf`` (fewest lines of a leaf), ``tried`` (share of the features tried at a node), ``seed``, ``folds``
int64 (n,) (-1: in no fold), ``plots`` uint8 (p, n) (rows are masks of lines to learn from; the others are
then told), ``whole`` (whether a forest is grown on everything). Answer: the forest's arrays (see ``pack``),
``held_out`` float32 (n, kinds), ``plotted`` float32 (p, n, kinds); both are 0 of lines for which nothing is
left to learn from.

Only the standard library, numpy, scipy and scikit-learn are imported, so the file needs nothing of segocr.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
LEAF = 0xFFFF
MOST_TO_CHECK = 80
"""Trees of a forest that is grown only to see what it makes of the pages left out."""


def reduce_words(request: Arrays) -> Arrays:
    """Make a table that reduces counts to the directions in which lines differ most.

    Deerwester et al., "Indexing by latent semantic analysis", 1990.
    """
    from scipy.sparse import csr_matrix
    from sklearn.decomposition import TruncatedSVD

    size, width = int(request["size"]), int(request["width"])
    lines = len(request["starts"]) - 1
    counts = csr_matrix((request["weights"], request["buckets"], request["starts"]), shape=(lines, size))
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = np.where(seen >= 2, np.log((1 + lines) / (1 + seen)) + 1, 0.0)
    table = np.zeros((size, width), np.float32)
    inner = min(width, lines - 1, int((rarity > 0).sum()) - 1)
    if inner >= 1:
        model = TruncatedSVD(inner, random_state=0).fit(counts.multiply(rarity).tocsr())
        table[:, :inner] = (model.components_ * rarity).T
    return {"table": table}


def grow(request: Arrays) -> Arrays:
    """Grow the forest on everything, and others that leave out pages, to see what they make of them."""
    features, classes, folds = request["features"], request["classes"], request["folds"]
    kinds, trees = int(request["kinds"]), int(request["trees"])
    few = min(trees, MOST_TO_CHECK)

    def forest(chosen: NDArray[Any], trees: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier

        model = ExtraTreesClassifier(
            trees, min_samples_leaf=int(request["leaf"]), class_weight="balanced",
            max_features=float(request["tried"]), random_state=int(request["seed"]), n_jobs=1,
        )  # fmt: skip
        return model.fit(features[chosen], classes[chosen])

    def told(model: Any, chosen: NDArray[Any]) -> NDArray[np.float32]:
        found = np.zeros((int(chosen.sum()), kinds), np.float32)
        found[:, model.classes_] = model.predict_proba(features[chosen])
        return found

    held_out = np.zeros((len(features), kinds), np.float32)
    for fold in np.unique(folds[folds >= 0]):
        inside = folds == fold
        if not inside.all():
            held_out[inside] = told(forest(~inside, few), inside)
    plotted = np.zeros((len(request["plots"]), len(features), kinds), np.float32)
    for number, plot in enumerate(request["plots"]):
        seen = plot.astype(bool)
        if seen.any() and not seen.all():
            plotted[number, ~seen] = told(forest(seen, few), ~seen)
    answer: Arrays = {"held_out": held_out, "plotted": plotted}
    if bool(request["whole"]):
        answer |= pack(forest(np.ones(len(features), bool), trees), kinds)
    return answer


def pack(model: Any, kinds: int) -> Arrays:
    """Return a forest as plain arrays.

    ``feature`` uint16 (``LEAF`` for a leaf), ``threshold`` float32, ``right`` uint32 (the left child is the
    next node), ``shares`` uint8 (leaves, kinds) in the order of the leaves, ``roots`` uint32.
    """
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("feature", "threshold", "right", "shares")}
    roots, nodes = [], 0
    for one in model.estimators_:
        tree = one.tree_
        inner = tree.children_left >= 0
        assert (tree.children_left[inner] == np.flatnonzero(inner) + 1).all()
        roots.append(nodes)
        parts["feature"].append(np.where(inner, tree.feature, LEAF).astype(np.uint16))
        parts["threshold"].append(np.where(inner, tree.threshold, 0).astype(np.float32))
        parts["right"].append(np.where(inner, tree.children_right + nodes, 0).astype(np.uint32))
        values = tree.value[~inner, 0, :]
        shares = np.zeros((len(values), kinds), np.uint8)
        shares[:, model.classes_] = np.round(255 * values / values.sum(axis=1, keepdims=True))
        parts["shares"].append(shares)
        nodes += tree.node_count
    return {name: np.concatenate(arrays) for name, arrays in parts.items()} | {
        "roots": np.array(roots, np.uint32)
    }


def main() -> None:
    """Answer one request."""
    operation, source, target = sys.argv[1:]
    with np.load(source, allow_pickle=False) as data:
        request = {name: data[name] for name in data.files}
    answer = {"reduce": reduce_words, "grow": grow}[operation](request)
    with Path(target).open("wb") as file:
        np.savez(file, **dict[str, Any](answer))


if __name__ == "__main__":
    main()
