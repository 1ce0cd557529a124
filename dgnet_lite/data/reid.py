"""Read a re-identification data set on disk into one index of (path, id, camera), split by split.

Market-1501's layout is three folders, bounding_box_train/, query/ and bounding_box_test/ (the gallery). Everything else
is in the file names: `0002_c1s1_000451_03.jpg` is identity 2 seen by camera 1 (sequence 1, frame 451, box 3).
DukeMTMC-reID uses the same folders and names such as `0001_c2_f0046182.jpg`. MSMT17 has lists: see msmt17.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from dgnet_lite.data import folders
from dgnet_lite.progress import progress as progress_bar

DISTRACTOR = 0  # a person or thing nobody asks for: stays in the gallery, always a wrong answer
JUNK = -1  # a box too bad to count either way: taken out of the gallery

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"

_NAME = re.compile(r"(-1|\d{4,})_c(0?[1-9]|[1-9]\d)(?:s\d+)?_f?\d+\w*\.(?:jpe?g|png)", re.IGNORECASE)
_NAME_IN_WORDS = "ID_cCAMERA..., as in 0002_c1s1_000451_03.jpg (Market-1501) or 0001_c2_f0046182.jpg (DukeMTMC-reID)"
_LAYOUT = f"{TRAIN}/, {QUERY}/ and {GALLERY}/"


@dataclass(frozen=True, eq=False)
class Split:
    """The images of one folder, in the order of their names."""

    paths: tuple[Path, ...]
    ids: np.ndarray  # (N,) int64, as in the file names: 0 is a distractor, -1 is junk
    cameras: np.ndarray  # (N,) int64, as in the file names, from 1

    def __len__(self) -> int:
        return len(self.paths)

    def where(self, keep: np.ndarray) -> Split:
        """The images for which `keep`, (N,) bool, is true, in the same order."""
        paths = tuple(path for path, kept in zip(self.paths, keep, strict=True) if kept)
        return Split(paths, self.ids[keep], self.cameras[keep])


@dataclass(frozen=True, eq=False)
class ReidIndex:
    """A data set: what to train on, what to ask, and where to look for the answer.

    An identity with a single training image is legal. It has no second image to be its positive, so whoever samples
    the x_t of eq. (2) takes the image itself.
    """

    name: str  # "market1501", "toymarket", ...
    root: Path
    train: Split
    query: Split
    gallery: Split  # distractors are kept, junk is removed

    @property
    def train_ids(self) -> np.ndarray:
        """(K,) int64, ascending: the id in the file names that stands behind each class."""
        return np.unique(self.train.ids)

    @property
    def labels(self) -> np.ndarray:
        """(N_train,) int64 in 0..K-1: the class of each training image.

        Ids are sorted before they are numbered, so that a class means the same person on every machine.
        """
        return np.searchsorted(self.train_ids, self.train.ids)

    @property
    def num_ids(self) -> int:
        """K, the number of training identities."""
        return len(self.train_ids)


def read_market1501(root: str | Path, *, name: str = "market1501") -> ReidIndex:
    """Index a folder in Market-1501's layout (DukeMTMC-reID and Toy Market share it). No image is opened.

    Raises:
        FileNotFoundError: `root` or one of its three folders is missing, or a folder has no images.
        NotADirectoryError: `root` is a file, such as the archive the data set came in.
        ValueError: a file is not named as the layout wants, or training or query images carry no identity.
    """
    root = folders.existing(root, _LAYOUT)
    for folder in (TRAIN, QUERY, GALLERY):
        if not (root / folder).is_dir():
            mend = folders.what_to_do_instead(root, folder, f"Market-1501's layout has {_LAYOUT}")
            raise FileNotFoundError(f"no {folder}/ in {root}. {mend}")
    gallery = _read_folder(root / GALLERY)
    return ReidIndex(
        name=name,
        root=root,
        train=_with_identities_only(_read_folder(root / TRAIN)),
        query=_with_identities_only(_read_folder(root / QUERY)),
        gallery=gallery.where(gallery.ids != JUNK),
    )


def validation_protocol(
    train_folder_or_root: str | Path, *, num_train_ids: int = 651, name: str = "market1501"
) -> ReidIndex:
    """Split the training identities into train and validation, without touching the test set (paper, Sec. 4.3).

    The first `num_train_ids` identities in sorted order train (651 of Market-1501's 751); of the rest, the first image
    by name for each identity and camera is a query, and all others are the gallery.

    Args:
        train_folder_or_root: a folder of images named as in Market-1501, or the folder above it, if it is called
            bounding_box_train/ or train/.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such folder, or it has no images.
        ValueError: a file has a wrong name, or too few identities or images are left for validation.
    """
    folder = folders.existing(train_folder_or_root, _LAYOUT)
    folder = next((folder / sub for sub in (TRAIN, "train") if (folder / sub).is_dir()), folder)
    images = _with_identities_only(_read_folder(folder))
    ids = np.unique(images.ids)
    if not 1 <= num_train_ids < len(ids):
        raise ValueError(
            f"cannot train on {num_train_ids} of the {len(ids)} identities in {folder} and validate on the rest: "
            f"num_train_ids must lie between 1 and {len(ids) - 1}"
        )

    held_out = images.where(images.ids >= ids[num_train_ids])
    _, first_of_id_and_camera = np.unique(np.stack([held_out.ids, held_out.cameras]), axis=1, return_index=True)
    is_query = np.zeros(len(held_out), dtype=bool)
    is_query[first_of_id_and_camera] = True
    if is_query.all():
        raise ValueError(
            f"the {len(ids) - num_train_ids} validation identities in {folder} have one image per camera, so that all "
            f"are queries and the gallery is empty: lower num_train_ids (now {num_train_ids}) or add images"
        )
    return ReidIndex(
        name=name,
        root=folder,
        train=images.where(images.ids < ids[num_train_ids]),
        query=held_out.where(is_query),
        gallery=held_out.where(~is_query),
    )


def read_images(paths: Iterable[str | Path], height: int, *, progress: bool = True) -> np.ndarray:
    """Decode image files, in order, into one array.

    Every file is decoded to its last row, so a truncated one is found here and not in the middle of training. Grey
    images become RGB. An image of another size than height x height/2 is resized (bicubic, antialiased).

    Args:
        paths: N image files.
        height: of the result, in pixels, even; the width is half of it.
        progress: show a progress bar.

    Returns: (N, height, height // 2, 3), uint8, RGB.

    Raises:
        ValueError: `height` is odd or not positive.
        OSError: files are missing, empty, truncated or not images; all are counted, the first few named.
    """
    if height < 2 or height % 2:
        raise ValueError(f"height must be even and at least 2, so that the width is half of it; got {height}")
    paths = [Path(path) for path in paths]
    images = np.empty((len(paths), height, height // 2, 3), dtype=np.uint8)
    with ThreadPoolExecutor() as pool:  # Pillow decodes and resizes outside Python's global lock
        outcomes = pool.map(partial(_decode_or_explain, height=height), paths, images)
        bar = progress_bar(outcomes, show=progress, total=len(paths), desc="reading images", unit="image")
        faults = [fault for fault in bar if fault]
    if faults:
        listed = "; ".join(faults[:5]) + ("; ..." if len(faults) > 5 else "")
        raise OSError(
            f"{len(faults)} of {len(paths)} images cannot be read: {listed}. "
            "Copy or unpack them again from the original archive, or delete them."
        )
    return images


def _decode_or_explain(path: Path, into: np.ndarray, *, height: int) -> str | None:
    """Fill `into`, (height, height // 2, 3) uint8, from the file; return what is wrong with the file, if anything."""
    size = (height // 2, height)
    try:
        if path.stat().st_size == 0:
            return f"{path} is empty (0 bytes)"
        with Image.open(path) as file:
            image = file.convert("RGB")
    except FileNotFoundError:
        return f"{path} does not exist"
    except Exception as error:  # on bad bytes Pillow's decoders raise OSError, SyntaxError, struct.error and more
        return f"{path} is corrupt ({error})"
    into[:] = image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
    return None


def list_folder(folder: Path) -> tuple[Split, list[str]]:
    """The images of a folder in Market-1501's layout, and the names of the entries that are none. Nothing is opened."""
    names = sorted(folders.visible(folder))
    matches = {name: match for name in names if (match := _NAME.fullmatch(name))}
    images = Split(
        paths=tuple(folder / name for name in matches),
        ids=np.array([match[1] for match in matches.values()], dtype=np.int64),
        cameras=np.array([match[2] for match in matches.values()], dtype=np.int64),
    )
    return images, [name for name in names if name not in matches]


def _read_folder(folder: Path) -> Split:
    images, wrong = list_folder(folder)
    if not len(images) and not wrong:
        raise FileNotFoundError(
            f"{folder} has no images. Unpack the data set again, or point to the folder that holds its images."
        )
    if wrong:
        raise ValueError(
            f"{len(wrong)} of {len(images) + len(wrong)} entries in {folder} have a wrong name, "
            f"the first is {wrong[0]!r}. Expected {_NAME_IN_WORDS}. Rename them or move them out of the folder."
        )
    return images


def _with_identities_only(split: Split) -> Split:
    nobody = np.flatnonzero(split.ids <= DISTRACTOR)
    if len(nobody):
        raise ValueError(
            f"{len(nobody)} of {len(split)} images in {split.paths[0].parent} are distractors (0000) or junk (-1), the "
            f"first is {split.paths[nobody[0]].name!r}. They belong in {GALLERY}/ only: move them there."
        )
    return split
