"""Views that are made anew keep what others were given on them, and take nobody's name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from postgresql_server import ask
from sample_records import record, value
from sqlalchemy import Engine, text

from db.connect import reading, writing
from db.queries import run_query
from db.schema import upgrade
from db.store import store_records
from db.views import TemplateShape, ViewField, register_template
from segocr.cli import run
from segocr.errors import DatabaseError

NAME, ITEMS, TOTAL = (
    ViewField("name", "text"),
    ViewField("items", "text", many=True),
    ViewField("total", "money"),
)
FIRST = TemplateShape("slip", 1, (NAME, ITEMS))
SECOND = TemplateShape("slip", 2, (NAME, TOTAL, ITEMS))
ON_POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def role(url: str) -> Iterator[str]:
    name = f"Reader {uuid.uuid4().hex}"
    ask(url, f'CREATE ROLE "{name}"')
    yield f'"{name}"'
    ask(url, f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


RIGHTS = """
SELECT table_name, privilege_type, is_grantable = 'YES'
FROM information_schema.table_privileges WHERE grantee = :role
UNION ALL
SELECT table_name || '.' || column_name, privilege_type, is_grantable = 'YES'
FROM information_schema.column_privileges WHERE grantee = :role AND table_name = 'slip_items'
ORDER BY 1, 2
"""


def given(engine: Engine, role: str) -> list[tuple[str, str, bool]]:
    """Return which rights a role has: on what, which, and whether it may give them."""
    with reading(engine) as connection:
        rows = connection.execute(text(RIGHTS), {"role": role.strip('"')})
        return [(on, right, may) for on, right, may in rows]


def comments(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        query = (
            "SELECT description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid WHERE relkind = 'v'"
        )
        return sorted(connection.scalars(text(f"{query} AND relnamespace = 'public'::regnamespace")))


@ON_POSTGRESQL
def test_rights_and_comments_outlive_a_new_version_and_an_upgrade(engine: Engine, role: str) -> None:
    register_template(engine, FIRST)
    with writing(engine) as connection:
        for statement in (
            f"GRANT SELECT, INSERT ON slip TO {role} WITH GRANT OPTION",
            f"GRANT SELECT (sha256, items) ON slip_items TO {role}",
            "GRANT SELECT ON needs_review TO PUBLIC",
            "COMMENT ON VIEW slip IS 'what it''s worth: 100%'",
            "COMMENT ON COLUMN slip.name IS 'whose'",
        ):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    rights, said = given(engine, role), comments(engine)
    assert len(rights) == 4
    assert said == ["what it's worth: 100%", "whose"]
    everybody = given(engine, "PUBLIC")
    for _ in range(2):
        assert register_template(engine, SECOND)
        upgrade(engine)
        assert (given(engine, role), comments(engine), given(engine, "PUBLIC")) == (rights, said, everybody)
        assert register_template(engine, FIRST)


@ON_POSTGRESQL
def test_what_was_given_on_a_column_goes_with_it(engine: Engine, role: str) -> None:
    register_template(engine, SECOND)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"GRANT SELECT (total, name) ON slip TO {role}")
    assert register_template(engine, FIRST)
    with reading(engine) as connection:
        may = "SELECT has_column_privilege(:role, 'slip', 'name', 'SELECT')"
        assert connection.scalar(text(may), {"role": role.strip('"')})


def test_a_view_that_would_be_as_it_was_stays_with_what_rests_on_it(engine: Engine) -> None:
    register_template(engine, FIRST)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE VIEW mine AS SELECT * FROM slip_items")
    assert register_template(engine, SECOND)
    assert run_query(engine, "select total from slip").rows == ()
    assert run_query(engine, "select * from mine").rows == ()


def test_an_upgrade_to_the_same_revision_makes_only_anew_what_is_not_as_it_should_be(engine: Engine) -> None:
    register_template(engine, FIRST)
    statements = (
        "CREATE VIEW mine AS SELECT * FROM slip",
        "DROP VIEW slip_items",
        "CREATE VIEW slip_items AS SELECT 1 AS old",
        "DROP VIEW needs_review",
    )
    with writing(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    for _ in range(2):
        upgrade(engine)
        for view in ("mine", "slip_items", "needs_review"):
            assert "sha256" in run_query(engine, f"select * from {view}").columns


def test_a_view_that_somebody_dropped_is_made_again(engine: Engine) -> None:
    register_template(engine, FIRST)
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP VIEW slip_items")
    register_template(engine, SECOND)
    assert run_query(engine, "select * from slip_items").rows == ()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE slip (x INTEGER)",
        "CREATE INDEX slip ON problems (severity)",
        pytest.param("CREATE MATERIALIZED VIEW slip_items AS SELECT 1 AS x", id="materialized"),
        pytest.param("CREATE TABLE Slip (x INTEGER)", id="another case"),
    ],
)
def test_a_name_that_somebody_took_is_refused_clearly(engine: Engine, statement: str) -> None:
    if "MATERIALIZED" in statement and engine.dialect.name == "sqlite":
        statement = statement.replace("MATERIALIZED ", "")
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(DatabaseError) as caught:
        register_template(engine, FIRST)
    assert caught.value.code == "view-name"


def test_the_views_of_a_template_that_is_gone_can_be_dropped(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGOCR_DATABASE_URL", url)
    register_template(engine, FIRST)
    store_records(engine, [record("a", value("name", "text", "x"), template="slip")])
    other = TemplateShape("slip_items", 1, (NAME,))
    with pytest.raises(DatabaseError, match="for template 'slip'") as caught:
        register_template(engine, other)
    assert "segocr db drop-views slip`" in str(caught.value.hint)
    assert run(["db", "drop-views", "slipp"]) == 2
    assert "'slip'" in capsys.readouterr().err
    assert run(["db", "drop-views", "slip"]) == 0
    assert capsys.readouterr().err == "dropped: slip, slip_items\n"
    assert register_template(engine, other)
    assert register_template(engine, TemplateShape("slip", 2, (NAME,)))
    assert run_query(engine, "select name from slip").rows == (("x",),)


@ON_POSTGRESQL
def test_options_of_views_outlive_a_new_version_and_an_upgrade(engine: Engine) -> None:
    register_template(engine, FIRST)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER VIEW slip SET (security_invoker = on, security_barrier = true)")
    for change in (lambda: upgrade(engine), lambda: register_template(engine, SECOND)):
        change()
        with reading(engine) as connection:
            options = connection.scalar(text("SELECT reloptions FROM pg_class WHERE relname = 'slip'"))
        assert options == ["security_invoker=on", "security_barrier=true"]
