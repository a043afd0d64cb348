"""The digest changes with all that decides a result, and with nothing else."""

from __future__ import annotations

from pathlib import Path

BASE = "template: lease\nversion: 1\nfields: {a: {lookup: words.txt, validators: [odd]}}\n"
OWN = "def odd(text):\n    return None\n"


def digest(folder: Path, text: str = BASE, words: str = "x\ny\n", own: str = OWN) -> str:
    from segocr.templates import load_template

    (folder / "validators").mkdir(exist_ok=True)
    (folder / "validators" / "own.py").write_text(own)
    (folder / "template.yaml").write_text(text)
    (folder / "words.txt").write_text(words)
    return load_template(folder, validators_folder=folder / "validators").digest


def test_comments_titles_and_routes_do_not_decide(tmp_path: Path) -> None:
    base = digest(tmp_path)
    assert digest(tmp_path, f"# a comment\n{BASE}title: Lease\nroute: {{folder: leases}}\n") == base


def test_fields_words_and_own_validators_decide(tmp_path: Path) -> None:
    base = digest(tmp_path)
    changed = [
        digest(tmp_path, BASE.replace("version: 1", "version: 2")),
        digest(tmp_path, BASE.replace("{lookup", "{required: true, lookup")),
        digest(tmp_path, words="x\nz\n"),
        digest(tmp_path, own=f"{OWN}# changed\n"),
    ]
    assert len({base, *changed}) == 5
