"""Figs. 3, 4 and 6: generators side by side, differently trained ones, and one generator on several data sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from dgnet_lite.show.grids import TILE_HEIGHT, Swaps, fit_tiles
from dgnet_lite.show.style import Picture
from dgnet_lite.show.tiles import tile_table


def by_generator(images: Mapping[str, np.ndarray], *, columns: int = 10, note: str = "") -> Picture:
    """Fig. 3: pictures of one size, by who made them, in rows of `columns`; as many of each.

    Args:
        images: by name, uint8 (N, H, W, 3), N a multiple of `columns`.
        note: what else the reader must know.

    Raises ValueError: the arrays are not of one shape, or do not fill their rows.
    """
    shapes = {name: each.shape for name, each in images.items()}
    if len(set(shapes.values())) != 1 or next(iter(shapes.values()))[0] % columns:
        raise ValueError(f"as many pictures of each, of one size, in full rows of {columns}: got {shapes}")
    rows, names, apart, zoom = [], [], [], 1
    for name, each in images.items():
        tiles, zoom = fit_tiles(each)
        rows += [list(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
        names += [name, *[""] * (len(tiles) // columns - 1)]
        apart.append(len(rows) - 1)
    return tile_table(
        rows,
        rows=names,
        title="Who made these pictures?",
        reading=f"{len(rows) // len(images)} rows each, drawn by lot: none was picked for its looks. {note}".rstrip(),
        zoom=zoom,
        apart=apart,
    )


def by_training(
    x_i: np.ndarray, x_j: np.ndarray, swaps: Mapping[str, np.ndarray], true: np.ndarray | None = None
) -> Picture:
    """Fig. 4: the same swaps by models that were trained differently, a row each, with the true picture last.

    All uint8 (N, H, W, 3): x_i gives the clothes, x_j all the rest. ValueError if they are not of one shape.
    """
    named = {"clothes of": x_i, "body of": x_j, **swaps}
    if true is not None:
        named["true"] = true
    if len({each.shape for each in named.values()}) != 1:
        raise ValueError(f"pictures of one shape, please: { ({name: each.shape for name, each in named.items()}) }")
    tiles = {name: fit_tiles(each) for name, each in named.items()}
    return tile_table(
        [list(each) for each, _ in tiles.values()],
        rows=list(tiles),
        title="The same swaps, after different trainings",
        reading="Columns: a pair of test images of different persons, drawn by lot. Rows: who gives the clothes, who "
        "gives all the rest, and what each model makes of them"
        + ("; last the picture that it should be." if true is not None else "."),
        zoom=next(iter(tiles.values()))[1],
        apart=(1, len(swaps) + 1),
    )


def by_data_set(sets: Mapping[str, Swaps]) -> Picture:
    """Fig. 6: a small grid of swaps for each data set, beneath one another; all as many rows and columns.

    Pictures of different sizes are brought to the height of 64 or 128 pixels. Raises ValueError: other shapes.
    """
    if len({swaps.generated.shape[:2] for swaps in sets.values()}) != 1:
        raise ValueError("as many rows and columns of each data set, please")
    height = min(TILE_HEIGHT, *(swaps.structures.shape[1] for swaps in sets.values()), TILE_HEIGHT)
    rows, names, apart = [], [], []
    for name, swaps in sets.items():
        rows.append([None, *_to_height(swaps.structures, height)])
        names.append(name)
        for clothes, generated in zip(_to_height(swaps.appearances, height), swaps.generated, strict=True):
            rows.append([clothes, *_to_height(generated, height)])
            names.append("")
        apart.append(len(rows) - 1)
    return tile_table(
        rows,
        rows=names,
        title="Swaps on each data set: clothes of the row on the body, pose and place of the column",
        reading="Of each: top row, who gives the structure; left column, who gives the clothes; all are test people.",
        zoom=TILE_HEIGHT // height,
        apart=apart,
    )


def _to_height(images: np.ndarray, height: int) -> np.ndarray:
    """uint8 (N, H, W, 3) -> (N, height, height / 2, 3)."""
    if images.shape[1] == height:
        return images
    size = (height // 2, height)
    return np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in images])
