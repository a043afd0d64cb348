"""A database file that is removed or replaced while it is open: nothing is stored where nobody finds it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_records import receipt
from sqlalchemy import Engine, func, select

from db.connect import open_database, reading, writing
from db.schema import prepare
from db.store import store_records
from db.tables import DocumentRow
from segocr.errors import DatabaseError


@pytest.fixture
def path(migrated_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(migrated_file, tmp_path / "test.db"))


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{path}", busy_seconds=0.3)
    yield engine
    engine.dispose()


def documents(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(DocumentRow)) or 0


def documents_in(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        [count] = connection.execute("select count(*) from documents").fetchone()
    connection.close()
    return int(count)


def test_a_removed_file_is_told_until_one_is_there_again_and_none_is_made(path: Path, engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    path.unlink()
    for _ in range(3):
        with pytest.raises(DatabaseError, match="segocr db upgrade") as caught:
            store_records(engine, [receipt("b")])
        assert (caught.value.code, caught.value.transient) == ("database-missing", True)
        assert not path.exists()
    anew = open_database(f"sqlite:///{path}")
    prepare(anew)
    anew.dispose()
    assert store_records(engine, [receipt("c")])[0].added
    assert documents_in(path) == 1


@pytest.mark.parametrize("other_is_open", [False, True])
def test_a_backup_moved_into_place_is_gone_on_with_and_the_file_before_keeps_what_it_had(
    path: Path, migrated_file: Path, engine: Engine, other_is_open: bool
) -> None:
    other = open_database(f"sqlite:///{path}", busy_seconds=0.3)
    store_records(engine, [receipt("a"), receipt("b", sha256="b" * 64)])
    before = documents(engine)
    if other_is_open:
        assert documents(other) == before
    path.rename(path.with_name("old.db"))
    shutil.copyfile(migrated_file, path)
    with pytest.raises(DatabaseError) as caught:
        store_records(engine, [receipt("c")])
    assert (caught.value.code, caught.value.transient) == ("database-replaced", True)
    assert store_records(engine, [receipt("d")])[0].added
    if other_is_open:
        with pytest.raises(DatabaseError, match="came in the place"):
            documents(other)
    assert documents(other) == documents(engine) == 1
    other.dispose()
    engine.dispose()
    assert documents_in(path) == 1
    assert documents_in(path.with_name("old.db")) == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_with_other_tables_is_not_gone_on_with(path: Path, engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    path.rename(path.with_name("old.db"))
    with sqlite3.connect(path) as connection:
        connection.execute("create table notes (text)")
    connection.close()
    for _ in range(3):
        with pytest.raises(DatabaseError) as caught:
            documents(engine)
        assert caught.value.code == "database-replaced"
    path.with_name("old.db").replace(path)
    assert documents(engine) == 1


def test_who_needs_tables_makes_no_file_without_any(path: Path) -> None:
    path.unlink()
    engine = open_database(f"sqlite:///{path}", made=True)
    with pytest.raises(DatabaseError) as caught:
        documents(engine)
    assert caught.value.code == "database-missing"
    assert not path.exists()


def test_nothing_is_committed_into_a_file_that_went_meanwhile(path: Path, engine: Engine) -> None:
    store_records(engine, [receipt("a")])
    with pytest.raises(DatabaseError, match="removed"), writing(engine) as connection:
        connection.exec_driver_sql("delete from documents")
        path.rename(path.with_name("old.db"))
    with pytest.raises(DatabaseError, match="removed"):
        documents(engine)
    path.with_name("old.db").replace(path)
    assert documents(engine) == 1
