"""Which template takes a file."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from segocr.errors import DocumentError, TemplateError
from segocr.templates import load_template, route
from segocr.templates.routes import nearest_route, same_routes
from segocr.templates.spec import Pages, Route

ROUTES = {
    "letter": Route(folder="post"),
    "bill": Route(folder="post/bills"),
    "scan": Route(files=("scan_*.pdf", "*.TIF")),
    "nothing": Route(),
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("post/a.jpg", "letter"),
        ("post/2024/a.jpg", "letter"),
        ("post/bills/a.jpg", "bill"),
        ("/home/post/inbox/post/bills/old/a.jpg", "bill"),
        ("Scan_1.PDF", "scan"),
        ("x/page.tif", "scan"),
        ("post/page.tif", "letter"),
    ],
)
def test_the_nearest_folder_wins(path: str, name: str) -> None:
    assert nearest_route(PurePath(path), ROUTES) == name


@pytest.mark.parametrize("path", ["a.jpg", "posts/a.jpg", "post", "bills/a.jpg"])
def test_a_file_that_no_template_takes_is_told_so(path: str) -> None:
    with pytest.raises(DocumentError) as caught:
        nearest_route(PurePath(path), ROUTES)
    assert caught.value.code == "no-template"


def test_two_templates_for_one_file_are_an_error() -> None:
    with pytest.raises(DocumentError) as caught:
        nearest_route(PurePath("in/a.jpg"), {"a": Route(folder="in"), "b": Route(folder="in")})
    assert caught.value.code == "ambiguous-template"


def test_routes_that_nothing_tells_apart_are_known() -> None:
    routes = {
        "b": Route(folder="in/"), "a": Route(folder="in"), "c": Route(folder="in", files=("*.pdf",)),
        "d": Route(files=("a*", "B*")), "e": Route(files=("b*", "A*")), "f": Route(), "g": Route(),
    }  # fmt: skip
    assert same_routes(routes) == [["a", "b"], ["d", "e"]]


def test_a_workspace_template_has_its_route(tmp_path: Path) -> None:
    (tmp_path / "lease").mkdir()
    text = "template: lease\nversion: 1\nroute: {folder: leases}\nfields: {a: {}}\n"
    (tmp_path / "lease" / "template.yaml").write_text(text)
    assert route(PurePath("leases/a.jpg"), search=[tmp_path]) == "lease"
    assert route(PurePath("passports/a.jpg"), search=[tmp_path]) == "passport"


def test_a_broken_template_keeps_only_what_might_be_its_own(tmp_path: Path) -> None:
    (tmp_path / "lease").mkdir()
    (tmp_path / "lease" / "template.yaml").write_text("template: lease\nroute: {folder: leases\n")
    assert route(PurePath("passports/a.jpg"), search=[tmp_path]) == "passport"
    for path in ("leases/a.jpg", "passports/of tenants/a.jpg"):
        with pytest.raises(TemplateError, match=r"lease/template\.yaml:3:1: this is not YAML"):
            route(PurePath(path), search=[tmp_path])


@pytest.mark.parametrize(
    ("written", "pages"),
    [("all", Pages()), ("{each: record}", Pages(each_record=True)), ("[1, 3]", Pages(numbers=(1, 3)))],
)
def test_pages_of_a_record(tmp_path: Path, written: str, pages: Pages) -> None:
    (tmp_path / "template.yaml").write_text(
        f"template: lease\nversion: 1\npages: {written}\nfields: {{a: {{}}}}\n"
    )
    found = load_template(tmp_path).pages
    assert found == pages
    assert [found.takes(number) for number in (1, 2, 3)] == [True, pages.numbers is None, True]
    assert found.part(2) == (2 if pages.each_record else 0)
