"""Failed files: found by what a person sees of them, sent back to work, or removed after being shown."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from files_in_work import Folders
from sample_records import failed, receipt
from sqlalchemy import Engine, func, select

from db.connect import reading
from db.documents import show_document
from db.ended import Ended, discard, find_ended, plan_discarding, send_back
from db.housekeeping import tidy
from db.orphans import mend_orphans
from db.status import arrivals_status
from db.store import store_records
from db.tables import ArrivalRow, DocumentRow, ExtractionRow
from segocr.cli import run
from segocr.errors import UsageError
from segocr.inbox import moving
from segocr.inbox.arrivals import State
from segocr.inbox.filing import file_away
from segocr.inbox.places import After
from segocr.inbox.recovery import recover
from segocr.inbox.taking import sweep
from segocr.settings.service import KeepSettings


@pytest.fixture
def folders(engine: Engine, tmp_path: Path) -> Folders:
    return Folders(tmp_path, engine)


def fail(folders: Folders, name: str, code: str = "unreadable") -> Ended:
    """Bring a file to failed/, with its failed record."""
    arrival = folders.arrive(name, name.encode())
    record = failed(name, code, file=Path(name), sha256=arrival.sha256)
    store_records(folders.engine, [record], arrival=arrival.id, owner="me")
    folders.end(arrival, State.FAILED, code)
    [ended] = find_ended(folders.engine, [str(arrival.id)])
    return ended


def count(engine: Engine, table: type) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_failed_file_is_found_by_id_digest_path_and_code(folders: Folders) -> None:
    one, other = fail(folders, "sub/a.jpg"), fail(folders, "b.jpg", "encrypted")
    assert one.sha256 is not None
    for word in (str(one.id)[:6], one.id.hex, one.sha256[:8].upper(), "sub/a.jpg", str(one.dropped)):
        assert find_ended(folders.engine, [word]) == [one]
    assert find_ended(folders.engine, code="encrypted") == [other]
    assert find_ended(folders.engine) == [one, other]
    for word in ("a.jpg", str(one.id)[:5], "nothing", ""):
        with pytest.raises(UsageError) as caught:
            find_ended(folders.engine, [word])
        assert caught.value.code == "unknown-arrival"


def test_a_retried_file_is_taken_again_as_if_it_were_new(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    assert folders.files() == ["failed/.json", "failed/a.jpg"]
    assert send_back(folders.engine, ended, folders.places)
    assert folders.files() == ["work/a.jpg"]
    assert arrivals_status(folders.engine).paused == ()  # it failed before; now nothing is known against it
    [again] = folders.ledger.take("you", 10, 60)
    assert (again.id, again.attempts, again.path, again.problem) == (ended.id, 0, "a.jpg", None)
    assert again.file.read_bytes() == b"a.jpg"
    store_records(folders.engine, [receipt("x", sha256=again.sha256)], arrival=again.id, owner="you")
    assert folders.row(again).state == "extracted"


def test_a_file_that_failed_unhashed_is_hashed_when_retried(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    unhashed = dataclasses.replace(ended, sha256=None)
    with folders.engine.begin() as connection:
        connection.execute(ArrivalRow.__table__.update().values(sha256=None))
    assert send_back(folders.engine, unhashed, folders.places)
    assert folders.ledger.take("me", 10, 60) == []
    recover(folders.inbox, folders.places, folders.ledger, "me")
    [again] = folders.ledger.take("me", 10, 60)
    assert again.sha256 == ended.sha256


@pytest.mark.parametrize("point", ["segocr.inbox.moving.settle_in", "segocr.inbox.moving.remove_empty"])
def test_a_crash_while_retrying_leaves_the_file_failed(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    ended = fail(folders, "a.jpg")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(point, dies)
        with pytest.raises(KeyboardInterrupt):
            send_back(folders.engine, ended, folders.places)
    assert folders.ledger.unfiled("sweeper") == []  # the one who retries has a minute
    assert not send_back(folders.engine, ended, folders.places)
    with folders.engine.begin() as connection:
        connection.execute(ArrivalRow.__table__.update().values(lease_until=ended_long_ago()))
    recover(folders.inbox, folders.places, folders.ledger, "sweeper")
    assert [file for file in folders.files() if "a.jpg" in file] == ["failed/a.jpg"]
    [still] = find_ended(folders.engine)
    assert still.place is not None
    assert send_back(folders.engine, still, folders.places)


def ended_long_ago() -> object:
    from datetime import UTC, datetime

    return datetime(2020, 1, 1, tzinfo=UTC)


def test_a_file_that_is_gone_or_was_retried_by_somebody_is_not_retried(folders: Folders) -> None:
    ended, gone = fail(folders, "a.jpg"), fail(folders, "b.jpg")
    assert send_back(folders.engine, ended, folders.places)
    assert not send_back(folders.engine, ended, folders.places)
    assert gone.place is not None
    gone.place.unlink()
    assert not send_back(folders.engine, gone, folders.places)


def test_a_discarded_file_leaves_nothing(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    plan = plan_discarding(folders.engine, ended)
    assert (plan.files, plan.extractions) == ((ended.place, ended.reasons), 1)
    assert "failed/a.jpg" in folders.files()  # so far, it was only shown
    discard(folders.engine, plan)
    assert folders.files() == []
    assert [count(folders.engine, table) for table in (ArrivalRow, ExtractionRow, DocumentRow)] == [0, 0, 0]
    discard(folders.engine, plan)  # again does no harm


def test_discarding_takes_nothing_from_a_record_of_the_same_bytes(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    store_records(folders.engine, [receipt("x", sha256=ended.sha256, file=Path("other.jpg"))])
    discard(folders.engine, plan_discarding(folders.engine, ended))
    assert (count(folders.engine, DocumentRow), count(folders.engine, ExtractionRow)) == (1, 1)


def test_what_was_sent_back_to_work_meanwhile_is_not_discarded(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    plan = plan_discarding(folders.engine, ended)
    assert send_back(folders.engine, ended, folders.places)
    assert not discard(folders.engine, plan)
    assert folders.files() == ["work/a.jpg"]
    assert (count(folders.engine, ArrivalRow), count(folders.engine, ExtractionRow)) == (1, 1)


def test_a_retry_under_way_is_not_discarded_and_a_discarding_not_retried(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = fail(folders, "a.jpg")
    plan = plan_discarding(folders.engine, ended)
    answers = []
    settle_in, remove_empty = moving.settle_in, moving.remove_empty

    def meanwhile(source: Path, target: Path) -> None:
        answers.append(discard(folders.engine, plan))
        settle_in(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("segocr.inbox.moving.settle_in", meanwhile)
        assert send_back(folders.engine, ended, folders.places)
    assert (answers, folders.files()) == ([False], ["work/a.jpg"])

    [again] = folders.ledger.take("me", 10, 60)
    folders.end(again, State.FAILED, "unreadable")
    [failed_again] = find_ended(folders.engine)
    assert not discard(folders.engine, plan)  # what failed anew was not shown

    def retried(folder: Path) -> None:
        answers.append(send_back(folders.engine, failed_again, folders.places))
        remove_empty(folder)

    with monkeypatch.context() as patch:
        patch.setattr("segocr.inbox.moving.remove_empty", retried)
        assert discard(folders.engine, plan_discarding(folders.engine, failed_again))
    assert answers == [False, False, False]
    assert folders.files() == []


def test_a_file_that_was_left_in_its_inbox_is_not_discarded(folders: Folders) -> None:
    ended = fail(folders, "a.jpg")
    ended.dropped.write_bytes(b"a.jpg")
    found = ended.dropped.stat()
    left = dataclasses.replace(ended, place=None, size=found.st_size, mtime_ns=found.st_mtime_ns)
    with pytest.raises(UsageError) as caught:
        plan_discarding(folders.engine, left)
    assert caught.value.code == "left-in-inbox"


def fail_where_it_lies(folders: Folders, name: str) -> Ended:
    """Let a file fail that is left in its inbox."""
    inbox = dataclasses.replace(folders.inbox, after=After.LEAVE)
    inbox.folder.mkdir(exist_ok=True)
    (inbox.folder / name).write_text(name)
    sweep(inbox, folders.places, folders.ledger, "me")
    [arrival] = folders.ledger.take("me", 10, 60)
    folders.ledger.end(arrival.id, State.FAILED, "encrypted", None)
    file_away(inbox, folders.places, folders.ledger, arrival, State.FAILED, "encrypted")
    [ended] = find_ended(folders.engine, [str(arrival.id)], places=folders.places)
    return ended


def need_review(folders: Folders, name: str, after: After) -> Ended:
    """Let a file need review in an inbox that files are left in, or deleted from."""
    inbox = dataclasses.replace(folders.inbox, after=after)
    inbox.folder.mkdir(exist_ok=True)
    (inbox.folder / name).write_text("the first one")
    sweep(inbox, folders.places, folders.ledger, "me")
    [arrival] = folders.ledger.take("me", 10, 60)
    folders.ledger.end(arrival.id, State.NEEDS_REVIEW, None, None)
    file_away(inbox, folders.places, folders.ledger, arrival, State.NEEDS_REVIEW)
    [ended] = find_ended(folders.engine, states=[State.NEEDS_REVIEW], places=folders.places)
    return ended


@pytest.mark.parametrize("after", [After.LEAVE, After.DELETE])
def test_a_new_file_of_the_same_name_is_not_taken_for_one_that_is_gone(
    folders: Folders, after: After
) -> None:
    ended = need_review(folders, "scan.jpg", after)
    assert ended.is_in_inbox == (after is After.LEAVE)
    shown = show_document(folders.engine, str(ended.sha256))["arrivals"]
    assert [one["place"] for one in shown] == [str(ended.dropped) if after is After.LEAVE else None]
    ended.dropped.write_text("another one")
    assert not send_back(folders.engine, ended, folders.places)
    assert [one.state for one in find_ended(folders.engine, states=[State.NEEDS_REVIEW])] == [ended.state]
    plan = plan_discarding(folders.engine, ended)  # nor is it in the way
    assert plan.files == ()
    ended.dropped.unlink()
    ended.dropped.write_text("the first one")
    os.utime(ended.dropped, ns=(ended.mtime_ns, ended.mtime_ns))  # the same to the eye
    assert send_back(folders.engine, ended, folders.places) == (after is After.LEAVE)


def test_a_file_that_was_left_and_that_its_owner_deleted_has_no_place(folders: Folders) -> None:
    # Nor does a row say so that an older version made, of a file that segocr deleted.
    ended = need_review(folders, "scan.jpg", After.LEAVE)
    ended.dropped.unlink()
    [shown] = show_document(folders.engine, str(ended.sha256))["arrivals"]
    assert shown["place"] is None


def test_a_file_that_housekeeping_deleted_is_gone(folders: Folders) -> None:
    arrival = folders.arrive("scan.jpg", b"the first one")
    folders.end(arrival, State.EXTRACTED)
    with folders.engine.begin() as connection:
        connection.execute(ArrivalRow.__table__.update().values(filed_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert tidy(folders.engine, KeepSettings(done=7)).done == 1
    (folders.inbox.folder / "scan.jpg").write_bytes(b"the first one")
    os.utime(folders.inbox.folder / "scan.jpg", ns=(arrival.mtime_ns, arrival.mtime_ns))
    [ended] = find_ended(folders.engine, states=[State.EXTRACTED], places=folders.places)
    assert not send_back(folders.engine, ended, folders.places)


@pytest.mark.parametrize("what", ["retry", "discard"])
def test_the_reasons_of_a_file_that_was_left_go_with_its_failure(folders: Folders, what: str) -> None:
    ended = fail_where_it_lies(folders, "a.jpg")
    assert folders.files() == ["failed/.json", "inbox/a.jpg"]
    if what == "retry":
        assert send_back(folders.engine, ended, folders.places)
        assert folders.files() == ["inbox/a.jpg"]
    else:
        ended.dropped.unlink()
        assert discard(folders.engine, plan_discarding(folders.engine, ended))
        assert folders.files() == []


def test_one_file_that_was_left_keeps_no_other_one_from_being_discarded(
    folders: Folders, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    (folders.root / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n')
    monkeypatch.chdir(folders.root)
    other, left = fail(folders, "b.jpg", "encrypted"), fail_where_it_lies(folders, "a.jpg")
    assert run(["documents", "discard", "--code", "encrypted", "--yes"]) == 0
    said = capsys.readouterr().err
    assert "was left in its inbox" in said
    assert "discarded: 1" in said
    assert [one.id for one in find_ended(folders.engine)] == [left.id] != [other.id]
    assert run(["documents", "discard", str(left.id), "--yes"]) == 2


def test_a_row_whose_file_is_gone_fails_and_one_that_was_put_back_settles_again(folders: Folders) -> None:
    gone, back = folders.arrive("gone.jpg", b"gone"), folders.arrive("back.jpg", b"back")
    gone.file.unlink()
    back.file.rename(folders.inbox.folder / "back.jpg")  # a crash came before the row was told
    folders.ledger.release("me", [gone.id, back.id], blamed=False)
    assert mend_orphans(folders.engine, [folders.inbox], folders.places).orphans == 2
    with reading(folders.engine) as connection:
        rows = connection.execute(select(ArrivalRow.path, ArrivalRow.state, ArrivalRow.last_problem_code))
        found = {tuple(row) for row in rows}
    assert found == {("gone.jpg", "failed", "vanished"), ("back.jpg", "received", None)}


def test_a_file_that_somebody_has_in_work_is_no_orphan(folders: Folders) -> None:
    arrival = folders.arrive("a.jpg", b"a")
    arrival.file.unlink()
    assert mend_orphans(folders.engine, [folders.inbox], folders.places).orphans == 0
    assert folders.row(arrival).state == "claimed"


def test_a_file_without_a_row_goes_back_to_the_inbox_when_it_is_old(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = folders.arrive("sub/a.jpg", b"a")
    with folders.engine.begin() as connection:
        connection.execute(ArrivalRow.__table__.delete())  # an older backup of the database
    assert mend_orphans(folders.engine, [folders.inbox], folders.places).orphans == 0
    monkeypatch.setattr("db.orphans._OLD_SECONDS", 0.0)
    assert mend_orphans(folders.engine, [folders.inbox], folders.places).orphans == 1
    assert folders.files() == ["inbox/a.jpg"]
    assert not arrival.file.parent.exists()


def test_the_commands_show_first_ask_and_then_do(
    folders: Folders, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    (folders.root / "segocr.toml").write_text('[[inbox]]\npath = "inbox"\n')
    monkeypatch.chdir(folders.root)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to say yes
    one, other = fail(folders, "a.jpg"), fail(folders, "b.jpg", "encrypted")
    assert run(["documents", "list", "--state", "failed"]) == 0
    table = capsys.readouterr().out
    assert all(word in table for word in (str(one.id)[:8], "attempts", "lease_until", "encrypted"))
    assert run(["documents", "list", "--state", "failed", "--json"]) == 0
    [listed] = [row for row in json.loads(capsys.readouterr().out) if row["arrival"] == str(one.id)]
    assert (listed["attempts"], listed["problems"], listed["state"]) == (0, ["unreadable"], "failed")
    assert run(["documents", "retry"]) == 2
    assert run(["documents", "retry", "--all", "a.jpg"]) == 2
    assert run(["documents", "retry", "--all", "--dry-run"]) == 0
    assert run(["documents", "retry", "--all"]) == 130
    assert "work/a.jpg" not in folders.files()
    assert run(["documents", "retry", str(one.id)[:8]]) == 0
    assert "back to work" in capsys.readouterr().err
    assert "work/a.jpg" in folders.files()
    assert run(["documents", "discard", "--code", "encrypted"]) == 130
    assert "failed/b.jpg" in folders.files()
    assert run(["documents", "discard", "--code", "encrypted", "--yes"]) == 0
    assert folders.files() == ["work/a.jpg"]
    assert run(["documents", "discard", str(other.id)]) == 2
