"""Files at an address land like those in a folder; what cannot be fetched is one sentence that repeats no secret."""

import gzip
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from pyarrow import fs

from helpers.foundation.errors import InputError
from helpers.intake import remote_files
from helpers.intake.profile_schema import FileRule

ROWS = "id,customer,day,amount\n1,a,2025-01-01,5\n2,b,2025-01-02,6\n"
HIDDEN = "LOYALTY_TEST_LINK"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *told):
        pass


@pytest.fixture
def site(tmp_path):
    """Serve a folder of its own over HTTP on this machine."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_file_at_an_address_lands_packed_or_not(small, site):
    folder, address = site
    (folder / "orders.csv").write_text(ROWS)
    (folder / "more orders.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    for path in ("orders.csv?version=2", "more%20orders.csv.gz"):
        landed = small.landed(files={"orders": {"path": f"{address}/{path}"}})
        assert [(f.n_records, f.file) for f in landed.files] == [(2, path.split("?")[0].replace("%20", " "))]


def test_a_secret_link_stands_in_the_environment_and_in_no_sentence(small, site, monkeypatch):
    _, address = site
    files = {"orders": {"connection": HIDDEN, "format": "csv"}}
    with pytest.raises(InputError, match=f"the environment variable {HIDDEN} holds no address"):
        small.landed(files=files)
    monkeypatch.setenv(HIDDEN, f"{address}/absent.csv?key=a-secret")
    with pytest.raises(InputError, match="the server answered 404") as refused:
        small.landed(files=files)
    assert "a-secret" not in str(refused.value)


def test_what_does_not_answer_or_is_too_large_is_one_sentence(small, site, monkeypatch):
    folder, address = site
    (folder / "orders.csv").write_text(ROWS)
    with pytest.raises(InputError, match=r"files\.orders: the file cannot be fetched"):
        small.landed(files={"orders": {"path": "http://127.0.0.1:1/orders.csv"}})
    with pytest.raises(InputError, match="the address holds a user"):
        small.landed(files={"orders": {"path": "https://me:a-secret@127.0.0.1/orders.csv"}})
    monkeypatch.setattr(remote_files, "MOST_BYTES", 10)
    with pytest.raises(InputError, match="it is larger than 10 bytes"):
        small.landed(files={"orders": {"path": f"{address}/orders.csv"}})
    monkeypatch.setattr(remote_files, "MOST_BYTES", 10_000)
    monkeypatch.setattr(remote_files, "MOST_SECONDS", -1)
    with pytest.raises(InputError, match="it had not arrived after"):
        small.landed(files={"orders": {"path": f"{address}/orders.csv"}})


def test_a_bucket_is_read_by_its_own_file_system(small, tmp_path, monkeypatch):
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "orders.csv").write_text(ROWS)
    asked = []

    def from_uri(address):
        asked.append(address)
        return fs.LocalFileSystem(), str(tmp_path / "bucket" / "orders.csv")

    monkeypatch.setattr(remote_files, "fs", SimpleNamespace(FileSystem=SimpleNamespace(from_uri=from_uri)))
    assert small.landed(files={"orders": {"path": "s3://bucket/orders.csv"}}).files[0].n_records == 2
    assert asked == ["s3://bucket/orders.csv"]


@pytest.mark.parametrize("system", ["postgresql", "snowflake", "bigquery", "flightsql"])
def test_a_database_whose_driver_is_not_installed_says_which_is_needed(small, monkeypatch, system):
    monkeypatch.setenv(HIDDEN, "somewhere")
    monkeypatch.setitem(sys.modules, f"adbc_driver_{system}.dbapi", None)  # as if it were not there
    with pytest.raises(InputError, match=f"pip install adbc-driver-{system}"):
        small.landed(files={"orders": {"format": system, "connection": HIDDEN, "query": "select 1 a order by a"}})


@pytest.mark.parametrize("told", [
    {"path": "a.csv", "connection": HIDDEN}, {"format": "csv"}, {"format": "snowflake", "path": "x", "query": "q"}])
def test_a_file_has_one_place(told):
    with pytest.raises(ValueError, match="a file needs 'path'"):
        FileRule.model_validate(told)
