"""What can go wrong with a database ends in one clear error, and leaves nothing half-stored."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sample_records import receipt
from sqlalchemy import Engine, func, make_url, select, text

from db.connect import open_database, reading, writing
from db.schema import check_schema, prepare
from db.store import store_records
from db.tables import DocumentRow, ExtractionRow, FieldValueRow
from segocr.errors import DatabaseError

HERE = Path(__file__).parent


def held(engine: Engine, table: Any = ExtractionRow) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    engine = open_database(f"sqlite:///{path}")
    prepare(engine)
    engine.dispose()
    return path


def test_a_locked_sqlite_database_is_waited_for_and_then_named(sqlite_file: Path) -> None:
    engine = open_database(f"sqlite:///{sqlite_file}", busy_seconds=0.2)
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="is locked") as caught:
        store_records(engine, [receipt("a")])
    assert (caught.value.code, caught.value.transient) == ("database-locked", True)
    assert held(engine) == 0  # reading goes on meanwhile
    other.execute("COMMIT")
    other.close()
    assert store_records(engine, [receipt("a")])[0].added


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_locked_postgresql_row_is_waited_for_and_then_named(url: str, engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    impatient = open_database(url, busy_seconds=0.2)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE documents"))
        with pytest.raises(DatabaseError, match="is locked") as caught:
            store_records(impatient, [receipt("a", recipe="r2")])
    assert (caught.value.code, caught.value.transient) == ("database-locked", True)
    impatient.dispose()


def test_a_full_disk_stores_nothing_and_says_so(sqlite_file: Path) -> None:
    engine = open_database(f"sqlite:///{sqlite_file}")
    with writing(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(DatabaseError) as caught:
        store_records(engine, [receipt(f"{number}", company="x" * 5000) for number in range(20)])
    assert (caught.value.code, caught.value.transient) == ("database-full", True)
    assert "free space" in str(caught.value)
    assert (held(engine), held(engine, DocumentRow)) == (0, 0)


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"this is a text file, not a database" * 100)
    with pytest.raises(DatabaseError) as caught:
        check_schema(open_database(f"sqlite:///{tmp_path / 'test.db'}"))
    assert caught.value.code == "database-broken"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        prepare(open_database(f"sqlite:///{tmp_path / 'nowhere' / 'test.db'}"))
    assert caught.value.code == "database-unreachable"


_STORE = """
import sys
sys.path[:0] = {paths!r}
from sample_records import receipt
from db.connect import open_database
from db.store import store_records
from segocr.errors import DatabaseError
try:
    store_records(open_database({url!r}), [receipt("a")])
except DatabaseError as error:
    print(error.code, error.hint, sep=": ")
"""


def test_a_read_only_database_is_named(sqlite_file: Path, unprivileged: Any) -> None:
    target = unprivileged.folder / "test.db"
    target.write_bytes(sqlite_file.read_bytes())
    target.chmod(0o444)
    unprivileged.folder.chmod(0o555)
    ran = unprivileged.run([sys.executable, "-c", store_program(f"sqlite:///{target}")])
    assert ran.stdout.startswith("database-read-only: check the owner and mode"), ran.stderr


def test_another_users_files_beside_a_database_are_named(sqlite_file: Path, unprivileged: Any) -> None:
    target = unprivileged.folder / "test.db"
    target.write_bytes(sqlite_file.read_bytes())
    for end in ("-wal", "-shm"):
        target.with_name(f"test.db{end}").touch(0)
    ran = unprivileged.run([sys.executable, "-c", store_program(f"sqlite:///{target}")])
    assert f"chown --reference={target} {target}-wal {target}-shm" in ran.stdout, ran.stderr


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_may_only_be_read_is_named(engine: Engine, url: str) -> None:
    read_only = make_url(url).update_query_dict({"options": "-cdefault_transaction_read_only=on"})
    standby = open_database(read_only.render_as_string(hide_password=False))
    with pytest.raises(DatabaseError) as caught:
        store_records(standby, [receipt("a")])
    assert caught.value.code == "database-read-only"
    assert "primary server" in str(caught.value.hint)
    standby.dispose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_whatever_is_deleted_is_overwritten(engine: Engine) -> None:
    with writing(engine) as connection:
        assert connection.scalar(text("PRAGMA secure_delete")) == 1


def store_program(url: str) -> str:
    return _STORE.format(paths=[str(HERE), str(HERE.parents[1])], url=url)


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    engine = open_database(f"postgresql://somebody:hunter2@/name?host={tmp_path}")
    with pytest.raises(DatabaseError, match="cannot be reached") as caught:
        check_schema(engine)
    assert (caught.value.code, caught.value.transient) == ("database-unreachable", True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_the_server_does_not_have_is_named(url: str) -> None:
    engine = open_database(url.replace("/segocr_", "/absent_"))
    with pytest.raises(DatabaseError) as caught:
        check_schema(engine)
    assert caught.value.code == "database-unreachable"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_ends_the_connection_is_named_and_the_next_try_works(engine: Engine) -> None:
    with pytest.raises(DatabaseError) as caught, writing(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert (caught.value.code, caught.value.transient) == ("database-unreachable", True)
    assert store_records(engine, [receipt("a")])[0].added


_KILLED = """
import os, signal, sys
sys.path[:0] = {paths!r}
from sample_records import receipt
from db import evidence
from db.connect import open_database
from db.store import store_records
insert = evidence._insert
def insert_and_die(connection, table, rows):
    if table.__tablename__ == "problems":
        os.kill(os.getpid(), signal.SIGKILL)
    return insert(connection, table, rows)
evidence._insert = insert_and_die
store_records(open_database({url!r}), [receipt("a")])
"""


def test_a_kill_in_the_middle_of_a_store_leaves_nothing_of_it(url: str, engine: Engine) -> None:
    program = _KILLED.format(paths=[str(HERE), str(HERE.parents[1])], url=url)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    assert (held(engine), held(engine, DocumentRow), held(engine, FieldValueRow)) == (0, 0, 0)
    assert store_records(engine, [receipt("a")])[0].added


_RACE = """
import sys
sys.path[:0] = {paths!r}
from sample_records import receipt
from db.connect import open_database
from db.store import store_records
engine = open_database({url!r})
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    store_records(engine, [receipt(str(number), recipe="r%d" % (number % 3 == {who}))])
"""


def test_two_processes_storing_the_same_documents_leave_one_current_each(url: str, engine: Engine) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _RACE.format(paths=[str(HERE), str(HERE.parents[1])], url=url, who=who)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for who in (0, 1)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        _, errors = program.communicate(timeout=60)
        assert program.returncode == 0, errors
    with reading(engine) as connection:
        current = select(func.count()).where(ExtractionRow.current)
        assert connection.scalar(current) == 30
        assert connection.scalar(select(func.count()).select_from(DocumentRow)) == 30
    assert held(engine) == 50  # ten documents under one recipe, twenty under two


_FIRST = """
import sys
sys.path[:0] = {paths!r}
from db.connect import open_database
from db.schema import prepare
engine = open_database({url!r})
print("ready", flush=True)
sys.stdin.readline()
prepare(engine)
"""


def test_two_processes_making_the_tables_at_once_both_succeed(url: str) -> None:
    program = _FIRST.format(paths=[str(HERE.parents[1])], url=url)
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    programs = [subprocess.Popen(command, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for one in programs:
        one.stdout.readline()
    for one in programs:
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in programs:
        _, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors
    engine = open_database(url)
    check_schema(engine)
    engine.dispose()
