"""Unpack an archive that came from elsewhere: nothing outside its folder, no more than was said, all or nothing.

Every name and size is looked at before the first byte is written. Data sets need plain files in folders, so anything
else (links, devices) is refused, wherever it points.
"""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, TypeVar

from dgnet_lite.data import folders
from dgnet_lite.progress import progress as progress_bar

CHUNK = 1 << 20  # bytes
MOST_ENTRIES = 1_000_000
SPARE = 50e6  # bytes of the disk to leave free

T = TypeVar("T")
_FETCH_AGAIN = "Delete it and fetch it again."


class Entry(NamedTuple):
    """A plain file of an archive."""

    path: PurePosixPath
    size: int  # bytes when unpacked
    open: Callable[[], IO[bytes]]


def check_target(target: Path) -> None:
    """Raise FileExistsError when `target` is there and is not an empty folder."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise FileExistsError(
            f"{target} exists already. If it holds the data set, check it: python data_scripts/check_dataset.py "
            f"{target}. If not, give another folder, or remove it first."
        )


def unpack(
    archive: str | Path,
    target: str | Path,
    *,
    holds: Sequence[str],
    limit: float,
    check: Callable[[Path], T],
    progress: bool = True,
) -> T:
    """Unpack the folder of `archive` that holds the entries `holds` as the new folder `target`.

    Args:
        archive: zip, or tar in any compression that Python reads.
        target: a new folder, or an empty one. It appears when everything has succeeded, `check` included.
        limit: bytes that the archive may hold when unpacked.
        check: is given the unpacked folder before it is put in its place; it may raise.
        progress: show a bar.

    Returns:
        What `check` returned.

    Raises:
        FileExistsError: `target` holds something.
        FileNotFoundError: there is no archive.
        ValueError: it is no archive, is broken, tries to write elsewhere, holds too much, or is not this data set.
        OSError: the archive cannot be read, the disk is full, or the folder cannot be written. Nothing is left behind.
    """
    archive, target = Path(archive).expanduser(), Path(target).expanduser()
    check_target(target)
    if not archive.is_file():
        raise FileNotFoundError(f"no archive {archive}. In {archive.parent} there is: {folders.found(archive.parent)}.")
    try:
        archive.open("rb").close()
    except OSError as error:
        raise OSError(
            f"{archive} cannot be read: {error.strerror}. Make it readable for you, or give a copy that is."
        ) from error
    try:
        with opened(archive) as listed, folders.unfinished(target.absolute()) as temporary:
            entries = _allowed(listed, archive, limit)
            entries = list(progress_bar(entries, show=progress, desc="looking through", unit="file"))
            total = sum(entry.size for entry in entries)
            _check_room(total, temporary)
            with progress_bar(show=progress, total=total, desc="unpacking", unit="B", unit_scale=True) as bar:
                for entry in entries:
                    _write(entry, temporary, archive, bar.update)
            root = _find(temporary, holds, archive)
            checked = check(root)
            if target.exists():
                target.rmdir()
            root.rename(target.absolute())
    except OSError as error:
        if error.errno is None:  # raised here, or by `check`, in words
            raise
        reason = "the disk is full" if folders.disk_is_full(error) else error.strerror
        raise OSError(
            f"{archive} could not be unpacked into {target}: {reason}. Nothing is left of it. Make room, or give "
            "another folder that you may write to."
        ) from error
    return checked


@contextmanager
def opened(archive: Path) -> Iterator[Iterator[Entry]]:
    """The plain files of a zip or tar archive, one by one, told by its first bytes. Raises as `unpack`."""
    with archive.open("rb") as file:
        begin = file.read(512).lower()
    if begin[:4] in (b"pk\x03\x04", b"pk\x05\x06"):
        with _readable(archive):
            opened_zip = zipfile.ZipFile(archive)
        with opened_zip:
            yield _entries_of_zip(opened_zip, archive)
    else:
        with _open_tar(archive, begin) as opened_tar:
            yield _entries_of_tar(opened_tar, archive)


def _open_tar(archive: Path, begin: bytes) -> tarfile.TarFile:
    try:
        return tarfile.open(archive)
    except (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError):
        kind = "a web page, " if b"<html" in begin or b"<!doctype" in begin else ""
        raise ValueError(
            f"{archive} is {kind}no whole zip or tar archive ({archive.stat().st_size:,} bytes): "
            f"the transfer was cut off or brought something else. {_FETCH_AGAIN}"
        ) from None


def _entries_of_zip(opened_zip: zipfile.ZipFile, archive: Path) -> Iterator[Entry]:
    for info in opened_zip.infolist():
        if info.is_dir():
            _inside(info.filename, archive)
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ValueError(_no_plain_file(archive, info.filename))
        if info.flag_bits & 1:
            raise ValueError(f"{archive} is locked by a password. Unpack it with that, and pack it again without one.")
        yield Entry(_inside(info.filename, archive), info.file_size, lambda info=info: opened_zip.open(info))


def _entries_of_tar(opened_tar: tarfile.TarFile, archive: Path) -> Iterator[Entry]:
    members = iter(opened_tar)
    while True:
        with _readable(archive):
            info = next(members, None)
        if info is None:
            return
        path = _inside(info.name, archive)
        if info.isdir():
            continue
        if not info.isreg():
            raise ValueError(_no_plain_file(archive, info.name))
        yield Entry(path, info.size, lambda info=info: opened_tar.extractfile(info))


def _inside(name: str, archive: Path) -> PurePosixPath:
    """The path of an entry; ValueError when it leads out of the folder it is unpacked to."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
        raise ValueError(
            f"{archive} wants to write outside its folder, to {name!r}. No data set needs that: do not use this one."
        )
    return path


def _no_plain_file(archive: Path, name: str) -> str:
    return f"{archive} holds a link or a device, {name!r}. A data set consists of plain files: do not use this archive."


def _allowed(entries: Iterable[Entry], archive: Path, limit: float) -> Iterator[Entry]:
    """The entries, without what operating systems leave; ValueError as soon as they are too many or too large."""
    total = 0
    for number, entry in enumerate(entries):
        total += entry.size
        if total > limit or number >= MOST_ENTRIES:
            raise ValueError(
                f"{archive} holds more than {limit / 1e9:g} GB or {MOST_ENTRIES:,} files, too much for this data set. "
                "It is another archive, or made to fill the disk: do not use it."
            )
        if not any(folders.left_by_systems(part) for part in entry.path.parts):
            yield entry


def _check_room(total: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < total + SPARE:
        raise OSError(
            f"the disk is too full: {(total + SPARE) / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free in "
            f"{folder.parent}. Nothing was unpacked. Make room, or give another folder."
        )


def _write(entry: Entry, folder: Path, archive: Path, written: Callable[[int], object]) -> None:
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with _readable(archive):
        source = entry.open()
    with source, path.open("wb") as file:
        size = 0
        while True:
            with _readable(archive):
                chunk = source.read(CHUNK)
            if not chunk:
                break
            size += len(chunk)
            file.write(chunk)
            written(len(chunk))
    if size != entry.size:
        raise ValueError(f"{archive} is broken: {entry.path} has {size:,} bytes, not {entry.size:,}. {_FETCH_AGAIN}")


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """What can go wrong while reading an archive, in one sentence."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        LZMAError,
        EOFError,
        NotImplementedError,
        OSError,
    ) as error:
        raise ValueError(
            f"{archive} is broken or cut off ({error}; it has {archive.stat().st_size:,} bytes). {_FETCH_AGAIN}"
        ) from error


def _find(folder: Path, holds: Sequence[str], archive: Path) -> Path:
    """The folder nearest to the top that holds all the named entries."""
    level = [folder]
    while level:
        for candidate in level:
            if all((candidate / name).exists() for name in holds):
                return candidate
        level = [entry for candidate in level for entry in sorted(candidate.iterdir()) if entry.is_dir()]
    raise ValueError(
        f"{archive} is another archive: no folder in it holds {', '.join(holds)}. At its top: {folders.found(folder)}."
    )
