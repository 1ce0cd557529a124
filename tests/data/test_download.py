"""One file over HTTP, from a server on this machine that misbehaves."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from dgnet_lite.data.download import download, part_of

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def served(server, monkeypatch):
    monkeypatch.setattr("dgnet_lite.data.download.CHUNK", 1000)
    server.content = CONTENT
    return server


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "data" / "archive.zip"


def fetch(server, file: Path, **options) -> Path:
    return download(server.url, file, progress=False, **options)


def left_of(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir())


def test_a_file_is_fetched_whole_and_nothing_else_is_left(served, file):
    assert fetch(served, file).read_bytes() == CONTENT
    assert left_of(file) == ["archive.zip"]


def test_a_file_that_is_there_is_not_fetched_again(served, file, capsys):
    file.parent.mkdir()
    file.write_bytes(b"mine")
    assert fetch(served, file).read_bytes() == b"mine"
    assert served.asked == []
    assert "is there already and is used. To fetch it again, delete it first." in capsys.readouterr().out


def test_a_broken_transfer_goes_on_where_it_stopped(served, file):
    served.stops = [30_000, 40_000]
    assert fetch(served, file).read_bytes() == CONTENT
    assert served.asked == [None, "bytes=30000-", "bytes=70000-"]


def test_the_next_call_goes_on_where_the_last_one_stopped(served, file):
    served.stops = [30_000]
    with pytest.raises(ConnectionError):
        fetch(served, file, attempts=1)
    fetch(served, file, attempts=1)
    assert (file.read_bytes(), served.asked[-1]) == (CONTENT, "bytes=30000-")


def test_a_server_without_ranges_sends_all_of_it_again(served, file):
    served.ranges, served.stops = False, [30_000]
    assert fetch(served, file).read_bytes() == CONTENT
    assert served.asked == [None, "bytes=30000-"]


def test_a_server_that_always_sends_too_little_is_given_up(served, file):
    served.ranges, served.stops = False, [60_000] * 3
    with pytest.raises(ConnectionError, match=r"could not be fetched in 3 attempts") as caught:
        fetch(served, file, attempts=3)
    assert len(served.asked) == 3
    assert f"The 60,000 bytes that came are kept in {part_of(served.url, file)}" in str(caught.value)
    assert "Give the same command again to go on from there" in str(caught.value)


def test_what_came_too_short_is_never_under_the_name_of_the_file(served, file):
    served.stops = [60_000]
    with pytest.raises(ConnectionError):
        fetch(served, file, attempts=1)
    assert left_of(file) == [part_of(served.url, file).name]


def test_a_part_that_is_whole_is_not_fetched_again(served, file):
    file.parent.mkdir()
    part_of(served.url, file).write_bytes(CONTENT)
    assert fetch(served, file).read_bytes() == CONTENT
    assert left_of(file) == ["archive.zip"]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(served, file):
    file.parent.mkdir()
    part_of(served.url, file).write_bytes(CONTENT + b"of another file")
    assert fetch(served, file).read_bytes() == CONTENT
    assert served.asked == [f"bytes={len(CONTENT) + 15}-", None]


def test_parts_from_two_places_are_never_mixed(file):
    assert part_of("http://a.example/x.zip", file) != part_of("http://b.example/x.zip", file)


def test_a_server_error_is_tried_again(served, file):
    served.status = 503
    with pytest.raises(ConnectionError, match="in 2 attempts: 503 Server Error"):
        fetch(served, file, attempts=2)
    assert len(served.asked) == 2


def test_a_refusal_is_not_tried_again(served, file):
    served.status = 404
    with pytest.raises(ConnectionError, match=r"is refused: 404 Not Found\. Fetch the archive in a browser"):
        fetch(served, file)
    assert (len(served.asked), left_of(file)) == (1, [])


def test_a_web_page_is_no_archive(served, file):
    served.headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(OSError, match=r"sends a web page, not an archive; it may want a click or a login"):
        fetch(served, file)
    assert (len(served.asked), left_of(file)) == (1, [])


def test_another_encoding_is_refused(served, file):
    served.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(OSError, match="sends the file in another encoding, which cannot be resumed"):
        fetch(served, file)


def test_nobody_at_the_address_is_said(served, file):
    url = served.url.replace(str(served.server_port), "1")
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:1/.*could not be fetched in 2 attempts"):
        download(url, file, attempts=2, progress=False)


@pytest.mark.parametrize("url", ["ftp://host.example/x.zip", "x.zip", "file:///etc/passwd", "https://"])
def test_what_is_no_web_address_is_refused(url, file):
    with pytest.raises(ValueError, match="is no web address: give one that begins with http"):
        download(url, file, progress=False)


def test_the_right_checksum_passes(served, file):
    assert fetch(served, file, md5=hashlib.md5(CONTENT).hexdigest()) == file


def test_a_wrong_checksum_is_said_with_what_to_do(served, file):
    with pytest.raises(
        ValueError, match=r"its MD5 is [0-9a-f]{32}, not 0000\. Delete it and fetch it again; if you trust"
    ):
        fetch(served, file, md5="0000")


def test_a_full_disk_is_said_and_what_came_is_kept(served, file, monkeypatch):
    opened = Path.open

    def open_on_a_full_disk(path, mode="r", *rest, **options):
        stream = opened(path, mode, *rest, **options)
        if path.suffix == ".part" and mode == "wb":
            stream.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return stream

    monkeypatch.setattr(Path, "open", open_on_a_full_disk)
    with pytest.raises(
        OSError, match=r"the disk of .*data is full\. What came is kept in .*\.part\. Make room"
    ) as caught:
        fetch(served, file)
    assert len(served.asked) == 1
    assert not file.exists()
    assert caught.value.errno is None


def test_a_folder_that_may_not_be_written_is_said_to_be(served, file, monkeypatch):
    def denied(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(OSError, match=r"nothing may be written in .*data, so nothing was .* another folder"):
        fetch(served, file)
    assert not list(file.parent.glob("*"))
