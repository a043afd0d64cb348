"""Arrivals: each is taken by one worker at a time, and only documents pay for what documents did."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hand_clock import Clock
from sample_records import digest, failed, receipt
from sqlalchemy import Engine, func, select, update

from db.arrivals import Arrivals
from db.connect import reading, writing
from db.status import pauses
from db.store import Processed, store_documents, store_records
from db.tables import ArrivalRow, ExtractionRow
from segocr.errors import DatabaseError
from segocr.inbox.arrivals import Arrival, Moved, Sighting, State


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrivals(engine: Engine, clock: Clock) -> Arrivals:
    return Arrivals(engine, clock=clock)


def ready(arrivals: Arrivals, *names: str) -> None:
    """Bring files to where extraction can take them."""
    arrivals.receive("/inbox", [Sighting(name, 7, 1) for name in names])
    waiting = arrivals.waiting("/inbox")
    claimed = arrivals.claim([waiting[name].id for name in names], "sweeper", 60)
    arrivals.moved(
        [Moved(one.id, Path("/work") / str(one.id) / one.name, digest(one.path)) for one in claimed]
    )


def state_of(engine: Engine, arrival: uuid.UUID) -> tuple[str, int, str | None]:
    with reading(engine) as connection:
        query = select(ArrivalRow.state, ArrivalRow.attempts, ArrivalRow.last_problem_code)
        return tuple(connection.execute(query.where(ArrivalRow.id == arrival)).one())


def test_the_states_follow_each_other(engine: Engine, arrivals: Arrivals) -> None:
    arrivals.receive("/inbox", [Sighting("a.jpg", 7, 1)])
    first = arrivals.waiting("/inbox")["a.jpg"]
    assert first.state is State.RECEIVED
    [claimed] = arrivals.claim([first.id], "me", 60)
    assert claimed.state is State.CLAIMED
    assert arrivals.take("me", 10, 60) == []  # not in its place yet
    arrivals.moved([Moved(first.id, Path("/work/x/a.jpg"), digest("a"))])
    [taken] = arrivals.take("me", 10, 60)
    assert (taken.state, taken.attempts, taken.sha256) == (State.CLAIMED, 0, digest("a"))
    arrivals.begin("me", [taken.id])
    assert state_of(engine, taken.id) == ("extracting", 0, None)
    store_records(engine, [receipt("a")], arrival=first.id, owner="me")
    assert state_of(engine, first.id) == ("extracted", 0, None)
    assert [one.id for one in arrivals.unfiled("me")] == [first.id]
    arrivals.filed({first.id: Path("/done/a.jpg")})
    assert arrivals.unfiled("me") == []


def test_a_claimed_arrival_is_nobody_elses(arrivals: Arrivals) -> None:
    arrivals.receive("/inbox", [Sighting("a.jpg", 7, 1)])
    first = arrivals.waiting("/inbox")["a.jpg"]
    assert len(arrivals.claim([first.id], "me", 60)) == 1
    assert arrivals.claim([first.id], "you", 60) == []


def test_work_is_taken_oldest_first_and_once(arrivals: Arrivals, clock: Clock) -> None:
    for name in ("c", "a", "b"):
        ready(arrivals, name)
        clock.on(1)
    assert [one.path for one in arrivals.take("me", 2, 60)] == ["c", "a"]
    assert [one.path for one in arrivals.take("you", 2, 60)] == ["b"]
    assert arrivals.take("me", 2, 60) == []


def test_what_is_to_be_left_is_left_and_the_next_ones_are_taken(arrivals: Arrivals, clock: Clock) -> None:
    ready(arrivals, "a", "b", "c", "d")
    a, b = arrivals.take("me", 2, 60)
    arrivals.release("me", [a.id, b.id], blamed=False)
    c, d = arrivals.take("me", 2, 60, but={a.id, b.id})
    assert (c.path, d.path) == ("c", "d")
    arrivals.begin("me", [c.id, d.id])
    clock.on(61)
    lost = arrivals.take_lost("me", 60, but={c.id})
    assert lost is not None
    assert lost.id == d.id
    assert arrivals.take_lost("me", 60, but={c.id}) is None


def test_what_a_dead_worker_held_is_taken_alone_and_counted(arrivals: Arrivals, clock: Clock) -> None:
    ready(arrivals, "a", "b")
    clock.on(1)
    ready(arrivals, "c")
    a, b, c = arrivals.take("dead", 10, 60)
    arrivals.begin("dead", [a.id, b.id])
    assert arrivals.take_lost("me", 60) is None
    clock.on(61)
    # What was in hand is never again in a batch; what was not is like new.
    assert [(one.id, one.attempts) for one in arrivals.take("me", 10, 60)] == [(c.id, 0)]
    first, second = arrivals.take_lost("me", 60), arrivals.take_lost("me", 60)
    assert first is not None
    assert second is not None
    assert {first.path, second.path} == {"a", "b"}
    assert (first.attempts, second.attempts) == (1, 1)
    assert arrivals.take_lost("me", 60) is None


def test_a_renewed_lease_is_not_lost(arrivals: Arrivals, clock: Clock) -> None:
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    arrivals.begin("me", [taken.id])
    clock.on(50)
    assert arrivals.renew("me", [taken.id], 60) == {taken.id}
    assert arrivals.renew("you", [taken.id], 60) == set()
    clock.on(50)
    assert arrivals.take_lost("you", 60) is None


def test_an_outage_counts_for_no_document(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a")
    for _ in range(5):
        [taken] = arrivals.take("me", 1, 60)
        arrivals.begin("me", [taken.id])
        assert arrivals.release("me", [taken.id], blamed=False, code="database-full") == 1
    assert state_of(engine, taken.id) == ("claimed", 0, "database-full")


def test_a_blamed_document_is_tried_alone_and_its_attempts_add_up(
    engine: Engine, arrivals: Arrivals, clock: Clock
) -> None:
    ready(arrivals, "a", "b")
    [taken] = arrivals.take("me", 1, 60)
    [other] = arrivals.take("me", 1, 60)
    arrivals.begin("me", [taken.id])
    assert arrivals.release("me", [taken.id, other.id], blamed=True, code="host-died") == 1
    assert [one.id for one in arrivals.take("me", 9, 60)] == [other.id]  # it was not in hand
    for attempt in (1, 2, 3):
        assert arrivals.take("me", 1, 60) == []
        lost = arrivals.take_lost("me", 60)
        assert lost is not None
        assert lost.attempts == attempt
        arrivals.release("me", [taken.id], blamed=True, code="host-died")
    assert state_of(engine, taken.id) == ("extracting", 3, "host-died")


def test_an_outage_forgives_only_the_attempt_that_it_cut_short(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    arrivals.begin("me", [taken.id])
    arrivals.release("me", [taken.id], blamed=True, code="host-died")
    for _ in range(2):
        assert arrivals.take_lost("me", 60) is not None
        arrivals.release("me", [taken.id], blamed=True, code="host-died")
    for _ in range(4):  # an attempt that an outage ends, and it is still tried alone
        assert arrivals.take("me", 1, 60) == []
        lost = arrivals.take_lost("me", 60)
        assert lost is not None
        assert lost.attempts == 3
        arrivals.release("me", [taken.id], blamed=False, code="database-locked")
    assert arrivals.take_lost("me", 60) is not None
    arrivals.lose("me", forgive=True)
    assert state_of(engine, taken.id) == ("extracting", 2, None)


def test_what_is_tried_alone_rests_as_others_do(engine: Engine) -> None:
    arrivals = Arrivals(engine)
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    arrivals.begin("me", [taken.id])
    arrivals.release("me", [taken.id], blamed=True, code="host-died")
    assert arrivals.take_lost("me", 60) is not None
    arrivals.release("me", [taken.id], blamed=False, code="template", pause=15)
    assert (arrivals.take("me", 1, 60), arrivals.take_lost("me", 60)) == ([], None)
    assert [(one.code, one.files) for one in pauses(engine)] == [("template", 1)]
    assert state_of(engine, taken.id) == ("extracting", 0, "template")


def test_what_goes_back_to_its_inbox_has_no_attempts(engine: Engine, arrivals: Arrivals) -> None:
    arrivals.receive("/inbox", [Sighting("a", 7, 1)])
    [waiting] = arrivals.waiting("/inbox").values()
    arrivals.claim([waiting.id], "sweeper", 60)
    arrivals.moved([Moved(waiting.id, None, digest("a"))])
    arrivals.take("me", 1, 60)
    arrivals.begin("me", [waiting.id])
    arrivals.lose("me")
    assert arrivals.take_lost("me", 60) is not None
    arrivals.give_back([waiting.id])
    assert state_of(engine, waiting.id) == ("received", 0, None)


def test_a_worker_that_lost_its_lease_stores_nothing(
    engine: Engine, arrivals: Arrivals, clock: Clock
) -> None:
    ready(arrivals, "a")
    [taken] = arrivals.take("slow", 1, 60)
    arrivals.begin("slow", [taken.id])
    clock.on(61)
    assert arrivals.take_lost("quick", 60) is not None
    with pytest.raises(DatabaseError) as caught:
        store_records(engine, [receipt("a")], arrival=taken.id, owner="slow")
    assert caught.value.code == "lease-lost"
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(ExtractionRow)) == 0
    store_records(engine, [receipt("a")], arrival=taken.id, owner="quick")


def test_of_documents_with_one_lost_lease_none_is_stored(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a", "b", "c")
    taken = arrivals.take("me", 3, 60)
    arrivals.begin("me", [one.id for one in taken])
    documents = [Processed([receipt(one.path)], one.id, "me") for one in taken]
    with writing(engine) as connection:
        connection.execute(
            update(ArrivalRow).where(ArrivalRow.id == taken[1].id).values(lease_owner="another")
        )
    with pytest.raises(DatabaseError) as caught:
        store_documents(engine, documents)
    assert caught.value.code == "lease-lost"
    assert str(taken[1].id) in caught.value.message
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(ExtractionRow)) == 0
    store_documents(engine, [documents[0], documents[2]])
    states = [state_of(engine, one.id)[0] for one in taken]
    assert states == ["extracted", "extracting", "extracted"]


def test_a_place_is_noted_only_of_what_has_ended(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a", "b")
    first, second = arrivals.take("me", 2, 60)
    store_records(engine, [receipt("a")], arrival=first.id, owner="me")
    arrivals.filed({one.id: Path(f"/done/{one.id}-{one.name}") for one in (first, second)})
    with reading(engine) as connection:
        places = dict(connection.execute(select(ArrivalRow.path, ArrivalRow.place)).all())
    assert places == {"a": f"/done/{first.id}-a", "b": str(second.place)}


def test_a_store_that_is_tried_again_changes_nothing(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    for added in (True, False):
        [stored] = store_records(engine, [receipt("a")], arrival=taken.id, owner="me")
        assert stored.added is added
    assert state_of(engine, taken.id)[0] == "extracted"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_hundred_thousand_ended_arrivals_do_not_slow_a_sweep(engine: Engine, arrivals: Arrivals) -> None:
    moment = "2026-03-01 12:00:00.000000"
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
            "INSERT INTO arrivals (id, inbox, path, size, mtime_ns, state, attempts, received_at, "
            "steady_since, filed_at) SELECT printf('%032x', i), '/inbox', 'f' || i, 1, 1, 'extracted', 0, "
            f"'{moment}', '{moment}', '{moment}' FROM n"
        )
    start = time.monotonic()
    ready(arrivals, "a", "b")
    assert arrivals.unfiled("me") == []
    assert arrivals.abandoned("me", "/inbox", 60) == []
    assert arrivals.known("/inbox", [Sighting("f7", 1, 1), Sighting("f8", 2, 1)]) == {"f7"}
    assert len(arrivals.take("me", 10, 60)) == 2
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([receipt("a")], State.EXTRACTED),
        ([receipt("a", accepted=False)], State.NEEDS_REVIEW),
        ([receipt("a", part=1), receipt("a", part=2, accepted=False)], State.NEEDS_REVIEW),
        ([receipt("a", part=1), failed("a", part=2)], State.NEEDS_REVIEW),
        ([failed("a")], State.FAILED),
    ],
)
def test_an_arrival_ends_as_its_records_say(
    engine: Engine, arrivals: Arrivals, records: list, state: State
) -> None:
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    store_records(engine, records, arrival=taken.id, owner="me")
    assert state_of(engine, taken.id)[0] == state.value


def test_only_what_rests_is_told_as_resting(engine: Engine, arrivals: Arrivals, clock: Clock) -> None:
    ready(arrivals, "begun", "not begun")
    begun, other = arrivals.take("me", 2, 60)
    arrivals.begin("me", [begun.id])
    arrivals.release("me", [begun.id, other.id], blamed=True, code="host-died")
    assert pauses(engine) == ()
    [taken] = arrivals.take("me", 2, 60)
    arrivals.release("me", [taken.id], blamed=False, code="template", pause=15)
    assert [(one.code, one.files) for one in pauses(engine)] == [("template", 1)]
    clock.on(16)
    arrivals.take("me", 2, 60)
    arrivals.lose("me")  # it was taken again, and stopped for another reason
    assert pauses(engine) == ()


def test_two_workers_at_once_never_take_the_same(engine: Engine, arrivals: Arrivals) -> None:
    names = [f"{number:03}.jpg" for number in range(120)]
    ready(arrivals, *names)

    def work(owner: str) -> list[Arrival]:
        mine: list[Arrival] = []
        while some := arrivals.take(owner, 7, 60):
            mine += some
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, ["one", "two", "three", "four"]))
    taken = [arrival.path for share in shares for arrival in share]
    assert sorted(taken) == names


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite lets in one writer at a time
def test_a_worker_passes_over_rows_that_another_is_just_taking(engine: Engine, arrivals: Arrivals) -> None:
    ready(arrivals, "a", "b")
    with engine.begin() as other:
        other.execute(select(ArrivalRow.id).where(ArrivalRow.path == "a").with_for_update())
        assert [one.path for one in arrivals.take("me", 10, 60)] == ["b"]
    assert [one.path for one in arrivals.take("me", 10, 60)] == ["a"]


@pytest.mark.parametrize("path", ["a\udcff.jpg", "x/" + "y" * 4000, "a\\b.jpg"])
def test_any_path_is_found_again(arrivals: Arrivals, path: str) -> None:
    arrivals.receive("/in box", [Sighting(path, 7, 1)])
    waiting = arrivals.waiting("/in box")
    assert list(waiting) == [path]
    arrivals.receive("/in box", [Sighting(path, 8, 2)])
    assert [one.size for one in arrivals.waiting("/in box").values()] == [8]
    arrivals.claim([waiting[path].id], "me", 60)
    assert arrivals.known("/in box", [Sighting(path, 8, 2)]) == {path}
    assert arrivals.known("/in box", [Sighting(path, 9, 2)]) == set()


def test_the_database_tells_the_time(engine: Engine) -> None:
    assert abs(Arrivals(engine).now() - datetime.now(UTC)) < timedelta(seconds=60)


@pytest.mark.parametrize("hours", [1, 24])
def test_a_clock_set_back_holds_no_work_up(arrivals: Arrivals, clock: Clock, hours: int) -> None:
    ready(arrivals, "begun", "paused", "taken")
    begun, paused, taken = arrivals.take("dead", 3, 60)
    arrivals.begin("dead", [begun.id])
    arrivals.release("dead", [paused.id], blamed=False, pause=15)
    arrivals.receive("/inbox", [Sighting("unmoved", 7, 1)])
    [unmoved] = arrivals.claim([arrivals.waiting("/inbox")["unmoved"].id], "dead", 60)
    clock.on(-1)  # no more than machines differ by: all is as it was
    assert arrivals.take("me", 10, 60) == []
    clock.on(-3600 * hours)
    assert {one.id for one in arrivals.take("me", 10, 60)} == {paused.id, taken.id}
    lost = arrivals.take_lost("me", 60)
    assert lost is not None
    assert lost.id == begun.id
    assert [one.id for one in arrivals.abandoned("me", "/inbox", 60)] == [unmoved.id]
    arrivals.end(begun.id, State.EXTRACTED, None, None)
    clock.on(-3600 * hours)
    assert [one.id for one in arrivals.unfiled("you")] == [begun.id]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_who_ended_an_arrival_files_it_by_the_databases_clock(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=1)

    arrivals = Arrivals(engine)
    ready(arrivals, "a")
    [taken] = arrivals.take("me", 1, 60)
    for module in ("arrivals", "arrivalrows", "store"):
        monkeypatch.setattr(f"db.{module}.datetime", Ahead)  # this machine's
    store_records(engine, [receipt("a")], arrival=taken.id, owner="me")
    with reading(engine) as connection:
        until = connection.scalar(select(ArrivalRow.lease_until))
    assert until is not None
    assert abs(until - datetime.now(UTC)) < timedelta(minutes=5)
