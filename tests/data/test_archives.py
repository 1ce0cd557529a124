"""Unpacking archives that were cut off, are not what they say, or were made to do harm."""

import errno
import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from dgnet_lite.data import archives
from dgnet_lite.data.archives import check_target, unpack

HOLDS = ("bounding_box_train", "query", "bounding_box_test")


@pytest.fixture
def archive(tmp_path, tiny) -> Path:
    return tiny.zip(tmp_path / "market.zip", tiny.market())


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "data" / "Market-1501"


def run(archive: Path, target: Path, **options):
    options = {"limit": 1e6, "check": lambda root: root} | options
    return unpack(archive, target, holds=HOLDS, progress=False, **options)


def refused(archive: Path, target: Path, error: type[Exception], message: str, **options) -> None:
    """Unpacking raises `error` with `message`, and leaves nothing."""
    beside = sorted(archive.parent.rglob("*"))
    with pytest.raises(error, match=message):
        run(archive, target, **options)
    assert not target.exists()
    assert [path for path in sorted(archive.parent.rglob("*")) if path not in (*beside, target.parent)] == []


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# What is unpacked


def test_a_zip_is_unpacked_without_the_folder_around_the_data_set(archive, target, tiny):
    run(archive, target)
    assert content(target) == tiny.market()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_in_any_compression(tmp_path, target, tiny, mode):
    run(tiny.tar(tmp_path / "archive", tiny.market(), "some/folders/", mode), target)
    assert content(target) == tiny.market()


def test_an_archive_without_a_folder_around_is_unpacked(tmp_path, target, tiny):
    run(tiny.zip(tmp_path / "flat.zip", tiny.market(), inside=""), target)
    assert content(target) == tiny.market()


def test_nothing_else_is_left_beside_it(archive, target):
    run(archive, target)
    assert list(target.parent.iterdir()) == [target]


def test_an_empty_folder_is_filled(archive, target):
    target.mkdir(parents=True)
    run(archive, target)
    assert (target / "query").is_dir()


def test_what_systems_leave_behind_stays_in_the_archive(tmp_path, target, tiny):
    left = {"query/Thumbs.db": b"x", "__MACOSX/query/._0003_c1s1_000001_00.jpg": b"x", ".DS_Store": b"x"}
    run(tiny.zip(tmp_path / "mac.zip", left | tiny.market(), inside="m/"), target)
    assert content(target) == tiny.market()


def test_the_result_of_the_check_is_returned(archive, target):
    assert run(archive, target, check=lambda root: len(list(root.iterdir()))) == 3


def test_the_check_sees_everything_before_the_folder_is_there(archive, target):
    assert run(archive, target, check=lambda root: ((root / "query").is_dir(), target.exists())) == (True, False)


def test_a_failing_check_leaves_nothing(archive, target):
    def fail(root):
        raise ValueError("wrong counts")

    refused(archive, target, ValueError, "wrong counts", check=fail)


def test_an_interruption_leaves_nothing(archive, target):
    def stop(root):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(archive, target, check=stop)
    assert list(target.parent.iterdir()) == []


# Where it goes


def test_a_folder_that_holds_something_is_not_touched(archive, target):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"exists already.*check it: .*check_dataset\.py .*give another folder"):
        run(archive, target)
    assert content(target) == {"mine.txt": b"mine"}


def test_a_file_in_the_place_of_the_folder_is_not_touched(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="exists already"):
        check_target(tmp_path / "file")


def test_a_link_to_nowhere_in_the_place_of_the_folder_is_not_touched(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="exists already"):
        check_target(tmp_path / "link")


def test_a_new_folder_and_an_empty_one_are_free(tmp_path):
    check_target(tmp_path)
    check_target(tmp_path / "new")


def test_a_folder_below_a_file_cannot_be_written(archive, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=r"could not be unpacked into .*: .*Nothing is left of it.*another folder"):
        run(archive, tmp_path / "file" / "below")


def test_a_disk_that_is_too_full_is_seen_before_anything_is_written(archive, target, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1e9, 1e9, 20e6))
    refused(archive, target, OSError, r"too full: 50 MB are needed, 20 MB are free in .*data\. Nothing was unpacked")


def test_a_disk_that_fills_up_leaves_nothing(archive, target, monkeypatch):
    def full(entry, folder, archive, written):
        (folder / "half").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archives, "_write", full)
    refused(
        archive, target, OSError, r"could not be unpacked into .*: the disk is full\. Nothing is left of it\. Make room"
    )


def test_a_folder_that_may_not_be_written_is_said_to_be(archive, target, monkeypatch):
    def denied(folder, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    monkeypatch.setattr(Path, "mkdir", denied)
    message = r"could not be unpacked into .*: Permission denied\. Nothing .* another folder that you may write to"
    refused(archive, target, OSError, message)


def test_an_archive_that_may_not_be_read_is_said_to_be(archive, target, monkeypatch):
    opened = Path.open

    def denied(path, *mode, **options):
        if path == archive:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *mode, **options)

    monkeypatch.setattr(Path, "open", denied)
    refused(archive, target, OSError, r"market\.zip cannot be read: Permission denied\. Make it readable for you")


# What is no archive, or no whole one


def test_a_missing_archive_is_said_with_what_is_there(archive, target):
    with pytest.raises(FileNotFoundError, match=r"no archive .*markt\.zip\. In .* there is: market\.zip"):
        run(archive.with_name("markt.zip"), target)


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_zip_that_was_cut_off_is_said_to_be(archive, target, share):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(share * len(whole))])
    refused(archive, target, ValueError, r"is broken or cut off \(.*bytes\)\. Delete it and fetch it again")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_that_was_cut_off_is_said_to_be(tmp_path, target, tiny, mode):
    archive = tiny.tar(tmp_path / "archive", tiny.market(), mode=mode)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    refused(archive, target, ValueError, r"cut off.*Delete it and fetch it again")


@pytest.mark.parametrize("where", [0.2, 0.5])
def test_a_damaged_byte_in_a_zip_is_found(archive, target, where):
    damaged = bytearray(archive.read_bytes())
    damaged[int(where * len(damaged))] ^= 0xFF
    archive.write_bytes(damaged)
    refused(archive, target, ValueError, "is broken or cut off")


def test_a_web_page_under_the_name_of_an_archive_is_said_to_be_one(archive, target):
    archive.write_text("<!DOCTYPE html><html>Quota exceeded</html>")
    refused(archive, target, ValueError, r"is a web page, no whole zip or tar archive \(42 bytes\).*fetch it again")


@pytest.mark.parametrize("text", [b"", b"Rar!\x1a\x07", b"\x1f\x8b", bytes(100)])
def test_other_files_are_no_archives(archive, target, text):
    archive.write_bytes(text)
    refused(archive, target, ValueError, rf"is no whole zip or tar archive \({len(text)} bytes\)|no folder in it")


def test_another_archive_is_said_with_what_it_holds(tmp_path, target, tiny):
    archive = tiny.zip(tmp_path / "other.zip", tiny.msmt17(), inside="MSMT17_V1/")
    refused(
        archive, target, ValueError, r"is another archive: no folder in it holds bounding_box_train, query.*MSMT17_V1/"
    )


def test_a_locked_zip_is_said_to_be(archive, target, monkeypatch):
    listed = zipfile.ZipFile.infolist

    def locked(self):
        for info in listed(self):
            info.flag_bits |= 1
        return listed(self)

    monkeypatch.setattr(zipfile.ZipFile, "infolist", locked)
    refused(archive, target, ValueError, "is locked by a password")


# What was made to do harm


@pytest.mark.parametrize(
    "name", ["../escaped.jpg", "a/../../escaped.jpg", "/escaped.jpg", "..\\escaped.jpg", "C:\\escaped.jpg"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, target, tiny, kind, name):
    make = {"zip": tiny.zip, "tar": tiny.tar}[kind]
    archive = make(tmp_path / "evil", tiny.market() | {name: b"x"}, inside="")
    refused(archive, target, ValueError, r"wants to write outside its folder, to '.*escaped\.jpg'.*do not use this one")


@pytest.mark.parametrize("points_to", ["query", "../../..", "/etc/passwd"])
def test_a_link_in_a_zip_is_refused_wherever_it_points(archive, target, points_to):
    link = zipfile.ZipInfo("Market-1501-v15.09.15/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, points_to)
    refused(archive, target, ValueError, r"holds a link or a device, 'Market-1501-v15\.09\.15/link'")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_tar_is_refused(tmp_path, target, tiny, kind):
    archive = tiny.tar(tmp_path / "market.tar", tiny.market(), mode="w")
    special = tarfile.TarInfo("market/special")
    special.type, special.linkname = kind, "/etc/passwd"
    with tarfile.open(archive, "a") as opened:
        opened.addfile(special)
    refused(archive, target, ValueError, "holds a link or a device, 'market/special'")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_more_bytes_than_the_data_set_has_are_refused(tmp_path, target, tiny, kind):
    make = {"zip": tiny.zip, "tar": tiny.tar}[kind]
    bomb = make(tmp_path / "bomb", {"zeros": bytes(2_000_000)})
    assert bomb.stat().st_size < 10_000
    refused(bomb, target, ValueError, r"holds more than 0\.001 GB or 1,000,000 files, too much for this data set")


def test_more_files_than_any_data_set_has_are_refused(archive, target, monkeypatch):
    monkeypatch.setattr(archives, "MOST_ENTRIES", 6)
    refused(archive, target, ValueError, "or 6 files, too much for this data set")


def test_a_file_that_is_larger_than_the_zip_says_is_refused(tmp_path, target, tiny):
    archive = tiny.zip(tmp_path / "liar.zip", {"zeros": bytes(5000)}, inside="")
    damaged = archive.read_bytes().replace((5000).to_bytes(4, "little"), (500).to_bytes(4, "little"))
    archive.write_bytes(damaged)
    refused(archive, target, ValueError, "is broken")


def test_a_data_set_deep_in_the_archive_is_found_nearest_to_the_top(tmp_path, target, tiny):
    deep = {f"again/{name}": b"deeper" for name in tiny.market()}
    run(tiny.zip(tmp_path / "deep.zip", deep | tiny.market(), inside="a/b/"), target)
    assert (target / "query" / "0003_c1s1_000001_00.jpg").read_bytes() == tiny.jpeg()
