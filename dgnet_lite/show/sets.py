"""Fig. 6's data sets: which of them lie in a folder, and a few of their test people, without reading the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dgnet_lite.data import msmt17, reid, toymarket
from dgnet_lite.data.load import ReidData
from dgnet_lite.show.grids import different_people


def find_sets(root: Path) -> list[Path]:
    """Data sets of real people in `root`, or `root` itself, in a layout that is read."""
    folders = [root, *sorted(root.iterdir())] if root.is_dir() else []
    return [folder for folder in folders if real_people(folder) and (_is_msmt17(folder) or _is_market(folder))]


def real_people(folder: Path) -> bool:
    """Whether the folder's pictures were not drawn: all but those of Toy Market."""
    return not (folder / toymarket.DESCRIPTION).is_file()


def read_few(folder: Path, people: int, height: int, seed: int) -> ReidData:
    """A data set of which one query image of each of `people` persons is read, and nothing else.

    Raises what the readers and `different_people` raise.
    """
    index = msmt17.read_msmt17(folder) if _is_msmt17(folder) else reid.read_market1501(folder)
    world = None if real_people(folder) else toymarket.ToyMarket.load(folder)
    nothing = np.empty((0, height, height // 2, 3), np.uint8)
    rows = different_people(ReidData(index, nothing, nothing, nothing, world), people, seed, "query")
    few = index.query.where(np.isin(np.arange(len(index.query)), rows))
    images = reid.read_images(few.paths, height, progress=False)
    return ReidData(replace(index, query=few, name=folder.name), nothing, images, nothing, world)


def _is_market(folder: Path) -> bool:
    return (folder / reid.QUERY).is_dir() and (folder / reid.GALLERY).is_dir()


def _is_msmt17(folder: Path) -> bool:
    return any((folder / name).is_file() for name in msmt17.LIST_NAMES)
