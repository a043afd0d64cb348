"""Two workspaces with one database: each decides on its own files, wherever it is moved or restored."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from files_in_work import Folders
from sample_records import failed, receipt
from sqlalchemy import Engine, select, text

from db.absent import absent_inboxes, drop_gone
from db.connect import reading, writing
from db.documents import list_documents
from db.ended import find_ended, send_back
from db.housekeeping import Tidied, tidy
from db.moves import of_workspace
from db.orphans import mend_orphans
from db.schema import upgrade
from db.status import arrivals_status, failures_within, pauses
from db.store import store_records
from db.tables import ArrivalRow, ExtractionRow
from segocr.cli import run
from segocr.inbox.arrivals import Sighting, State
from segocr.inbox.workfolder import FILE
from segocr.settings.service import KeepSettings

EVERYTHING = KeepSettings(done=1, failed=1, versions=1, lattices=1)


@pytest.fixture
def one(engine: Engine, tmp_path: Path) -> Folders:
    """A workspace with a document that is done, one that failed, one in work and one that waits."""
    folders = Folders(tmp_path / "one", engine)
    mend(folders)
    fill(folders)
    return folders


@pytest.fixture
def other(engine: Engine, tmp_path: Path) -> Folders:
    """Another workspace, with nothing in it."""
    folders = Folders(tmp_path / "other", engine)
    mend(folders)
    return folders


def mend(folders: Folders) -> None:
    folders.inbox.folder.mkdir(parents=True, exist_ok=True)
    mend_orphans(folders.engine, [folders.inbox], folders.places)


def fill(folders: Folders) -> None:
    mine = folders.root.name
    done = folders.arrive(f"done {mine}.jpg", f"done {mine}".encode())
    store_records(folders.engine, [receipt(f"done {mine}")], arrival=done.id, owner="me")
    folders.end(done, State.EXTRACTED)
    bad = folders.arrive(f"bad {mine}.jpg", f"bad {mine}".encode())
    store_records(folders.engine, [failed(f"bad {mine}")], arrival=bad.id, owner="me")
    folders.end(bad, State.FAILED, "unreadable")
    work = folders.arrive(f"work {mine}.jpg", f"work {mine}".encode())
    folders.ledger.release("me", [work.id], blamed=False, code="model-absent", pause=60)
    folders.ledger.receive(folders.inbox.key, [Sighting(f"waits {mine}.jpg", 5, 1)])


def grow_old(engine: Engine) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with engine.begin() as connection:
        times = ("filed_at", "ended_at", "steady_since")
        connection.execute(ArrivalRow.__table__.update().values(dict.fromkeys(times, long_ago)))
        connection.execute(ExtractionRow.__table__.update().values(extracted_at=long_ago))
        replaced = ExtractionRow.__table__.update().where(ExtractionRow.replaced_at.is_not(None))
        connection.execute(replaced.values(replaced_at=long_ago))


def names(engine: Engine, folders: Folders) -> set[str]:
    with reading(engine) as connection:
        return set(connection.scalars(select(ArrivalRow.path).where(of_workspace(folders.places))))


def test_housekeeping_of_one_leaves_the_files_and_records_of_the_other(one: Folders, other: Folders) -> None:
    again = receipt("done one", total="1.00", recipe="r2")
    store_records(one.engine, [again])  # the older version is the arrival's
    grow_old(one.engine)
    before = one.files()
    gone = tidy(other.engine, EVERYTHING, other.places)
    # A lattice of a record that no arrival brought goes.
    assert (gone.done, gone.failed, gone.versions, gone.documents) == (0, 0, 0, 0)
    assert drop_gone(other.engine, [other.inbox.key], other.places) == 0
    assert one.files() == before
    assert tidy(one.engine, EVERYTHING, one.places) == Tidied(1, 1, 1, 0, 0, 0)
    assert one.files() == ["work/work one.jpg"]


def test_what_one_brought_is_not_listed_told_or_found_by_the_other(one: Folders, other: Folders) -> None:
    assert find_ended(other.engine, places=other.places) == []
    assert absent_inboxes(other.engine, [other.inbox.key], other.places) == ()
    assert list_documents(other.engine, places=other.places) == []
    assert not any(arrivals_status(other.engine, other.places).states.values())
    assert failures_within(other.engine, timedelta(days=1), other.places) == {}
    assert pauses(other.engine, other.places) == ()
    assert [pause.code for pause in pauses(one.engine, one.places)] == ["model-absent"]
    assert len(find_ended(one.engine, places=one.places)) == 1
    assert failures_within(one.engine, timedelta(days=1), one.places) == {"unreadable": 1}
    assert len(list_documents(one.engine, places=one.places)) == 4


def test_commands_of_one_show_and_discard_nothing_of_the_other(
    one: Folders,
    other: Folders,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    (other.root / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n')
    monkeypatch.chdir(other.root)
    before = one.files()
    for which in ("--all", "--code=inbox-removed"):
        assert run(["documents", "discard", which, "--yes"]) == 0
    assert run(["documents", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["paused"], shown["oldest"]) == ([], None)
    assert one.files() == before


def test_sweeps_of_one_neither_end_nor_resume_what_the_other_has_in_work(
    one: Folders, other: Folders
) -> None:
    shutil.rmtree(one.root)  # as it looks from a machine that has not this workspace
    mend(other)
    assert arrivals_status(one.engine, one.places).states["claimed"] == 1


@pytest.mark.parametrize("remembered", [True, False])
def test_a_workspace_that_was_moved_keeps_its_arrivals(
    one: Folders, other: Folders, tmp_path: Path, remembered: bool
) -> None:
    before = names(one.engine, one)
    if not remembered:  # a backup, put back elsewhere
        (one.root / FILE).unlink()
    moved = Folders(tmp_path / "moved", one.engine)
    one.root.rename(moved.root)
    if remembered:  # at once, before it is swept
        assert names(moved.engine, moved) == before
        assert len(find_ended(moved.engine, places=moved.places)) == 1
    mend(other)
    assert names(other.engine, other) == set()
    mend(moved)
    assert names(moved.engine, moved) == before
    [bad] = find_ended(moved.engine, places=moved.places)
    assert send_back(moved.engine, bad, moved.places)


def test_a_copy_of_a_workspace_has_none_of_its_arrivals(one: Folders, tmp_path: Path) -> None:
    copy = Folders(tmp_path / "copy", one.engine)
    shutil.copytree(one.root, copy.root)
    mend(copy)
    assert names(copy.engine, copy) == set()
    assert len(names(one.engine, one)) == 4


@pytest.mark.parametrize("alone", [True, False])
def test_an_upgrade_finds_out_whose_arrivals_they_are(one: Folders, tmp_path: Path, alone: bool) -> None:
    if not alone:
        fill(Folders(tmp_path / "an\\other", one.engine))
    query = select(ArrivalRow.path, ArrivalRow.workspace)
    with reading(one.engine) as connection:
        before = dict(connection.execute(query).all())
    with writing(one.engine) as connection:
        connection.execute(text("ALTER TABLE arrivals DROP COLUMN workspace"))
        connection.execute(text("ALTER TABLE extractions DROP COLUMN replaced_at"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    upgrade(one.engine)
    with reading(one.engine) as connection:
        assert dict(connection.execute(query).all()) == before


def test_an_upgrade_gives_no_files_to_the_only_workspace_that_it_knows(one: Folders, other: Folders) -> None:
    outside = Sighting("share.jpg", 5, 1)
    one.ledger.receive("/mnt/share", [outside])
    other.ledger.receive(
        other.inbox.key, [Sighting("left.jpg", 5, 1)]
    )  # its files are left, and have no place
    with writing(one.engine) as connection:
        connection.execute(text("ALTER TABLE arrivals DROP COLUMN workspace"))
        connection.execute(text("ALTER TABLE extractions DROP COLUMN replaced_at"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    upgrade(one.engine)
    with reading(one.engine) as connection:
        found = dict(connection.execute(select(ArrivalRow.path, ArrivalRow.workspace)).all())
    assert (found["left.jpg"], found["share.jpg"]) == (None, None)
    assert {found[path] for path in found if path.endswith(" one.jpg")} == {str(one.root)}
