"""Archives: what is read out of them, and what is refused."""

import gzip
import io
import time
import zipfile

import pyarrow.parquet as pq
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import archives
from helpers.intake.profile_schema import FileRule


def archive(**members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return made.getvalue()


def zipped(**more):
    return {"orders": {"path": "orders.zip"} | more}


def rows(landed):
    return pq.read_table(landed.tables["orders"]).to_pylist()


JUNK = {"__MACOSX/._orders.csv": b"\x00\x05\x16\x07", ".DS_Store": b"\x00", "folder/Thumbs.db": b"\x00"}


def test_all_files_of_an_archive_are_read_but_for_junk(small):
    small.file("orders.zip", archive(**JUNK, **{"b/orders.csv": "id\n2\n", "a.csv": "id\n1\n"}))
    found = rows(small.landed(files=zipped()))
    assert [(r["id"], r["file"]) for r in found] == [("1", "orders.zip/a.csv"), ("2", "orders.zip/b/orders.csv")]


def test_a_member_is_chosen_by_name_or_pattern(small):
    small.file("orders.zip", archive(**JUNK, **{"my orders.csv": "id\n1\n", "people.csv": "name\nAnn\n"}))
    for member in ("my orders.csv", "*orders.csv"):
        assert [r["id"] for r in rows(small.landed(files=zipped(member=member)))] == ["1"]


def test_a_name_that_is_there_is_no_pattern(small):
    small.file("orders.zip", archive(**{"orders[1].csv": "id\n1\n", "orders1.csv": "id\n2\n"}))
    small.file("orders[1].csv", "id\n3\n")
    small.file("orders1.csv", "id\n4\n")
    assert [r["id"] for r in rows(small.landed(files=zipped(member="orders[1].csv")))] == ["1"]
    assert [r["id"] for r in rows(small.landed(files={"orders": {"path": "orders[1].csv"}}))] == ["3"]


def test_an_absent_member_names_the_nearest_one(small):
    small.file("orders.zip", archive(**{"orders.csv": "id\n1\n"}))
    with pytest.raises(InputError, match=r"there is no member 'order.csv' in the archive; allowed: did you mean 'ord"):
        small.landed(files=zipped(member="order.csv"))


def test_an_archive_of_junk_alone_is_one_sentence(small):
    small.file("orders.zip", archive(**JUNK))
    with pytest.raises(InputError, match=r"orders.zip: there is no file in the archive"):
        small.landed(files=zipped())


@pytest.mark.parametrize("name", ["../orders.csv", "a/../../orders.csv", "/etc/orders.csv", "C:/orders.csv",
                                  "..\\orders.csv"])
def test_a_member_that_points_out_of_the_archive_is_refused(small, name):
    small.file("orders.zip", archive(**{name: "id\n1\n"}))
    with pytest.raises(InputError, match=r"orders.zip: the member '.*' points out of the archive"):
        small.landed(files=zipped())
    assert [p.name for p in small.folder.iterdir()] == ["orders.zip"]


@pytest.mark.parametrize("path", ["../orders.csv", "/etc/passwd", "a/../../b.csv", "~/orders.csv", "..\\orders.csv"])
def test_a_path_that_leads_out_of_the_folder_is_refused(small, path):
    with pytest.raises(InputError, match="leads out of the source's folder"):
        small.landed(files={"orders": {"path": path}})


def test_a_zip_bomb_is_refused_before_it_fills_the_disk(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.archives.SMALL", 1 << 20)
    monkeypatch.setattr("helpers.intake.archives.CHUNK", 1 << 16)
    small.file("orders.zip", archive(**{"orders.csv": b"id\n" + b"1\n" * (4 << 20)}))
    with pytest.raises(InputError, match=r"orders.zip/orders.csv: its [\d,]+ bytes unpack to more than [\d,]+"):
        small.landed(files=zipped())


def test_a_gzip_bomb_is_refused_too(small, monkeypatch):
    monkeypatch.setattr("helpers.intake.archives.SMALL", 1 << 20)
    small.file("orders.csv.gz", gzip.compress(b"id\n" + b"1\n" * (4 << 20)))
    with pytest.raises(InputError, match=r"orders.csv.gz: its [\d,]+ bytes unpack to more than [\d,]+"):
        small.landed(files={"orders": {"path": "orders.csv.gz"}})


def test_files_that_compress_well_are_no_bombs(small):
    small.file("orders.csv.gz", gzip.compress(b"id\n" + b"1\n" * 500_000))
    assert small.landed(files={"orders": {"path": "*.gz"}}).files[0].n_records == 500_000


def test_daily_drops_may_be_packed_and_plain(small):
    small.file("1.csv", "id\n1\n")
    small.file("2.csv.gz", gzip.compress(b"id\n2\n"))
    small.file("3.csv.zip", archive(**{"3.csv": "id\n3\n"}))
    assert [r["id"] for r in rows(small.landed(files={"orders": {"path": "?.csv*"}}))] == ["1", "2", "3"]


@pytest.mark.parametrize(("name", "content"), [
    ("orders.zip", b"PK\x03\x04 torn"), ("orders.csv.gz", gzip.compress(b"id\n1\n", mtime=0)[:-6]),
    ("orders.csv.gz", b"plain")])
def test_a_torn_archive_is_one_sentence(small, name, content):
    small.file(name, content)
    with pytest.raises(InputError, match=rf"{name}: it cannot be (opened as a zip archive|unpacked)"):
        small.landed(files={"orders": {"path": name}})


def test_a_damaged_member_is_one_sentence(small):
    content = bytearray(archive(**{"orders.csv": "id\n" + "\n".join(map(str, range(2000)))}))
    content[200:220] = bytes(20)
    small.file("orders.zip", bytes(content))
    with pytest.raises(InputError, match=r"orders.zip/orders.csv: it cannot be unpacked"):
        small.landed(files=zipped())


def test_nothing_unpacked_stays_behind(small):
    small.file("orders.zip", archive(**{"orders.csv": "id\n1\n"}))
    landed = small.landed(files=zipped())
    assert sorted(p.name for p in landed.room.path.iterdir()) == ["0.parquet", "broken.parquet"]


def test_ten_thousand_members_are_unpacked_in_a_time_that_grows_with_their_number(tmp_path):
    seconds = {}
    for n in (1_000, 10_000):
        packed, room = tmp_path / f"{n}.zip", tmp_path / f"room-{n}"
        room.mkdir()
        with zipfile.ZipFile(packed, "w") as archive:
            for i in range(n):
                archive.writestr(f"{i:05d}.csv", "id\n1\n")
        start = time.process_time()
        assert len(archives.member_files(tmp_path, FileRule(path=packed.name), "orders", room)) == n
        seconds[n] = time.process_time() - start
    assert seconds[10_000] < 30 * seconds[1_000]  # ten times as many; what is read anew for each would take a hundred
