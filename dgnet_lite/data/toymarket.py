"""Toy Market: procedural pedestrians in Market-1501's layout, every picture drawn from known factors.

Since the factors are known, so is the picture that DG-Net's G(a_i, s_j) should be: `ToyMarket.render(i, j)` draws x_i's
clothes on x_j's body, in x_j's pose and place. What belongs to which half is in `factors.py`.

    folder/
        bounding_box_train/  query/  bounding_box_test/    0002_c1s1_000451_03.jpg: id, camera, sequence, frame, shot
        factors.csv      one row an image
        toymarket.json   version, spec, seed, height, cameras
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite.progress import progress as progress_bar
from dgnet_lite.progress import say

from . import drawing, picture
from .factors import APPEARANCE, STRUCTURE, Row
from .folders import unfinished
from .marketplan import DATASETS, GALLERY, PRESETS, QUERY, TRAIN, Spec, differences, plan, sample_cameras, spec_of

__all__ = ["DATASETS", "PRESETS", "Spec", "ToyMarket", "plan", "spec_of", "write"]

VERSION = 1  # of the format and of the drawing: a set of another version is not rendered alike
FACTORS, DESCRIPTION = "factors.csv", "toymarket.json"


def write(
    folder: str | Path,
    spec: Spec,
    *,
    height: int = 128,
    seed: int = 0,
    people: int | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Draw a Toy Market into `folder`, all or nothing; the same set already there is kept and said so.

    Args:
        folder: the new folder, or an empty one, or one that holds this very set.
        spec: what to draw; see `PRESETS`.
        height: of the pictures, even, 64..256; the width is half.
        seed: not negative; the files depend on it, `people`, the spec and the height, and on nothing else.
        people: a seed for all but the cameras: other people, in other outfits, walk past the same ones. None: `seed`.
        workers: processes; None takes one per CPU, where there is enough to draw; 1 draws in this process.
        progress: show a bar.

    Returns:
        The folder.

    Raises:
        ValueError: height, seed or workers out of range.
        FileExistsError: the folder holds something else.
        OSError: the folder cannot be written; nothing is left behind.
    """
    picture.check_height(height)
    drawing.count_workers(workers)
    for name, value in (("seed", seed), ("people", people)):
        if value is not None and value < 0:
            raise ValueError(f"{name} must not be negative, got {value}.")
    shown, folder = folder, Path(folder).absolute()
    description = {"version": VERSION, "seed": seed, "height": int(height), "spec": spec.to_dict()}
    if people is not None:
        description["people"] = people
    description["cameras"] = sample_cameras(spec, seed)
    if _is_there(folder, description):
        if progress:
            say(f"Toy Market is already in {shown}: {spec.counts['total']:,} images, nothing to draw.")
        return folder

    try:
        with unfinished(folder) as temporary:
            for name in (TRAIN, QUERY, GALLERY):
                (temporary / name).mkdir()
            rows = plan(spec, seed if people is None else people, description["cameras"])
            _write_into(temporary, rows, description, workers, progress)
            temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        needed = spec.counts["total"] * height * height / 2e6 + 1
        raise OSError(
            error.errno or errno.EIO,
            f"Toy Market could not be written to {folder} ({reason}); nothing is left of it. It needs about "
            f"{needed:.0f} MB in a folder you may write to: give another folder",
        ) from error
    return folder


def _write_into(folder: Path, rows: dict[str, Row], description: Row, workers: int | None, progress: bool) -> None:
    cameras, height = description["cameras"], description["height"]
    jobs = [(str(folder), cameras, height, chunk) for chunk in drawing.in_chunks(list(rows.items()))]
    with progress_bar(total=len(rows), show=progress, desc="Toy Market", unit="image") as bar:
        for _, count in drawing.run(drawing.draw_files, jobs, workers):
            bar.update(count)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "path"
    for name, text in ((FACTORS, table.to_csv(lineterminator="\n")), (DESCRIPTION, json.dumps(description, indent=1))):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _is_there(folder: Path, description: Row) -> bool:
    """True: this very set; False: nothing; FileExistsError: anything else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    mend = "Give another folder, or delete this one first."
    if not (folder / DESCRIPTION).is_file():
        raise FileExistsError(f"{folder} exists and is not a Toy Market (no {DESCRIPTION} in it). {mend}")
    there = _read_description(folder)
    asked = json.loads(json.dumps(description))
    if there != asked:
        what = differences(there, asked) or "its cameras differ"
        raise FileExistsError(f"{folder} holds another Toy Market: {what}. {mend}")
    return True


def _read_description(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{folder / DESCRIPTION} is not readable JSON ({error}). Delete the folder, draw it again."
        ) from error


@dataclass(frozen=True, eq=False)
class ToyMarket:
    """A Toy Market on disk, with the pictures that are not there: the true swaps.

    Attributes:
        folder: where it lies.
        spec, seed, height: what it was drawn with.
        cameras: one dict a camera, number 1 first.
        factors: one row per image; index `path` as in `query/0002_c1s1_000451_03.jpg`; columns `id` and the names in
            `factors.APPEARANCE` and `factors.STRUCTURE`.
    """

    folder: Path
    spec: Spec
    seed: int
    height: int
    cameras: tuple[Row, ...] = field(repr=False)
    factors: pd.DataFrame = field(repr=False)
    _rows: dict[str, Row] = field(repr=False)

    @classmethod
    def load(cls, folder: str | Path) -> ToyMarket:
        """Read the factors of the set in `folder`; the pictures stay on disk.

        Raises:
            FileNotFoundError: no such folder, or it lacks a file.
            ValueError: drawn by another version.
        """
        folder = Path(folder).absolute()
        mend = "Draw it: python data_scripts/make_toymarket.py FOLDER --preset toy"
        if not folder.is_dir():
            raise FileNotFoundError(f"No folder {folder}. {mend}")
        for name in (DESCRIPTION, FACTORS):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"No {name} in {folder}, so it is no whole Toy Market. {mend}")
        about = _read_description(folder)
        if about.get("version") != VERSION:
            raise ValueError(
                f"{folder} was drawn by version {about.get('version')} of Toy Market, this package draws version "
                f"{VERSION}: its true swaps would not fit the files. Delete the folder and draw it again."
            )
        table = pd.read_csv(folder / FACTORS, index_col="path", keep_default_na=False).round(4)  # as drawn by lot
        missing = [name for name in (*APPEARANCE, *STRUCTURE) if name not in table.columns]
        if missing:
            raise ValueError(f"{folder / FACTORS} lacks the columns {missing}. Delete the folder and draw it again.")
        rows = table.to_dict(orient="index")
        spec = Spec(**about["spec"])
        return cls(folder, spec, about["seed"], about["height"], tuple(about["cameras"]), table, rows)

    def key(self, path: str | Path) -> str:
        """The row's name of a file of this set."""
        path = Path(path).absolute()
        try:
            key = path.relative_to(self.folder).as_posix()
        except ValueError:
            key = "/".join(path.parts[-2:])
        self._row(key)
        return key

    def _row(self, key: str) -> Row:
        try:
            return self._rows[key]
        except KeyError:
            example = next(iter(self._rows))
            raise KeyError(
                f"{key!r} is no image of the Toy Market in {self.folder}; a name looks like {example!r}."
            ) from None

    def render(self, appearance_of: str, structure_of: str, *, height: int | None = None) -> np.ndarray:
        """The true swap: the clothes of one image on the body, in the pose, place and light of another.

        Args:
            appearance_of, structure_of: rows of `factors`; the same twice gives the stored picture, JPEG aside.
            height: pixels; None for the set's own.

        Returns:
            RGB uint8 (height, height // 2, 3).
        """
        appearance, structure = self._row(appearance_of), self._row(structure_of)
        camera = self.cameras[structure["camera"] - 1]
        return picture.render(appearance, structure, camera, self._checked(height))

    def redraw(self, key: str, *, height: int | None = None, **factors: Any) -> np.ndarray:
        """An image of this set with some factors changed, all else as it was: RGB uint8 (height, height // 2, 3).

        Raises KeyError for an image that is not of this set, or a factor that there is not.
        """
        row = self._row(key)
        unknown = [name for name in factors if name not in (*APPEARANCE, *STRUCTURE)]
        if unknown:
            raise KeyError(f"no factor {unknown[0]!r}; there are: {', '.join((*APPEARANCE, *STRUCTURE))}")
        row = row | factors
        return picture.render(row, row, self.cameras[row["camera"] - 1], self._checked(height))

    def render_many(
        self, pairs: list[tuple[str, str]], *, height: int | None = None, workers: int | None = None
    ) -> np.ndarray:
        """`render` for each (appearance_of, structure_of): uint8 (N, height, height // 2, 3); `workers` as in `write`.

        Raises KeyError for an image that is not of this set.
        """
        height = self._checked(height)
        rows = [(self._row(a), self._row(s)) for a, s in pairs]
        result = np.empty((len(rows), height, height // 2, 3), np.uint8)
        jobs = [(list(self.cameras), height, chunk) for chunk in drawing.in_chunks(rows)]
        for number, pictures in drawing.run(drawing.draw_pairs, jobs, workers):
            first = number * drawing.CHUNK
            result[first : first + len(pictures)] = pictures
        return result

    def clothes_mask(self, structure_of: str, *, height: int | None = None) -> np.ndarray:
        """Where this image shows garments (upper, lower, shoes), not hidden by bag, hair or skin.

        Returns bool (height, height // 2). Whose clothes they are makes no difference: their cut is structure.
        """
        row = self._row(structure_of)
        return picture.clothes_mask(row, row, self._checked(height))

    def _checked(self, height: int | None) -> int:
        if height is None:
            return self.height
        picture.check_height(height)
        return height
