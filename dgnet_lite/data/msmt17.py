"""Read MSMT17, whose lists say what belongs where.

    folder/
        train/  test/       one folder an identity (mask_train_v2/ and mask_test_v2/ in the edition with blurred faces)
        list_train.txt  list_val.txt  list_query.txt  list_gallery.txt

A line of a list is `0000/0000_000_01_0303morning_0015_0.jpg 0`: a path below train/ or test/, and an identity. The
third number of the file's name is the camera, 01 to 15.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dgnet_lite.data import folders
from dgnet_lite.data.reid import ReidIndex, Split

LISTS = {"train": ("list_train.txt", "list_val.txt"), "query": ("list_query.txt",), "gallery": ("list_gallery.txt",)}
LIST_NAMES = tuple(name for names in LISTS.values() for name in names)
HALVES = (("train", "test"), ("mask_train_v2", "mask_test_v2"))

_LAYOUT = f"train/, test/ and {', '.join(LIST_NAMES)}"
_LINE = re.compile(r"((?:[^/\s]+/)*\d+_\d+_(0[1-9]|[1-9]\d)_\w+\.(?:jpe?g|png))\s+(\d+)", re.IGNORECASE)
_LINE_IN_WORDS = "a path and an identity, as in 0000/0000_000_01_0303morning_0015_0.jpg 0"


class Listed(NamedTuple):
    """What the lists say of one part, and how far it holds."""

    images: Split  # in the order of their names, without the missing ones
    wrong: list[str]  # lines that are not a path and an identity
    missing: list[str]  # images that are listed and not there


def read_msmt17(root: str | Path, *, name: str = "msmt17") -> ReidIndex:
    """Index a folder in MSMT17's layout. No image is opened.

    list_train.txt and list_val.txt together train: that makes the published 32,621 images of 1,041 identities. (Some
    codes train on list_train.txt alone: say which when you compare.) The lists number the identities of either half
    from 0; here 0 is a distractor, and a number is one person: training identities become 1..K, test identities go on
    from K + 1.

    Raises:
        FileNotFoundError: `root`, a list, a folder or a listed image is not there.
        NotADirectoryError: `root` is a file, such as the archive the data set came in.
        ValueError: a list is empty, or has a line that is not a path and an identity.
    """
    root = folders.existing(root, _LAYOUT)
    parts = read_lists(root)
    for part, (images, wrong, missing) in parts.items():
        lists = f"{' and '.join(LISTS[part])} in {root}"
        total = len(images) + len(missing)
        if wrong:
            raise ValueError(
                f"{lists}: {len(wrong)} of {total + len(wrong)} lines are wrong, the first is {wrong[0]!r}. Expected "
                f"{_LINE_IN_WORDS}. Take the list from the original archive."
            )
        if missing:
            raise FileNotFoundError(
                f"{lists}: {len(missing)} of {total} images are not there, the first is {missing[0]}. Unpack the "
                "archive again: python data_scripts/get_msmt17.py --archive FILE"
            )
        if not total:
            raise ValueError(f"{lists}: no image is listed. Take the list from the original archive.")
    return ReidIndex(name, root, *(parts[part].images for part in ("train", "query", "gallery")))


def read_lists(root: Path) -> dict[str, Listed]:
    """The parts "train", "query" and "gallery", with the identities of `read_msmt17`, whatever is wrong with them.

    Raises FileNotFoundError when a list or a folder of images is not there.
    """
    halves = folders_of_images(root)
    for name in LIST_NAMES:
        if not (root / name).is_file():
            raise FileNotFoundError(f"no {name} in {root}. {_instead(root, name)}")
    lines, matches = {}, {}
    for part, names in LISTS.items():
        text = "\n".join((root / name).read_text(encoding="utf-8", errors="replace") for name in names)
        lines[part] = [line.strip() for line in text.splitlines() if line.strip()]
        matches[part] = sorted((match for line in lines[part] if (match := _LINE.fullmatch(line))), key=lambda m: m[1])
    first_test_id = 2 + max((int(match[3]) for match in matches["train"]), default=-1)
    there = {half: files_below(half) for half in halves}

    parts = {}
    for part, found in matches.items():
        half, first_id = (halves[0], 1) if part == "train" else (halves[1], first_test_id)
        present = [match for match in found if match[1] in there[half]]
        images = Split(
            paths=tuple(half / match[1] for match in present),
            ids=np.array([match[3] for match in present], dtype=np.int64) + first_id,
            cameras=np.array([match[2] for match in present], dtype=np.int64),
        )
        wrong = [line for line in lines[part] if not _LINE.fullmatch(line)]
        missing = [f"{half.name}/{match[1]}" for match in found if match[1] not in there[half]]
        parts[part] = Listed(images, wrong, missing)
    return parts


def folders_of_images(root: Path) -> tuple[Path, Path]:
    """The folders of training and of test images, of either edition. Raises FileNotFoundError."""
    for halves in HALVES:
        if all((root / half).is_dir() for half in halves):
            return root / halves[0], root / halves[1]
    raise FileNotFoundError(f"no train/ and test/ in {root}. {_instead(root, 'train')}")


def files_below(folder: Path) -> set[str]:
    """Paths of all files below the folder, relative to it, with slashes; not those that operating systems leave."""
    return {
        Path(where, name).relative_to(folder).as_posix()
        for where, _, names in os.walk(folder)
        for name in names
        if not folders.left_by_systems(name)
    }


def _instead(root: Path, missing: str) -> str:
    return folders.what_to_do_instead(root, missing, f"MSMT17's layout has {_LAYOUT}")
