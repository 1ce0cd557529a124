"""Grids of images: people of a data set, and swaps with the true ones beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from dgnet_lite.data.factors import APPEARANCE
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet
from dgnet_lite.show.style import Picture, image_figure
from dgnet_lite.study import generate

TILE_HEIGHT = 128
TITLES = {"train": "Training", "query": "Query", "gallery": "Gallery"}
WIDE = 5
"""Pixels between groups, before zooming; 1 within a group."""


def places(count: int, size: int, gaps: Sequence[int]) -> list[int]:
    """Where each of `count` tiles of `size` pixels begins, with gaps[k] pixels after tile k."""
    return [k * size + sum(gaps[:k]) for k in range(count)]


def montage(
    tiles: Sequence[Sequence[np.ndarray | None]], *, row_gaps: Sequence[int], column_gaps: Sequence[int]
) -> np.ndarray:
    """Tiles, uint8 (H, W, 3) each, in rows and columns on white; None leaves its place empty.

    row_gaps[r] pixels lie beneath row r, column_gaps[c] to the right of column c.
    """
    height, width = next(tile.shape[:2] for row in tiles for tile in row if tile is not None)
    tops, lefts = places(len(tiles), height, row_gaps), places(len(tiles[0]), width, column_gaps)
    canvas = np.full((tops[-1] + height, lefts[-1] + width, 3), 255, np.uint8)
    for y, row in zip(tops, tiles, strict=True):
        for x, tile in zip(lefts, row, strict=True):
            if tile is not None:
                canvas[y : y + height, x : x + width] = tile
    return canvas


def fit_tiles(images: np.ndarray) -> tuple[np.ndarray, int]:
    """Images small enough for a grid, and how many times to enlarge them: 64 -> 2, 128 -> 1, 256 -> halved."""
    height = images.shape[-3]
    if height <= TILE_HEIGHT:
        return images, max(1, TILE_HEIGHT // height)
    flat = images.reshape(-1, *images.shape[-3:])
    small = np.stack([np.asarray(Image.fromarray(image).reduce(height // TILE_HEIGHT)) for image in flat])
    return small.reshape(*images.shape[:-3], *small.shape[1:]), 1


def swap_grid(
    appearances: np.ndarray, structures: np.ndarray, generated: np.ndarray, true: np.ndarray | None = None
) -> Picture:
    """Left column: who gives the appearance. Top row: who gives the structure. Where they meet: the swap x_j^i.

    Args:
        appearances: x_i, uint8 (R, H, W, 3).
        structures: x_j, uint8 (C, H, W, 3).
        generated: uint8 (R, C, H, W, 3), appearance of row r on the structure of column c.
        true: the pictures they should be, of the same shape, shown beneath each generated row; None if nobody knows.

    Raises ValueError: the shapes do not belong together.
    """
    shape = (len(appearances), len(structures), *structures.shape[1:])
    for name, images in (("generated", generated), ("true", true)):
        if images is not None and images.shape != shape:
            raise ValueError(f"{name} must be {shape}: appearances x structures x image; got {images.shape}")
    (appearances, zoom), (structures, _), (generated, _) = map(fit_tiles, (appearances, structures, generated))
    tiles: list[list[np.ndarray | None]] = [[None, *structures]]
    labels, row_gaps = ["structure"], [WIDE]
    for r, appearance in enumerate(appearances):
        tiles.append([appearance, *generated[r]])
        labels.append("generated")
        row_gaps.append(WIDE)
        if true is not None:
            tiles.append([None, *fit_tiles(true)[0][r]])
            labels.append("true")
            row_gaps[-1] = 1
            row_gaps.append(WIDE)
    column_gaps = [WIDE] + [1] * len(structures)
    canvas = montage(tiles, row_gaps=row_gaps, column_gaps=column_gaps)
    height, width = appearances.shape[1:3]
    reading = "Rows: appearance (left column). Columns: structure (top row)."
    if true is not None:
        reading += " Beneath each generated row, the true one, drawn from the known factors."
    return image_figure(
        canvas,
        title="Swaps: clothes of the row on the body, pose and place of the column",
        reading=reading,
        rows={y + height / 2: label for y, label in zip(places(len(tiles), height, row_gaps), labels, strict=True)},
        columns={width / 2: "appearance"},
        zoom=zoom,
        alt_text=f"Grid of swaps: {shape[0]} persons' clothes put onto {shape[1]} other persons by the network"
        + (", with the true picture beneath each generated one." if true is not None else "."),
    )


@dataclass(frozen=True, eq=False)
class Swaps:
    """The arguments of `swap_grid`; `true` is None where no true swap exists."""

    appearances: np.ndarray
    structures: np.ndarray
    generated: np.ndarray
    true: np.ndarray | None


def collect_swaps(
    model: DGNet,
    data: ReidData,
    n: int | tuple[int, int] = (4, 7),
    seed: int = 0,
    split: Literal["train", "query"] = "query",
) -> Swaps:
    """Draw images of different persons by `seed`, and swap them.

    On Toy Market no two of them wear the same outfit, as far as there are enough outfits; the true swaps are drawn too.

    Args:
        n: rows (appearance) and columns (structure); one number for both.
        split: "query", people whom the model never saw, or "train".
    """
    rows, columns = (n, n) if isinstance(n, int) else n
    part, images = getattr(data.index, split), getattr(data, split)
    chosen = different_people(data, rows + columns, seed, split)
    i, j = chosen[:rows], chosen[rows:]
    a, s = np.repeat(i, columns), np.tile(j, rows)
    shape = (rows, columns, *images.shape[1:])
    generated = generate(model, images[a], images[s]).reshape(shape)
    true = None
    if data.world is not None:
        keys = [data.world.key(path) for path in part.paths]
        pairs = [(keys[x], keys[y]) for x, y in zip(a, s, strict=True)]
        true = data.world.render_many(pairs, height=images.shape[1], workers=1).reshape(shape)
    return Swaps(images[i], images[j], generated, true)


def different_people(data: ReidData, count: int, seed: int, split: str) -> np.ndarray:
    """Indices of `count` images of a split, one a person, different outfits first; ValueError if too few."""
    part = getattr(data.index, split)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(part.ids > 0))
    _, first = np.unique(part.ids[order], return_index=True)
    people = order[np.sort(first)]
    if len(people) < count:
        raise ValueError(f"{count} different persons are asked for, but {split} has {len(people)}: ask for fewer")
    outfits = [outfit(data, part.paths[k]) for k in people]
    seen: set[str] = set()
    repeated = [o in seen or bool(seen.add(o)) for o in outfits]
    return people[np.argsort(repeated, kind="stable")][:count]


def outfit(data: ReidData, path: object) -> str:
    """The clothes of an image in one word; the same for the same clothes. Without known factors, the path itself."""
    if data.world is None:
        return str(path)
    return repr(data.world.factors.loc[data.world.key(path), list(APPEARANCE)].tolist())


def identity_rows(people: Sequence[np.ndarray], labels: Sequence[str], *, title: str, reading: str) -> Picture:
    """One person a row; people[k] is uint8 (N_k, H, W, 3), and rows may differ in length."""
    longest = max(map(len, people))
    fitted, zoom = zip(*(fit_tiles(images) for images in people), strict=True)
    tiles = [[*images, *[None] * (longest - len(images))] for images in fitted]
    gaps = [2] * len(people)
    height = fitted[0].shape[1]
    rows = {y + height / 2: label for y, label in zip(places(len(tiles), height, gaps), labels, strict=True)}
    canvas = montage(tiles, row_gaps=gaps, column_gaps=[1] * longest)
    alt = f"{len(people)} rows of up to {longest} pedestrian images, one person a row. {reading}"
    return image_figure(canvas, title=title, reading=reading, rows=rows, zoom=zoom[0], alt_text=alt)


def contact_sheet(
    data: ReidData,
    rows: int = 4,
    columns: int = 8,
    seed: int = 0,
    split: Literal["train", "query", "gallery"] = "train",
) -> Picture:
    """Images of a split, one person a row; on Toy Market, where it can be, two rows share an outfit."""
    part, images, rng = getattr(data.index, split), getattr(data, split), np.random.default_rng(seed)
    by_outfit: dict[str, list[int]] = {}
    for pid in rng.permutation(np.unique(part.ids[part.ids > 0])):
        first = part.paths[int(np.flatnonzero(part.ids == pid)[0])]
        by_outfit.setdefault(outfit(data, first), []).append(int(pid))
    shared = [pair[:2] for pair in by_outfit.values() if len(pair) > 1]
    alone = [pair[:1] for pair in by_outfit.values() if len(pair) == 1]
    ids = [pid for pair in shared + alone for pid in pair][:rows]
    people = [images[part.ids == pid][:columns] for pid in ids]
    reading = "One person a row, across cameras."
    if shared:
        reading += " Rows in the same clothes are different persons: body, hair and bag tell them apart."
    return identity_rows(people, [f"id {pid}" for pid in ids], title=f"{TITLES[split]} images", reading=reading)
