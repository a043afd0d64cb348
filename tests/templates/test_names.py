"""Names of templates and fields become names in SQL without a clash."""

from __future__ import annotations

from pathlib import Path

import pytest

from segocr.errors import TemplateError
from segocr.templates import load_template
from segocr.templates.names import COLUMNS, KEYWORDS, TABLES, fault_of_field_name, fault_of_template_name

ALL = "{a: {}, items: {instances: all}}"


def write(folder: Path, name: str, fields: str) -> None:
    (folder / name).mkdir()
    (folder / name / "template.yaml").write_text(f"template: {name}\nversion: 1\nfields: {fields}\n")


def test_two_templates_may_not_make_the_same_view(tmp_path: Path) -> None:
    write(tmp_path, "order_form", ALL)
    write(tmp_path, "order_form_items", "{a: {}}")
    for name in ("order_form", "order_form_items"):
        with pytest.raises(TemplateError, match="view called 'order_form_items'") as caught:
            load_template(name, search=[tmp_path])
        assert caught.value.mark is not None
        assert caught.value.mark.line == 1


def test_names_that_only_begin_alike_do_not_clash(tmp_path: Path) -> None:
    write(tmp_path, "order_form", ALL)
    write(tmp_path, "order_form_old", ALL)
    assert load_template("order_form_old", search=[tmp_path]).lists == {"items"}


def test_a_folder_must_be_called_as_its_template(tmp_path: Path) -> None:
    write(tmp_path, "lease", "{a: {}}")
    (tmp_path / "lease").rename(tmp_path / "contract")
    with pytest.raises(TemplateError, match="the folder is called 'contract'"):
        load_template("contract", search=[tmp_path])
    assert load_template(tmp_path / "contract").name == "lease"


def test_a_workspace_hides_a_shipped_template(tmp_path: Path) -> None:
    write(tmp_path, "receipt", "{a: {}}")
    assert list(load_template("receipt", search=[tmp_path]).fields) == ["a"]


def test_what_the_database_has_for_itself_is_reserved_and_nothing_else() -> None:
    from db import views
    from db.tables import Base

    assert {*Base.metadata.tables, views.NEEDS_REVIEW, "alembic_version"} == TABLES
    assert {*views.COLUMNS, "ordinal"} == COLUMNS


@pytest.mark.parametrize("name", sorted(TABLES | KEYWORDS))
def test_reserved_template_names(name: str) -> None:
    assert fault_of_template_name(name)


@pytest.mark.parametrize(
    "name", [*sorted(COLUMNS), "a_status", "a_confidence", "A", "1a", "a-b", "é", "a" * 41, ""]
)
def test_reserved_field_names(name: str) -> None:
    assert fault_of_field_name(name)


@pytest.mark.parametrize(
    "name", ["date", "total", "company", "address", "sex", "a" * 40, "mrz_line1", "order_no"]
)
def test_good_field_names(name: str) -> None:
    assert fault_of_field_name(name) is None
