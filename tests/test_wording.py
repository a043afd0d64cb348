"""How the texts of a free field usually go on settles what was hardly read, and nothing that was."""

import numpy as np

from segocr.constraints.lattice import Lattice
from segocr.constraints.search import greedy
from segocr.deciding.wording import Wording, packed, unpacked
from segocr.deciding.wordsearch import worded

ALPHABET = ["", *"ABDEHIJLMNORS0123456789.,", " "]
STREETS = ["LAMAN 1, SRI DAMANSARA", "JALAN 22, ARA DAMANSARA", "NO. 3 LAMAN 5, BANDAR SRI"]


def lattice(*frames: dict[str, float]) -> bytes:
    rows = []
    for frame in frames:
        rows += [[frame.get(symbol, 1e-6) for symbol in ALPHABET], [1.0, *[1e-6] * (len(ALPHABET) - 1)]]
    table = np.array(rows)
    return Lattice.compress(np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32), ALPHABET)


def read(text: str, **unsure: dict[str, float]) -> bytes:
    """Return the lattice of a text, some of whose places (``at_3``) are unsure."""
    return lattice(*(unsure.get(f"at_{place}", {one: 1.0}) for place, one in enumerate(text)))


def said(packed_lattice: bytes, texts=STREETS):
    whole = Lattice.expand(packed_lattice)
    return worded(greedy(whole.log_probs, whole.alphabet), packed_lattice, Wording.learn(texts))


def test_a_usual_word_wins_over_a_nearly_as_probable_one():
    assert said(read("LAMAN 1, SRI", at_3={"H": 0.6, "A": 0.4})).text == "LAMAN 1, SRI"
    assert said(read("LAMAN 1, SRI", at_7={".": 0.7, ",": 0.3})).text == "LAMAN 1, SRI"


def test_what_was_read_clearly_stays_however_unusual_it_is():
    found = said(read("LAMHN 1. SRI"))
    assert (found.text, found.edits, found.cost) == ("LAMHN 1. SRI", (), 0.0)
    assert found.confidence > 0.99


def test_which_digit_stands_there_only_the_print_says():
    unsure = {"at_6": {"1": 0.45, "7": 0.55}}
    found = said(read("LAMAN 1, SRI", **unsure), ["LAMAN 1, SRI"] * 50)
    assert found.text == "LAMAN 7, SRI"
    assert found.confidence < 0.6


def test_a_change_is_told_with_its_cost():
    found = said(read("LAMAN 1, SRI", at_3={"H": 0.6, "A": 0.4}))
    assert found.raw == "LAMHN 1, SRI"
    assert found.edits == ((3, "H", "A"),)
    assert 0.3 < found.cost < 0.5
    assert len(found.spans) == len(found.text or "")


def test_doubled_letters_and_nothing_are_read():
    assert said(read("SERRA")).text == "SERRA"
    assert said(lattice({"": 1.0})).text == ""


def test_spaces_are_one_and_none_at_the_ends():
    assert said(read("  SRI  1 ")).text == "SRI 1"


def test_packing_gives_the_same_back():
    known = {"b": Wording.learn(STREETS), "a": Wording.learn(["SRI"])}
    sizes = {name: len(one.keys) for name, one in known.items()}
    arrays = packed(known)
    back = unpacked(sizes, arrays["wording_keys"], arrays["wording_counts"])
    assert back == known
    assert back["b"].log_prob(" SR", "I") == known["b"].log_prob(" SR", "I")


def test_counts_keep_no_text():
    arrays = packed({"a": Wording.learn(STREETS)})
    assert all(b"DAMANSARA" not in array.tobytes() for array in arrays.values())
