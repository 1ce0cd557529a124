"""Folders of data sets: what stands in one, what to say when it is the wrong one, and a new one, all or nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_LEFT_BY_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx"}


def left_by_systems(name: str) -> bool:
    """Whether an entry of this name is hidden or left behind by an operating system: Thumbs.db, .DS_Store, ..."""
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS


def visible(folder: Path) -> list[str]:
    """Names in the folder, but for hidden files and those that operating systems leave behind."""
    return [entry.name for entry in folder.iterdir() if not left_by_systems(entry.name)]


def found(folder: Path, at_most: int = 6) -> str:
    """The first names in the folder, in words."""
    names = sorted(visible(folder)) if folder.is_dir() else []
    shown = [name + "/" * (folder / name).is_dir() for name in names[:at_most]]
    return ", ".join(shown) + (f", ... ({len(names)} entries)" if len(names) > at_most else "") or "nothing"


def existing(path: str | Path, layout: str) -> Path:
    """The folder at `path`, which is to hold `layout`, a few words.

    Raises NotADirectoryError for a file, such as the archive the data set came in, and FileNotFoundError.
    """
    path = Path(path).expanduser()
    if path.is_file():
        raise NotADirectoryError(
            f"{path} is a file, not a folder. {how_to_unpack(path) or f'Give the folder that holds {layout}.'}"
        )
    if not path.is_dir():
        raise FileNotFoundError(
            f"no folder {path}. Give the folder that holds {layout}. In {path.parent} there is: {found(path.parent)}."
        )
    return path


def what_to_do_instead(root: Path, missing: str, layout: str) -> str:
    """What stands in `root` in place of the entry `missing`, and the likeliest mend. `layout` is a sentence."""
    seen = f"Found: {found(root)}."
    for entry in sorted(root.iterdir()):
        if (entry / missing).exists():
            return f"{seen} It is one folder further down: give {entry}"
        if mend := how_to_unpack(entry):
            return f"{seen} {mend}"
    if (root.parent / missing).exists():
        return f"{seen} Give the folder above: {root.parent}"
    return f"{seen} {layout}: unpack the whole data set there."


def how_to_unpack(file: Path) -> str | None:
    """The commands that unpack an archive, told by its name; None for any other file."""
    unpackers: Sequence[tuple[str, tuple[str, ...]]] = (
        ("zipfile", (".zip",)),
        ("tarfile", (".tar", ".tar.gz", ".tgz")),
    )
    for module, endings in unpackers:
        if file.name.lower().endswith(endings):
            return (
                f"Unpack it first: python -m {module} -e {file} {file.parent} "
                f"(Market-1501, with checks: python data_scripts/get_market1501.py --archive {file})"
            )
    return None


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, to be renamed to it when it is whole; whatever is left of it then is removed.

    Leftovers of runs that were killed are removed as well.
    """
    temporary = folder.with_name(f".{folder.name}.unfinished-{os.getpid()}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    try:
        temporary.mkdir()
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def disk_is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows knows no quota by that name


def remove_leftovers(folder: Path) -> None:
    """Delete what killed runs left; the unfinished folder of a run still alive stays."""
    for leftover in folder.parent.glob(f".{folder.name}.unfinished-*"):
        pid = leftover.name.rpartition("-")[2]
        if not pid.isdigit() or int(pid) == os.getpid() or not _alive(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
