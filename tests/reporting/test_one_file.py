import re

import pytest

from helpers.reporting import one_file
from tests.reporting import samples


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    samples.written(folder)
    names = ["08.html", "05.html"]
    return one_file.one_file({name: (folder / name).read_text(encoding="utf-8") for name in names}, "A & B")


def test_one_file_holds_every_page_once_under_one_title_and_one_style(whole):
    assert re.findall(r'<article class="([^"]*)" id="([^"]*)"', whole) == [
        ("page leadership", "page-08"), ("page", "page-05")]
    assert whole.count("<title>A &amp; B</title>") == whole.count("<main>") == whole.count("<body") == 1
    assert whole.count("@page {") == whole.count("Content-Security-Policy") == 1


def test_ids_in_one_file_are_unique(whole):
    ids = re.findall(r'<[^>]*?\sid="([^"]*)"', whole)
    own = [name for name in ids if not re.match("f[0-9a-f]{8}-", name)]
    assert len(own) == len(set(own)) > 10


def test_links_of_one_file_lead_into_it_or_are_plain_text(whole):
    links = set(re.findall(r'<a href="([^"]*)"', whole))
    assert links
    assert {link for link in links if not link.startswith("#")} <= {
        f"{name}.html" for name in ("01", "02", "03", "04", "05", "06", "07")} - {"05.html"}
    assert all(f'id="{link[1:]}"' in whole for link in links if link.startswith("#"))
    assert "executed notebook" in whole


def test_what_is_no_page_is_refused():
    with pytest.raises(ValueError, match="has no body"):
        one_file.one_file({"x.html": "<p>no page</p>"}, "t")
